"""When a stream is silent, and not only unheard: pure.

A worker that stood still, whose database or broker was away, or that has a backlog to read, hears nothing either. So
silence counts from when the worker last came back to work, and is believed only when all that was in the stream's
partition at that time has been read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ingest.source import Partition


class _Asked(NamedTuple):
    at_s: float
    n_unread: int


class Silence:
    """What a worker knows of it; times are monotonic, s.

    Parameters
    ----------
    after_s : how long a stream must say nothing.
    now_s : the worker begins.
    """

    def __init__(self, *, after_s: float, now_s: float) -> None:
        self._after_s = after_s
        self._working_since_s = now_s
        self._looped_s = now_s
        self._asked: dict[Partition, _Asked] = {}

    def note_loop(self, now_s: float) -> None:
        """Called at each turn of the worker: long between two of them, it stood still."""
        if now_s - self._looped_s > self._after_s / 2:
            self.note_outage(now_s)
        self._looped_s = now_s

    def note_outage(self, now_s: float) -> None:
        """Broker or database did not answer just now."""
        self._working_since_s = now_s

    def heard_before_s(self, now_s: float) -> float | None:
        """What was not heard of since then may be silent; None while the worker is back for too short a time."""
        before_s = now_s - self._after_s
        return before_s if self._working_since_s <= before_s else None

    def unasked(self, partitions: Iterable[Partition]) -> set[Partition]:
        """Those of which it is not known what was unread at some time."""
        return {partition for partition in partitions if partition not in self._asked}

    def note_unread(self, unread: Mapping[Partition, int], now_s: float) -> None:
        """That many messages were unread now."""
        self._asked |= {partition: _Asked(now_s, n) for partition, n in unread.items()}

    def note_read(self, partitions: Iterable[Partition]) -> None:
        """A message of each was taken; one that is named twice had two."""
        for partition in partitions if self._asked else ():
            if partition in self._asked:
                asked = self._asked[partition]
                self._asked[partition] = asked._replace(n_unread=asked.n_unread - 1)

    def forget(self, partitions: Collection[Partition]) -> None:
        """They are no longer ours."""
        self._asked = {partition: asked for partition, asked in self._asked.items() if partition not in partitions}

    def take_proven(self) -> dict[Partition | None, float]:
        """Partitions in which all was read that was there when it was asked, and before when their streams that are
        silent were heard last; it is to be asked again afterwards.
        """
        proven = [partition for partition, asked in self._asked.items() if asked.n_unread <= 0]
        return {partition: self._asked.pop(partition).at_s - self._after_s for partition in proven}
