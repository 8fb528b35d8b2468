"""What the worker holds of one channel group between two batches; all of it can be had from the database again."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ingest.detector_line import DetectorLine
from ingest.errors import MessageError, StaleStateError
from signal_processing.values import Block
from storage import catalogue, waveforms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from detectors.protocol import AnyDetector
    from ingest.conn import Conn
    from ingest.source import Partition
    from ingest.wire import WaveformMessage
    from signal_processing.values import Signal
    from storage.catalogue import GroupRow
    from storage.waveforms import StoredBlocks

CATCH_UP_S = 600.0
"""Signal that one transaction of catching up covers: some seconds of work, s."""


class GroupState:
    """One channel group: what is registered, how far it is stored, and its detectors.

    Parameters
    ----------
    group : as registered.
    lines : its detectors.
    partition : where its messages come from; with that the state goes when another worker takes over.
    """

    def __init__(self, group: GroupRow, lines: list[DetectorLine], partition: Partition) -> None:
        self.group = group
        self.lines = lines
        self.partition = partition
        self.stored_until = group.next_sample
        self.is_ended = False
        channels = group.signal.channels
        self._columns = (
            [channel.name for channel in channels],
            [channel.unit for channel in channels],
            [channel.gain for channel in channels],
            [channel.offset for channel in channels],
        )

    @classmethod
    def load(
        cls,
        conn: Conn,
        message: WaveformMessage,
        detectors_for: Callable[[Signal], Sequence[AnyDetector]],
        partition: Partition,
    ) -> GroupState:
        """The group of a message as the database knows it; a new one is what its first message says."""
        signal = message.signal()
        stream = catalogue.ensure_stream(conn, name=message.stream_id, device=message.device_id, t0_us=signal.t0_us)
        known = (group for group in catalogue.groups_of(conn, stream.id) if group.signal.group == message.group)
        group = next(known, None) or catalogue.ensure_group(conn, stream.id, signal)
        lines = [DetectorLine.load(conn, group, detector) for detector in detectors_for(group.signal)]
        return cls(group, lines, partition)

    def check(self, message: WaveformMessage, *, t0_tolerance_us: int) -> None:
        """Refuse a message that contradicts what the group is.

        Raises
        ------
        MessageError : if rate, sample type, channels or origin differ.
        """
        known = self.group.signal
        where = f"{known.stream!r}/{known.group!r}"
        if message.fs != known.fs_hz:
            msg = f"fs of {where} must stay {known.fs_hz:g} Hz, got {message.fs:g} Hz"
            raise MessageError(msg)
        if message.dtype != known.sample_format.code:
            msg = f"samples of {where} must stay {known.sample_type}, got {message.sample_type}"
            raise MessageError(msg)
        if (message.channels, message.units, message.gain, message.offset) != self._columns:
            names = self._columns[0]
            detail = f"got {message.channels}" if names != message.channels else "got another unit, gain or offset"
            msg = f"channels of {where} must stay {names}, {detail}"
            raise MessageError(msg)
        origin_us = message.origin_us()
        if abs(origin_us - known.t0_us) > t0_tolerance_us:
            limit = f"within {t0_tolerance_us} us of {known.t0_us} us"
            msg = f"t0 less seq / fs of {where} must stay {limit}, got {origin_us} us"
            raise MessageError(msg)

    def is_behind(self) -> bool:
        """Whether a detector has not seen all that is stored."""
        return any(line.position < self.stored_until for line in self.lines)

    def catch_up(self, conn: Conn) -> None:
        """Let the detectors read on in what is stored, up to ten minutes of signal."""
        start = min(line.position for line in self.lines)
        end = min(start + max(self._n_samples(CATCH_UP_S), 1), self.stored_until)
        blocks = waveforms.read_window(conn, self.group, start, end)
        self._detect(conn, blocks)
        for line in self.lines:
            line.position = max(line.position, end)  # nothing is stored in the rest of the window
            line.save(conn, interval_samples=1)

    def store(self, conn: Conn, blocks: Sequence[Block], *, checkpoint_s: float) -> StoredBlocks:
        """Store digital blocks and what the detectors say of those that are new.

        Raises
        ------
        StaleStateError : if somebody else stored samples of this group since the state was loaded.
        """
        stored = waveforms.store_blocks(conn, self.group, joined(blocks))
        self._check_not_stale(conn, blocks, stored)
        self._detect(conn, [block for block in stored.new if block.end > self.stored_until])
        self.stored_until = stored.next_sample
        for line in self.lines:
            line.save(conn, interval_samples=self._n_samples(checkpoint_s))
        return stored

    def end(self, conn: Conn) -> None:
        """No more samples come: complete what is stored, and let the detectors say what remains."""
        waveforms.seal(conn, self.group)
        for line in self.lines:
            line.store(conn, line.finish())
            line.save(conn, interval_samples=0)
        self.is_ended = True

    def _detect(self, conn: Conn, blocks: Iterable[Block]) -> None:
        if not self.lines:
            return
        physical = [self.group.signal.physical(block) for block in joined(blocks)]
        for line in self.lines:
            line.store(conn, line.feed(physical))

    def _check_not_stale(self, conn: Conn, blocks: Sequence[Block], stored: StoredBlocks) -> None:
        end = max([self.stored_until, *(block.end for block in blocks)])
        ahead = [(max(block.start, self.stored_until), block.end) for block in blocks if block.end > self.stored_until]
        n_new = sum(max(block.end - max(block.start, self.stored_until), 0) for block in stored.new)
        is_stale = stored.next_sample != end or n_new != _covered(ahead)
        if ahead and not is_stale:
            first = min(start for start, _ in ahead)
            is_stale = first > self.stored_until and bool(
                waveforms.read_window(conn, self.group, self.stored_until, first)
            )
        if is_stale:
            msg = f"group {self.group.id} must be stored up to sample {end}, but is up to {stored.next_sample}"
            raise StaleStateError(msg)

    def _n_samples(self, duration_s: float) -> int:
        return self.group.signal.clock.n_samples(duration_s)


def joined(blocks: Iterable[Block]) -> list[Block]:
    """The same samples in as few blocks as the gaps (and steps back) allow: each call has its fixed cost."""
    ordered = list(blocks)
    cuts = [0, *(i + 1 for i, (one, other) in enumerate(pairwise(ordered)) if one.end != other.start), len(ordered)]
    runs = [ordered[low:high] for low, high in pairwise(cuts) if high > low]
    return [run[0] if len(run) == 1 else Block(run[0].start, np.concatenate([b.samples for b in run])) for run in runs]


def _covered(ranges: Iterable[tuple[int, int]]) -> int:
    """How many integers the half-open ranges hold together."""
    total, reached = 0, None
    for start, end in sorted(ranges):
        low = start if reached is None else max(start, reached)
        total += max(end - low, 0)
        reached = end if reached is None else max(reached, end)
    return total
