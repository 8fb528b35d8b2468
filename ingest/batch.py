"""What one poll brought: decoded, grouped, and what of it cannot be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ingest.errors import MessageError
from ingest.source import DeadLetter
from ingest.wire import decode
from signal_processing.clock import US_PER_S

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ingest.source import Partition, Received
    from ingest.wire import WaveformMessage


MANY_S = 30.0
"""Signal of one group in a batch that no live stream brings at once, s."""


class GroupKey(NamedTuple):
    """Names a channel group."""

    stream: str
    group: str


class Item(NamedTuple):
    """A message and where it stood."""

    received: Received
    message: WaveformMessage


class Placed(NamedTuple):
    """Where the messages of a group begin, in their order, as the state `by` said; another state must say it again."""

    by: object
    starts: list[int]


class Batch:
    """The messages of one poll.

    Parameters
    ----------
    received : all of them, in the order they came.
    now_us : wall time, microseconds UTC.
    is_of_backlog : whether as many are still waiting.
    """

    def __init__(self, received: Sequence[Received], *, now_us: int, is_of_backlog: bool = False) -> None:
        self.received = list(received)
        self.now_us = now_us
        self.is_of_backlog = is_of_backlog
        self.groups: dict[GroupKey, list[Item]] = {}
        self.placed: dict[GroupKey, Placed] = {}
        self.rejected: list[DeadLetter] = []
        self.n_buried = 0  # how many of `rejected` are safe in the dead letters already
        for one in received:
            self._sort_in(one, now_us)

    def _sort_in(self, received: Received, now_us: int) -> None:
        try:
            message = decode(received.value, now_us=now_us)
            _check_key(received, message)
        except MessageError as error:
            self.rejected.append(DeadLetter(received, str(error)))
            return
        key = GroupKey(message.stream_id, message.group)
        self.groups.setdefault(key, []).append(Item(received, message))

    def is_old(self, key: GroupKey, defer_s: float) -> bool:
        """Whether messages of a group are of a backlog: they waited longer than that, and are many.

        Many are as many as are still waiting, or half a minute of signal: the time stamps alone could be those of a
        producer whose clock is slow.
        """
        items = self.groups[key]
        sent_us = items[-1].received.timestamp_us
        if sent_us is None or self.now_us - sent_us <= defer_s * US_PER_S:
            return False
        return self.is_of_backlog or sum(item.message.n for item in items) >= MANY_S * items[0].message.fs

    def positions(self) -> dict[Partition, int]:
        """The next offset of each partition after this batch."""
        return {received.partition: received.offset + 1 for received in self.received}

    def unburied(self) -> list[DeadLetter]:
        """The rejected ones that are not safe in the dead letters yet."""
        return self.rejected[self.n_buried :]

    def reject(self, key: GroupKey, letters: Collection[DeadLetter]) -> None:
        """Take messages of a group out of the batch."""
        gone = {(letter.received.partition, letter.received.offset) for letter in letters}
        kept = [item for item in self.groups[key] if (item.received.partition, item.received.offset) not in gone]
        self.rejected.extend(letters)
        if kept:
            self.groups[key] = kept
        else:
            del self.groups[key]

    def reject_all(self, key: GroupKey, reason: str) -> None:
        """Take a whole group out of the batch."""
        self.reject(key, [DeadLetter(item.received, reason) for item in self.groups[key]])

    def without(self, revoked: Collection[Partition]) -> None:
        """Leave out the messages of partitions that another worker reads now."""
        self.received = [one for one in self.received if one.partition not in revoked]
        left = [one for one in self.unburied() if one.received.partition not in revoked]
        self.rejected[self.n_buried :] = left
        for key, items in list(self.groups.items()):
            kept = [item for item in items if item.received.partition not in revoked]
            if len(kept) < len(items):
                self.placed.pop(key, None)
            if kept:
                self.groups[key] = kept
            else:
                del self.groups[key]


def _check_key(received: Received, message: WaveformMessage) -> None:
    """A key of another stream would spread one stream over two partitions, and so over two workers."""
    if received.key is not None and received.key != message.stream_id.encode():
        msg = f"key must be the stream's name, {message.stream_id!r}, got {received.key[:64]!r}"
        raise MessageError(msg)
