"""Apnoea: a follower of breaths that notices that none comes.

Cessation of breathing for at least 10 s (AASM Manual for the Scoring of Sleep: apnoea, a fall of 90 % or more of the
signal for 10 s). A breath is a crest whose rise is at least a fifth of the usual one, so that shallow breathing of less
counts as none. The time without breath reaches from half a usual breath after the newest crest to half of one before
the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from detectors.protocol import NEVER_MIND, Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan, n_samples
from detectors.wearables.crests import WaveKind
from signal_processing.values import Annotation, Annotator, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

N_BREATHS = 8
"""Breaths whose median interval is the usual one."""

MIN_BREATHS = 4
"""Intervals before an interval is usual."""

SURE_S = 20.0
"""Length of an apnoea that is certain, s."""


@dataclass
class ApnoeaState:
    """The newest breath, the newest intervals between them, the confidence of the newest, the apnoea in progress."""

    fs_hz: float
    channel: str
    last: int = NOWHERE
    intervals: list[int] = field(default_factory=list)
    sureness: float = 0.0
    span: OpenSpan = field(default_factory=OpenSpan)


@dataclass(frozen=True)
class Apnoea:
    """The follower "apnoea"."""

    kind: WaveKind
    min_duration_s: float = 10.0
    repeat_s: float = REPEAT_S
    name: str = "apnoea"
    version: str = "1"

    @property
    def latency_s(self) -> float:
        """An apnoea ends half a usual breath before the next one, which is at most as long as an apnoea, s."""
        return self.min_duration_s + 0.1

    @property
    def state_type(self) -> type[ApnoeaState]:
        """The state."""
        return ApnoeaState

    def initial(self, signal: Signal) -> ApnoeaState:
        """No breath yet."""
        return ApnoeaState(signal.fs_hz, signal.channels[self.kind.channels(signal)[0]].name)

    def step(self, state: ApnoeaState, beats: Sequence[Annotation], *, settled_until: int) -> Step[ApnoeaState]:
        """Each breath in turn, each preceded by the time that passed without one."""
        said: list[Annotation] = []
        for beat in beats:
            self.pass_time(state, beat.start, said)
            self.take(state, beat, said)
        self.pass_time(state, settled_until, said)
        return Step(state, said)

    def take(self, state: ApnoeaState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        confidence = 1.0 if beat.confidence is None else beat.confidence
        if state.span.is_open:
            state.span.grow(beat.start - self._half(state))
            said.append(self._annotation(state, ongoing=False))
            state.span.close()
        elif state.last != NOWHERE:
            state.intervals.append(beat.start - state.last)
            del state.intervals[:-N_BREATHS]
        state.sureness += (confidence - state.sureness) / (len(state.intervals) + 1)
        state.last = beat.start

    def pass_time(self, state: ApnoeaState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`: an apnoea is said once it is long enough, and again while it lasts."""
        while (due := self.quiet_until(state)) <= until:
            if not state.span.is_open:
                state.span.open(state.last + self._half(state), due - self._half(state))
            state.span.grow(due - self._half(state))
            state.span.is_due(0)
            said.append(self._annotation(state, ongoing=True))

    def quiet_until(self, state: ApnoeaState) -> int:
        """Where the time without a breath is long enough even if one came in half a usual breath."""
        if len(state.intervals) < MIN_BREATHS:
            return NEVER_MIND
        if state.span.is_open:
            return state.span.said_end + self._half(state) + n_samples(self.repeat_s, state.fs_hz)
        return state.last + 2 * self._half(state) + n_samples(self.min_duration_s, state.fs_hz)

    def finish(self, state: ApnoeaState, *, end: int) -> list[Annotation]:
        """An apnoea in progress reaches the end."""
        said: list[Annotation] = []
        self.pass_time(state, end, said)
        if state.span.is_open:
            state.span.grow(end)
            said.append(self._annotation(state, ongoing=False))
        return said

    def _half(self, state: ApnoeaState) -> int:
        usual = median(state.intervals) if state.intervals else 0
        return min(round(usual / 2), n_samples(self.min_duration_s / 2, state.fs_hz))

    def _annotation(self, state: ApnoeaState, *, ongoing: bool) -> Annotation:
        duration_s = (state.span.end - state.span.start) / state.fs_hz
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label="APNEA",
            channel=state.channel,
            annotator=Annotator("machine", self.name, self.version),
            confidence=state.sureness * min(0.5 + 0.5 * duration_s / SURE_S, 1.0),
            figures={
                "duration_s": duration_s,
                "usual_rate_per_min": 60.0 * state.fs_hz / max(median(state.intervals), 1),
            },
            ongoing=ongoing,
        )
