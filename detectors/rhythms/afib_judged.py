"""What "afib" would judge of beats that are all known, at once: for beats that people have moved, added or relabelled.

The same intervals and the same compiled function as of `detectors.rhythms.afib`, which takes beat after beat; a law
holds the two equal. A day of beats takes about a second here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.rhythms.afib import MAX_INTERVAL_S, MIN_INTERVAL_S, Afib, AfibConfig, AfibState, Judgement, weights
from detectors.spans import n_samples
from signal_processing.values import settled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from signal_processing.values import Annotation

    Floats = NDArray[np.float64]

CONTEXT_BEFORE_S = 400.0
"""Beats before a span that its judgements rest on, s: 62 usable intervals, though every second beat be ectopic."""

CONTEXT_AFTER_S = 50.0
"""Beats after a span that its judgements rest on, s: the longest wait, and the interval that ends it."""

MIN_RAW = 3
"""Intervals of which one has a neighbour to both sides."""


class Judged(NamedTuple):
    """The judged intervals in order of time, all arrays (n_intervals,).

    Parameters
    ----------
    starts, ends : int64 samples of the beats that bound each.
    intervals_s : s.
    probabilities : of fibrillation.
    features : (n_intervals, N_FEATURES) what they rest on (`detectors.rhythms.irregularity`).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    intervals_s: Floats
    probabilities: Floats
    features: Floats


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
    wait = n_samples(config.max_wait_s, fs_hz)
    parts = [
        _of_stretch(starts[low:high], ends[low:high], lengths_s[low:high], wait)
        for low, high in pairwise(bounds)
        if high - low >= MIN_RAW
    ]
    none = _of_stretch(np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2), wait)
    return Judged._make(np.concatenate(columns) for columns in zip(none, *parts, strict=True))


def _of_stretch(starts: NDArray[np.int64], ends: NDArray[np.int64], lengths_s: Floats, wait: int) -> Judged:
    """Of intervals without a break: of each but the first and the last, which have a neighbour on one side only."""
    from detectors.rhythms.irregularity import N_FEATURES, judge_all

    middle = slice(1, -1)
    n = len(lengths_s) - 2
    # the windows reach as far as had been heard when the judgement could wait no longer
    heard = np.minimum(np.searchsorted(ends[2:], ends[middle] + wait) + 1, len(lengths_s) - 1)
    rows, probabilities = np.empty((n, N_FEATURES)), np.empty(n)
    judge_all(np.ascontiguousarray(lengths_s), heard, weights(), rows, probabilities)
    return Judged(starts[middle], ends[middle], lengths_s[middle], probabilities, rows)


def episodes(found: Judged, fs_hz: float, config: AfibConfig | None = None) -> list[Annotation]:
    """The episodes that the follower says of those judgements, each as it says it last."""
    follower, state = Afib(config or AfibConfig()), AfibState(fs_hz)
    said: list[Annotation] = []
    last = None
    for judgement in map(Judgement._make, zip(*(column.tolist() for column in found[:4]), strict=True)):
        if last is not None and judgement.end - last >= n_samples(follower.config.break_s, fs_hz):
            follower.close(state, said)
        follower.go_on(state, judgement, said)
        last = judgement.end
    follower.close(state, said)
    return settled(said)
