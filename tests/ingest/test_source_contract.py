"""What every source does, the one in the process and the one on a real Apache Kafka broker alike."""

from __future__ import annotations

import time

import pytest

from ingest.errors import MessageError
from ingest.kafka_producer import KafkaSink
from ingest.kafka_source import PARTITION_FETCH_BYTES, KafkaSource
from ingest.local_source import LocalSource
from ingest.source import DeadLetter
from ingest.topics import ensure_topics

N_PARTITIONS = 3


class LocalHarness:
    """The local source, and how a test puts messages into it and looks at what it put aside."""

    def __init__(self):
        self.source = LocalSource(n_partitions=N_PARTITIONS, max_batch=50)

    def send(self, pairs):
        for key, value in pairs:
            self.source.put(key, value)

    def reopened(self):
        self.source.reopen()
        return self.source

    def dead_letters(self):
        return [(one.received.key, one.received.value, one.reason) for one in self.source.dead_letters]

    def close(self):
        self.source.close()


class KafkaHarness:
    """The same on Kafka."""

    def __init__(self, broker, topic):
        self._address, self._topic, self._aside = broker.bootstrap, topic, f"{topic}.aside"
        ensure_topics(self._address, topic=topic, n_partitions=N_PARTITIONS, dead_letter_topic=self._aside)
        self._sink = KafkaSink(self._address, topic=topic)
        self.source = self._open()

    def _open(self):
        return KafkaSource(
            self._address, group=f"g-{self._topic}", topic=self._topic, dead_letter_topic=self._aside, max_batch=50
        )

    def send(self, pairs):
        for key, value in pairs:
            self._sink.send_raw(key, value)
        self._sink.flush()

    def reopened(self):
        self.source.close()
        self.source = self._open()
        return self.source

    def dead_letters(self):
        from kafka import KafkaConsumer

        consumer = KafkaConsumer(self._aside, bootstrap_servers=self._address, auto_offset_reset="earliest")
        try:
            records = [record for batch in consumer.poll(10_000).values() for record in batch]
        finally:
            consumer.close()
        return [(record.key, record.value, dict(record.headers)["reason"].decode()) for record in records]

    def close(self):
        self.source.close()
        self._sink.close()


@pytest.fixture(params=["local", pytest.param("kafka", marks=pytest.mark.kafka)])
def harness(request):
    if request.param == "local":
        made = LocalHarness()
    else:
        made = KafkaHarness(request.getfixturevalue("broker"), request.getfixturevalue("topic"))
    yield made
    made.close()


def pairs(n, *, start=0):
    return [(b"stream-%d" % (i % 5), b"value-%d" % i) for i in range(start, start + n)]


def read(source, n, *, positions=None, timeout_s=30.0):
    """Poll until there are `n` messages, seeking what is assigned."""
    messages = []
    deadline = time.monotonic() + timeout_s
    while len(messages) < n and time.monotonic() < deadline:
        polled = source.poll(0.2)
        if polled.unplaced:
            source.seek(polled.unplaced, positions or {})
        messages += polled.messages
    assert len(messages) == n
    return messages


def place(source, positions=None):
    """Poll until all partitions are assigned and sought."""
    placed = set()
    deadline = time.monotonic() + 30
    while len(placed) < N_PARTITIONS and time.monotonic() < deadline:
        polled = source.poll(0.2)
        assert not polled.messages or placed
        source.seek(polled.unplaced, positions or {})
        placed |= polled.unplaced
    assert len(placed) == N_PARTITIONS


def after(messages):
    return {one.partition: one.offset + 1 for one in messages}


BIG_BYTES, N_BIG = 100_000, 400
"""Of a backlog that takes a partition several fetches."""


def test_source_gives_every_message_once_and_in_order_within_a_key(harness):
    harness.send(pairs(200))
    messages = read(harness.source, 200)
    assert sorted(one.value for one in messages) == sorted(value for _, value in pairs(200))
    for i in range(5):
        key = b"stream-%d" % i
        assert [one.value for one in messages if one.key == key] == [v for k, v in pairs(200) if k == key]


def test_source_keeps_a_key_in_one_partition_with_rising_offsets(harness):
    harness.send(pairs(60))
    messages = read(harness.source, 60)
    for key in {one.key for one in messages}:
        mine = [one for one in messages if one.key == key]
        assert len({one.partition for one in mine}) == 1
        assert [one.offset for one in mine] == sorted({one.offset for one in mine})


def test_source_gives_no_message_of_a_partition_before_it_is_sought(harness):
    harness.send(pairs(30))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        polled = harness.source.poll(0.2)
        assert polled.messages == []
        if len(polled.unplaced) == N_PARTITIONS:
            break
    assert len(polled.unplaced) == N_PARTITIONS
    assert harness.source.poll(0.2).messages == []
    assert len(read(harness.source, 30)) == 30


def test_source_bounds_the_messages_of_one_poll(harness):
    harness.send(pairs(200))
    place(harness.source)
    sizes = []
    deadline = time.monotonic() + 20
    while sum(sizes) < 200 and time.monotonic() < deadline:
        sizes.append(len(harness.source.poll(0.2).messages))
    assert sum(sizes) == 200
    assert max(sizes) <= 50


def test_source_lets_no_partition_that_is_far_behind_keep_the_others_waiting(harness):
    place(harness.source)
    backlog = [(b"stream-0", bytes(BIG_BYTES))] * N_BIG
    harness.send(backlog)
    others = {one.partition for one in read(harness.source, N_BIG)}
    live = next(key for key in (b"stream-%d" % i for i in range(1, 20)) if _other_partition(harness, key, others))
    harness.send([*backlog, *[(live, b"now")] * 3])
    n_backlog = n_live = 0
    deadline = time.monotonic() + 20
    while n_live < 3 and time.monotonic() < deadline:
        messages = harness.source.poll(0.2).messages
        n_live += sum(one.key == live for one in messages)
        n_backlog += sum(one.key != live for one in messages)
    assert n_live == 3
    assert n_backlog * BIG_BYTES <= 2 * PARTITION_FETCH_BYTES  # what is being given, and what was asked for beside it


def _other_partition(harness, key, taken):
    harness.send([(key, b"where")])
    (message,) = read(harness.source, 1)
    return message.partition not in taken


def test_source_read_again_begins_at_the_positions_it_is_given(harness):
    harness.send(pairs(100))
    first = read(harness.source, 100)
    middle = {one.partition: one.offset for one in first[:60]}
    again = read(
        harness.reopened(), sum(1 for one in first if one.offset >= middle.get(one.partition, 0)), positions=middle
    )
    assert {(one.partition, one.offset) for one in again} == {
        (one.partition, one.offset) for one in first if one.offset >= middle.get(one.partition, 0)
    }


def test_source_read_again_gives_what_was_not_committed_when_positions_say_so(harness):
    harness.send(pairs(40))
    first = read(harness.source, 40)
    harness.source.commit(after(first))
    harness.send(pairs(10, start=40))
    rest = read(harness.reopened(), 10, positions=after(first))
    assert sorted(one.value for one in rest) == sorted(value for _, value in pairs(10, start=40))


def test_source_gives_nothing_while_it_idles_and_goes_on_afterwards(harness):
    place(harness.source)
    harness.send(pairs(20))
    for _ in range(3):
        assert harness.source.idle(0.1).messages == []
    assert len(read(harness.source, 20)) == 20


def test_source_loses_nothing_that_it_had_fetched_before_it_idled(harness):
    harness.send(pairs(500))
    place(harness.source)
    taken = []
    deadline = time.monotonic() + 30
    while len(taken) < 500 and time.monotonic() < deadline:
        taken += harness.source.poll(0.2).messages
        assert harness.source.idle(0.02).messages == []
    assert sorted(one.value for one in taken) == sorted(value for _, value in pairs(500))


def test_source_says_when_each_message_was_sent(harness):
    before_us = time.time_ns() // 1_000_000 * 1000  # Kafka keeps whole milliseconds
    harness.send(pairs(10))
    after_us = time.time_ns() // 1000
    assert all(before_us <= one.timestamp_us <= after_us for one in read(harness.source, 10))


def test_source_says_how_far_behind_it_is(harness):
    place(harness.source)
    harness.send(pairs(70))
    n_read = len(harness.source.poll(10).messages)
    assert n_read > 0
    assert sum(harness.source.lags().values()) == 70 - n_read
    read(harness.source, 70 - n_read)
    assert set(harness.source.lags().values()) == {0}


def test_source_puts_dead_letters_aside_with_bytes_and_reason(harness):
    harness.send([(b"k", b"not a message")])
    (received,) = read(harness.source, 1)
    harness.source.dead_letter([DeadLetter(received, str(MessageError("schema must be 1, got 7")))])
    assert harness.dead_letters() == [(b"k", b"not a message", "schema must be 1, got 7")]
