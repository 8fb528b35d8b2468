"""Reads the dead-letter topic, and puts letters back where they came from.

A replayed message is marked in a compacted topic after the broker has it, under a key that follows from its origin and
its bytes. Between the two a kill lets a later replay send it again, which changes nothing: samples are a set.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import MessageSizeTooLargeError

from ingest.errors import BrokerUnavailableError, DeadLetterError
from ingest.kafka_producer import DELIVERY_TIMEOUT_S, close_producer, open_producer
from ingest.letters import Letter, letter_of
from ingest.source import Partition
from ingest.topics import (
    BOOTSTRAP_TIMEOUT_MS,
    DEAD_LETTER_TOPIC,
    REPLAY_MARKS_TOPIC,
    ensure_replay_marks,
    translating,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_REPLAYS = 3
"""A message that was refused so often is refused again; without a limit a loop of replays would never end."""
_CHUNK = 100
"""Letters sent before their marks are; they are held in memory, at most 2 MiB each."""
_POLL_MS = 500
_SILENCE_POLLS = 60
"""Polls without a record before the broker counts as gone: half a minute."""
_REQUEST_TIMEOUT_MS = 10_000
_US_PER_MS = 1000


class Replay(NamedTuple):
    """What became of one letter: `problem` is empty when it was (or in a dry run would be) sent."""

    letter: Letter
    problem: str = ""
    was_replayed: bool = False


class _Original(NamedTuple):
    key: bytes | None
    value: bytes


class DeadLetters:
    """The dead-letter topic, read without a consumer group: looking changes nothing.

    Parameters
    ----------
    bootstrap : "host:port[,host:port]".

    Raises
    ------
    BrokerUnavailableError : if the broker does not answer; so do all methods.
    """

    def __init__(self, bootstrap: str, *, topic: str = DEAD_LETTER_TOPIC, marks: str = REPLAY_MARKS_TOPIC) -> None:
        self._bootstrap, self._topic, self._marks_topic = bootstrap, topic, marks
        self._consumer = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close(autocommit=False)

    def letters(self, *, since_us: int | None = None, newest: int | None = None) -> Iterator[Letter]:
        """The letters that are there now, in the order of offsets within each partition; one at a time in memory.

        Parameters
        ----------
        since_us : put aside at or after that time, microseconds UTC.
        newest : at most so many of each partition.
        """
        ranges = _ranges(self._consumer, self._topic, since_us=since_us, newest=newest)
        yield from map(_letter, _read(self._consumer, ranges))

    def letter(self, partition: int, offset: int) -> Letter:
        """The letter that stands there.

        Raises
        ------
        DeadLetterError : if there is none.
        """
        target = TopicPartition(self._topic, partition)
        first, end = _ranges(self._consumer, self._topic).get(target, (0, 0))
        if not first <= offset < end:
            msg = f"offset of a dead letter in partition {partition} must be within [{first}, {end}), got {offset}"
            raise DeadLetterError(msg)
        return next(map(_letter, _read(self._consumer, {target: (offset, offset + 1)})))

    def replay(self, letters: Iterable[Letter], *, again: bool = False, dry_run: bool = False) -> Iterator[Replay]:
        """Put the originals back on their topics and partitions, under their keys, each once.

        Parameters
        ----------
        letters : which ones.
        again : also those that were replayed before.
        dry_run : only say what would be sent.
        """
        with self._second_consumer() as other:
            marks = self._marks(other)
            sender = None if dry_run else _Sender(self._bootstrap, self._marks_topic)
            try:
                remaining = iter(letters)
                while chunk := list(islice(remaining, _CHUNK)):
                    yield from self._replay_chunk(chunk, other, sender, set() if again else marks, marks)
            finally:
                if sender is not None:
                    sender.close()

    def _replay_chunk(
        self, chunk: list[Letter], other: Any, sender: _Sender | None, skipped: set[bytes], marks: set[bytes]
    ) -> Iterator[Replay]:
        done: list[Letter] = []
        for letter in chunk:
            identity = letter.identity()
            if identity in skipped or any(identity == one.identity() for one in done):
                yield Replay(letter, was_replayed=True)
                continue
            try:
                original = _whole(letter, other)
                if sender is not None:
                    sender.send(letter, original)
            except DeadLetterError as error:
                yield Replay(letter, str(error))
            else:
                done.append(letter)
        if sender is not None:
            sender.mark(done)
        marks |= {letter.identity() for letter in done}
        yield from map(Replay, done)

    def _marks(self, consumer: Any) -> set[bytes]:
        ranges = _ranges(consumer, self._marks_topic)
        return {record.key for record in _read(consumer, ranges) if record.key is not None}

    def _open(self) -> Any:
        with translating("the dead letters are looked up"):
            return KafkaConsumer(
                bootstrap_servers=self._bootstrap,
                bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_poll_records=100,
                fetch_max_bytes=16 * 1024 * 1024,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )

    def _second_consumer(self) -> _Closing:
        """Marks and originals are fetched while the letters are being read."""
        return _Closing(self._open())


class _Closing:
    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def __enter__(self) -> Any:
        return self._consumer

    def __exit__(self, *_: object) -> None:
        self._consumer.close(autocommit=False)


class _Sender:
    """Sends originals, then marks them."""

    def __init__(self, bootstrap: str, marks_topic: str) -> None:
        ensure_replay_marks(bootstrap, topic=marks_topic)
        self._producer = open_producer(bootstrap)
        self._marks_topic = marks_topic
        self._pending: list[Any] = []

    def send(self, letter: Letter, original: _Original) -> None:
        """Hand an original to the producer.

        To the partition that it had: another client's hash of the key might differ from ours, and one stream must not
        stand in two partitions.
        """
        assert letter.origin is not None  # noqa: S101 - `_whole` refused those without
        headers = [
            ("replayed_from", f"{letter.partition.topic}/{letter.name}".encode()),
            ("n_replays", str(letter.n_replays + 1).encode()),
        ]
        topic, partition = letter.origin
        try:
            with translating("a dead letter is replayed"):
                self._pending.append(
                    self._producer.send(
                        topic, key=original.key, value=original.value, headers=headers, partition=partition
                    )
                )
        except BrokerUnavailableError as error:
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                msg = f"original must be small enough to be sent, got {len(original.value)} bytes"
                raise DeadLetterError(msg) from error
            raise

    def mark(self, letters: list[Letter]) -> None:
        """Wait until the broker has the originals, then note that they were replayed, and wait for that."""
        with translating("dead letters are replayed"):
            self._wait()
            for letter in letters:
                value = msgspec.json.encode({"letter": letter.name, "round": letter.n_replays + 1})
                self._pending.append(self._producer.send(self._marks_topic, key=letter.identity(), value=value))
            self._wait()

    def close(self) -> None:
        close_producer(self._producer)

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        for future in pending:
            future.get(timeout=DELIVERY_TIMEOUT_S)


def _whole(letter: Letter, consumer: Any) -> _Original:
    """The bytes to put back; those of a truncated letter are fetched from where the original stood.

    Raises
    ------
    DeadLetterError : if they cannot be had, or the letter was replayed too often.
    """
    if letter.origin is None or letter.origin_offset is None:
        msg = "letter must say its original topic, partition and offset, this one does not"
        raise DeadLetterError(msg)
    if letter.n_replays >= MAX_REPLAYS:
        msg = f"message must have been replayed less than {MAX_REPLAYS} times, got {letter.n_replays}"
        raise DeadLetterError(msg)
    target = TopicPartition(*letter.origin)
    with translating(f"topic {target.topic!r} is looked up"):
        partitions = consumer.partitions_for_topic(target.topic) or ()
    if target.partition not in partitions:
        msg = f"original topic must have partition {target.partition}, but {target.topic!r} has {len(partitions)}"
        raise DeadLetterError(msg)
    if letter.truncated_from_bytes is None:
        return _Original(letter.key, letter.value)
    first, end = _ranges(consumer, target.topic)[target]
    if first <= letter.origin_offset < end:
        record = next(_read(consumer, {target: (letter.origin_offset, letter.origin_offset + 1)}), None)
        if record is not None and _is_whole(record.value or b"", letter):
            return _Original(record.key, record.value)
    msg = (
        f"letter must hold the whole message or the original must still be there: {len(letter.value)} of"
        f" {letter.truncated_from_bytes} bytes are here, and offset {letter.origin_offset} of"
        f" {target.topic}/{target.partition} holds another message or none"
    )
    raise DeadLetterError(msg)


def _is_whole(value: bytes, letter: Letter) -> bool:
    return len(value) == letter.truncated_from_bytes and value.startswith(letter.value)


def _letter(record: Any) -> Letter:
    return letter_of(
        Partition(record.topic, record.partition),
        record.offset,
        at_us=record.timestamp * _US_PER_MS if record.timestamp >= 0 else None,
        key=record.key,
        value=record.value or b"",
        headers=record.headers,
    )


def _ranges(
    consumer: Any, topic: str, *, since_us: int | None = None, newest: int | None = None
) -> dict[TopicPartition, tuple[int, int]]:
    """First offset to read and one past the last of each partition; none where there is no such topic."""
    with translating(f"topic {topic!r} is looked up"):
        targets = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        if not targets:
            return {}
        firsts = consumer.beginning_offsets(targets, timeout_ms=_REQUEST_TIMEOUT_MS)
        ends = consumer.end_offsets(targets, timeout_ms=_REQUEST_TIMEOUT_MS)
        if since_us is not None:
            wanted = {target: max(since_us, 0) // _US_PER_MS for target in targets}
            found = consumer.offsets_for_times(wanted, timeout_ms=_REQUEST_TIMEOUT_MS)
            firsts = {one: found[one].offset if found.get(one) else ends[one] for one in targets}
    if newest is not None:
        firsts = {one: max(firsts[one], ends[one] - newest) for one in targets}
    return {one: (firsts[one], ends[one]) for one in targets}


def _read(consumer: Any, ranges: dict[TopicPartition, tuple[int, int]]) -> Iterator[Any]:
    """The records of those ranges.

    Raises
    ------
    BrokerUnavailableError : if none came for half a minute.
    """
    left = {target for target, (first, end) in ranges.items() if first < end}
    with translating("records are fetched"):
        consumer.assign(list(left))
        for target in left:
            consumer.seek(target, ranges[target][0])
    n_silent = 0
    while left:
        with translating("records are fetched"):
            polled = consumer.poll(timeout_ms=_POLL_MS)
        n_silent = 0 if polled else n_silent + 1
        if n_silent >= _SILENCE_POLLS:
            msg = f"the broker gives no records of {', '.join(sorted({one.topic for one in left}))}"
            raise BrokerUnavailableError(msg)
        for target, records in polled.items():
            yield from (record for record in records if record.offset < ranges[target][1])
        with translating("records are fetched"):
            left = {one for one in left if (consumer.position(one, timeout_ms=_POLL_MS) or 0) < ranges[one][1]}
