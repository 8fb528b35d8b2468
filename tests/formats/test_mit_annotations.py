"""The MIT annotation format."""

import hypothesis.strategies as st
import pytest
import wfdb
from hypothesis import given

from formats.errors import FormatError
from formats.mit_annotations import Mark, aux_bytes, code_of, decode, encode

SYMBOLS = list('NLRaVFJASEj/Q~|sT*D"=pB^t+u?![]en@xf()r')
printable = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60)
attributes = st.builds(
    Mark,
    sample=st.integers(0, 2**40),
    symbol=st.sampled_from(SYMBOLS),
    aux=printable,
    subtyp=st.integers(-128, 127),
    chan=st.integers(0, 255),
    num=st.integers(-128, 127),
)


@given(st.lists(attributes, max_size=20))
def test_decode_gives_back_the_marks_that_were_encoded(marks):
    ordered = sorted(marks, key=lambda mark: mark.sample)
    assert decode(encode(ordered)) == [mark._replace(aux=aux_bytes(mark.aux).decode()) for mark in ordered]


@given(st.binary(max_size=200))
def test_decode_of_any_bytes_gives_marks_or_a_format_error(data):
    try:
        marks = decode(data)
    except FormatError:
        return
    assert all(mark.sample >= 0 for mark in marks)


@given(st.text(max_size=400))
def test_aux_is_one_printable_line_of_at_most_255_bytes_for_any_text(text):
    aux = aux_bytes(text)
    assert len(aux) <= 255
    assert "\n" not in aux.decode()
    assert b"\0" not in aux


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must end with two zero bytes"),
        (b"\x01\x04", "must end with two zero bytes"),
        (b"\x01\x04\x00", "must end with two zero bytes"),
        (b"\x00\xec\x01\x00", "must have 4 bytes"),
        (b"\x01\x04\x20\xfcab", "must have 32 bytes"),
        (b"\x00\xd8\x00\x00", "type must be at most 49"),
        (b"\x05\xf0\x00\x00", "or an attribute after one"),
        (b"\x00\xec\xff\xff\x00\x00\x01\x04\x00\x00", "must not come before sample 0"),
    ],
)
def test_decode_names_the_rule_when_the_bytes_break_it(data, message):
    with pytest.raises(FormatError, match=message):
        decode(data)


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([Mark(-1, "N")], "in order of sample"),
        ([Mark(9, "N"), Mark(8, "N")], "got 8 after 9"),
        ([Mark(1, "N", chan=256)], r"chan of an annotation must be within \[0, 255\], got 256"),
        ([Mark(1, "N", num=128)], "num of an annotation"),
        ([Mark(1, "N", subtyp=-129)], "subtyp of an annotation"),
        ([Mark(1, "AF")], "mnemonic must be one of"),
    ],
)
def test_encode_names_the_rule_when_a_mark_breaks_it(marks, message):
    with pytest.raises(FormatError, match=message):
        encode(marks)


def test_code_of_agrees_with_wfdb_python_for_every_mnemonic():
    theirs = {entry.symbol: entry.label_store for entry in wfdb.io.annotation.ann_labels if entry.label_store}
    assert {symbol: code_of(symbol) for symbol in theirs} == theirs


@pytest.mark.data
@pytest.mark.parametrize("name", ["mitdb/208.atr", "cudb/cu01.atr", "vfdb/422.atr", "nsrdb-annotations-only/16265.atr"])
def test_decode_agrees_with_wfdb_python_on_reference_annotations(data_dir, name):
    path = data_dir / name
    marks = decode(path.read_bytes())
    theirs = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
    assert [mark.sample for mark in marks] == theirs.sample.tolist()
    assert [mark.symbol for mark in marks] == theirs.symbol
    assert [mark.subtyp for mark in marks] == theirs.subtype.tolist()
    assert [mark.aux for mark in marks] == [aux.rstrip("\0") for aux in theirs.aux_note]
