"""Where messages come from: one protocol, which the local source and Kafka's fulfil alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class Partition(NamedTuple):
    """One ordered part of a topic."""

    topic: str
    number: int


class Received(NamedTuple):
    """A message as it came, and where it stood.

    `timestamp_us` is when it was sent by its producer's clock, or when it came where no producer says so; microseconds
    UTC, None where the source does not know. `n_replays` is how often it came back from the dead letters.
    """

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes
    timestamp_us: int | None = None
    n_replays: int = 0


class Polled(NamedTuple):
    """What one poll gave.

    Parameters
    ----------
    messages : in the order of offsets within each partition.
    unplaced : partitions that are ours and wait for `seek`; none of their messages is given before.
    revoked : partitions that are no longer ours, since the last poll or idling.
    n_waiting : messages known to come after these, in their partitions.
    """

    messages: list[Received]
    unplaced: frozenset[Partition] = frozenset()
    revoked: frozenset[Partition] = frozenset()
    n_waiting: int = 0

    @property
    def is_of_backlog(self) -> bool:
        """Whether as many messages as these are still waiting."""
        return bool(self.messages) and self.n_waiting >= len(self.messages)


class DeadLetter(NamedTuple):
    """A message that could not be taken, and why."""

    received: Received
    reason: str


class Source(Protocol):
    """An ordered, replayable supply of messages, read by one member of a group of readers."""

    @property
    def kind(self) -> str:
        """What it is: "kafka" or "local"."""

    @property
    def positions_key(self) -> str | None:
        """Under which name the database keeps the positions; None where offsets do not outlive the process."""

    def poll(self, timeout_s: float) -> Polled:
        """Some messages, at most a batch; waits up to `timeout_s` for the first.

        Raises
        ------
        BrokerUnavailableError : if the broker is gone; a later poll tries again.
        """

    def idle(self, timeout_s: float) -> Polled:
        """Stay a member of the group for that long without taking messages: backpressure."""

    def seek(self, partitions: frozenset[Partition], positions: Mapping[Partition, int]) -> None:
        """Read those partitions on from `positions`; one without a position from where the source knows best."""

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Tell the source that everything before these offsets is stored."""

    def lags(self) -> Mapping[Partition, int] | None:
        """Messages there are still to read, by partition that is ours; None where that is not known.

        Raises
        ------
        BrokerUnavailableError : if the broker is gone.
        """

    def unread(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """The same as it is now, asked anew: nothing older may be the answer. Those that are not ours are left out.

        Raises
        ------
        BrokerUnavailableError : if the broker does not answer.
        """

    def dead_letter(self, letters: Sequence[DeadLetter]) -> None:
        """Put messages aside for people to look at; they are safe when this returns.

        Raises
        ------
        BrokerUnavailableError : if the broker is gone.
        """

    def close(self) -> None:
        """Give everything back."""
