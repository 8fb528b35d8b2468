"""Spans that two readers marked: time in common, which are one, bounds."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading.spans import SpansError, compare, iou_and_dice


def spans(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


@st.composite
def reader(draw):
    bounds = sorted(draw(st.sets(st.integers(0, 60), max_size=10)))
    n = len(bounds) // 2
    return spans(*zip(bounds[0 : 2 * n : 2], bounds[1 : 2 * n : 2], strict=True))


def test_two_readers_of_one_episode():
    found = compare(spans((0, 100), (200, 300)), spans((10, 110), (400, 500)))
    assert found.pairs.tolist() == [[0, 0]]
    assert found.ious.tolist() == [pytest.approx(90 / 110)]
    assert (found.onsets.tolist(), found.ends.tolist()) == ([10], [10])
    assert (found.both, found.either, found.first, found.second) == (90, 310, 200, 200)
    assert (found.found_first, found.found_second, found.n_first, found.n_second) == (1, 1, 2, 2)
    iou, dice = iou_and_dice([found], rng=np.random.default_rng(0))
    assert (iou.value, dice.value, iou.low) == (pytest.approx(90 / 310), pytest.approx(180 / 400), None)


@given(reader(), reader())
def test_times_are_those_counted_second_by_second(first, second):
    found = compare(first, second)
    marked = np.zeros((2, 61), bool)
    for row, one in zip(marked, (first, second), strict=True):
        for start, end in one:
            row[start:end] = True
    assert (found.both, found.either) == (marked.all(axis=0).sum(), marked.any(axis=0).sum())
    assert (found.first, found.second) == tuple(marked.sum(axis=1))
    back = compare(second, first)
    assert (back.both, back.either, back.ious.sum()) == (found.both, found.either, pytest.approx(found.ious.sum()))


@given(reader(), reader(), st.sampled_from([0.05, 0.3, 0.5]))
def test_pairs_share_enough_each_span_once_and_no_other_pairing_shares_more(first, second, least):
    found = compare(first, second, least_iou=least)
    assert (found.ious >= least).all()
    assert all(len(set(column)) == len(column) for column in found.pairs.T)
    gains = np.zeros((len(first), len(second)))
    for (i, (a, b)), (j, (c, d)) in itertools.product(enumerate(first), enumerate(second)):
        shared = max(min(b, d) - max(a, c), 0)
        iou = shared / (b - a + d - c - shared)
        gains[i, j] = iou if iou >= least else 0.0
    small, large = sorted(gains.shape)
    if gains.shape[0] != small:
        gains = gains.T
    best = max(sum(gains[i, j] for i, j in enumerate(order)) for order in itertools.permutations(range(large), small))
    assert found.ious.sum() == pytest.approx(best)


def test_spans_that_overlap_or_do_not_end_after_they_start_are_refused():
    with pytest.raises(SpansError, match=r"must not overlap, got \[0, 10\) and \[5, 20\)"):
        compare(spans((5, 20), (0, 10)), spans())
    with pytest.raises(SpansError, match=r"must end after it starts, got \[7, 7\)"):
        compare(spans(), spans((7, 7)))
    with pytest.raises(SpansError, match="above 0 and at most 1, got 0"):
        compare(spans(), spans(), least_iou=0.0)


def test_the_interval_is_over_patients_and_nothing_has_none():
    patients = [compare(spans((0, 100)), spans((0, 100 - 9 * i))) for i in range(8)]
    iou, dice = iou_and_dice(patients, rng=np.random.default_rng(0))
    assert iou.low < iou.value < iou.high < dice.high
    assert iou_and_dice([compare(spans(), spans())], rng=np.random.default_rng(0))[0].value is None
