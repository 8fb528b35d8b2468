"""What "afib" would judge of beats that are all known, at once: for beats that people have moved, added or relabelled.

The same intervals, windows and weights as `detectors.rhythms.afib`, which takes beat after beat; a law holds the two
equal. A day of beats takes milliseconds here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.rhythms.afib import (
    ALL_PAIRS,
    COARSE_S,
    FINE_S,
    MAX_DIFFERENCE_S,
    MAX_INTERVAL_S,
    MAX_REPEATING,
    MIN_INTERVAL_S,
    MIN_JUDGED,
    N_SIDE,
    PAIR_WEIGHTS,
    REPEAT_LAGS,
    REPEAT_SHARE,
    AfibConfig,
    score_of,
    weighed_pairs,
    weighed_sizes,
    weighed_steps,
)
from detectors.spans import n_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CONTEXT_BEFORE_S = 300.0
"""Beats before a span that its judgements rest on, s: 40 usable intervals, though every second beat be ectopic."""

CONTEXT_AFTER_S = 50.0
"""Beats after a span that its judgements rest on, s: the longest wait, and the interval that ends it."""

MIN_RAW = 3
"""Intervals that have one with a neighbour to both sides."""


class Judged(NamedTuple):
    """The judged intervals in order of time, all arrays (n_intervals,).

    Parameters
    ----------
    starts, ends : int64 samples of the beats that bound each.
    intervals_s : s.
    probabilities : of fibrillation.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    intervals_s: Floats
    probabilities: Floats


def judged(
    samples: NDArray[np.int64], is_ectopic: NDArray[np.bool_], fs_hz: float, config: AfibConfig | None = None
) -> Judged:
    """The probability of every interval that the follower would judge.

    Parameters
    ----------
    samples : (n_beats,) int64, ascending.
    is_ectopic : (n_beats,) whether a beat is ventricular or a fusion: intervals beside it are left out.
    """
    config = config or AfibConfig()
    starts, ends = samples[:-1], samples[1:]
    lengths_s = (ends - starts) / fs_hz
    usable = ~(is_ectopic[:-1] | is_ectopic[1:]) & (lengths_s > MIN_INTERVAL_S) & (lengths_s < MAX_INTERVAL_S)
    starts, ends, lengths_s = starts[usable], ends[usable], lengths_s[usable]
    breaks = np.flatnonzero(np.diff(ends) >= n_samples(config.break_s, fs_hz)) + 1
    bounds = [0, *breaks.tolist(), len(ends)]
    parts = [
        _of_stretch(starts[low:high], ends[low:high], lengths_s[low:high], n_samples(config.max_wait_s, fs_hz), config)
        for low, high in pairwise(bounds)
        if high - low >= MIN_RAW
    ]
    none = Judged(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
    return Judged._make(np.concatenate(columns) for columns in zip(none, *parts, strict=True))


def _of_stretch(
    starts: NDArray[np.int64], ends: NDArray[np.int64], lengths_s: Floats, wait: int, config: AfibConfig
) -> Judged:
    """Of intervals without a break: of each but the first and the last, which have no median of 3."""
    weights = config.weights
    middle = slice(1, -1)
    filtered = np.median(np.stack([lengths_s[:-2], lengths_s[1:-1], lengths_s[2:]]), axis=0)
    own_s = lengths_s[middle]
    step, step_filtered = _differences(lengths_s, 1)[middle], _differences(filtered, 1)
    step_second = _differences(lengths_s, 2)[middle]
    pairs = weighed_pairs(weights, _pairs_apart(lengths_s, FINE_S)[middle], _pairs_apart(filtered, COARSE_S))
    plain = weighed_steps(weights, pairs, step_filtered, step, own_s)
    sized = weighed_sizes(weights, *(np.minimum(of, MAX_DIFFERENCE_S) for of in (step_filtered, step, step_second)))
    # the window reaches as far as had been heard when the judgement could wait no longer
    i = np.arange(len(own_s))
    heard = np.searchsorted(ends[2:], ends[middle] + wait)
    low, high = np.maximum(i - N_SIDE, 0), np.minimum(i + N_SIDE + 1, heard)
    n = np.maximum(high - low, 1)

    def mean(values: Floats) -> Floats:
        summed = np.r_[0.0, np.cumsum(values)]
        means: Floats = (summed[high] - summed[low]) / n
        return means

    is_pattern = np.any([mean(_repeats(lengths_s, lag)[middle]) > MAX_REPEATING for lag in REPEAT_LAGS], axis=0)
    probabilities = 1.0 / (1.0 + np.exp(-score_of(weights, mean(own_s), mean(plain), mean(sized))))
    probabilities[is_pattern | (high - low < MIN_JUDGED)] = 0.0
    return Judged(starts[middle], ends[middle], own_s, probabilities)


def _differences(values: Floats, lag: int) -> Floats:
    """From each value to the one `lag` before, without sign; 0 where there is none."""
    found = np.zeros(len(values))
    found[lag:] = np.abs(values[lag:] - values[:-lag])
    return found


def _pairs_apart(values: Floats, tolerance_s: float) -> Floats:
    """Of each value the share of pairs with those before it that lie further apart than a tolerance, weighed."""
    apart = np.zeros(len(values))
    for lag, weight in enumerate(PAIR_WEIGHTS, 1):
        apart[lag:] += weight * (np.abs(values[lag:] - values[:-lag]) > tolerance_s)
    return apart / ALL_PAIRS


def _repeats(values: Floats, lag: int) -> Floats:
    """1 where a value repeats the one `lag` before, else 0."""
    found = np.zeros(len(values))
    found[lag:] = np.abs(values[lag:] - values[:-lag]) < REPEAT_SHARE * values[lag:]
    return found
