"""Points that readers marked: which are one, and how far apart they lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading.points import ABSENT, align, nearest_pairs, spread

TIMES = st.lists(st.integers(0, 200), max_size=20).map(lambda times: np.array(sorted(times), np.int64))


def rng():
    return np.random.default_rng(0)


def test_points_of_three_readers_are_one_where_they_are_near():
    items = align([np.array([10, 50]), np.array([12, 90]), np.array([11, 53, 91])], tolerance=5)
    assert items.tolist() == [[0, 0, 0], [1, ABSENT, 1], [ABSENT, 1, 2]]


def test_the_nearest_pair_is_chosen_first():
    assert nearest_pairs(np.array([0, 10]), np.array([9]), tolerance=20).tolist() == [[1, 0]]


@given(TIMES, TIMES, st.integers(0, 30))
def test_pairs_are_near_each_point_once_and_none_is_left_that_could_be_one(first, second, tolerance):
    pairs = nearest_pairs(first, second, tolerance=tolerance)
    assert (abs(first[pairs[:, 0]] - second[pairs[:, 1]]) <= tolerance).all()
    for side in (0, 1):
        assert len(set(pairs[:, side])) == len(pairs)
    left = np.delete(first, pairs[:, 0]), np.delete(second, pairs[:, 1])
    assert not (abs(left[0][:, None] - left[1]) <= tolerance).any()


@given(st.lists(TIMES, min_size=1, max_size=4), st.integers(0, 30))
def test_every_point_of_every_reader_is_in_one_item(readers, tolerance):
    items = align(readers, tolerance=tolerance)
    for column, points in zip(items.T, readers, strict=True):
        assert sorted(column[column != ABSENT]) == list(range(len(points)))
    assert (items != ABSENT).any(axis=1).all()


def test_points_out_of_order_and_a_negative_tolerance_are_refused():
    with pytest.raises(ValueError, match="in order of time, got one -5 after the one before"):
        align([np.array([10, 5])], tolerance=5)
    with pytest.raises(ValueError, match="tolerance must be 0 or more, got -1"):
        align([np.array([1])], tolerance=-1)


def test_differences_have_mean_sd_and_medians_with_intervals_over_patients():
    draw = rng()
    differences = [draw.normal(2.0, 5.0, 50) + draw.normal(0.0, 4.0) for _ in range(10)]
    values = np.concatenate(differences)
    found = spread(differences, n_first=510, n_second=505, rng=rng())
    assert (found.n_pairs, found.n_first, found.n_second) == (500, 510, 505)
    assert found.mean.value == pytest.approx(values.mean())
    assert found.sd.value == pytest.approx(values.std(ddof=1))
    assert found.median_apart.value == pytest.approx(np.median(abs(values)))
    for one in (found.mean, found.sd, found.median, found.median_apart):
        assert one.low < one.value < one.high
    assert found.mean.high - found.mean.low > 3 * 5.0 / np.sqrt(500)  # wider than if the points were independent


def test_resampled_medians_are_those_of_the_values_drawn():
    differences = [np.array([1.0, 9.0]), np.array([5.0]), np.array([2.0, 3.0])]
    found = spread(differences, n_first=5, n_second=5, rng=np.random.default_rng(3), n_resamples=40)
    drawn = np.random.default_rng(3).multinomial(3, np.full(3, 1 / 3), size=40)
    values = [sorted(np.concatenate([np.tile(differences[i], row[i]) for i in range(3)])) for row in drawn]
    medians = [one[(len(one) - 1) // 2] for one in values]
    assert (found.median.low, found.median.high) == pytest.approx(tuple(np.quantile(medians, [0.025, 0.975])))


def test_of_nothing_there_is_no_figure_and_of_one_patient_no_interval():
    assert spread([], n_first=0, n_second=3, rng=rng()).mean.value is None
    alone = spread([np.array([1.0, 3.0])], n_first=2, n_second=2, rng=rng())
    assert (alone.mean.value, alone.mean.low) == (2.0, None)
