"""Spans that two readers marked: how much of the time they share, which are one, and how far their bounds lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from reading.ranges import pairs_in
from reading.resampling import LEAST_PATIENTS, N_RESAMPLES, NOTHING, Interval, around, draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_IOU = 0.5
"""Two spans are one where they share at least this part of the time that either covers."""


class SpansError(ValueError):
    """Spans of one reader break a rule; the message says which."""


class Shared(NamedTuple):
    """What two readers marked of one label in one recording, in samples or whatever unit the bounds have.

    Parameters
    ----------
    pairs : (n, 2), numbers of the spans that are one, counted in order of time.
    ious : (n,), of each pair.
    onsets, ends : (n,), how far the second's bound lies behind the first's.
    both, either : time that both marked, and that at least one did.
    first, second : time that each marked.
    found_first, found_second : spans that the other side touches, however little; n_first, n_second : of all.
    """

    pairs: NDArray[np.int64]
    ious: NDArray[np.float64]
    onsets: NDArray[np.int64]
    ends: NDArray[np.int64]
    both: int
    either: int
    first: int
    second: int
    found_first: int
    found_second: int
    n_first: int
    n_second: int


def compare(first: NDArray[np.int64], second: NDArray[np.int64], *, least_iou: float = LEAST_IOU) -> Shared:
    """Compare spans [start, end), (n, 2), of one label.

    Of all ways to pair spans, one to one, that share `least_iou` or more, the one whose IoU sum to most is taken.

    Raises
    ------
    SpansError : if spans of one reader overlap, or one does not end after it starts; in any order.
    """
    if not 0.0 < least_iou <= 1.0:
        msg = f"least IoU must be above 0 and at most 1, got {least_iou}"
        raise SpansError(msg)
    first, second = _checked(first), _checked(second)
    one, other = _touching(first, second)
    shared = np.minimum(first[one, 1], second[other, 1]) - np.maximum(first[one, 0], second[other, 0])
    long_first, long_second = first[:, 1] - first[:, 0], second[:, 1] - second[:, 0]
    ious = shared / (long_first[one] + long_second[other] - shared)
    chosen = _best(one, other, np.where(ious >= least_iou, ious, 0.0), len(first), len(second))
    pairs = np.column_stack([one[chosen], other[chosen]])
    both, total_first, total_second = int(shared.sum()), int(long_first.sum()), int(long_second.sum())
    return Shared(
        pairs,
        ious[chosen],
        second[pairs[:, 1], 0] - first[pairs[:, 0], 0],
        second[pairs[:, 1], 1] - first[pairs[:, 0], 1],
        both,
        total_first + total_second - both,
        total_first,
        total_second,
        len(np.unique(one)),
        len(np.unique(other)),
        len(first),
        len(second),
    )


def iou_and_dice(
    per_patient: Sequence[Shared], *, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> tuple[Interval, Interval]:
    """Of all time together: shared over covered by either (IoU), twice shared over the sum of both (Dice)."""
    sums = np.array([[one.both, one.either, one.first + one.second] for one in per_patient], np.float64).reshape(-1, 3)
    both, either, each = sums.sum(axis=0)
    if not either:
        return NOTHING, NOTHING
    found = both / either, 2.0 * both / each
    if np.sum(sums[:, 1] > 0) < LEAST_PATIENTS:
        return Interval(float(found[0])), Interval(float(found[1]))
    resampled = draws(len(sums), n_resamples, rng) @ sums
    with np.errstate(divide="ignore", invalid="ignore"):
        ious, dices = resampled[:, 0] / resampled[:, 1], 2.0 * resampled[:, 0] / resampled[:, 2]
    return around(float(found[0]), ious), around(float(found[1]), dices)


def _checked(spans: NDArray[np.int64]) -> NDArray[np.int64]:
    spans = spans.reshape(-1, 2)
    order = np.argsort(spans[:, 0], kind="stable")
    ordered = spans[order]
    short = np.flatnonzero(ordered[:, 1] <= ordered[:, 0])
    if len(short):
        start, end = ordered[short[0]]
        msg = f"a span must end after it starts, got [{start}, {end})"
        raise SpansError(msg)
    over = np.flatnonzero(ordered[1:, 0] < ordered[:-1, 1])
    if len(over):
        (start, end), (next_start, next_end) = ordered[over[0]], ordered[over[0] + 1]
        msg = f"spans of one reader and label must not overlap, got [{start}, {end}) and [{next_start}, {next_end})"
        raise SpansError(msg)
    return ordered


def _touching(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of spans that share time; spans of each side follow one another."""
    low = np.searchsorted(second[:, 1], first[:, 0], side="right")
    high = np.searchsorted(second[:, 0], first[:, 1], side="left")
    return pairs_in(low, high)


def _best(
    one: NDArray[np.int64], other: NDArray[np.int64], gain: NDArray[np.float64], n_first: int, n_second: int
) -> NDArray[np.int64]:
    """Which of the pairs to take, each span once, for the greatest gain; in order."""
    useful = np.flatnonzero(gain)
    n = n_first + n_second
    edges = (np.ones(len(useful)), (one[useful], n_first + other[useful]))
    _, group = connected_components(coo_array(edges, shape=(n, n)), directed=False)
    chosen: list[int] = []
    by_group = useful[np.argsort(group[one[useful]], kind="stable")]
    for part in np.split(by_group, np.flatnonzero(np.diff(group[one[by_group]])) + 1):
        rows, row = np.unique(one[part], return_inverse=True)
        columns, column = np.unique(other[part], return_inverse=True)
        table = np.zeros((len(rows), len(columns)))
        number = np.full(table.shape, -1)
        table[row, column], number[row, column] = gain[part], part
        taken = number[linear_sum_assignment(table, maximize=True)]
        chosen.extend(taken[taken >= 0].tolist())
    return np.sort(np.array(chosen, np.int64))
