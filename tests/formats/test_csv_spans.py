"""Spans as CSV."""

import csv
import io

import hypothesis.strategies as st
import pytest
from hypothesis import given

from formats.csv_spans import COLUMNS, SpanRow, as_csv, harmless, iso_utc
from signal_processing.errors import UnknownLabelError


def row(**changes):
    values = {
        "stream": "s1",
        "group": "ecg",
        "channel": None,
        "start_us": 1_700_000_000_123_456,
        "end_us": 1_700_000_010_000_000,
        "start_sample": 0,
        "end_sample": 2469,
        "label": "AFIB",
        "status": "confirmed",
        "author": "ada",
        "author_kind": "human",
        "annotator": "afib",
        "annotator_version": "1.2",
        "confidence": 0.875,
        "revision": 2,
        "updated_us": None,
        "note": "",
        "id": "4d0ad5b1-6f0c-5f0e-9f6a-6d0f2d6a3c11",
    }
    return SpanRow(**(values | changes))


def parsed(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_says_everything_of_a_span():
    (found,) = parsed(as_csv([row()]))
    assert tuple(found) == COLUMNS
    assert found["start"] == "2023-11-14T22:13:20.123456Z"
    assert found["end"] == "2023-11-14T22:13:30.000000Z"
    assert (found["name"], found["snomed"]) == ("Atrial fibrillation", "164889003")
    assert (found["start_us"], found["end_sample"], found["confidence"]) == ("1700000000123456", "2469", "0.875")
    assert (found["author"], found["status"], found["annotator_version"]) == ("ada", "confirmed", "1.2")
    assert (found["updated"], found["channel"], found["signal_changed"]) == ("", "", "")
    assert (found["severity"], found["certainty"], found["evidence"]) == ("", "", "")
    (said,) = parsed(as_csv([row(severity="mild", certainty="probable", evidence=("a-1", "b-2"))]))
    assert (said["severity"], said["certainty"], said["evidence"]) == ("mild", "probable", "a-1 b-2")
    (late,) = parsed(as_csv([row(signal_changed_us=1_700_000_020_000_000)]))
    assert late["signal_changed"] == "2023-11-14T22:13:40.000000Z"


def test_csv_has_its_header_when_there_is_no_span():
    assert as_csv([]).strip().split(",") == list(COLUMNS)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_csv_gives_back_any_note_behind_at_most_an_apostrophe(note):
    (found,) = parsed(as_csv([row(note=note)]))
    assert found["note"] in {note, f"'{note}"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_csv_disarms_a_cell_that_a_spreadsheet_would_run(text):
    assert harmless(text) == f"'{text}"
    assert parsed(as_csv([row(note=text, stream=text)]))[0]["stream"].startswith("'")


def test_csv_leaves_numbers_numbers_when_they_are_negative():
    assert parsed(as_csv([row(start_sample=-5)]))[0]["start_sample"] == "-5"


def test_csv_refuses_a_label_the_vocabulary_does_not_hold():
    with pytest.raises(UnknownLabelError, match="got 'AFIBB'"):
        as_csv([row(label="AFIBB")])


def test_iso_utc_is_exact_to_the_microsecond():
    assert iso_utc(-1) == "1969-12-31T23:59:59.999999Z"
    assert iso_utc(4_102_444_800_000_001) == "2100-01-01T00:00:00.000001Z"
