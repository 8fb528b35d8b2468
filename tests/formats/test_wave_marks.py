"""Waves as WFDB marks, and back."""

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given

from formats.mit_annotations import Mark, decode, encode
from formats.wfdb_files import read_header, read_marks
from formats.wfdb_labels import annotations_of, marks_of
from signal_processing.values import Annotation, Annotator, Channel, Signal

ADA = Annotator("human", "ada")
SIGNAL = Signal("s", "ecg", 250.0, 0, (Channel("I", "mV"), Channel("II", "mV")))


def wave(label, start, peak, end, channel=None):
    figures = {"peak_s": (peak - start) / 250.0}
    return Annotation(start=start, end=end, label=label, annotator=ADA, channel=channel, figures=figures)


def place(annotation):
    return annotation.start, annotation.end, annotation.label, annotation.channel or ""


@st.composite
def waves(draw, channel):
    """Waves of one lead one after the other, some of which touch."""
    edges = sorted(draw(st.sets(st.integers(0, 2_000), min_size=2, max_size=20)))
    kept = []
    for low, high in itertools.pairwise(edges):
        if high - low >= 2 and draw(st.booleans()):
            label = draw(st.sampled_from(["PWAVE", "QRS", "TWAVE"]))
            kept.append(wave(label, low, draw(st.integers(low + 1, high - 1)), high, channel))
    return kept


@given(waves(None), waves("II"))
def test_waves_of_two_leads_come_back_as_they_went_and_each_qrs_as_a_beat_too(first, second):
    marks = decode(encode(marks_of(SIGNAL, [*second, *first])))
    found = annotations_of(SIGNAL, marks, annotator=ADA)
    expected = sorted([*first, *second], key=place)
    assert sorted((a for a in found if a.label != "N"), key=place) == expected
    peaks = sorted(a.start + round(a.figures["peak_s"] * 250) for a in expected if a.label == "QRS")
    assert [a.start for a in found if a.label == "N"] == peaks
    assert marks_of(SIGNAL, found) == marks  # the beats lie on the peaks and add no marks


@given(waves(None), waves("II"))
def test_marks_of_waves_rise_in_time_and_num_as_wfdb_asks(first, second):
    keys = [(mark.sample, mark.num) for mark in marks_of(SIGNAL, [*first, *second])]
    assert keys == sorted(set(keys))


def test_a_beat_is_marked_onset_peak_end_with_the_number_of_the_wave_and_of_the_lead():
    beat = [wave("PWAVE", 10, 20, 30, "II"), wave("QRS", 40, 50, 60, "II"), wave("TWAVE", 90, 120, 150, "II")]
    marks = marks_of(SIGNAL, beat)
    assert "".join(mark.symbol for mark in marks) == "(p)(N)(t)"
    assert [mark.sample for mark in marks] == [10, 20, 30, 40, 50, 60, 90, 120, 150]
    assert [mark.num for mark in marks if mark.symbol in "()"] == [0, 0, 1, 1, 2, 2]
    assert {mark.chan for mark in marks} == {1}


def test_end_of_one_wave_stands_before_the_onset_of_the_next_on_the_same_sample():
    marks = marks_of(SIGNAL, [wave("QRS", 30, 50, 60), wave("TWAVE", 60, 80, 90), wave("PWAVE", 90, 95, 99)])
    assert "".join(mark.symbol for mark in marks) == "(N)(t)(p)"
    assert [(m.symbol, m.num) for m in marks if m.sample == 90] == [(")", 2), ("(", 3)]


def test_a_wave_without_a_peak_peaks_in_its_middle(said):
    marks = marks_of(SIGNAL, [said(10, 30, "TWAVE")])
    assert [mark.sample for mark in marks] == [10, 20, 30]


def test_a_beat_that_somebody_labelled_stands_for_the_peak_of_its_qrs(said):
    marks = marks_of(SIGNAL, [wave("QRS", 40, 50, 60), said(50, label="V")])
    assert [(mark.sample, mark.symbol) for mark in marks] == [(40, "("), (50, "V"), (60, ")")]
    found = annotations_of(SIGNAL, marks, annotator=ADA)
    assert [(a.start, a.end, a.label) for a in found] == [(40, 60, "QRS"), (50, 50, "V")]


def test_a_wave_that_lacks_a_mark_is_left_out():
    marks = [Mark(1, "("), Mark(2, "p"), Mark(5, "("), Mark(6, "t"), Mark(7, ")"), Mark(9, "t"), Mark(11, ")")]
    assert [(a.start, a.end, a.label) for a in annotations_of(SIGNAL, marks, annotator=ADA)] == [(5, 7, "TWAVE")]


@pytest.mark.data
@pytest.mark.parametrize(("name", "annotator"), [("ludb/data/1", "ii"), ("qtdb/sel16265", "q1c")])
def test_marks_of_the_databases_are_written_as_they_were_read(data_dir, name, annotator):
    header = read_header(data_dir / name)
    given = [mark for mark in read_marks(header.path, annotator) if mark.symbol in "()ptN"]
    found = annotations_of(header.signal, given, annotator=ADA)
    written = [(mark.sample, mark.symbol) for mark in marks_of(header.signal, found)]
    lone = [mark for mark in given if annotator == "q1c" and (mark.sample, mark.symbol) not in written]
    assert {mark.symbol for mark in lone} <= set("t)")  # q1c has T waves without an onset
    assert written == [(mark.sample, mark.symbol) for mark in given if mark not in lone]
    assert len(written) > 30
