"""What goes with errors: the machine's marks, and groups of patients."""

import numpy as np
import pytest

from reading.effects import Read, by_group, effect

N_PATIENTS, N_EACH = 60, 30


def simulated(seed, *, with_marks=0.2, without=0.1):
    """Readings of which half began with marks; errors at two rates, and two thirds of the time."""
    rng = np.random.default_rng(seed)
    n = N_PATIENTS * N_EACH
    patients = np.repeat([f"p{i}" for i in range(N_PATIENTS)], N_EACH)
    assisted = rng.random(n) < 0.5
    wrong = rng.random(n) < np.where(assisted, with_marks, without)
    seconds = rng.lognormal(np.log(np.where(assisted, 8.0, 12.0)), 0.3)
    return Read(patients, wrong), assisted, seconds


def test_a_difference_that_there_is_lies_in_its_interval():
    read, assisted, seconds = simulated(0)
    found = effect(read, assisted, seconds, rng=np.random.default_rng(0))
    assert found.n + found.n_without == N_PATIENTS * N_EACH
    assert found.error.value == read.wrong[assisted].mean()
    assert found.difference.low < 0.1 < found.difference.high
    assert found.difference.low > 0.0
    assert found.time_ratio.low < 2 / 3 < found.time_ratio.high


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    hits = 0
    for seed in range(100):
        read, assisted, seconds = simulated(seed, with_marks=0.1)
        found = effect(read, assisted, seconds, rng=np.random.default_rng(0), n_resamples=300)
        hits += found.difference.low <= 0.0 <= found.difference.high
    assert 88 <= hits <= 100


def test_unknown_times_are_left_out_and_one_side_alone_has_no_difference():
    read, assisted, seconds = simulated(1)
    seconds[::2] = np.nan
    assert effect(read, assisted, seconds, rng=np.random.default_rng(0)).time_ratio.value is not None
    alone = effect(read, np.ones_like(assisted), seconds, rng=np.random.default_rng(0))
    assert alone.difference.value is None
    assert alone.error.value == read.wrong.mean()


def test_groups_have_their_own_errors_and_small_ones_are_not_told():
    read, *_ = simulated(2)
    groups = np.where(np.char.endswith(read.patients, "0"), "F", "M").astype(object)
    groups[:10] = "X"
    found = {one.name: one for one in by_group(read, groups.tolist(), rng=np.random.default_rng(0))}
    assert found["F"].error.value == read.wrong[groups == "F"].mean()
    assert found["F"].error.low < found["F"].error.value < found["F"].error.high
    assert (found["X"].n, found["X"].n_patients, found["X"].error.value) == (10, 1, None)
    assert sum(one.n for one in found.values()) == len(read.wrong)


@pytest.mark.parametrize("n", [0, 1])
def test_nobody_and_one_reading_are_no_figures(n):
    read = Read(np.array(["p"] * n, np.str_), np.zeros(n, bool))
    assert all(one.error.value is None for one in by_group(read, ["F"] * n, rng=np.random.default_rng(0)))
