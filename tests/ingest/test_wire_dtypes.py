"""Samples of int16, int32 and float32 on the wire: int16 as ever, the others under a schema of their own."""

from __future__ import annotations

import time

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from ingest_kit import as_plain, ecg, message, reencoded

from ingest.errors import MessageError
from ingest.wire import WaveformMessage, decode, encode, messages_of
from signal_processing.values import Block

NOW_US = time.time_ns() // 1000


def signal_of(sample_type, *, n_channels=2):
    return msgspec.structs.replace(ecg(n_channels=n_channels), sample_type=sample_type)


@given(data=st.data(), sample_type=st.sampled_from(["int16", "int32", "float32"]))
def test_samples_of_each_type_come_out_bit_for_bit(data, sample_type):
    dtype = np.dtype(sample_type)
    elements = st.floats(width=32, allow_infinity=False) if dtype.kind == "f" else None
    values = data.draw(arrays(dtype, st.tuples(st.integers(1, 40), st.just(2)), elements=elements))
    (sent,) = messages_of(signal_of(sample_type), [Block(0, values)], device="d1")
    got = decode(encode(sent), now_us=NOW_US)
    assert got == sent
    assert got.signal() == signal_of(sample_type)
    assert got.block().samples.dtype == dtype
    assert got.block().samples.tobytes() == values.tobytes()


def test_int16_travels_as_it_did_before_there_were_other_types():
    said = message(t0_ns=NOW_US * 1000)
    assert encode(said) == reencoded(as_plain(said)[:14])
    assert said.schema == 1


@pytest.mark.parametrize("sample_type", ["int32", "float32"])
def test_other_types_are_refused_by_number_where_only_the_first_schema_is_known(sample_type):
    (sent,) = messages_of(signal_of(sample_type), [Block(0, np.zeros((3, 2), sample_type))], device="d1")
    fields = msgspec.msgpack.decode(encode(sent))
    assert fields[0] == 2
    older = msgspec.defstruct(
        "Older", [(name, object) for name in WaveformMessage.__struct_fields__[:14]], array_like=True
    )
    assert msgspec.msgpack.decode(encode(sent), type=older).schema == 2, "an older reader gets as far as the number"


BROKEN = {
    "int32 under schema 1": ({"dtype": "<i4", "data": bytes(80)}, "dtype of schema 1 must be <i2, got '<i4'"),
    "unknown": ({"schema": 2, "dtype": "<f8"}, "dtype must be one of <i2, <i4, <f4, got '<f8'"),
    "object": ({"schema": 2, "dtype": "O"}, "dtype must be one of"),
    "big-endian": ({"schema": 2, "dtype": ">i4"}, "dtype must be one of"),
    "length of int16": ({"schema": 2, "dtype": "<i4"}, "data of 10 samples x 2 channels must hold 80 bytes, got 40"),
    "length of int32": ({"data": bytes(80)}, "data of 10 samples x 2 channels must hold 40 bytes, got 80"),
    "length of float32": ({"schema": 2, "dtype": "<f4", "data": bytes(79)}, "must hold 80 bytes, got 79"),
    "later version": ({"schema": 3}, "schema must be 1 or 2, got 3"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_dtype_that_cannot_be_is_refused_with_rule_value_and_limit(name):
    changes, expected = BROKEN[name]
    with pytest.raises(MessageError, match=expected):
        decode(reencoded(as_plain(message(**changes))), now_us=NOW_US)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinity_is_refused_with_its_channel_and_index(value):
    samples = np.zeros((10, 2), "<f4")
    samples[3, 0] = np.nan
    samples[7, 1] = value
    sent = message(schema=2, dtype="<f4", data=samples.T.tobytes())
    with pytest.raises(MessageError, match="samples of 'V5' must be finite or NaN, got an infinity at index 7"):
        decode(encode(sent), now_us=NOW_US)


def test_messages_of_refuses_samples_of_another_type_than_the_signal_says():
    with pytest.raises(MessageError, match="samples to send must be float32, got int16"):
        list(messages_of(signal_of("float32"), [Block(0, np.zeros((3, 2), np.int16))], device="d1"))


_ANY = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=5) | st.binary(max_size=5)
)


@given(
    field=st.integers(0, 14),
    value=st.sampled_from(["<i2", "<i4", "<f4", "=f4", "f4", "<f4\0"]) | _ANY,
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3),
)
def test_decode_raises_nothing_but_message_errors_for_a_damaged_message_of_floats(field, value, edits):
    fields = as_plain(message(t0_ns=NOW_US * 1000, schema=2, dtype="<f4", data=bytes(80)))
    fields[field] = value
    try:
        damaged = bytearray(msgspec.msgpack.encode(fields))
    except (OverflowError, ValueError):
        return
    for at, byte in edits:
        damaged[at % len(damaged)] = byte
    try:
        got = decode(bytes(damaged), now_us=NOW_US)
    except MessageError:
        return
    assert got.signal().sample_format.dtype == got.block().samples.dtype
    assert got.block().samples.shape == (got.n, len(got.channels))
    assert not np.isinf(got.block().samples).any()
