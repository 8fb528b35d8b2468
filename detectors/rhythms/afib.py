"""Atrial fibrillation from the irregularity of beat-to-beat intervals.

Each interval is judged by those around it in three windows of up to 60 to each side: measures of irregularity, which
`detectors.rhythms.irregularity` describes, weighed by a logistic function, with two thresholds for hysteresis. The
weights stand in `afib.npz`, learned by `training.afib_rhythm` (data and figures in docs/training.md).

It departs from the papers in the centred windows (a delay instead of a bias) and in weighing the measures together.
Intervals beside a ventricular beat are left out. Flutter with regular conduction is not found, flutter with varying
conduction is taken for fibrillation, and so are long salvos of atrial premature beats.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.protocol import NEVER_MIND, Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan, n_samples
from signal_processing.values import Annotation, Annotator, Signal
from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

S_PER_MIN = 60.0

N_SIDE = 60
"""Intervals to each side of the one that is judged, in the widest window (`irregularity.SIDES`)."""

MIN_INTERVAL_S, MAX_INTERVAL_S = 0.2, 3.0
"""Plausible intervals, s: refractory period; beyond it beats were missed or paused."""

ECTOPIC_CLASSES = frozenset({"V", "F"})
"""AAMI classes of the beats beside which an interval says nothing."""

_ECTOPIC = frozenset(entry.code for entry in LABELS if entry.aami in ECTOPIC_CLASSES)


class Judgement(NamedTuple):
    """Of one interval, `interval_s` long, between two beats (samples): how likely it is one of fibrillation."""

    start: int
    end: int
    interval_s: float
    probability: float


@dataclass(frozen=True)
class AfibConfig:
    """Thresholds of the probability, the shortest episode, and how long a judgement waits at most."""

    enter: float = 0.73
    leave: float = 0.2
    min_duration_s: float = 30.0
    max_wait_s: float = 45.0
    break_s: float = 30.0
    repeat_s: float = REPEAT_S


@dataclass
class AfibState:
    """What the judgements still to come need.

    Parameters
    ----------
    last, last_is_ectopic : the newest beat.
    intervals, starts, ends : plausible intervals, s, and the beats that bound them. The first one, and the newest until
        another follows, have a neighbour on one side only and are not judged.
    n_judged : the next one to be judged.
    span : the episode, open from the first judgement above `leave`; `is_entered` once one was above `enter`.
    """

    fs_hz: float
    last: int = NOWHERE
    last_is_ectopic: bool = False
    intervals: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    n_judged: int = 1
    span: OpenSpan = field(default_factory=OpenSpan)
    is_entered: bool = False
    n_within: int = 0
    sum_interval_s: float = 0.0
    sum_probability: float = 0.0


@dataclass(frozen=True)
class Afib:
    """The follower "afib"."""

    config: AfibConfig = field(default_factory=AfibConfig)
    name: str = "afib"
    version: str = "2"

    @property
    def latency_s(self) -> float:
        """The longest wait for an interval to judge, then for its judgement, s, and a sample's rounding."""
        return self.config.max_wait_s + self.config.break_s + 0.1

    @property
    def state_type(self) -> type[AfibState]:
        """The state."""
        return AfibState

    def initial(self, signal: Signal) -> AfibState:
        """No beat yet."""
        return AfibState(signal.fs_hz)

    def step(self, state: AfibState, beats: Sequence[Annotation], *, settled_until: int) -> Step[AfibState]:
        """Each beat in turn, each preceded by the time that passed without one."""
        said: list[Annotation] = []
        for beat in beats:
            self.pass_time(state, beat.start, said)
            self.take(state, beat, said)
        self.pass_time(state, settled_until, said)
        return Step(state, said)

    def quiet_until(self, state: AfibState) -> int:
        """Where the next interval is judged without waiting any longer, or everything ends for want of a beat."""
        if _is_one_waiting(state):
            return min(self._judged_by(state), self._breaks_at(state))
        return self._breaks_at(state) if state.ends or state.span.is_open else NEVER_MIND

    def finish(self, state: AfibState, *, end: int) -> list[Annotation]:
        """Judge what is left by what there is, and close."""
        said: list[Annotation] = []
        self.pass_time(state, end, said)
        self._break(state, said)
        return said

    def pass_time(self, state: AfibState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`: what has waited long enough is judged; a long time without a beat ends everything."""
        while _is_one_waiting(state) and until >= self._judged_by(state):
            if self._breaks_at(state) < self._judged_by(state):
                break
            self._judge(state, said)
        if until >= self._breaks_at(state):
            self._break(state, said)

    def _judged_by(self, state: AfibState) -> int:
        return state.ends[state.n_judged] + n_samples(self.config.max_wait_s, state.fs_hz)

    def _breaks_at(self, state: AfibState) -> int:
        newest = state.ends[-1] if state.ends else state.last
        return newest + n_samples(self.config.break_s, state.fs_hz)

    def _break(self, state: AfibState, said: list[Annotation]) -> None:
        while _is_one_waiting(state):
            self._judge(state, said)
        self.close(state, said)
        state.n_judged = 1
        state.intervals.clear()
        state.starts.clear()
        state.ends.clear()

    def take(self, state: AfibState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        is_ectopic = beat.label in _ECTOPIC
        before, usable = state.last, state.last != NOWHERE and not (is_ectopic or state.last_is_ectopic)
        state.last, state.last_is_ectopic = beat.start, is_ectopic
        interval_s = (beat.start - before) / state.fs_hz
        if not usable or not MIN_INTERVAL_S < interval_s < MAX_INTERVAL_S:
            return
        state.intervals.append(interval_s)
        state.starts.append(before)
        state.ends.append(beat.start)
        if len(state.intervals) - 1 - state.n_judged > N_SIDE:
            self._judge(state, said)

    def _judge(self, state: AfibState, said: list[Annotation]) -> None:
        """Judge the oldest interval that has not been, by its neighbours to both sides."""
        from detectors.rhythms.irregularity import probability

        i, intervals = state.n_judged, np.array(state.intervals)
        judged = probability(intervals, i, len(intervals) - 1, weights())
        self.go_on(state, Judgement(state.starts[i], state.ends[i], state.intervals[i], judged), said)
        state.n_judged += 1
        if state.n_judged > N_SIDE + 1:
            state.n_judged -= 1
            del state.intervals[0], state.starts[0], state.ends[0]

    def go_on(self, state: AfibState, judgement: Judgement, said: list[Annotation]) -> None:
        """Open, lengthen or close the episode by the next interval's judgement."""
        if judgement.probability <= self.config.leave:
            self.close(state, said)
            return
        if not state.span.is_open:
            state.span.open(judgement.start, judgement.end)
            state.is_entered = False
            state.n_within, state.sum_interval_s, state.sum_probability = 0, 0.0, 0.0
        state.span.grow(judgement.end)
        state.is_entered = state.is_entered or judgement.probability > self.config.enter
        state.n_within += 1
        state.sum_interval_s += judgement.interval_s
        state.sum_probability += judgement.probability
        if self._is_af(state) and state.span.is_due(n_samples(self.config.repeat_s, state.fs_hz)):
            said.append(self._episode(state, ongoing=True))

    def _is_af(self, state: AfibState) -> bool:
        long_enough = state.span.end - state.span.start >= n_samples(self.config.min_duration_s, state.fs_hz)
        return state.is_entered and long_enough

    def close(self, state: AfibState, said: list[Annotation]) -> None:
        """End the episode, if there is one; say it if it may be said."""
        if state.span.is_open and self._is_af(state):
            said.append(self._episode(state, ongoing=False))
        state.span.close()

    def _episode(self, state: AfibState, *, ongoing: bool) -> Annotation:
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label="AFIB",
            annotator=Annotator("machine", self.name, self.version),
            confidence=state.sum_probability / state.n_within,
            figures=episode_figures(
                state.n_within, state.sum_interval_s, (state.span.end - state.span.start) / state.fs_hz
            ),
            ongoing=ongoing,
        )


def episode_figures(n_intervals: int, sum_interval_s: float, duration_s: float) -> dict[str, float]:
    """What is told of an episode: of the judged intervals within it, at least one, and of its length."""
    return {
        "rate_bpm": S_PER_MIN * n_intervals / sum_interval_s,
        "n_intervals": n_intervals,
        "duration_s": duration_s,
    }


@cache
def weights() -> NDArray[np.float64]:
    """The learned weights of the logistic function, the bias last."""
    with files("detectors.rhythms").joinpath("afib.npz").open("rb") as file, np.load(file) as arrays:
        learned: NDArray[np.float64] = arrays["weights"]
    return learned


def _is_one_waiting(state: AfibState) -> bool:
    """Whether there is an interval to judge that has a neighbour on both sides."""
    return state.n_judged < len(state.ends) - 1
