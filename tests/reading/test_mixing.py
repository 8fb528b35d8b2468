"""What is mixed in among what a reader has waiting."""

import numpy as np
import pytest

from reading.assignment import mixed_in, n_mixed_in


def test_gold_and_repeats_stand_anywhere_and_a_repeat_well_behind_its_origin():
    rng = np.random.default_rng(3)
    gold_at, repeats, repeats_at = mixed_in(100, n_gold=200, n_repeats=30, rng=rng)
    assert set(gold_at) <= set(range(100))
    assert len(set(gold_at)) > 70
    assert len(repeats) == len(set(repeats)) == 30
    assert all(again - place >= 25 for place, again in zip(repeats, repeats_at, strict=True))
    assert max(repeats_at) < 100


@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_next_to_nothing_nothing_is_repeated_that_could_be_remembered(n):
    gold_at, repeats, repeats_at = mixed_in(n, n_gold=3, n_repeats=3, rng=np.random.default_rng(0))
    assert len(gold_at) == (3 if n else 0)
    assert all(again > place for place, again in zip(repeats, repeats_at, strict=True))


def test_shares_are_of_all_that_a_reader_is_given():
    assert n_mixed_in(90, [0.1]) == [10]
    assert n_mixed_in(80, [0.1, 0.1]) == [10, 10]
    assert n_mixed_in(5, [0.5, 0.5]) == [0, 0]
