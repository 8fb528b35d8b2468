"""Reading against what is known."""

import numpy as np
import pytest

from reading.gold import judge, score, share
from reading.marks import NO_MARKS, Marks
from reading.resolution import Read

SECOND = 1_000_000


def read(*marks, answer="read"):
    return Read(answer, Marks.of(marks) if marks else NO_MARKS)


def judged(one, truth, tolerance=150_000):
    return judge(one, truth, tolerance=tolerance)


def test_an_item_is_right_when_every_label_is_where_it_is_known_to_be():
    truth = read((0, 10 * SECOND, "AFIB"), (2 * SECOND, 2 * SECOND, "V"))
    assert judged(truth, truth) == (True, {"AFIB": True, "V": True})
    shifted = read((100_000, 10 * SECOND, "AFIB"), (2_100_000, 2_100_000, "V"))
    assert judged(shifted, truth).right
    assert judged(shifted, truth, tolerance=50_000) == (False, {"AFIB": False, "V": False})


def test_what_is_missed_and_what_is_invented_are_both_wrong():
    truth = read((0, SECOND, "VT"))
    assert judged(read(), truth) == (False, {"VT": False})
    assert judged(read((0, SECOND, "VT"), (0, SECOND, "AFIB")), truth) == (False, {"VT": True, "AFIB": False})


def test_a_critical_label_is_judged_by_the_same_tolerance():
    assert judged(read((50_000, SECOND, "VT")), read((0, SECOND, "VT"))).right


def test_ambiguous_and_unreadable_are_answers_of_their_own():
    unreadable = read(answer="unreadable")
    assert judged(unreadable, unreadable) == (True, {"unreadable": True})
    assert judged(read(answer="ambiguous"), unreadable) == (False, {"ambiguous": False, "unreadable": False})
    assert judged(unreadable, read((0, SECOND, "VT"))) == (False, {"VT": False, "unreadable": False})
    assert judged(unreadable, read()) == (False, {"unreadable": False})


def test_nothing_where_nothing_is_known_is_right():
    assert judged(read(), read()) == (True, {})


def test_a_test_is_passed_when_all_and_every_label_reach_the_mark():
    truth = read((0, SECOND, "VT"))
    found = score([judged(truth, truth)] * 8 + [judged(read(), truth)] * 2)
    assert found == (10, 8, {"VT": (8, 10)})
    assert found.passes(0.8)
    assert not found.passes(0.81)
    rare = score([judged(read(), read())] * 9 + [judged(read(), truth)])
    assert rare.n_right == 9
    assert not rare.passes(0.8)  # the one VT was missed
    assert not score([]).passes(0.5)


def test_intervals_of_shares_are_those_of_wilson():
    # Newcombe, Stat Med 17:857, 1998, table I, method 3: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611
    value, low, high = share(81, 263)
    assert (value, low, high) == pytest.approx((81 / 263, 0.2553, 0.3662), abs=5e-5)
    assert share(0, 20) == pytest.approx((0.0, 0.0, 0.1611), abs=5e-5)
    assert share(0, 0) == (None, None, None)


@pytest.mark.parametrize("seed", range(5))
def test_a_reading_against_itself_is_always_right(seed):
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.choice(1000, 20, replace=False)) * SECOND
    one = read(*[(int(at), int(at), str(rng.choice(["N", "V", "S"]))) for at in starts])
    assert judged(one, one).right
