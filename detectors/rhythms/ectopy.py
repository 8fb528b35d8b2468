"""Runs and patterns of ectopic beats: couplet, tachycardia, idioventricular rhythm, bigeminy, trigeminy.

A ventricular run is at least 3 beats in a row: VT at 100/min and above, IVR below (ANSI/AAMI EC57 and WFDB's `rxr`
count 2 as a couplet, 3 and more as a run; the rate is that of 2017 AHA/ACC/HRS, Circulation 138:e272). Bigeminy is at
least 3 ventricular beats with one other beat between each two, trigeminy with two others. Spans reach from the first
ectopic beat to one past the last. Supraventricular beats are told by the same rules: SVTA at 100/min and above; a
slower run and a trigeminy of them have no label and are not said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from detectors.protocol import NEVER_MIND, Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan, n_samples
from signal_processing.values import Annotation, Annotator, Signal
from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

S_PER_MIN = 60.0

MIN_RUN_BEATS = 3
"""Ectopic beats in a row that make a run (EC57: "short run" is 3 to 5)."""

MIN_PATTERN_BEATS = 3
"""Ectopic beats that make a pattern."""

BREAK_S = 3.0
"""So long without a beat ends everything, s."""


class Names(NamedTuple):
    """Beats of one AAMI class, and what runs and patterns of them are called; empty what is not said."""

    aami: str
    fast: str
    slow: str
    couplet: str
    patterns: tuple[str, str]

    @property
    def codes(self) -> frozenset[str]:
        """Labels of the beats."""
        return frozenset(entry.code for entry in LABELS if entry.aami == self.aami)

    def n_between(self, label: str) -> int:
        """Other beats between each two of a pattern; 0 of what is none."""
        return self.patterns.index(label) + 1 if label in self.patterns else 0


VENTRICULAR = Names("V", "VT", "IVR", "VCOUPLET", ("VB", "VTRI"))
SUPRAVENTRICULAR = Names("S", "SVTA", "", "SVCOUPLET", ("AB", ""))
_CODES = {names: names.codes for names in (VENTRICULAR, SUPRAVENTRICULAR)}


@dataclass(frozen=True)
class EctopyConfig:
    """From which rate a run is a tachycardia, and how long without a beat ends everything."""

    fast_bpm: float = 100.0
    break_s: float = BREAK_S
    repeat_s: float = REPEAT_S


@dataclass
class Series:
    """Ectopic beats that belong together: a run, or a pattern.

    Parameters
    ----------
    span : open from the first beat on; said once it is long enough to have a label.
    label : empty until then.
    n_beats, sum_confidence : of the ectopic beats within.
    """

    span: OpenSpan = field(default_factory=OpenSpan)
    label: str = ""
    n_beats: int = 0
    sum_confidence: float = 0.0


@dataclass
class EctopyState:
    """The newest beats, the run and the pattern in progress.

    Parameters
    ----------
    last : the newest beat; `NOWHERE` before the first.
    last_ectopic : the newest ectopic beats of the run, at most 3, oldest first.
    n_between : other beats since the newest ectopic one.
    pattern_between : other beats between each two ectopic ones of the pattern.
    """

    fs_hz: float
    last: int = NOWHERE
    last_ectopic: list[int] = field(default_factory=list)
    last_confidence: float = 0.0
    n_between: int = 0
    pattern_between: int = 0
    run: Series = field(default_factory=Series)
    pattern: Series = field(default_factory=Series)


@dataclass(frozen=True)
class Ectopy:
    """The followers "ventricular" and "supraventricular"."""

    names: Names
    name: str
    version: str
    config: EctopyConfig = field(default_factory=EctopyConfig)

    @property
    def latency_s(self) -> float:
        """A trigeminy is over at the third other beat, each at most `break_s` after the one before, s."""
        return (len(self.names.patterns) + 1) * self.config.break_s + 0.1

    @property
    def state_type(self) -> type[EctopyState]:
        """The state."""
        return EctopyState

    def initial(self, signal: Signal) -> EctopyState:
        """No beat yet."""
        return EctopyState(signal.fs_hz)

    def step(self, state: EctopyState, beats: Sequence[Annotation], *, settled_until: int) -> Step[EctopyState]:
        """Each beat in turn, each preceded by the time that passed without one."""
        said: list[Annotation] = []
        for beat in beats:
            self.pass_time(state, beat.start, said)
            self.take(state, beat, said)
        self.pass_time(state, settled_until, said)
        return Step(state, said)

    def take(self, state: EctopyState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        if beat.label in _CODES[self.names]:
            self._take_ectopic(state, beat, said)
        else:
            self._take_other(state, said)
        state.last = beat.start

    def quiet_until(self, state: EctopyState) -> int:
        """Where everything ends for want of a beat."""
        return NEVER_MIND if state.last == NOWHERE else state.last + n_samples(self.config.break_s, state.fs_hz)

    def finish(self, state: EctopyState, *, end: int) -> list[Annotation]:  # noqa: ARG002 - ends at its last beat
        """Close what is open."""
        said: list[Annotation] = []
        self._close_run(state, said)
        self._close_pattern(state, said)
        return said

    def pass_time(self, state: EctopyState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`: a time without a beat ends everything."""
        if until < self.quiet_until(state):
            return
        self._close_run(state, said)
        self._close_pattern(state, said)
        state.last = NOWHERE
        state.last_ectopic.clear()

    def _take_other(self, state: EctopyState, said: list[Annotation]) -> None:
        if state.run.span.is_open:
            self._close_run(state, said)
        state.n_between += 1
        if state.pattern.span.is_open and state.n_between > state.pattern_between:
            self._close_pattern(state, said)
        if state.n_between > len(self.names.patterns):
            state.last_ectopic.clear()

    def _take_ectopic(self, state: EctopyState, beat: Annotation, said: list[Annotation]) -> None:
        confidence = 1.0 if beat.confidence is None else beat.confidence
        self._extend_pattern(state, beat.start, confidence, said)
        self._extend_run(state, beat.start, confidence, said)
        state.last_ectopic.append(beat.start)
        del state.last_ectopic[:-MIN_RUN_BEATS]
        state.last_confidence = confidence
        state.n_between = 0

    def _extend_run(self, state: EctopyState, now: int, confidence: float, said: list[Annotation]) -> None:
        run = state.run
        if not run.span.is_open:
            run.span.open(now, now + 1)
        run.span.grow(now + 1)
        run.n_beats += 1
        run.sum_confidence += confidence
        if run.n_beats < MIN_RUN_BEATS:
            return
        newest = [*state.last_ectopic[1 - MIN_RUN_BEATS :], now]
        is_fast = _rate_bpm(newest[0], now, MIN_RUN_BEATS, state.fs_hz) >= self.config.fast_bpm
        if run.n_beats == MIN_RUN_BEATS:
            run.label = self.names.fast if is_fast else self.names.slow
        elif run.label == self.names.slow and is_fast:
            self._accelerate(state, newest, said)
            run = state.run
        if run.label and run.span.is_due(n_samples(self.config.repeat_s, state.fs_hz)):
            said.append(self._series(state, run, ongoing=True))

    def _accelerate(self, state: EctopyState, newest: Sequence[int], said: list[Annotation]) -> None:
        """Idioventricular rhythm that becomes a tachycardia: a new span from the first of the fast beats.

        The slow span keeps the end that may have been said already, so that the two overlap by a beat or two.
        """
        slow = state.run
        confidence = slow.sum_confidence / slow.n_beats
        slow.span.end = newest[-2] + 1
        slow.n_beats -= 1
        slow.sum_confidence -= confidence
        if slow.label:
            said.append(self._series(state, slow, ongoing=False))
        state.run = Series(label=self.names.fast, n_beats=len(newest), sum_confidence=confidence * len(newest))
        state.run.span.open(newest[0], newest[-1] + 1)

    def _close_run(self, state: EctopyState, said: list[Annotation]) -> None:
        run = state.run
        if run.n_beats == MIN_RUN_BEATS - 1:
            run.label = self.names.couplet
        if run.label:
            said.append(self._series(state, run, ongoing=False))
        if run.span.is_open:
            state.run = Series()

    def _extend_pattern(self, state: EctopyState, now: int, confidence: float, said: list[Annotation]) -> None:
        if state.pattern.span.is_open and state.n_between != state.pattern_between:
            self._close_pattern(state, said)
        if not state.last_ectopic or not 1 <= state.n_between <= len(self.names.patterns):
            return
        pattern = state.pattern
        if not pattern.span.is_open:
            pattern.span.open(state.last_ectopic[-1], now + 1)
            pattern.n_beats, pattern.sum_confidence = 1, state.last_confidence
            state.pattern_between = state.n_between
        pattern.span.grow(now + 1)
        pattern.n_beats += 1
        pattern.sum_confidence += confidence
        if pattern.n_beats < MIN_PATTERN_BEATS:
            return
        pattern.label = self.names.patterns[state.pattern_between - 1]
        if pattern.label and pattern.span.is_due(n_samples(self.config.repeat_s, state.fs_hz)):
            said.append(self._series(state, pattern, ongoing=True))

    def _close_pattern(self, state: EctopyState, said: list[Annotation]) -> None:
        if state.pattern.label:
            said.append(self._series(state, state.pattern, ongoing=False))
        if state.pattern.span.is_open:
            state.pattern = Series()

    def _series(self, state: EctopyState, series: Series, *, ongoing: bool) -> Annotation:
        return Annotation(
            start=series.span.start,
            end=series.span.end,
            label=series.label,
            annotator=Annotator("machine", self.name, self.version),
            confidence=series.sum_confidence / series.n_beats,
            figures=series_figures(series.label, series.n_beats, series.span.start, series.span.end - 1, state.fs_hz),
            ongoing=ongoing,
        )


def ventricular() -> Ectopy:
    """The follower "ventricular"."""
    return Ectopy(VENTRICULAR, "ventricular", "1")


def supraventricular() -> Ectopy:
    """The follower "supraventricular"."""
    return Ectopy(SUPRAVENTRICULAR, "supraventricular", "1")


def series_figures(label: str, n_beats: int, first: int, last: int, fs_hz: float) -> dict[str, float]:
    """What is told of a run or a pattern from its first ectopic beat to its last; a pattern has no rate."""
    if any(names.n_between(label) for names in (VENTRICULAR, SUPRAVENTRICULAR)):
        return {"n_beats": n_beats}
    figures = {"n_beats": n_beats, "rate_bpm": _rate_bpm(first, last, n_beats, fs_hz)}
    if label == SUPRAVENTRICULAR.fast:
        figures["duration_s"] = (last + 1 - first) / fs_hz
    return figures


def _rate_bpm(first: int, last: int, n_beats: int, fs_hz: float) -> float:
    return S_PER_MIN * fs_hz * (n_beats - 1) / max(last - first, 1)
