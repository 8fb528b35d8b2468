"""Vocabulary: WFDB's codes, and ours beside them."""

import re

import pytest
from wfdb.io.annotation import ann_labels

from signal_processing.errors import UnknownLabelError
from signal_processing.vocabulary import LABELS, LabelKind, is_known, label, label_of_number

BEATS = [entry for entry in LABELS if entry.kind is LabelKind.BEAT]


def test_vocabulary_holds_every_code_and_number_once():
    assert len({entry.code for entry in LABELS}) == len(LABELS)
    assert len({entry.number for entry in LABELS}) == len(LABELS)


def test_vocabulary_numbers_beats_as_wfdb_does():
    wfdb_numbers = {entry.symbol: entry.label_store for entry in ann_labels}
    assert {beat.code: beat.number for beat in BEATS} == {beat.code: wfdb_numbers[beat.code] for beat in BEATS}


def test_vocabulary_gives_every_beat_one_aami_class():
    assert {beat.aami for beat in BEATS} == {"N", "S", "V", "F", "Q"}
    assert all(entry.aami == "" for entry in LABELS if entry.kind is not LabelKind.BEAT)


def test_vocabulary_writes_rhythms_with_the_strings_of_the_mit_bih_database():
    # https://archive.physionet.org/physiobank/annotations.shtml, "Rhythm annotations"
    mit_bih = {"(AB", "(AFIB", "(AFL", "(B", "(BII", "(IVR", "(N", "(NOD", "(P", "(PREX", "(SBR", "(SVTA", "(T"}
    mit_bih |= {"(VFL", "(VT", "(VFIB"}  # the last from the VF databases
    assert {entry.wfdb_aux for entry in LABELS if entry.wfdb == "+"} == mit_bih


def test_vocabulary_tells_beats_from_the_rest_by_length():
    assert all((len(entry.code) == 1) == (entry.kind is LabelKind.BEAT) for entry in LABELS)


def test_vocabulary_finds_a_label_by_code_and_by_number():
    assert label("V") is label_of_number(5)
    assert label("VT").snomed == "164895002"
    assert (label("VT").icd10, label("AFIB").icd10, label("SR").icd10) == ("I47.2", "I48.9", "")
    assert is_known("AFIB")


@pytest.mark.parametrize("code", ["", "v", "XYZ"])
def test_vocabulary_refuses_a_label_that_does_not_exist(code):
    assert not is_known(code)
    with pytest.raises(UnknownLabelError, match="must be one of the vocabulary"):
        label(code)


def test_vocabulary_refuses_a_number_that_does_not_exist():
    with pytest.raises(UnknownLabelError, match="got 9999"):
        label_of_number(9999)


def test_codes_of_icd10_are_of_its_form_and_of_labels_that_there_are():
    from signal_processing import vocabulary

    assert set(vocabulary._ICD10_OF) <= {entry.code for entry in LABELS}
    assert all(re.fullmatch(r"[A-Z][0-9]{2}(\.[0-9])?", entry.icd10) for entry in LABELS if entry.icd10)
    assert sum(bool(entry.icd10) for entry in LABELS) == len(vocabulary._ICD10_OF) > 25
