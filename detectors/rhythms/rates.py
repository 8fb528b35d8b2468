"""Heart-rate rhythms read from beats: bradycardia, tachycardia, pause, asystole.

Rate of a moment: 60 s over the median of the last 8 beat-to-beat intervals, so that one missed or extra beat moves
nothing. Thresholds: bradycardia below 50/min (2018 ACC/AHA/HRS bradycardia guideline, Circulation 140:e382),
tachycardia above 100/min (2015 ACC/AHA/HRS SVT guideline, Circulation 133:e506), pause from 2.0 s (2017 ISHNE-HRS
consensus on ambulatory ECG, Heart Rhythm 14:e55), asystole from 4 s without a beat (PhysioNet/CinC Challenge 2015,
CinC 42:273). A gap of 4 s and more is one ASYSTOLE, not also a PAUSE. Nothing is said of the time before the first
beat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from detectors.protocol import NEVER_MIND, Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan, n_samples
from signal_processing.values import Annotation, Annotator, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

S_PER_MIN = 60.0

N_INTERVALS = 8
"""Intervals of one rate."""

CONFIDENT = 0.9
"""Confidence in a gap between two beats that nothing speaks against."""

DOUBTFUL = 0.6
"""Confidence in a gap as long as two usual intervals: one missed beat would explain it."""

MISSED_BEAT_TOLERANCE = 0.15
"""How near a gap comes to twice the usual interval to be doubted, as a share of that; the spread that the Task Force's
20 % rule for normal intervals leaves (Eur Heart J 17:354, 1996), less a margin."""


@dataclass(frozen=True)
class RatesConfig:
    """What counts as slow, fast, a pause, an asystole."""

    brady_bpm: float = 50.0
    tachy_bpm: float = 100.0
    hysteresis_bpm: float = 5.0
    min_duration_s: float = 10.0
    close_after_s: float = 12.0
    pause_s: float = 2.0
    asystole_s: float = 4.0
    repeat_s: float = REPEAT_S


@dataclass
class Sustained:
    """One of bradycardia and tachycardia.

    Parameters
    ----------
    span : from where the rate began to be so, once that was sustained.
    since : where the rate began to be so; `NOWHERE` while it is not.
    not_before : the end of the span before this one.
    n_intervals, n_within : intervals since then, and those of them beyond the limit themselves.
    n_beats, confidence : of the span as far as it is known.
    """

    span: OpenSpan = field(default_factory=OpenSpan)
    since: int = NOWHERE
    not_before: int = NOWHERE
    n_intervals: int = 0
    n_within: int = 0
    n_beats: int = 0
    confidence: float = 0.0


class _Judged(NamedTuple):
    """What the newest intervals say of one rhythm."""

    begins: bool
    holds: bool
    n_within: int
    newest_within: bool


@dataclass
class RatesState:
    """The newest intervals and beats (samples, newest last), the two sustained rhythms, when a gap was last said."""

    fs_hz: float
    beats: list[int] = field(default_factory=list)
    confidence: float = 1.0
    brady: Sustained = field(default_factory=Sustained)
    tachy: Sustained = field(default_factory=Sustained)
    gap_said: int = NOWHERE


@dataclass(frozen=True)
class Rates:
    """The follower "rates"."""

    config: RatesConfig = field(default_factory=RatesConfig)
    name: str = "rates"
    version: str = "1"

    @property
    def latency_s(self) -> float:
        """The longest that a span waits for beats that might prolong it, s, and a sample's rounding."""
        return max(self.config.close_after_s, self.config.asystole_s) + 0.1

    @property
    def state_type(self) -> type[RatesState]:
        """The state."""
        return RatesState

    def initial(self, signal: Signal) -> RatesState:
        """No beat yet."""
        return RatesState(signal.fs_hz)

    def step(self, state: RatesState, beats: Sequence[Annotation], *, settled_until: int) -> Step[RatesState]:
        """Each beat in turn, each preceded by the time that passed without one."""
        said: list[Annotation] = []
        for beat in beats:
            self.pass_time(state, beat.start, said)
            self.take(state, beat, said)
        self.pass_time(state, settled_until, said)
        return Step(state, said)

    def quiet_until(self, state: RatesState) -> int:
        """Where the first gap is due to be said, or the first span to be closed."""
        if not state.beats:
            return NEVER_MIND
        gap_due = self._gap_due(state)
        if state.brady.span.start == NOWHERE == state.tachy.span.start:
            return gap_due
        return min(gap_due, self._closes_at(state, state.brady), self._closes_at(state, state.tachy))

    def finish(self, state: RatesState, *, end: int) -> list[Annotation]:
        """Close what is open; a gap that reaches the end is an asystole where it is long enough, but no pause."""
        said: list[Annotation] = []
        self.pass_time(state, end, said)
        self._close(state, state.brady, "BRADY", said)
        self._close(state, state.tachy, "TACHY", said)
        if state.gap_said != NOWHERE:
            said.append(self._gap(state, "ASYSTOLE", end))
        return said

    def pass_time(self, state: RatesState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`: what is said, in the order in which it came to be known."""
        if until < self.quiet_until(state):
            return  # the usual case
        while state.beats:
            dues = (
                (self._closes_at(state, state.brady), 0),
                (self._closes_at(state, state.tachy), 1),
                (self._gap_due(state), 2),
            )
            due, which = min(dues)
            if due > until:
                return
            if which == 2:  # noqa: PLR2004 - the third of the three above
                state.gap_said = due
                said.append(self._gap(state, "ASYSTOLE", due, ongoing=True))
            else:
                self._close(state, (state.brady, state.tachy)[which], ("BRADY", "TACHY")[which], said)

    def _closes_at(self, state: RatesState, rhythm: Sustained) -> int:
        return rhythm.span.end + self._samples(state, self.config.close_after_s) if rhythm.span.is_open else NEVER_MIND

    def _gap_due(self, state: RatesState) -> int:
        if state.gap_said == NOWHERE:
            return state.beats[-1] + self._samples(state, self.config.asystole_s)
        return state.gap_said + self._samples(state, self.config.repeat_s)

    def take(self, state: RatesState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        confidence = 1.0 if beat.confidence is None else beat.confidence
        is_asystole = False
        if state.beats:
            duration = beat.start - state.beats[-1]
            is_asystole = duration >= self._samples(state, self.config.asystole_s)
            if duration >= self._samples(state, self.config.pause_s):
                state.confidence = min(state.confidence, confidence)
                said.append(self._gap(state, "ASYSTOLE" if is_asystole else "PAUSE", beat.start))
        state.gap_said = NOWHERE
        state.confidence = confidence
        if is_asystole:
            self._begin_anew(state, said)
        state.beats.append(beat.start)
        del state.beats[: -N_INTERVALS - 1]
        if len(state.beats) > N_INTERVALS:
            self._take_rate(state, said)

    def _begin_anew(self, state: RatesState, said: list[Annotation]) -> None:
        self._close(state, state.brady, "BRADY", said)
        self._close(state, state.tachy, "TACHY", said)
        state.brady, state.tachy = Sustained(), Sustained()
        state.beats.clear()

    def _take_rate(self, state: RatesState, said: list[Annotation]) -> None:
        intervals = [after - before for before, after in pairwise(state.beats)]
        ordered = sorted(intervals)
        usual, newest = (ordered[N_INTERVALS // 2 - 1] + ordered[N_INTERVALS // 2]) / 2, intervals[-1]
        config, per_min = self.config, S_PER_MIN * state.fs_hz
        slow, fast = limits_samples(config, state.fs_hz)
        may_begin = (usual > slow and newest > slow) or (usual < fast and newest < fast)
        if not may_begin and state.brady.since == NOWHERE == state.tachy.since:
            return  # the usual case
        still_slow, still_fast = (
            per_min / (config.brady_bpm + config.hysteresis_bpm),
            per_min / (config.tachy_bpm - config.hysteresis_bpm),
        )
        n_slow, n_fast = sum(i > slow for i in intervals), sum(i < fast for i in intervals)
        judged = _Judged(usual > slow, usual > still_slow, n_slow, newest > slow)
        self._sustain(state, state.brady, "BRADY", judged, said)
        judged = _Judged(usual < fast, usual < still_fast, n_fast, newest < fast)
        self._sustain(state, state.tachy, "TACHY", judged, said)

    def _sustain(
        self, state: RatesState, rhythm: Sustained, label: str, judged: _Judged, said: list[Annotation]
    ) -> None:
        if rhythm.since == NOWHERE:
            if not (judged.begins and judged.newest_within):
                return
            rhythm.since = max(state.beats[0], rhythm.not_before)
            rhythm.n_intervals, rhythm.n_within = N_INTERVALS, judged.n_within
        elif not judged.holds:
            self._close(state, rhythm, label, said)
            return
        else:
            rhythm.n_intervals += 1
            rhythm.n_within += judged.newest_within
        self._extend(state, rhythm, label, judged, said)

    def _extend(
        self, state: RatesState, rhythm: Sustained, label: str, judged: _Judged, said: list[Annotation]
    ) -> None:
        now = state.beats[-1]
        if not judged.newest_within or now - rhythm.since < self._samples(state, self.config.min_duration_s):
            return
        if not rhythm.span.is_open:
            rhythm.span.open(rhythm.since, now)
        rhythm.span.grow(now)
        rhythm.n_beats = rhythm.n_intervals + 1
        rhythm.confidence = rhythm.n_within / rhythm.n_intervals
        if rhythm.span.is_due(self._samples(state, self.config.repeat_s)):
            said.append(self._rate(state, rhythm, label, ongoing=True))

    def _close(self, state: RatesState, rhythm: Sustained, label: str, said: list[Annotation]) -> None:
        if rhythm.span.is_open:
            said.append(self._rate(state, rhythm, label, ongoing=False))
            rhythm.not_before = rhythm.span.end
            rhythm.span.close()
        rhythm.since = NOWHERE

    def _rate(self, state: RatesState, rhythm: Sustained, label: str, *, ongoing: bool) -> Annotation:
        return Annotation(
            start=rhythm.span.start,
            end=rhythm.span.end,
            label=label,
            annotator=self._annotator,
            confidence=rhythm.confidence,
            figures=sustained_figures(rhythm.n_beats, (rhythm.span.end - rhythm.span.start) / state.fs_hz),
            ongoing=ongoing,
        )

    def _gap(self, state: RatesState, label: str, end: int, *, ongoing: bool = False) -> Annotation:
        return Annotation(
            start=state.beats[-1],
            end=end,
            label=label,
            annotator=self._annotator,
            confidence=state.confidence * self._gap_confidence(state, end),
            figures=gap_figures((end - state.beats[-1]) / state.fs_hz),
            ongoing=ongoing,
        )

    @staticmethod
    def _gap_confidence(state: RatesState, end: int) -> float:
        if len(state.beats) < N_INTERVALS:
            return CONFIDENT
        usual = median(after - before for before, after in pairwise(state.beats))
        n_usual = (end - state.beats[-1]) / usual
        return DOUBTFUL if abs(n_usual - 2.0) <= 2.0 * MISSED_BEAT_TOLERANCE else CONFIDENT

    @property
    def _annotator(self) -> Annotator:
        return Annotator("machine", self.name, self.version)

    @staticmethod
    def _samples(state: RatesState, duration_s: float) -> int:
        return n_samples(duration_s, state.fs_hz)


def limits_samples(config: RatesConfig, fs_hz: float) -> tuple[float, float]:
    """Intervals, samples: of bradycardia those longer than the first, of tachycardia those shorter than the second."""
    return S_PER_MIN * fs_hz / config.brady_bpm, S_PER_MIN * fs_hz / config.tachy_bpm


def sustained_figures(n_beats: int, duration_s: float) -> dict[str, float]:
    """What is told of a rhythm from its first beat to its last, at least two."""
    return {"rate_bpm": S_PER_MIN * (n_beats - 1) / duration_s, "n_beats": n_beats, "duration_s": duration_s}


def gap_figures(duration_s: float) -> dict[str, float]:
    """What is told of a time without a beat."""
    return {"duration_s": duration_s}
