"""The wire message: what goes in comes out, and what breaks a rule is named."""

from __future__ import annotations

import time
from contextlib import suppress

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_kit import as_plain, ecg, message, reencoded, samples

from ingest.errors import MessageError
from ingest.wire import MAX_MESSAGE_BYTES, decode, encode, messages_of
from signal_processing.values import Block

NOW_US = time.time_ns() // 1000
YEAR_NS = int(365.25 * 86_400e9)


@given(n=st.integers(1, 300), n_channels=st.integers(1, 3), start=st.integers(0, 10**9), seed=st.integers(0, 99))
def test_message_comes_out_as_it_went_in(n, n_channels, start, seed):
    signal = ecg(n_channels=n_channels, t0_us=NOW_US - 10 * 365 * 86_400 * 1_000_000)
    start = start % 10**7
    block = Block(start, samples(n, n_channels=n_channels, seed=seed))
    (sent,) = messages_of(signal, [block], device="d1")
    got = decode(encode(sent), now_us=NOW_US)
    assert got == sent
    assert got.signal() == signal
    assert got.block().start == start
    assert np.array_equal(got.block().samples, block.samples)


def test_messages_of_marks_the_last_one_only():
    blocks = [Block(0, samples(10)), Block(10, samples(10)), Block(30, samples(5))]
    assert [m.last for m in messages_of(ecg(), blocks, device="d1")] == [False, False, True]


def test_messages_of_refuses_samples_that_are_not_int16():
    with pytest.raises(MessageError, match="samples to send must be int16, got float64"):
        list(messages_of(ecg(), [Block(0, np.zeros((3, 2)))], device="d1"))


BROKEN = {
    "version": ({"schema": 3}, "schema must be 1 or 2, got 3"),
    "no stream": ({"stream_id": ""}, "stream must be 1 to 200 characters long, got 0"),
    "long stream": ({"stream_id": "s" * 201}, "stream must be 1 to 200 characters long, got 201"),
    "stream with a NUL": ({"stream_id": "s\0"}, "stream must hold ASCII letters"),
    "stream with a newline": ({"stream_id": "s1\n"}, "stream must hold ASCII letters"),
    "no device": ({"device_id": ""}, "device must be 1 to 200 characters long"),
    "no group": ({"group": ""}, "group must be 1 to 200 characters long"),
    "negative seq": ({"seq": -1}, r"seq must be within \[0, 1000000000000\], got -1"),
    "seq beyond": ({"seq": 10**12 + 1}, "seq must be within"),
    "rate 0": ({"fs": 0.0}, r"fs must be within \[0.001, 100000\] Hz, got 0.0"),
    "rate NaN": ({"fs": float("nan")}, "fs must be within .* got nan"),
    "rate infinite": ({"fs": float("inf")}, "fs must be within .* got inf"),
    "negative rate": ({"fs": -250.0}, "fs must be within"),
    "no channel": ({"channels": [], "units": [], "gain": [], "offset": []}, "channels must be 1 to 256, got 0"),
    "channel twice": ({"channels": ["I", "I"]}, "channel names must differ"),
    "channel without a name": ({"channels": ["", "V5"]}, "channel name must have 1 to 64 characters, got 0"),
    "channel with a NUL": ({"channels": ["I\0", "V5"]}, "channel name must be printable"),
    "units too few": ({"units": ["mV"]}, r"one entry for each channel: 2, got \(1, 2, 2\)"),
    "gains too many": ({"gain": [1.0, 1.0, 1.0]}, r"one entry for each channel: 2, got \(2, 3, 2\)"),
    "unit": ({"units": ["mV", "furlong"]}, "unit of 'V5' must be one of .*, got 'furlong'"),
    "gain 0": ({"gain": [200.0, 0.0]}, "gain of 'V5' must be finite and not 0, got 0.0"),
    "gain NaN": ({"gain": [float("nan"), 1.0]}, "gain of 'MLII' must be finite and not 0, got nan"),
    "offset infinite": ({"offset": [0.0, float("inf")]}, "offset of 'V5' must be finite, got inf"),
    "n 0": ({"n": 0, "data": b""}, "n must be at least 1, got 0"),
    "data short": ({"data": bytes(38)}, "data of 10 samples x 2 channels must hold 40 bytes, got 38"),
    "data long": ({"data": bytes(44)}, "data of 10 samples x 2 channels must hold 40 bytes, got 44"),
    "50 years back": ({"t0_ns": NOW_US * 1000 - 50 * YEAR_NS}, "t0 must be within"),
    "50 years ahead": ({"t0_ns": NOW_US * 1000 + 50 * YEAR_NS}, "t0 must be within"),
    "origin 50 years back": ({"seq": int(50 * 365.25 * 86_400 * 250)}, "t0 less seq / fs must be within"),
    "end 30 years ahead": ({"fs": 0.001, "n": 10**6, "data": bytes(4)}, "data of"),
    "end a month ahead": ({"fs": 0.001, "n": 3000, "data": bytes(12_000)}, "t0 plus n / fs must be within"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_decode_names_the_rule_the_value_and_the_limit_when_a_field_is_wrong(name):
    changes, expected = BROKEN[name]
    with pytest.raises(MessageError, match=expected):
        decode(encode(message(**changes)), now_us=NOW_US)


def test_decode_refuses_a_message_beyond_the_size_limit():
    value = encode(message(n=600_000, data=bytes(2_400_000)))
    with pytest.raises(MessageError, match=f"at most {MAX_MESSAGE_BYTES} bytes, got {len(value)}"):
        decode(value, now_us=NOW_US)


def test_decode_names_the_version_when_a_later_one_has_other_fields():
    with pytest.raises(MessageError, match="schema must be 1 or 2, got 9"):
        decode(reencoded([9, {"everything": "else"}]), now_us=NOW_US)


@pytest.mark.parametrize(
    "value", [b"", b"\x00", b"{}", b"\xc1", b"hello", reencoded({}), reencoded([]), reencoded([1])]
)
def test_decode_refuses_what_is_no_message(value):
    with pytest.raises(MessageError):
        decode(value, now_us=NOW_US)


@given(data=st.binary(max_size=200))
def test_decode_raises_nothing_but_message_errors_for_any_bytes(data):
    with suppress(MessageError):
        decode(data, now_us=NOW_US)


@given(
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 200),
)
def test_decode_raises_nothing_but_message_errors_for_a_damaged_message(edits, cut):
    value = bytearray(encode(message(t0_ns=NOW_US * 1000)))
    for at, byte in edits:
        value[at % len(value)] = byte
    damaged = bytes(value[: len(value) - cut] if cut < 100 else value)
    try:
        got = decode(damaged, now_us=NOW_US)
    except MessageError:
        return
    got.signal()
    assert got.block().samples.shape == (got.n, len(got.channels))


_ANY = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=5) | st.binary(max_size=5)
)


@given(field=st.integers(0, 14), value=_ANY | st.lists(_ANY, max_size=3))
def test_decode_raises_nothing_but_message_errors_for_any_value_of_a_field(field, value):
    fields = as_plain(message(t0_ns=NOW_US * 1000))
    fields[field] = value
    try:
        data = msgspec.msgpack.encode(fields)
    except (OverflowError, ValueError):
        return
    try:
        got = decode(data, now_us=NOW_US)
    except MessageError:
        return
    got.signal()
    got.block()
