"""Points in time that several readers marked: which are one, and how far apart they lie."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reading.ranges import pairs_in
from reading.resampling import LEAST_PATIENTS, N_RESAMPLES, NOTHING, Interval, around, draws

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ABSENT = -1
AT_ONCE = 100
"""Resamples whose medians are looked for together."""


class Spread(NamedTuple):
    """How far the second reader's points lie behind the first's.

    Parameters
    ----------
    n_pairs, n_first, n_second : points that both marked, and all that each marked.
    mean, sd, median, median_apart : of the differences, and of their sizes.
    """

    n_pairs: int
    n_first: int
    n_second: int
    mean: Interval
    sd: Interval
    median: Interval
    median_apart: Interval


def align(readers: Sequence[NDArray[np.int64]], *, tolerance: int) -> NDArray[np.int64]:
    """Which points of the readers are one: a row an item in order of time, a column a reader.

    Nearest pairs first, each point once, at most `tolerance` apart. A third reader's points are held against the means
    of what the first two marked, and so on.

    Parameters
    ----------
    readers : places of each reader's points, ascending.

    Returns
    -------
    (n_items, n_readers) numbers of points, `ABSENT` where a reader has none.

    Raises
    ------
    ValueError : if points are not in order, or the tolerance is negative.
    """
    if tolerance < 0:
        msg = f"tolerance must be 0 or more, got {tolerance}"
        raise ValueError(msg)
    items = np.empty((0, 0), np.int64)
    times = np.empty(0)
    for points in readers:
        if np.any(np.diff(points) < 0):
            msg = f"points must be in order of time, got one {int(np.diff(points).min())} after the one before"
            raise ValueError(msg)
        column = np.full(len(items), ABSENT)
        pairs = nearest_pairs(times, points, tolerance=tolerance)
        column[pairs[:, 0]] = pairs[:, 1]
        new = np.setdiff1d(np.arange(len(points)), pairs[:, 1])
        rows = np.full((len(new), items.shape[1]), ABSENT)
        items = np.column_stack([np.concatenate([items, rows]), np.concatenate([column, new])])
        n_marked = np.concatenate([np.sum(items[: len(times), :-1] != ABSENT, axis=1), np.zeros(len(new))])
        sums = np.concatenate([times, np.zeros(len(new))]) * n_marked
        has = items[:, -1] != ABSENT
        sums[has] += points[items[has, -1]]
        times = sums / (n_marked + has)
        order = np.argsort(times, kind="stable")
        items, times = items[order], times[order]
    return items


def nearest_pairs(
    first: NDArray[np.float64] | NDArray[np.int64], second: NDArray[np.int64], *, tolerance: float
) -> NDArray[np.int64]:
    """Pairs (n, 2) of numbers of points at most so far apart, the nearest chosen first, in order of time."""
    low, high = np.searchsorted(second, first - tolerance), np.searchsorted(second, first + tolerance, side="right")
    one, other = pairs_in(low, high)
    apart = np.abs(first[one] - second[other])
    taken_one, taken_other = np.zeros(len(first), bool), np.zeros(len(second), bool)
    chosen = []
    for i in np.argsort(apart, kind="stable"):
        if not (taken_one[one[i]] or taken_other[other[i]]):
            taken_one[one[i]] = taken_other[other[i]] = True
            chosen.append(i)
    pairs = np.column_stack([one[np.sort(chosen)], other[np.sort(chosen)]]) if chosen else np.empty((0, 2), np.int64)
    return pairs.astype(np.int64)


def spread(
    differences: Sequence[NDArray[np.float64]],
    *,
    n_first: int,
    n_second: int,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> Spread:
    """Of differences of pairs, an array a patient, in whatever unit; intervals over patients."""
    values = np.concatenate([*differences, np.empty(0)])
    patient = np.repeat(np.arange(len(differences)), [len(one) for one in differences])
    n = len(values)
    if not n:
        return Spread(0, n_first, n_second, NOTHING, NOTHING, NOTHING, NOTHING)
    sums = np.array([[len(one), one.sum(), (one**2).sum()] for one in differences])
    sd = float(np.std(values, ddof=1)) if n > 1 else np.nan
    found = float(values.mean()), sd, float(np.median(values)), float(np.median(np.abs(values)))
    if np.sum(sums[:, 0] > 0) < LEAST_PATIENTS:
        return Spread(n, n_first, n_second, *(Interval(one) if np.isfinite(one) else NOTHING for one in found))
    drawn = draws(len(differences), n_resamples, rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        counts, totals, squares = (drawn @ sums).T
        means = totals / counts
        deviations = np.sqrt(np.maximum(squares - counts * means**2, 0.0) / (counts - 1.0))
    medians = _medians(values, patient, drawn)
    sizes = _medians(np.abs(values), patient, drawn)
    return Spread(n, n_first, n_second, *starmap(around, zip(found, (means, deviations, medians, sizes), strict=True)))


def _medians(
    values: NDArray[np.float64], patient: NDArray[np.int64], drawn: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of the values of each resample, of which each patient's are counted as often as drawn: the lower median."""
    order = np.argsort(values, kind="stable")
    return np.concatenate(list(_medians_of_some(values[order], patient[order], drawn)))


def _medians_of_some(
    ordered: NDArray[np.float64], patient: NDArray[np.int64], drawn: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(drawn), AT_ONCE):
        so_far = np.cumsum(drawn[start : start + AT_ONCE, patient], axis=1)
        total = so_far[:, -1:]
        place = np.argmax(2.0 * so_far >= total, axis=1)
        yield np.where(total[:, 0] > 0, ordered[place], np.nan)
