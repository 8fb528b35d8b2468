"""What the worker holds of one channel group between two batches; all of it can be had from the database again."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.physical import PhysicalUnits
from ingest.errors import MessageError, StaleStateError
from ingest.reading_order import ReadingOrder
from signal_processing.values import Block
from storage import waveforms
from storage.batch_writer import SavedTimeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ingest.batch import Item
    from ingest.conn import Conn
    from ingest.detector_line import DetectorLine
    from ingest.source import Partition
    from ingest.timeline import Timeline
    from ingest.wire import WaveformMessage
    from storage.batch_writer import BatchWriter
    from storage.catalogue import GroupRow
    from storage.open_cell import OpenCell

CATCH_UP_S = 600.0
"""Signal of a group that one transaction of catching up covers at most, s."""

TIMELINE_S = 300.0
"""Signal between two saves of a timeline in which only the estimates of clocks are new, s: an estimate takes 0.1 ms."""


class Pace(NamedTuple):
    """How often, and how patient.

    Parameters
    ----------
    checkpoint_s : signal between two checkpoints of a detector, s.
    reorder_s : signal after a missing block for which detectors wait for it, s.
    defer_s : messages of a backlog that waited longer than that are stored first; detectors follow, s.
    """

    checkpoint_s: float = 30.0
    reorder_s: float = 5.0
    defer_s: float = 30.0


class Taken(NamedTuple):
    """What one group's part of a batch came to; sample times.

    `n_late` of the `n_samples` came for a time that detectors had passed: `late` says which, as [start, end).
    `n_deferred` of them the detectors are still to read. The detectors took `detector_s`.
    """

    n_samples: int = 0
    n_duplicate: int = 0
    n_late: int = 0
    n_deferred: int = 0
    late: tuple[tuple[int, int], ...] = ()
    detector_s: float = 0.0


class GroupState:
    """One channel group: what is registered, what is stored, and its detectors.

    Parameters
    ----------
    group : as registered, with its extent of now.
    cell : its incomplete cell.
    timeline : where the runs of its device lie.
    lines : its detectors.
    partition : where its messages come from; with that the state goes when another worker takes over.
    stopwatch : gives s.
    """

    def __init__(
        self,
        group: GroupRow,
        cell: OpenCell,
        timeline: Timeline,
        lines: list[DetectorLine],
        partition: Partition | None,
        *,
        pace: Pace,
        stopwatch: Callable[[], float],
    ) -> None:
        self.group = group
        self.lines = lines
        self.partition = partition
        self.extent = group.extent
        self.is_ended = False
        self.ends_at = None if group.sealed else group.ends_at  # known, but samples before it may still come
        self.heard_s = 0.0
        self._cell = cell
        self._stopwatch = stopwatch
        self._detector_s = 0.0
        self._timeline = timeline
        self._timeline_samples = self._n_samples(TIMELINE_S)
        # somewhere within the interval, so that not all groups save theirs at once
        self._timeline_at = group.next_sample - self._timeline_samples * (group.id * 61 % 128) // 128
        self._checkpoint_samples = self._n_samples(pace.checkpoint_s)
        # a detector that has a checkpoint was begun: from there on a missing block is a gap
        begun = any(line.is_resumed for line in lines)
        position = min((line.position for line in lines), default=group.next_sample) if begun else None
        self._order = ReadingOrder(position, bound=max(self._n_samples(pace.reorder_s), 1))
        self._caught_up_to = group.first_sample if position is None else position
        self._order.note_newest(self.extent.next_sample)
        for line in lines:
            line.stagger(self._checkpoint_samples)
        self._to_physical = PhysicalUnits(group.signal)
        # what every message repeats, at hand for the comparison
        self._fs_hz, self._dtype = group.signal.fs_hz, group.signal.sample_format.code
        channels = group.signal.channels
        self._columns = (
            [channel.name for channel in channels],
            [channel.unit for channel in channels],
            [channel.gain for channel in channels],
            [channel.offset for channel in channels],
        )

    def place(self, message: WaveformMessage, received_us: int) -> int:
        """Where the first sample of a message belongs in the group.

        Parameters
        ----------
        received_us : when it came, by the server's clock.

        Raises
        ------
        MessageError : if rate, sample type or channels are not the group's, or its timeline has no place for it.
        """
        if (
            message.fs != self._fs_hz
            or message.dtype != self._dtype
            or (message.channels, message.units, message.gain, message.offset) != self._columns
        ):
            raise MessageError(self._misfit(message))
        return self._timeline.place(message.seq, message.t0_ns // 1000, message.n, received_us).start_sample

    def _misfit(self, message: WaveformMessage) -> str:
        known = self.group.signal
        where = f"{known.stream!r}/{known.group!r}"
        if message.fs != known.fs_hz:
            return f"fs of {where} must stay {known.fs_hz:g} Hz, got {message.fs:g} Hz"
        if message.dtype != known.sample_format.code:
            return f"samples of {where} must stay {known.sample_type}, got {message.sample_type}"
        names = self._columns[0]
        detail = f"got {message.channels}" if names != message.channels else "got another unit, gain or offset"
        return f"channels of {where} must stay {names}, {detail}"

    @property
    def n_behind(self) -> int:
        """Stored samples that the detectors were not given yet."""
        return max(self.extent.next_sample - self._following_from(), 0) if self.lines else 0

    @property
    def behind_s(self) -> float:
        """The same as signal, s."""
        return self.n_behind / self._fs_hz

    def catch_up(self, conn: Conn, writer: BatchWriter) -> float:
        """Let the detectors read on in what is stored, up to ten minutes of signal; gives the time they took, s."""
        self._detector_s = 0.0
        start = self._following_from()
        end = min(start + max(self._n_samples(CATCH_UP_S), 1), self.extent.next_sample)
        blocks = waveforms.read_window(conn, self.group, start, end)
        self._caught_up_to = end
        self._order.note_newest(self.extent.next_sample)
        self._offer(blocks, writer)
        return self._detector_s

    def _following_from(self) -> int:
        return max(self._caught_up_to, self.extent.first_sample)

    def take(
        self, conn: Conn, items: Sequence[Item], starts: Sequence[int], writer: BatchWriter, *, is_old: bool
    ) -> Taken:
        """Have the samples of messages stored, and what the detectors say of them.

        Parameters
        ----------
        starts : where `place` put each.
        is_old : whether the messages waited for long: then the detectors do not read them now, see `catch_up`, nor
            while they are behind.

        Raises
        ------
        StaleStateError : if somebody else stored samples of this group since the state was loaded.
        """
        defers = self.lines and (is_old or self.n_behind > 0)
        blocks = blocks_of([item.message for item in items], starts)
        is_usual = not self.extent.sealed and min(block.start for block in blocks) >= self._cell.start
        self._detector_s = 0.0
        new = self._add(blocks, writer) if is_usual else self._add_before(conn, blocks)
        n_new = sum(map(len, new))
        readable = new
        if defers:  # what lies before they will not come by again
            readable = [part for part in (part.between(0, self._caught_up_to) for part in new) if len(part)]
        else:
            self._caught_up_to = self.extent.next_sample
        late = self._offer(readable, writer) if self.lines else ()
        if n_new:
            self.is_ended = False
        for item, start in zip(items, starts, strict=True):
            if item.message.last and start + item.message.n >= self.extent.next_sample:
                self.ends_at = start + item.message.n
        if self.ends_at is not None and self.ends_at < self.extent.next_sample:
            self.ends_at = None  # it went on all the same
        if self._timeline.is_changed or self.extent.next_sample - self._timeline_at >= self._timeline_samples:
            self._save_timeline(writer)
        n_late = sum(end - start for start, end in late)
        n_deferred = n_new - sum(map(len, readable))
        return Taken(n_new, sum(map(len, blocks)) - n_new, n_late, n_deferred, late, self._detector_s)

    @property
    def is_waiting(self) -> bool:
        """Whether samples, or the end, wait for something that is missing."""
        return self._order.is_waiting or self.ends_at is not None

    def is_silent(self, heard_before_s: float) -> bool:
        """Whether it waits, and nothing of it was heard since then."""
        return self.is_waiting and not self.n_behind and self.heard_s <= heard_before_s

    @property
    def is_complete(self) -> bool:
        """Whether the end is known, and nothing before it is awaited or still to be read."""
        return self.ends_at == self.extent.next_sample and not self._order.is_waiting and not self.n_behind

    def give_up_waiting(self, writer: BatchWriter) -> None:
        """Read on behind what is missing: nothing came for long."""
        self._read(self._order.give_up(), writer)
        self._save(writer, interval_samples=1)

    def finish(self, writer: BatchWriter) -> None:
        """No more samples come: let the detectors say what remains."""
        for line in self.lines:
            line.collect(line.finish(), writer)
        self._save(writer, interval_samples=0)
        self._save_timeline(writer)

    def seal(self, conn: Conn) -> None:
        """Complete what is stored, after `finish` was written."""
        waveforms.seal(conn, self.group)
        self.extent = self.extent._replace(sealed=True)
        self.ends_at = None
        self.is_ended = True

    def save(self, writer: BatchWriter) -> None:
        """Have a checkpoint saved wherever the last one is not of this very sample."""
        self._save(writer, interval_samples=1)
        if self.extent.next_sample != self._timeline_at:
            self._save_timeline(writer)

    def _add(self, blocks: Sequence[Block], writer: BatchWriter) -> list[Block]:
        new = self._cell.new_parts(blocks)
        if new:
            before, self.extent = self.extent, self.extent.with_parts(new)
            writer.add_samples(self.group, before, self.extent, self._cell.take(new))
        return new

    def _add_before(self, conn: Conn, blocks: Sequence[Block]) -> list[Block]:
        """Some of it belongs to cells that are complete, or the group had ended: the database sorts it in."""
        found = waveforms.locked_extent(conn, self.group)
        if found != self.extent:
            msg = f"group {self.group.id} must be stored up to {self.extent}, but is up to {found}"
            raise StaleStateError(msg)
        new = waveforms.store_blocks(conn, self.group, blocks).new
        if new:
            self.extent = waveforms.locked_extent(conn, self.group)
            self._cell = waveforms.open_cell(conn, self.group, self.extent)
        return new

    def _offer(self, parts: Sequence[Block], writer: BatchWriter) -> tuple[tuple[int, int], ...]:
        """Give the detectors what is in order by now; returns what came too late for them."""
        ready: list[Block] = []
        late: list[tuple[int, int]] = []
        gave_up = False
        for part in parts:
            offered = self._order.offer(part)
            ready += offered.ready
            gave_up = gave_up or offered.gave_up
            if offered.late[1] > offered.late[0]:
                late.append(offered.late)
        self._read(ready, writer)
        # what was given up may come later: a checkpoint behind it, so that no restart reads it differently
        self._save(writer, interval_samples=1 if gave_up else self._checkpoint_samples)
        return tuple(late)

    def _read(self, blocks: Sequence[Block], writer: BatchWriter) -> None:
        began_s = self._stopwatch()
        physical = [self._to_physical(block) for block in joined(blocks)]
        for line in self.lines:
            line.collect(line.feed(physical), writer)
        self._detector_s += self._stopwatch() - began_s

    def _save(self, writer: BatchWriter, *, interval_samples: int) -> None:
        for line in self.lines:
            line.save(writer, interval_samples=interval_samples)

    def _save_timeline(self, writer: BatchWriter) -> None:
        known = self._timeline.estimate()
        n_restarts = max(len(self._timeline.epochs) - 1, 0)
        clocks = (known.offset_ms, known.clock_drift_ppm, known.sample_drift_ppm)
        saved = SavedTimeline(self._timeline.encode(), n_restarts, *clocks)
        writer.add_timeline(self.group, self.extent.next_sample, saved)
        self._timeline_at = self.extent.next_sample

    def _n_samples(self, duration_s: float) -> int:
        return self.group.signal.clock.n_samples(duration_s)


def blocks_of(messages: Sequence[WaveformMessage], starts: Sequence[int]) -> list[Block]:
    """The samples of messages in as few blocks as the gaps (and steps back) allow, each sample copied once.

    Parameters
    ----------
    messages : of one channel group.
    starts : sample of the group that each begins at.
    """
    blocks: list[Block] = []
    low, n = 0, len(messages)
    while low < n:
        high, end = low + 1, starts[low] + messages[low].n
        while high < n and starts[high] == end:
            end += messages[high].n
            high += 1
        samples = np.empty((end - starts[low], len(messages[low].channels)), messages[low].dtype)
        at = 0
        for message in messages[low:high]:
            message.write_to(samples[at : at + message.n])
            at += message.n
        blocks.append(Block(starts[low], samples))
        low = high
    return blocks


def joined(blocks: Iterable[Block]) -> list[Block]:
    """The same samples in as few blocks as the gaps (and steps back) allow: each call has its fixed cost."""
    ordered = list(blocks)
    if len(ordered) == 1:
        return ordered
    cuts = [0, *(i + 1 for i, (one, other) in enumerate(pairwise(ordered)) if one.end != other.start), len(ordered)]
    runs = [ordered[low:high] for low, high in pairwise(cuts) if high > low]
    return [run[0] if len(run) == 1 else Block(run[0].start, np.concatenate([b.samples for b in run])) for run in runs]
