"""A source within the process: the demo's and the tests'. The same contract as Kafka's, without a broker."""

from __future__ import annotations

import zlib
from collections import deque
from threading import Condition
from typing import TYPE_CHECKING

from ingest.errors import IngestError
from ingest.source import DeadLetter, Partition, Polled, Received
from ingest.timing import SystemClock
from ingest.wire import encode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ingest.timing import Clock
    from ingest.wire import WaveformMessage

TOPIC = "local"
MAX_KEPT_DEAD_LETTERS = 1000
MAX_KEPT_DEAD_LETTER_BYTES = 16 * 1024 * 1024


class _Log:
    """The messages of one partition that are not committed yet."""

    def __init__(self) -> None:
        self.first_offset = 0  # offset of messages[0]; everything before is committed
        self.read_offset = 0
        self.messages: deque[tuple[bytes | None, bytes, int]] = deque()  # key, value, arrival in us

    @property
    def end_offset(self) -> int:
        return self.first_offset + len(self.messages)


class LocalSource:
    """An in-process log of messages with partitions and offsets; producers and the worker may be threads.

    Parameters
    ----------
    n_partitions : a key's messages stay in order within one of them.
    capacity : messages that may wait to be committed; `put` blocks beyond, so memory is bounded.
    max_batch : messages that one poll gives at most.
    clock : says when a message came.
    """

    kind = "local"
    positions_key = None

    def __init__(
        self, *, n_partitions: int = 1, capacity: int = 10_000, max_batch: int = 500, clock: Clock | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._logs = {Partition(TOPIC, number): _Log() for number in range(n_partitions)}
        self._capacity = capacity
        self._max_batch = max_batch
        self._changed = Condition()
        self._unplaced = frozenset(self._logs)
        self._closed = False
        self.dead_letters: deque[DeadLetter] = deque(maxlen=MAX_KEPT_DEAD_LETTERS)

    def put(self, key: bytes | None, value: bytes, *, timeout_s: float | None = None) -> Received:
        """Append a message; blocks while the source is full.

        Raises
        ------
        IngestError : if the source is closed, or stays full for `timeout_s`.
        """
        number = zlib.crc32(key or b"") % len(self._logs)
        partition = Partition(TOPIC, number)
        log = self._logs[partition]
        with self._changed:
            has_room = self._changed.wait_for(lambda: self._closed or self._n_waiting() < self._capacity, timeout_s)
            if self._closed or not has_room:
                why = "is closed" if self._closed else f"holds {self._capacity} messages that nobody commits"
                msg = f"local source takes no message: it {why}"
                raise IngestError(msg)
            now_us = self._clock.now_us()
            log.messages.append((key, value, now_us))
            self._changed.notify_all()
            return Received(partition, log.end_offset - 1, key, value, now_us)

    def send(self, message: WaveformMessage) -> None:
        """Append an encoded message under its stream's key: the sink of a replay."""
        self.put(message.stream_id.encode(), encode(message))

    def flush(self) -> None:
        """Nothing is under way: `send` appends at once."""

    def poll(self, timeout_s: float) -> Polled:
        """Some messages, at most a batch; waits up to `timeout_s` for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._unplaced or self._readable(), timeout_s)
            messages = self._take()
            n_waiting = sum(log.end_offset - log.read_offset for log in self._logs.values())
            return Polled(messages, self._unplaced, n_waiting=n_waiting)

    def idle(self, timeout_s: float) -> Polled:
        """Wait without taking messages."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout_s)
            return Polled([], self._unplaced)

    def seek(self, partitions: frozenset[Partition], positions: Mapping[Partition, int]) -> None:
        """Read those partitions on from `positions`, else from what was committed last."""
        with self._changed:
            for partition in partitions:
                log = self._logs[partition]
                wanted = positions.get(partition, log.first_offset)
                log.read_offset = min(max(wanted, log.first_offset), log.end_offset)
            self._unplaced -= partitions

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Forget everything before these offsets."""
        with self._changed:
            for partition, next_offset in positions.items():
                log = self._logs[partition]
                for _ in range(min(next_offset, log.end_offset) - log.first_offset):
                    log.messages.popleft()
                    log.first_offset += 1
                log.read_offset = max(log.read_offset, log.first_offset)
            self._changed.notify_all()

    def reopen(self) -> None:
        """What another reader of the group would find: from what was committed last."""
        with self._changed:
            self._unplaced = frozenset(self._logs)

    def lags(self) -> dict[Partition, int] | None:
        """Messages that nobody has read yet."""
        with self._changed:
            return {partition: log.end_offset - log.read_offset for partition, log in self._logs.items()}

    def unread(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The same of some."""
        return {partition: n for partition, n in (self.lags() or {}).items() if partition in partitions}

    def lag(self) -> int:
        """The same over all partitions."""
        return sum((self.lags() or {}).values())

    def dead_letter(self, letters: Sequence[DeadLetter]) -> None:
        """Keep the newest in `dead_letters`: a flood of them must not fill memory."""
        self.dead_letters.extend(letters)
        n_bytes = sum(len(one.received.value) for one in self.dead_letters)
        while n_bytes > MAX_KEPT_DEAD_LETTER_BYTES:
            n_bytes -= len(self.dead_letters.popleft().received.value)

    def close(self) -> None:
        """Wake everyone who waits; nothing can be put any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _n_waiting(self) -> int:
        return sum(len(log.messages) for log in self._logs.values())

    def _readable(self) -> bool:
        return any(log.read_offset < log.end_offset for log in self._logs.values())

    def _take(self) -> list[Received]:
        taken: list[Received] = []
        logs = [(partition, log) for partition, log in self._logs.items() if partition not in self._unplaced]
        while logs and len(taken) < self._max_batch:
            # some of each in turn: one that is far behind does not keep the others waiting
            share = max((self._max_batch - len(taken)) // len(logs), 1)
            for partition, log in logs:
                for _ in range(min(share, log.end_offset - log.read_offset, self._max_batch - len(taken))):
                    message = log.messages[log.read_offset - log.first_offset]
                    taken.append(Received(partition, log.read_offset, *message))
                    log.read_offset += 1
            logs = [(partition, log) for partition, log in logs if log.read_offset < log.end_offset]
        return taken
