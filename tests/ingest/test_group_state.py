"""Messages of a group become as few blocks as their samples allow."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.group_state import blocks_of
from ingest.wire import messages_of
from signal_processing.values import Block, Channel, Signal

CHANNELS = tuple(Channel(name, "mV", 200.0) for name in ("I", "II"))
SIGNAL = Signal("s", "ecg", 250.0, 1_700_000_000_000_000, CHANNELS)


def message(seq, n):
    samples = np.arange(2 * n, dtype=np.int16).reshape(n, 2) + np.int16(seq)
    return next(iter(messages_of(SIGNAL, [Block(seq, samples)], device="d")))


@given(pieces=st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 4)), min_size=1, max_size=12))
def test_blocks_hold_each_message_where_it_begins_and_join_those_that_follow(pieces):
    messages, starts, at = [], [], 100
    for jump, n in pieces:
        at += max(jump, -5) if abs(jump) > 2 else 0  # gaps and steps back among messages that follow each other
        messages.append(message(at, n))
        starts.append(at)
        at += n
    blocks = blocks_of(messages, starts)
    rows = [(block.start + i, *row) for block in blocks for i, row in enumerate(block.samples.tolist())]
    expected = [
        (start + i, *row)
        for one, start in zip(messages, starts, strict=True)
        for i, row in enumerate(one.block(start).samples.tolist())
    ]
    assert rows == expected
    assert all(one.end != other.start for one, other in pairwise(blocks))


def test_blocks_cannot_be_written_to():
    assert not blocks_of([message(0, 3)], [0])[0].samples.flags.writeable
