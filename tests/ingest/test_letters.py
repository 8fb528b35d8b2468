"""What people are shown of a dead letter."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_kit import as_plain, message

from ingest.batch import Batch
from ingest.errors import MessageError
from ingest.letters import (
    MAX_REASON_CHARACTERS,
    REASON_CLASSES,
    class_of,
    fields_of,
    headers_of,
    hex_dump,
    letter_of,
    rule_of,
    stream_of,
)
from ingest.local_source import MAX_KEPT_DEAD_LETTER_BYTES, LocalSource
from ingest.source import DeadLetter, Partition, Received
from ingest.wire import decode, encode

HERE = Partition("dead-letter.v1", 0)
THERE = Partition("waveform.v1", 3)
MARK = b"\x5a\x5b\x5c\x5d"


def letter(value, *, key=b"s1", headers=(), offset=7):
    return letter_of(HERE, offset, at_us=1, key=key, value=value, headers=headers)


def refused(**changes):
    with pytest.raises(MessageError) as caught:
        decode(encode(message(**changes)), now_us=time.time_ns() // 1000)
    return str(caught.value)


def test_letter_says_again_what_its_headers_were_given():
    headers = headers_of("schema must be 1, got 7", THERE, 41, 2)
    found = letter(b"x", headers=[*headers, ("truncated_from_bytes", b"12")])
    assert (found.reason, found.origin, found.origin_offset) == ("schema must be 1, got 7", THERE, 41)
    assert (found.n_replays, found.truncated_from_bytes, found.name) == (2, 12, "0/7")


@given(st.lists(st.tuples(st.sampled_from(["reason", "topic", "offset", "n_replays"]), st.none() | st.binary())))
def test_letter_bears_headers_of_any_kind(headers):
    assert letter(b"x", headers=headers).origin is None


def test_letter_keeps_the_beginning_of_a_reason_as_long_as_its_message():
    (_, reason), *_ = headers_of("name " * 400_000, THERE, 1, 0)
    assert len(reason) == MAX_REASON_CHARACTERS


def test_copies_of_one_letter_have_one_identity_and_other_letters_another():
    headers = headers_of("r", THERE, 41, 0)
    first = letter(b"x", headers=headers)
    assert letter(b"x", headers=headers, offset=8).identity() == first.identity()
    assert letter(b"y", headers=headers).identity() != first.identity()
    assert letter(b"x", headers=headers_of("r", THERE, 42, 0)).identity() != first.identity()


def test_stream_is_read_from_a_message_even_when_it_breaks_the_rules_and_else_from_the_key():
    assert stream_of(letter(encode(message(schema=99, stream_id="bed 4")))) == "bed 4"
    assert stream_of(letter(b"rubbish", key=b"bed 5")) == "bed 5"
    assert stream_of(letter(b"rubbish", key=b"\x00\xff")) is None
    assert stream_of(letter(encode(message(stream_id="\x1b[2J")), key=None)) is None


def test_fields_and_first_bytes_never_hold_samples():
    value = encode(message(n=400, data=MARK * 400))
    shown = dict(fields_of(value))
    assert (shown["stream_id"], shown["data"], shown["fs"]) == ("s1", "1600 bytes", "250.0")
    dumped = "\n".join(hex_dump(value, n_bytes=10_000))
    assert b"MLII".hex(" ") in dumped
    assert MARK.hex(" ") not in dumped
    as_numbers = msgspec.msgpack.encode([*as_plain(message())[:11], list(range(700, 900)), "ecg", False])
    assert "710" not in str(fields_of(as_numbers))


@given(st.binary(max_size=300))
def test_any_bytes_can_be_shown(value):
    assert all(isinstance(text, str) for _, text in fields_of(value))
    assert len(hex_dump(value)) <= 4
    assert stream_of(letter(value, key=None)) is None or value


def test_rule_is_the_same_for_all_letters_of_a_kind_and_holds_no_values():
    one, other = (rule_of(refused(stream_id=name)) for name in ("a*b", "\x00Miller"))
    assert one == other
    assert "Miller" not in one
    texts = [f"fs of '{name}'/'ecg' must stay {fs} Hz, got 1 Hz" for name, fs in (("Miller", 250), ("Ma'ria", 12.5))]
    assert rule_of(texts[0]) == "fs of '...'/'...' must stay # Hz"
    assert "Miller" not in rule_of(texts[0])
    assert rule_of("codec can't decode byte 0xba in position 12") == "codec can't decode byte # in position #"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"schema": 7}, "schema"),
        ({"schema": 2, "dtype": "<f8"}, "schema"),
        ({"schema": 2, "dtype": "<f4", "data": bytes(76) + b"\0\0\x80\x7f"}, "samples"),
        ({"stream_id": ""}, "name"),
        ({"seq": -1}, "position"),
        ({"fs": 0.0}, "rate"),
        ({"units": ["mV"]}, "channels"),
        ({"units": ["mV", "furlong"]}, "channels"),
        ({"channels": ["a", "a"]}, "channels"),
        ({"gain": [0.0, 1.0]}, "channels"),
        ({"data": b""}, "samples"),
        ({"t0_ns": 0}, "time"),
    ],
)
def test_class_of_a_reason_follows_from_the_rule_that_was_broken(changes, expected):
    assert class_of(refused(**changes)) == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("cannot be stored: ConstraintError: the database refuses the value", "unstorable"),
        ("message must hold at most 1000000 bytes, got 1000001", "too_large"),
        ("message of 3 bytes must be a waveform message of schema 1: input was truncated", "undecodable"),
        ("key must be the stream's name, 's1', got b's2'", "key"),
        ("fs of 's1'/'ecg' must stay 250 Hz, got 360 Hz", "changed"),
        ("samples of 's1'/'ecg' must stay int16, got int32", "changed"),
        ("dtype of schema 1 must be <i2, got '<i4'", "schema"),
        ("samples must not be before t0 of their channel group, 5 us, got sample -1", "position"),
        ("samples [0, 9) must be free, but samples [5, 20) are those of another run of the device", "position"),
        ("the device's time after a restart must be at most 1 us before the end of the run before", "position"),
        ("restarts of the device in one channel group must be at most 999, got one more", "position"),
        ("what nobody thought of", "other"),
    ],
)
def test_class_of_other_reasons(reason, expected):
    assert class_of(reason) == expected
    assert expected in REASON_CLASSES


def test_class_of_a_foreign_key_is_key():
    batch = Batch([Received(THERE, 0, b"s2", encode(message()))], now_us=time.time_ns() // 1000)
    assert [class_of(one.reason) for one in batch.rejected] == ["key"]


def test_local_source_keeps_a_bounded_number_of_bytes_of_dead_letters():
    source = LocalSource()
    large = [DeadLetter(Received(THERE, i, None, bytes(1_000_000)), "r") for i in range(40)]
    for one in large:
        source.dead_letter([one])
    kept = list(source.dead_letters)
    assert kept == large[-len(kept) :]
    assert sum(len(one.received.value) for one in kept) > MAX_KEPT_DEAD_LETTER_BYTES - 1_000_000
    assert sum(len(one.received.value) for one in kept) <= MAX_KEPT_DEAD_LETTER_BYTES
