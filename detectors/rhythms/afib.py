"""Atrial fibrillation from the irregularity of beat-to-beat intervals.

Each interval is judged by the 61 around it (30 to each side): published measures of irregularity, averaged over that
window and weighed by a logistic function, with two thresholds for hysteresis. The measures:

- share of pairs among 8 neighbouring intervals that differ by more than a tolerance, and the median of 3 that keeps
  single ectopic beats out of it: Petrenas, Marozas and Sornmo, Comput Biol Med 65:184, 2015;
- size of successive differences relative to the mean interval: Dash et al., Ann Biomed Eng 37:1701, 2009;
- share of differences above 10 % and below 2 %: Tateno and Glass, Med Biol Eng Comput 39:664, 2001 (distribution of
  differences, here two points of it);
- mean interval: slow rates vary more without fibrillation (Petrenas divides by it; Lake and Moorman, Am J Physiol
  300:H319, 2011, subtract its logarithm).

It departs from the papers in the centred window (a delay instead of a bias) and in weighing the measures together.
Intervals beside a ventricular beat are left out. Flutter with regular conduction is not found, flutter with varying
conduction is taken for fibrillation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.protocol import NEVER_MIND, Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan, n_samples
from signal_processing.values import Annotation, Annotator, Signal
from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

S_PER_MIN = 60.0

N_SIDE = 30
"""Intervals to each side of the one that is judged: together about a minute, twice the 30 s of clinical AF."""

N_PAIRS = 8
"""Intervals that are compared pair by pair (Petrenas: N = 8)."""

PAIR_WEIGHTS = range(N_PAIRS - 1, 0, -1)
"""Of the pair of the newest and the one before it, the one before that, and so on."""

ALL_PAIRS = N_PAIRS * (N_PAIRS - 1) // 2
"""The sum of the weights."""

FINE_S, COARSE_S = 0.03, 0.06
"""Tolerances of a pair, s (Petrenas: 0.03 s)."""

MAX_DIFFERENCE_S = 0.3
"""Where a difference stops counting, s, so that a missed beat does not outweigh a minute."""

LARGE_SHARE, SMALL_SHARE = 0.10, 0.02
"""Differences that fibrillation has many and few of, as shares of the interval."""

MIN_INTERVAL_S, MAX_INTERVAL_S = 0.2, 3.0
"""Plausible intervals, s: refractory period; beyond it beats were missed or paused."""

MIN_JUDGED = 20
"""Intervals below which a window says nothing."""

REPEAT_LAGS = (2, 3, 4)
"""Intervals after which bigeminy, trigeminy and quadrigeminy repeat themselves."""

REPEAT_SHARE, MAX_REPEATING = 0.05, 0.6
"""An interval repeats an earlier one that it differs from by less than this share; where this share of a window does,
the rhythm is a pattern. Fibrillation repeats one in five by chance."""

_PACKING = 1 << 10
"""Counts of repeats are summed together, one to ten bits each: a window holds at most 61."""

ECTOPIC_CLASSES = frozenset({"V", "F"})
"""AAMI classes of the beats beside which an interval says nothing."""

_ECTOPIC = frozenset(entry.code for entry in LABELS if entry.aami in ECTOPIC_CLASSES)

NumberT = TypeVar("NumberT", float, NDArray[np.float64])
"""Of one interval as beats come, or of many at once (`detectors.rhythms.afib_judged`)."""


@dataclass(frozen=True)
class Weights:
    """The logistic function's weights.

    Fitted to 13 afdb, 2 ltafdb, 9 nsrdb and 24 mitdb records (L2, C = 0.0005, chosen with a sixth of the records left
    out in turn).
    """

    bias: float = 1.94
    pairs_fine: float = 1.16
    pairs_coarse_filtered: float = 2.83
    successive_filtered: float = 5.87
    size_filtered: float = 4.84
    size: float = 1.03
    size_second: float = -2.68
    interval: float = -9.24
    small: float = -3.08
    large: float = 2.95


@dataclass(frozen=True)
class AfibConfig:
    """Thresholds of the logistic function, the shortest episode, and how long a judgement waits at most."""

    enter: float = 0.7
    leave: float = 0.2
    min_duration_s: float = 30.0
    max_wait_s: float = 45.0
    break_s: float = 30.0
    repeat_s: float = REPEAT_S
    weights: Weights = field(default_factory=Weights)


@dataclass
class AfibState:
    """What the judgements still to come need.

    Parameters
    ----------
    last, last_is_ectopic : the newest beat.
    raw, raw_starts, raw_ends : newest plausible intervals, s, and the beats that bound them, at most 9.
    filtered : medians of 3 of the same, one interval behind.
    starts, ends, plain, sized, intervals : measured intervals: bounding beats, weighed measures that stand as they are,
        those to be divided by the mean interval, length in s, repeats packed; `n_judged` of them have been judged.
    span : the episode, open from the first judgement above `leave`; `is_af` once it may be said.
    """

    fs_hz: float
    last: int = NOWHERE
    last_is_ectopic: bool = False
    raw: list[float] = field(default_factory=list)
    raw_starts: list[int] = field(default_factory=list)
    raw_ends: list[int] = field(default_factory=list)
    filtered: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    sized: list[float] = field(default_factory=list)
    intervals: list[float] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    n_judged: int = 0
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
    version: str = "1"

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
        if state.n_judged < len(state.ends):
            return min(self._judged_by(state), self._breaks_at(state))
        return self._breaks_at(state) if state.raw or state.ends or state.span.is_open else NEVER_MIND

    def finish(self, state: AfibState, *, end: int) -> list[Annotation]:
        """Judge what is left by what there is, and close."""
        said: list[Annotation] = []
        self.pass_time(state, end, said)
        self._break(state, said)
        return said

    def pass_time(self, state: AfibState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`: what has waited long enough is judged; a long time without a beat ends everything."""
        while state.n_judged < len(state.ends) and until >= self._judged_by(state):
            if self._breaks_at(state) < self._judged_by(state):
                break
            self._judge(state, said)
        if until >= self._breaks_at(state):
            self._break(state, said)

    def _judged_by(self, state: AfibState) -> int:
        return state.ends[state.n_judged] + n_samples(self.config.max_wait_s, state.fs_hz)

    def _breaks_at(self, state: AfibState) -> int:
        newest = state.raw_ends[-1] if state.raw_ends else state.last
        return newest + n_samples(self.config.break_s, state.fs_hz)

    def _break(self, state: AfibState, said: list[Annotation]) -> None:
        while state.n_judged < len(state.ends):
            self._judge(state, said)
        self._close(state, said)
        state.n_judged = 0
        for values in (state.raw, state.filtered, state.plain, state.sized, state.intervals):
            values.clear()
        for places in (state.raw_starts, state.raw_ends, state.starts, state.ends, state.repeats):
            places.clear()

    def take(self, state: AfibState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        is_ectopic = beat.label in _ECTOPIC
        before, usable = state.last, state.last != NOWHERE and not (is_ectopic or state.last_is_ectopic)
        state.last, state.last_is_ectopic = beat.start, is_ectopic
        interval_s = (beat.start - before) / state.fs_hz
        if not usable or not MIN_INTERVAL_S < interval_s < MAX_INTERVAL_S:
            return
        state.raw.append(interval_s)
        state.raw_starts.append(before)
        state.raw_ends.append(beat.start)
        self._measure(state)
        if len(state.raw) > N_PAIRS + 1:
            for kept in (state.raw, state.raw_starts, state.raw_ends, state.filtered):
                del kept[: -N_PAIRS - 1]
        if len(state.ends) - state.n_judged > N_SIDE:
            self._judge(state, said)

    def _measure(self, state: AfibState) -> None:
        """Measure the newest interval but one, the newest that has a median of 3."""
        raw = state.raw
        if len(raw) < 3:  # noqa: PLR2004 - a median of 3
            return
        state.filtered.append(sorted(raw[-3:])[1])
        past, now = raw[:-1], state.filtered
        step = abs(past[-1] - past[-2])
        step_filtered = abs(now[-1] - now[-2]) if len(now) > 1 else 0.0
        step_second = abs(past[-1] - past[-3]) if len(past) > 2 else 0.0  # noqa: PLR2004 - the last but two
        weights = self.config.weights
        state.starts.append(state.raw_starts[-2])
        state.ends.append(state.raw_ends[-2])
        state.intervals.append(past[-1])
        state.repeats.append(_repeats(past))
        pairs = weighed_pairs(weights, _pairs_apart(past, FINE_S), _pairs_apart(now, COARSE_S))
        state.plain.append(weighed_steps(weights, pairs, step_filtered, step, past[-1]))
        state.sized.append(
            weighed_sizes(
                weights,
                min(step_filtered, MAX_DIFFERENCE_S),
                min(step, MAX_DIFFERENCE_S),
                min(step_second, MAX_DIFFERENCE_S),
            )
        )

    def _judge(self, state: AfibState, said: list[Annotation]) -> None:
        """Judge the oldest measured interval that has not been, by its neighbours to both sides."""
        i, weights = state.n_judged, self.config.weights
        first, end = max(i - N_SIDE, 0), i + N_SIDE + 1
        n = min(end, len(state.intervals)) - first
        is_all = n == len(state.intervals)  # the usual case
        intervals, plain, sized = (
            values if is_all else values[first:end] for values in (state.intervals, state.plain, state.sized)
        )
        repeats = state.repeats if is_all else state.repeats[first:end]
        probability = 0.0
        if n >= MIN_JUDGED and not _is_pattern(sum(repeats), n):
            score = score_of(weights, sum(intervals) / n, sum(plain) / n, sum(sized) / n)
            probability = 1.0 / (1.0 + math.exp(-score))
        self._continue(state, i, probability, said)
        state.n_judged += 1
        if state.n_judged > N_SIDE:
            state.n_judged -= 1
            for values in (state.plain, state.sized, state.intervals):
                del values[0]
            del state.starts[0], state.ends[0], state.repeats[0]

    def _continue(self, state: AfibState, i: int, probability: float, said: list[Annotation]) -> None:
        if probability <= self.config.leave:
            if state.span.is_open:
                self._close(state, said)
            return
        if not state.span.is_open:
            state.span.open(state.starts[i], state.ends[i])
            state.is_entered = False
            state.n_within, state.sum_interval_s, state.sum_probability = 0, 0.0, 0.0
        state.span.grow(state.ends[i])
        state.is_entered = state.is_entered or probability > self.config.enter
        state.n_within += 1
        state.sum_interval_s += state.intervals[i]
        state.sum_probability += probability
        if self._is_af(state) and state.span.is_due(n_samples(self.config.repeat_s, state.fs_hz)):
            said.append(self._episode(state, ongoing=True))

    def _is_af(self, state: AfibState) -> bool:
        long_enough = state.span.end - state.span.start >= n_samples(self.config.min_duration_s, state.fs_hz)
        return state.is_entered and long_enough

    def _close(self, state: AfibState, said: list[Annotation]) -> None:
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


def weighed_pairs(weights: Weights, fine: NumberT, coarse_filtered: NumberT) -> NumberT:
    """Shares of pairs that lie apart, weighed."""
    return weights.pairs_fine * fine + weights.pairs_coarse_filtered * coarse_filtered


def weighed_steps(
    weights: Weights, pairs: NumberT, step_filtered: NumberT, step: NumberT, interval_s: NumberT
) -> NumberT:
    """To them, differences (s) that fibrillation has many and few of, weighed: what is not divided by the interval."""
    weighed: NumberT = (
        pairs
        + weights.successive_filtered * (step_filtered > FINE_S)
        + weights.small * (step < SMALL_SHARE * interval_s)
        + weights.large * (step > LARGE_SHARE * interval_s)
    )
    return weighed


def weighed_sizes(weights: Weights, step_filtered: NumberT, step: NumberT, step_second: NumberT) -> NumberT:
    """Differences of at most `MAX_DIFFERENCE_S`, s, weighed: what is divided by the mean interval."""
    return weights.size_filtered * step_filtered + weights.size * step + weights.size_second * step_second


def score_of(weights: Weights, mean_interval_s: NumberT, mean_plain: NumberT, mean_sized: NumberT) -> NumberT:
    """The logistic function's argument, of a window's means."""
    return weights.bias + weights.interval * mean_interval_s + (mean_plain + mean_sized / mean_interval_s)


def _pairs_apart(intervals: Sequence[float], tolerance_s: float) -> float:
    """Share of pairs further apart than a tolerance; each weighs as often as a sliding window of 8 meets it."""
    newest = intervals[-1]
    apart = 0
    for weight, other in zip(PAIR_WEIGHTS, intervals[-2::-1], strict=False):
        if abs(newest - other) > tolerance_s:
            apart += weight
    return apart / ALL_PAIRS


def _repeats(intervals: Sequence[float]) -> int:
    """Whether the newest interval repeats the one 2, 3 and 4 before, packed."""
    newest = intervals[-1]
    packed = 0
    for lag in REPEAT_LAGS:
        is_repeat = len(intervals) > lag and abs(newest - intervals[-1 - lag]) < REPEAT_SHARE * newest
        packed = packed * _PACKING + is_repeat
    return packed


def _is_pattern(packed: int, n: int) -> bool:
    while packed:
        packed, n_repeats = divmod(packed, _PACKING)
        if n_repeats > MAX_REPEATING * n:
            return True
    return False
