"""A replay sends a recording as a device would; limits and waits."""

from __future__ import annotations

import itertools
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_kit import InstantClock, ecg, samples

from ingest.backoff import Backoff
from ingest.dead_letters import FailureLimit
from ingest.errors import IngestError, TooManyDeadLettersError
from ingest.local_source import LocalSource
from ingest.replay import cut_even, replay, starting_at
from ingest.units import UCUM_UNITS
from signal_processing.errors import InvalidValueError
from signal_processing.values import Block


class Collecting:
    def __init__(self, clock):
        self.sent, self._clock, self.n_flushes = [], clock, 0

    def send(self, message):
        self.sent.append((self._clock.monotonic_s(), message))

    def flush(self):
        self.n_flushes += 1


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_replay_sends_each_block_when_its_last_sample_is_due(speed):
    clock = InstantClock()
    sink = Collecting(clock)
    replayed = replay(ecg(), [Block(500, samples(1_250))], sink, speed=speed, clock=clock)
    assert [round(at_s, 6) for at_s, _ in sink.sent] == [round(i / speed, 6) for i in (1, 2, 3, 4, 5)]
    assert (replayed.n_messages, replayed.n_samples, replayed.is_complete) == (5, 1_250, True)
    assert [message.last for _, message in sink.sent] == [False] * 4 + [True]
    assert sink.n_flushes == 1


def test_replay_that_is_stopped_ends_nothing():
    clock, stop = InstantClock(), Event()
    sink = Collecting(clock)
    stop.set()
    replayed = replay(ecg(), [Block(0, samples(1_250))], sink, clock=clock, stop=stop)
    assert not replayed.is_complete
    assert not any(message.last for _, message in sink.sent)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), 2e6])
def test_replay_refuses_a_speed_out_of_range(speed):
    with pytest.raises(InvalidValueError, match="speed must be above 0"):
        replay(ecg(), [], Collecting(InstantClock()), speed=speed)


def test_signal_starting_at_another_time_keeps_everything_else():
    moved = starting_at(ecg(t0_us=0), 1_700_000_000_000_000)
    assert moved.t0_us == 1_700_000_000_000_000
    assert moved.channels == ecg().channels


@given(
    lengths=st.lists(st.tuples(st.integers(1, 40), st.sampled_from([0, 0, 0, 5])), max_size=8),
    n_samples=st.integers(1, 30),
)
def test_cut_even_keeps_every_sample_and_every_gap(lengths, n_samples):
    blocks, at = [], 3
    for length, gap in lengths:
        at += gap
        blocks.append(Block(at, np.arange(at, at + length, dtype=np.int16)[:, None]))
        at += length
    pieces = list(cut_even(blocks, n_samples))
    covered = [i for piece in pieces for i in range(piece.start, piece.end)]
    assert covered == [i for block in blocks for i in range(block.start, block.end)]
    assert [int(v) for piece in pieces for v in piece.samples[:, 0]] == covered
    for piece, following in itertools.pairwise(pieces):
        assert len(piece) == n_samples or piece.end < following.start


def test_backoff_doubles_up_to_its_cap_and_stays_there():
    waits = [Backoff(first_s=0.5, cap_s=4.0).wait_s(n) for n in (1, 2, 3, 4, 5, 10_000)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_failure_limit_bears_half_and_stops_beyond():
    limit = FailureLimit(window=100, most=0.5)
    for _ in range(20):
        limit.note(n_messages=10, n_failed=5)
    with pytest.raises(TooManyDeadLettersError, match="the last because: why"):
        limit.note(n_messages=10, n_failed=9, last_reason="why")


def test_failure_limit_says_nothing_before_its_window_is_full():
    limit = FailureLimit(window=100, most=0.5)
    limit.note(n_messages=99, n_failed=99)
    assert limit.n_total == 99


def test_full_local_source_makes_the_sender_wait_and_then_refuses():
    source = LocalSource(capacity=2)
    source.put(b"k", b"1")
    source.put(b"k", b"2")
    with pytest.raises(IngestError, match="holds 2 messages that nobody commits"):
        source.put(b"k", b"3", timeout_s=0.01)


def test_closed_local_source_refuses_messages():
    source = LocalSource()
    source.close()
    with pytest.raises(IngestError, match="is closed"):
        source.put(b"k", b"1")


def test_every_unit_of_a_message_can_be_written_to_a_wfdb_header():
    from formats.units import wfdb_of

    assert all(wfdb_of(unit) for unit in UCUM_UNITS)
