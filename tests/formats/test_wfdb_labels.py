"""Annotations as WFDB marks, and back."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from formats.mit_annotations import Mark, decode, encode
from formats.wfdb_labels import annotations_of, in_order, marks_of
from signal_processing.errors import UnknownLabelError
from signal_processing.values import Annotation, Annotator, Channel, Signal

ADA = Annotator("human", "ada")
SIGNAL = Signal("s", "ecg", 250.0, 0, (Channel("I", "mV"), Channel("II", "mV")))
BEATS = list("NLRaVFJASEj/Q?!enfr")
EVENTS = ["PAUSE", "ASYSTOLE", "TACHY", "VCOUPLET", "SVCOUPLET", "RONT", "DESAT", "APNEA", "FALL", "ARTEFACT", "NOTE"]


def short(annotations):
    return [(a.start, a.end, a.label, a.channel, a.note) for a in annotations]


def there_and_back(annotations, end=100_000):
    marks = decode(encode(marks_of(SIGNAL, annotations)))
    return annotations_of(SIGNAL, marks, annotator=ADA, end=end)


@st.composite
def beats(draw):
    at = draw(st.integers(0, 90_000))
    return Annotation(start=at, end=at, label=draw(st.sampled_from([*BEATS, "PULSE"])), annotator=ADA)


@st.composite
def events(draw):
    at = draw(st.integers(0, 90_000))
    note = draw(st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=40))
    length = draw(st.sampled_from([0, 0, 1, 7, 8_999]))
    label = draw(st.sampled_from(EVENTS))
    channel = draw(st.sampled_from([None, "II"]))
    return Annotation(start=at, end=at + length, label=label, annotator=ADA, note=note, channel=channel)


@given(st.lists(beats() | events(), max_size=30))
def test_beats_and_events_come_back_as_they_went_whatever_shares_a_sample(annotations):
    assert sorted(short(there_and_back(annotations)), key=repr) == sorted(short(annotations), key=repr)


@st.composite
def qualities(draw):
    """Spans of one label and lead that do not touch, since those would come back as one."""
    label, channel = draw(st.sampled_from(["FLAT", "NOISY", "LEAD_OFF"])), draw(st.sampled_from([None, "I", "II"]))
    edges = sorted(draw(st.sets(st.integers(0, 9_000), max_size=8)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return [Annotation(start=a, end=b, label=label, annotator=ADA, channel=channel) for a, b in pairs]


@given(st.lists(qualities(), max_size=4))
def test_qualities_come_back_with_label_and_lead_when_they_overlap(groups):
    annotations = [a for group in {(g[0].label, g[0].channel): g for g in groups if g}.values() for a in group]
    assert sorted(short(there_and_back(annotations)), key=repr) == sorted(short(annotations), key=repr)


@given(st.lists(beats() | events(), max_size=40))
def test_marks_rise_in_time_and_num_as_wfdb_asks(annotations):
    keys = [(mark.sample, mark.num) for mark in marks_of(SIGNAL, annotations)]
    assert keys == sorted(set(keys))


def test_rhythm_is_marked_at_onset_and_where_the_underlying_rhythm_returns(said):
    marks = marks_of(SIGNAL, [said(100, 500, "AFIB"), said(900, 950, "VT")])
    assert [(m.sample, m.symbol, m.aux) for m in marks] == [
        (100, "+", "(AFIB"),
        (500, "+", "(N"),
        (900, "+", "(VT"),
        (950, "+", "(N"),
    ]


def test_rhythm_that_is_more_urgent_stands_where_two_overlap(said):
    marks = marks_of(SIGNAL, [said(100, 900, "AFIB"), said(300, 400, "VT"), said(0, 1000, "SR")])
    assert [(m.sample, m.aux) for m in marks] == [(0, "(N"), (100, "(AFIB"), (300, "(VT"), (400, "(AFIB"), (900, "(N")]


def test_rhythm_returns_to_the_underlying_one_that_is_named(said):
    marks = marks_of(SIGNAL, [said(10, 20, "VT")], underlying="AFIB")
    assert [m.aux for m in marks] == ["(VT", "(AFIB"]


def test_rhythms_are_read_until_the_next_change_or_the_end():
    marks = [Mark(5, "+", "(AFIB"), Mark(90, "+", "(N"), Mark(95, "+", "(XYZ")]
    found = annotations_of(SIGNAL, marks, annotator=ADA, end=200)
    assert [(a.start, a.end, a.label) for a in found] == [(5, 90, "AFIB"), (90, 95, "SR")]


def test_quality_sets_the_bits_of_noisy_and_unreadable_leads(said):
    spans = [said(10, 40, "NOISY", channel="I"), said(20, 50, "FLAT", channel="II"), said(60, 70, "UNREADABLE")]
    marks = marks_of(SIGNAL, spans)
    assert [(m.sample, m.subtyp) for m in marks] == [(10, 1), (20, 0x21), (40, 0x20), (50, 0), (60, 0x30), (70, 0)]


def test_quality_of_the_fourth_lead_is_a_negative_subtyp(said):
    signal = Signal("s", "ecg", 250.0, 0, tuple(Channel(name, "mV") for name in "abcd"))
    assert marks_of(signal, [said(1, 2, "LEAD_OFF", channel="d")])[0].subtyp == -128


def test_quality_of_a_single_lead_is_a_shutdown_for_bxb_when_it_is_unreadable(said):
    signal = Signal("s", "ecg", 250.0, 0, (Channel("I", "mV"),))
    assert marks_of(signal, [said(1, 2, "FLAT")])[0].subtyp == 0x30


def test_quality_bits_without_text_are_read_as_noise_and_unreadable_leads():
    marks = [Mark(10, "~", subtyp=0x21), Mark(50, "~")]
    found = annotations_of(SIGNAL, marks, annotator=ADA, end=90)
    assert short(found) == [(10, 50, "NOISY", "I", ""), (10, 50, "UNREADABLE", "II", "")]


def test_flutter_between_brackets_is_read_as_ventricular_fibrillation():
    found = annotations_of(SIGNAL, [Mark(10, "["), Mark(15, "!"), Mark(80, "]")], annotator=ADA)
    assert [(a.start, a.end, a.label) for a in found] == [(10, 80, "VFIB"), (15, 15, "!")]


def test_note_that_looks_like_wfdbs_own_directive_is_written_as_text(said):
    (mark,) = marks_of(SIGNAL, [said(0, label="NOTE", note="## time resolution: 1")])
    assert not mark.aux.startswith("##")


def test_marks_of_refuses_a_label_the_vocabulary_does_not_hold(said):
    with pytest.raises(UnknownLabelError, match="got 'AFIBB'"):
        marks_of(SIGNAL, [said(1, label="AFIBB")])


def test_order_at_one_sample_is_beat_then_rhythm_then_quality_then_note():
    marks = in_order([Mark(7, '"', "x"), Mark(7, "~"), Mark(7, "+", "(VT"), Mark(7, "V")])
    assert [(m.symbol, m.num) for m in marks] == [("V", 0), ("+", 1), ("~", 2), ('"', 3)]


def test_fibrillation_stays_fibrillation_while_it_is_fast_or_slow():
    spans = [(0, 1000, "AFIB"), (100, 200, "TACHY"), (300, 1200, "BRADY"), (500, 510, "VT")]
    marks = marks_of(SIGNAL, [Annotation(start=a, end=b, label=code, annotator=ADA) for a, b, code in spans])
    assert [(m.sample, m.aux) for m in marks] == [
        (0, "(AFIB"), (100, "TACHY; 0.4 s"), (500, "(VT"), (510, "(AFIB"), (1000, "(SBR"), (1200, "(N"),
    ]  # fmt: skip
