"""What detectors are given of samples that come out of order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.reading_order import ReadingOrder
from signal_processing.values import Block

SECOND = 10
BOUND = 5 * SECOND


def block(i, length=1):
    """The seconds [i, i + length) of a stream of 10 Hz."""
    return Block(i * SECOND, np.zeros((length * SECOND, 1), np.int16))


def read(order, seconds):
    """What becomes ready and late, in seconds, when those seconds arrive."""
    ready, late = [], []
    for i in seconds:
        offered = order.offer(block(i))
        ready += [b.start // SECOND for b in offered.ready]
        low, high = offered.late
        late += range(low // SECOND, high // SECOND)
    return ready, late


def test_reading_order_passes_on_what_comes_in_order():
    assert read(ReadingOrder(None, bound=BOUND), range(4)) == ([0, 1, 2, 3], [])


def test_reading_order_puts_swapped_blocks_right():
    assert read(ReadingOrder(0, bound=BOUND), [0, 1, 3, 2, 5, 4, 6]) == ([0, 1, 2, 3, 4, 5, 6], [])


def test_reading_order_waits_at_a_gap_for_the_bound_and_no_longer():
    order = ReadingOrder(0, bound=BOUND)
    assert read(order, [0, 1, 3, 4, 5, 6]) == ([0, 1], [])
    assert order.is_waiting
    assert read(order, [7]) == ([3, 4, 5, 6, 7], [])
    assert not order.is_waiting
    assert read(order, [2, 8]) == ([8], [2])


def test_reading_order_waits_as_long_for_a_long_block_and_for_one_before_a_pause():
    order = ReadingOrder(0, bound=BOUND)
    assert [order.offer(block(i)).ready for i in (20, 21, 22, 23)] == [[]] * 4
    offered = order.offer(block(0, length=12))  # 12 s of signal, then a pause of 8 s
    assert [(b.start // SECOND, b.end // SECOND) for b in offered.ready] == [(0, 12)]
    assert offered.late == (0, 0)
    assert read(order, [24]) == ([20, 21, 22, 23, 24], [])


def test_reading_order_says_that_a_gap_was_given_up():
    order = ReadingOrder(0, bound=BOUND)
    said = [order.offer(block(i)).gave_up for i in (0, 2, 3, 4, 5, 6, 7)]
    assert said == [False, False, False, False, False, True, False]


def test_reading_order_waits_for_the_beginning_of_a_stream_that_was_shuffled():
    assert read(ReadingOrder(None, bound=BOUND), [2, 1, 0, 3]) == ([0, 1, 2, 3], [])
    assert read(ReadingOrder(None, bound=BOUND), [101, 100, 102, 103, 104, 105]) == ([100, 101, 102, 103, 104, 105], [])


def test_reading_order_takes_the_part_of_a_block_that_is_not_late():
    order = ReadingOrder(2 * SECOND, bound=BOUND)
    offered = order.offer(block(1, length=3))
    assert [(b.start, b.end) for b in offered.ready] == [(20, 40)]
    assert offered.late == (10, 20)


def test_reading_order_gives_all_when_nothing_else_comes():
    order = ReadingOrder(0, bound=BOUND)
    assert read(order, [0, 2, 4]) == ([0], [])
    assert [b.start // SECOND for b in order.give_up()] == [2, 4]
    assert order.position == 5 * SECOND


@given(swaps=st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_reading_order_reads_everything_in_order_when_blocks_are_less_than_the_bound_late(swaps):
    arrival = sorted(range(30), key=lambda i: (i + swaps[i], i))
    order = ReadingOrder(None, bound=BOUND)
    ready, late = read(order, arrival)
    assert ready + [b.start // SECOND for b in order.give_up()] == list(range(30))
    assert late == []
