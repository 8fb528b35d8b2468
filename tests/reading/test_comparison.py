"""Readers of the same items: classes of points, places of landmarks, spans of time."""

from __future__ import annotations

import numpy as np
import pytest

from reading import comparison
from reading.comparison import NO_MARK, Pair
from reading.marks import NO_MARKS, Item, Marks, MarksError
from reading.ratings import NOT_READ


def points(*marks):
    return Marks.of([(at, at, name) for at, name in marks])


def pair_of(items, **more):
    return Pair.of(items, "a", "b", rng=np.random.default_rng(0), n_resamples=200, **more)


def beats(items, readers=("a", "b")):
    return comparison.classes(items, readers, labels={"N", "V", "S"}, tolerance=15, categories=("N", "S", "V"))


def test_a_beat_that_one_reader_alone_marked_is_an_answer():
    item = Item(7, "p", {"a": points((100, "N"), (200, "V")), "b": points((104, "N"), (300, "N"))})
    found = beats([item])
    assert found.ratings.categories == ("N", "S", "V", NO_MARK)
    names = [[found.ratings.categories[code] for code in row] for row in found.ratings.codes]
    assert names == [["N", "N"], ["V", NO_MARK], [NO_MARK, "N"]]
    assert found.times.tolist() == [100, 200, 300]
    assert found.items.tolist() == [7, 7, 7]
    assert found.cell("a", "b", "V", NO_MARK).tolist() == [1]
    assert found.cell("b", "a", "V", NO_MARK).tolist() == []


def test_who_did_not_read_an_item_gave_no_answer_but_who_found_nothing_did():
    items = [
        Item(1, "p", {"a": points((100, "N")), "b": NO_MARKS}),
        Item(2, "q", {"a": points((100, "N"))}),
    ]
    codes = beats(items).ratings.codes
    assert codes[0].tolist() == [0, 3]
    assert codes[1].tolist() == [0, NOT_READ]
    assert beats(items).ratings.patients.tolist() == ["p", "q"]


def test_labels_that_are_no_classes_and_spans_are_left_out_of_the_answers():
    item = Item(1, "p", {"a": Marks.of([(100, 100, "P onset"), (100, 200, "N"), (150, 150, "N")]), "b": NO_MARKS})
    assert beats([item]).times.tolist() == [150]


def test_answers_told_more_coarsely_keep_their_places():
    item = Item(1, "p", {"a": points((100, "S"), (200, "V")), "b": points((100, "N"), (200, "V"))})
    coarse = comparison.merged(beats([item]), {"S": "early", "V": "early"}, categories=("N", "early"))
    assert coarse.ratings.categories == ("N", "early", NO_MARK)
    assert coarse.ratings.codes.tolist() == [[1, 0], [1, 1]]
    assert coarse.times.tolist() == [100, 200]


def test_landmarks_are_matched_among_their_own_label_and_told_in_the_unit():
    items = [
        Item(1, "p", {"a": points((1000, "on"), (1010, "off")), "b": points((1020, "on"), (1030, "off"))}),
        Item(2, "q", {"a": points((1000, "on")), "b": points((1040, "on"), (9000, "on"))}),
    ]
    found = {
        one.label: one.spread for one in comparison.landmarks(pair_of(items, unit=10.0), classes_are=(), tolerance=50)
    }
    assert (found["on"].n_pairs, found["on"].n_first, found["on"].n_second) == (2, 2, 3)
    assert found["on"].mean.value == pytest.approx(3.0)
    assert (found["on"].mean.low, found["on"].mean.high) == (2.0, 4.0)
    assert found["off"].mean.value == 2.0
    assert found["off"].mean.low is None  # of one patient
    assert comparison.landmarks(pair_of(items), classes_are={"on", "off"}, tolerance=50) == []


def test_spans_of_several_recordings_of_one_patient_count_together():
    items = [
        Item(1, "p", {"a": Marks.of([(0, 100, "AF")]), "b": Marks.of([(0, 50, "AF")])}),
        Item(2, "p", {"a": Marks.of([(0, 100, "AF")]), "b": Marks.of([(0, 100, "AF"), (200, 300, "AF")])}),
        Item(3, "q", {"a": NO_MARKS}),
    ]
    (found,) = comparison.span_agreement(pair_of(items))
    assert found.iou.value == pytest.approx(150 / 300)
    assert found.dice.value == pytest.approx(300 / 450)
    assert found.iou.low is None
    assert (found.found_first, found.found_second) == (1.0, pytest.approx(2 / 3))
    assert (found.onsets.n_pairs, found.onsets.n_first, found.onsets.n_second) == (2, 2, 3)
    assert found.ends.mean.value == -25.0


def test_a_label_that_one_reader_alone_used_has_no_share_of_the_other():
    items = [Item(1, "p", {"a": Marks.of([(0, 100, "VT")]), "b": NO_MARKS})]
    (found,) = comparison.span_agreement(pair_of(items))
    assert (found.iou.value, found.found_first, found.found_second) == (0.0, 0.0, None)


def test_marks_that_break_a_rule_are_refused():
    with pytest.raises(MarksError, match=r"must not end before it starts, got \[5, 4\)"):
        Marks.of([(5, 4, "x")])
    with pytest.raises(MarksError, match="as many, got 1, 1 and 0"):
        Marks(np.array([1]), np.array([1]), np.array([], np.str_))
    with pytest.raises(MarksError, match="in order"):
        Marks(np.array([2, 1]), np.array([2, 1]), np.array(["x", "x"]))
