"""Where a photoplethysmogram cannot be read: a follower of its pulses.

Three pulses in a row that are more likely none, or three seconds without any, begin a span UNREADABLE; the first of
three pulses in a row that are likely ends it. No pulse is no proof that the heart stands still: a finger that moves, a
cold one and a probe that fell off look the same, and are said to be unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from detectors.protocol import Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan, n_samples
from detectors.wearables.crests import WaveKind
from detectors.wearables.ppg import PPG
from signal_processing.values import Annotation, Annotator, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

LIKELY = 0.5
"""Confidence from which a pulse is likely one."""

IN_A_ROW = 3
"""Pulses that begin or end an unreadable span."""


def is_likely(pulse: Annotation) -> bool:
    """Whether it is more likely a pulse than not."""
    return pulse.confidence is None or pulse.confidence >= LIKELY


@dataclass
class ReadableState:
    """The newest pulse, and the run of unlikely or likely ones that may begin or end a span.

    Parameters
    ----------
    last : the newest pulse; before any, where the follower first heard of time.
    run_start, n_run : first pulse of a run of unlikely ones (of likely ones within a span), and its length.
    n_pulses, sum_doubt : of the span in progress: unlikely pulses, and how unlikely they are together.
    """

    fs_hz: float
    channel: str
    last: int = NOWHERE
    run_start: int = NOWHERE
    n_run: int = 0
    run_doubt: float = 0.0
    span: OpenSpan = field(default_factory=OpenSpan)
    n_pulses: int = 0
    sum_doubt: float = 0.0


@dataclass(frozen=True)
class Readable:
    """The follower "pulse-quality"."""

    kind: WaveKind = PPG
    gap_s: float = 3.0
    repeat_s: float = REPEAT_S
    name: str = "pulse-quality"
    version: str = "1"

    @property
    def latency_s(self) -> float:
        """What three pulses take that come before a gap would, s, and a sample's rounding."""
        return IN_A_ROW * self.gap_s + 0.1

    @property
    def state_type(self) -> type[ReadableState]:
        """The state."""
        return ReadableState

    def initial(self, signal: Signal) -> ReadableState:
        """No pulse yet."""
        return ReadableState(signal.fs_hz, signal.channels[self.kind.channels(signal)[0]].name)

    def step(self, state: ReadableState, beats: Sequence[Annotation], *, settled_until: int) -> Step[ReadableState]:
        """Each pulse in turn, each preceded by the time that passed without one."""
        said: list[Annotation] = []
        for beat in beats:
            self.pass_time(state, beat.start, said)
            self.take(state, beat, said)
        self.pass_time(state, settled_until, said)
        return Step(state, said)

    def take(self, state: ReadableState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        likely, doubt = is_likely(beat), 1.0 - (1.0 if beat.confidence is None else beat.confidence)
        is_open = state.span.is_open
        if likely is is_open:  # it speaks for a change
            state.run_start = beat.start if state.n_run == 0 else state.run_start
            state.n_run += 1
            state.run_doubt += doubt
        else:
            state.n_run, state.run_doubt = 0, 0.0
        if is_open and not likely:
            state.span.grow(beat.start)
            state.n_pulses += 1
            state.sum_doubt += doubt
            self._repeat(state, said)
        if state.n_run == IN_A_ROW:
            self._change(state, beat.start, said)
        state.last = beat.start

    def _change(self, state: ReadableState, at: int, said: list[Annotation]) -> None:
        if state.span.is_open:
            state.span.grow(state.run_start)
            said.append(self._annotation(state, ongoing=False))
            state.span.close()
        else:
            state.span.open(state.run_start, at)
            state.n_pulses, state.sum_doubt = IN_A_ROW, state.run_doubt
            self._repeat(state, said)
        state.n_run, state.run_doubt = 0, 0.0

    def pass_time(self, state: ReadableState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`: what lasts without a pulse is unreadable, and said again while it lasts."""
        if state.last == NOWHERE:
            state.last = until
        while (due := self.quiet_until(state)) <= until:
            if not state.span.is_open:
                state.span.open(state.last if state.n_run == 0 else state.run_start, due)
                state.n_pulses, state.sum_doubt = state.n_run, state.run_doubt
            state.n_run, state.run_doubt = 0, 0.0
            state.span.grow(due)
            self._repeat(state, said)

    def quiet_until(self, state: ReadableState) -> int:
        """Where the next gap is long enough, or the span in progress due again within one."""
        if state.last == NOWHERE:
            return 0
        gap = state.last + n_samples(self.gap_s, state.fs_hz)
        if state.span.is_open and state.span.end >= gap:
            return state.span.end + n_samples(self.repeat_s, state.fs_hz)
        return gap

    def finish(self, state: ReadableState, *, end: int) -> list[Annotation]:
        """A span in progress reaches the end, or the first of the likely pulses at the end."""
        said: list[Annotation] = []
        if end > 0 and state.last != NOWHERE:
            self.pass_time(state, end, said)
        if state.span.is_open:
            state.span.grow(state.run_start if state.n_run else end)
            said.append(self._annotation(state, ongoing=False))
        return said

    def _repeat(self, state: ReadableState, said: list[Annotation]) -> None:
        if state.span.is_due(n_samples(self.repeat_s, state.fs_hz)):
            said.append(self._annotation(state, ongoing=True))

    def _annotation(self, state: ReadableState, *, ongoing: bool) -> Annotation:
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label="UNREADABLE",
            channel=state.channel,
            annotator=Annotator("machine", self.name, self.version),
            confidence=state.sum_doubt / state.n_pulses if state.n_pulses else 1.0,
            figures={
                "duration_s": (state.span.end - state.span.start) / state.fs_hz,
                "n_doubtful_pulses": float(state.n_pulses),
            },
            ongoing=ongoing,
        )
