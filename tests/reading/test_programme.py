"""Who reads what, what readers agree on, how good they are, and whether they still are."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading.assignment import AssignmentError, deal, wanted_readers
from reading.charts import ChartError, cusum, p_chart, sample_size
from reading.marks import Marks
from reading.ratings import NOT_READ, Ratings
from reading.resolution import Read, resolve
from reading.skill import dawid_skene, majority

CRITICAL = {"VT", "VFIB"}


def rng(seed=0):
    return np.random.default_rng(seed)


# Who reads which item --------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 4), st.integers(4, 9), st.integers(0, 3))
def test_every_item_gets_different_readers_and_all_have_as_much_to_do(n_items, n_each, n_readers, seed):
    dealt = deal(range(n_items), [n_each] * n_items, dict.fromkeys(range(n_readers), 0), rng=rng(seed))
    assert sorted(dealt) == list(range(n_items))
    assert all(len(set(readers)) == n_each for readers in dealt.values())
    loads = Counter(reader for readers in dealt.values() for reader in readers)
    assert max(loads.values(), default=0) - min((loads[reader] for reader in range(n_readers)), default=0) <= 1


def test_every_pair_of_readers_comes_to_meet():
    dealt = deal(range(600), [2] * 600, dict.fromkeys(range(6), 0), rng=rng())
    pairs = Counter(tuple(readers) for readers in dealt.values())
    assert set(pairs) == set(combinations(range(6), 2))
    assert min(pairs.values()) >= 20


def test_who_has_much_already_gets_less_and_who_must_not_gets_nothing():
    dealt = deal(
        range(10), [1] * 10, {1: 8, 2: 0, 3: 0}, excluded={item: [3] for item in range(10)}, taken={0: [2]}, rng=rng()
    )
    assert dealt[0] == [1]
    loads = Counter(reader for readers in dealt.values() for reader in readers)
    assert loads[3] == 0
    assert loads[2] > loads[1]


def test_an_item_that_nobody_may_read_is_named():
    with pytest.raises(AssignmentError, match="item 7 must have 2 readers who may read it, got 1"):
        deal([7], [2], {1: 0, 2: 0}, excluded={7: [2]}, rng=rng())


def test_a_share_of_items_is_read_twice():
    wanted = wanted_readers(1_000, 3, 0.2, rng())
    assert Counter(wanted) == {1: 800, 3: 200}
    assert wanted != sorted(wanted)


# What they agree on ----------------------------------------------------------------------------------------------


def read(*marks, answer="read"):
    return Read(answer, Marks.of(list(marks)))


def resolved(*readings):
    return resolve(readings, tolerance=100, critical=CRITICAL)


def test_small_differences_of_bounds_are_merged_at_their_mean():
    found = resolved(read((0, 1_000, "AFIB"), (50, 50, "N")), read((60, 1_040, "AFIB"), (70, 70, "N")))
    assert found.is_agreed
    assert list(zip(found.marks.starts, found.marks.ends, found.marks.labels, strict=True)) == [
        (30, 1_020, "AFIB"),
        (60, 60, "N"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ([(0, 1_000, "AFIB")], [(0, 1_200, "AFIB")], "AFIB: readers marked 1 and 1, or elsewhere"),
        ([(0, 1_000, "AFIB")], [], "AFIB: readers marked 1 and 0"),
        ([(0, 1_000, "AFIB")], [(0, 1_000, "AFL")], "AFIB: readers marked 1 and 0"),
        ([(5, 5, "N")], [(5, 5, "V")], "N: readers marked 1 and 0"),
        ([(0, 1_000, "VT")], [(0, 1_001, "VT")], "critical VT"),
        ([(0, 1_000, "VT")], [], "critical VT"),
    ],
)
def test_whatever_else_differs_is_for_an_adjudicator(first, second, why):
    found = resolved(read(*first), read(*second))
    assert not found.is_agreed
    assert found.why.startswith(why)
    assert len(found.marks) == 0


def test_a_critical_label_is_agreed_where_all_mark_it_alike_and_never_voted_away():
    mark = (0, 1_000, "VT")
    assert resolved(read(mark), read(mark), read(mark)).is_agreed
    assert not resolved(read(), read(), read(), read(mark)).is_agreed


def test_answers_that_differ_are_for_an_adjudicator_and_those_that_do_not_stand():
    assert resolved(read(answer="ambiguous"), read()).why == "answers differ: ambiguous, read"
    found = resolved(read(answer="unreadable"), read(answer="unreadable"))
    assert (found.answer, found.is_agreed, len(found.marks)) == ("unreadable", True, 0)
    assert resolve([], tolerance=1, critical=()).why == "nobody has read it"
    assert (resolved(read()).is_agreed, len(resolved(read()).marks)) == (True, 0)


# How good they are -----------------------------------------------------------------------------------------------


def simulated(accuracies, n_items=3_000, *, seed=1):
    """Truth of three classes, and answers of readers of whom each two read an item."""
    made = rng(seed)
    truth = made.choice(3, n_items, p=[0.7, 0.25, 0.05])
    codes = np.full((n_items, len(accuracies)), NOT_READ)
    for item in range(n_items):
        for reader in made.choice(len(accuracies), 3, replace=False):
            is_right = made.random() < accuracies[reader]
            codes[item, reader] = truth[item] if is_right else (truth[item] + made.integers(1, 3)) % 3
    names = tuple(f"R{i}" for i in range(len(accuracies)))
    return truth, Ratings(codes, ("N", "S", "V"), names, np.array(["p"] * n_items))


def test_skill_is_estimated_without_knowing_the_truth():
    accuracies = np.array([0.98, 0.95, 0.9, 0.85, 0.75, 0.6])
    truth, ratings = simulated(accuracies)
    found = dawid_skene(ratings)
    assert found.accuracy == pytest.approx(accuracies, abs=0.04)
    assert list(np.argsort(-found.accuracy)) == list(range(6))
    right = np.mean(found.truth.argmax(axis=1) == truth)
    voted = majority(ratings)
    assert right > np.mean(voted == truth)
    assert found.shares == pytest.approx([0.7, 0.25, 0.05], abs=0.03)
    assert found.n_rounds < 100


def test_an_item_that_nobody_answered_gets_the_shares_and_one_answer_its_weight():
    codes = np.array([[0, 0]] * 30 + [[1, 1]] * 10 + [[1, NOT_READ], [NOT_READ, NOT_READ]])
    found = dawid_skene(Ratings(codes, ("a", "b"), ("R1", "R2"), np.array(["p"] * len(codes))))
    assert found.truth[-2].argmax() == 1
    assert found.truth[-1] == pytest.approx(found.shares, abs=0.01)


def test_the_majority_is_none_where_two_answers_are_as_frequent():
    ratings = Ratings(
        np.array([[0, 0, 1], [0, 1, NOT_READ], [NOT_READ] * 3]), ("a", "b"), ("1", "2", "3"), np.array(["p"] * 3)
    )
    assert majority(ratings).tolist() == [0, NOT_READ, NOT_READ]


# Whether they still are ------------------------------------------------------------------------------------------


def test_limits_of_a_p_chart_hold_what_chance_makes_and_a_worse_week_is_beyond():
    made = rng(2)
    n = np.full(2_000, 200)
    calm = p_chart(n, made.binomial(200, 0.05, 2_000), rate=0.05)
    assert np.mean([point.is_beyond for point in calm]) < 0.004
    (bad, nothing) = p_chart(np.array([200, 0]), np.array([30, 0]), rate=0.05)
    assert bad.is_beyond
    assert (nothing.is_beyond, nothing.high) == (False, 0.0)
    assert bad.high == pytest.approx(0.10, abs=0.01)


def test_a_cusum_finds_a_doubled_rate_within_some_hundred_decisions():
    found = []
    for seed in range(50):
        wrong = np.concatenate([rng(seed).random(500) < 0.04, rng(seed + 100).random(600) < 0.12])
        _, at = cusum(wrong, rate=0.04, worse=0.12, limit=5.0)
        found.append(at)
    late = [at - 500 for at in found if at is not None and at >= 500]
    assert len(late) >= 45
    assert np.median(late) < 150


def test_the_size_of_a_sample_is_cochrans():
    assert sample_size(rate=0.5, half_width=0.05) == 385
    assert sample_size(rate=0.5, half_width=0.05, population=1_000) == 278
    assert sample_size(rate=0.05, half_width=0.01) == 1_825


@pytest.mark.parametrize(
    "call",
    [
        lambda: p_chart(np.array([1]), np.array([2]), rate=0.1),
        lambda: p_chart(np.array([1]), np.array([0]), rate=0.0),
        lambda: cusum(np.array([True]), rate=0.1, worse=0.1),
        lambda: cusum(np.array([True]), rate=0.1, worse=1.0),
        lambda: sample_size(rate=1.0, half_width=0.1),
        lambda: sample_size(rate=0.1, half_width=0.0),
    ],
)
def test_charts_of_impossible_numbers_are_refused(call):
    with pytest.raises(ChartError):
        call()
