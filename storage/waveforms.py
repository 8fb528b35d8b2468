"""Samples in and out.

Time is cut into cells of about 30 s. The runs of complete cells stand compressed in `waveform_blocks`, those of the one
incomplete cell raw in `waveform_tail`, cut at multiples of 256 samples. Both tables follow from the set of stored
samples alone: how messages and polls were cut, repeated or swapped leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from signal_processing.values import Block
from signal_processing.waveform_codec import ENVELOPE_BIN
from storage import envelopes, partitions, pyramids, queries, sample_runs
from storage.envelopes import StoredBins
from storage.errors import ConstraintError, StaleRowsError, UnknownRowError
from storage.extent import Extent
from storage.open_cell import OpenCell
from storage.pyramids import COARSE_BIN
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.catalogue import GroupRow
    from storage.envelopes import Envelope

_SQL = queries.load("waveforms")


class StoredBlocks(NamedTuple):
    """What of the given blocks was new.

    Parameters
    ----------
    new : the parts that were not stored before, in the order of the blocks given.
    n_duplicate : samples that were.
    first_sample, next_sample : extent of the group now.
    """

    new: list[Block]
    n_duplicate: int
    first_sample: int
    next_sample: int


def store_blocks(conn: Connection[TupleRow], group: GroupRow, blocks: Sequence[Block]) -> StoredBlocks:
    """Store digital blocks in any order; samples that are there already are kept as they are.

    Holds the lock on the group's row until the transaction ends, so that two workers on one group take turns.

    Parameters
    ----------
    blocks : (n_samples, n_channels) each, in the sample type of the group, from index 0 upwards.

    Raises
    ------
    ConstraintError : if a block has another shape, dtype or a negative start.
    UnknownRowError : if the group is not registered.
    """
    for block in blocks:
        _check_block(group, block)
    before = locked_extent(conn, group)
    new = _new_parts(conn, group, before, blocks)
    n_new = sum(map(len, new))
    n_duplicate = sum(map(len, blocks)) - n_new
    if not new:
        return StoredBlocks([], n_duplicate, before.first_sample, before.next_sample)
    after = before.with_parts(new)
    _write(conn, group, sorted(new, key=lambda part: part.start), before, after)
    if before.is_empty or (before.sealed and not after.sealed):
        conn.execute(_SQL["reopen_stream"], {"stream_id": group.stream_id})
    return StoredBlocks(new, n_duplicate, after.first_sample, after.next_sample)


def open_cells(conn: Connection[TupleRow], groups: Sequence[GroupRow]) -> dict[int, OpenCell]:
    """The incomplete cell of each group, by the group's id; `groups` carry their extents of now.

    Raises
    ------
    StaleRowsError : if somebody else completed a cell since the extents were read.
    """
    starts = {group.id: group.extent.open_from(group.cell_samples) for group in groups}
    rows = fetch(conn, _SQL["open_tails"], {"ids": list(starts), "starts": list(starts.values())})
    runs: dict[int, list[TupleRow]] = {}
    for group_id, *row in rows:
        runs.setdefault(group_id, []).append(tuple(row))
    return {
        group.id: _open_cell(group, starts[group.id], _tail_runs(group, runs.get(group.id, ()))) for group in groups
    }


def _open_cell(group: GroupRow, start: int, runs: Sequence[Block]) -> OpenCell:
    end = max((run.end for run in runs), default=start)
    if end > start + group.cell_samples:
        limit = f"end by {start + group.cell_samples}, as when its extent was read"
        msg = f"the open cell of channel group {group.id} must {limit}, but samples reach {end}"
        raise StaleRowsError(msg)
    return OpenCell(group.cell_samples, start, runs)


def open_cell(conn: Connection[TupleRow], group: GroupRow, extent: Extent) -> OpenCell:
    """The incomplete cell of one group whose extent is known to be that."""
    start = extent.open_from(group.cell_samples)
    return OpenCell(group.cell_samples, start, _tail(conn, group, start, extent.next_sample))


def seal(conn: Connection[TupleRow], group: GroupRow) -> None:
    """Write the incomplete cell as a block, because the stream ended. Samples that come all the same open it again."""
    extent = locked_extent(conn, group)
    if extent.is_empty or extent.sealed:
        return
    open_from = extent.open_from(group.cell_samples)
    tail = _tail(conn, group, open_from, extent.next_sample)
    if tail:
        runs = sample_runs.merged(tail)
        _ensure_partitions(conn, group, runs)
        _delete_tail(conn, group, tail)
        _insert_blocks(conn, group, runs)
        changed = [(run.start, run.end) for run in tail]
        pyramids.refresh(conn, [pyramids.CellChange(group, open_from, extent.next_sample, changed)])
    conn.execute(_SQL["set_sealed"], {"group_id": group.id})


def read_window(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> list[Block]:
    """The stored samples within [start, end), digital; runs are merged, gaps are jumps of `start`."""
    rows = fetch(conn, _SQL["read_blocks"], _bounds(group, start, end))
    parts = (_unpacked(group, row).between(start, end) for row in rows)
    return sample_runs.merged(part for part in parts if len(part))


def stored_ranges(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> NDArray[np.int64]:
    """Where samples are stored within [start, end), without reading them: (n_ranges, 2), disjoint and in order."""
    rows = fetch(conn, _SQL["coverage"], _bounds(group, start, end))
    ranges = np.array(rows, np.int64).reshape(-1, 2)
    ranges[:, 1] += ranges[:, 0]
    ranges = np.clip(ranges, start, end)
    ranges = ranges[ranges[:, 1] > ranges[:, 0]]
    # runs are stored cell by cell; those that touch are one
    is_first = np.r_[True, ranges[1:, 0] > ranges[:-1, 1]][: len(ranges)]
    is_last = np.r_[is_first[1:], True][: len(ranges)]
    return np.stack([ranges[is_first, 0], ranges[is_last, 1]], axis=1)


def read_envelope(conn: Connection[TupleRow], group: GroupRow, start: int, end: int, *, n_bins: int) -> Envelope:
    """Minimum and maximum per bin over about [start, end).

    Bins of 256 samples and more come from the stored envelopes: their edges are moved to multiples of 256 (outwards at
    the two ends), so that what is said of [edge, next edge) is exact; those of 4096 and more from the pyramid, with
    edges at multiples of 4096. Finer bins come from the samples.

    Parameters
    ----------
    n_bins : wanted; fewer come back when there are fewer samples than bins.

    Raises
    ------
    ConstraintError : if the range or the number of bins is empty.
    """
    if end <= start or n_bins < 1:
        msg = f"an envelope needs a range and at least 1 bin, got [{start}, {end}) in {n_bins} bins"
        raise ConstraintError(msg)
    signal = group.signal
    per_bin = (end - start) // n_bins
    if per_bin < ENVELOPE_BIN:
        runs = read_window(conn, group, start, end)
        return envelopes.of_samples(runs, start, end, n_bins, signal.n_channels, signal.sample_type)
    size = COARSE_BIN if per_bin >= COARSE_BIN else ENVELOPE_BIN
    first, last = start // size, -(-end // size)
    level = _coarse_level if size == COARSE_BIN else _fine_level
    return envelopes.of_bins(*level(conn, group, first, last), first, size, n_bins)


def _fine_level(
    conn: Connection[TupleRow], group: GroupRow, first: int, last: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Minimum and maximum in the bins [first, last) of 256 samples, (last - first, n_channels) each."""
    bounds = _bounds(group, first * ENVELOPE_BIN, last * ENVELOPE_BIN)
    rows = [StoredBins(*row) for row in fetch(conn, _SQL["read_envelopes"], bounds)]
    tail = sample_runs.merged(_tail(conn, group, bounds["start"], bounds["end"]))
    rows += [StoredBins(run.start, len(run), sample_runs.raw(sample_runs.envelope(run))) for run in tail]
    return envelopes.laid(rows, first, last, ENVELOPE_BIN, group.signal.n_channels, group.signal.sample_type)


def _coarse_level(
    conn: Connection[TupleRow], group: GroupRow, first: int, last: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The same in bins of 4096: from the pyramid as far as it goes, the newest part from the level below."""
    n_channels = group.signal.n_channels
    rows = pyramids.read(conn, group, first * COARSE_BIN, last * COARSE_BIN)
    low, high = envelopes.laid(rows, first, last, COARSE_BIN, n_channels, group.signal.sample_type)
    at = max((rows[-1].start + rows[-1].n_samples) // COARSE_BIN if rows else first, first)
    if at < last:
        per_bin = COARSE_BIN // ENVELOPE_BIN
        newest = _fine_level(conn, group, at * per_bin, last * per_bin)
        low[at - first :] = newest[0].reshape(last - at, per_bin, n_channels).min(axis=1)
        high[at - first :] = newest[1].reshape(last - at, per_bin, n_channels).max(axis=1)
    return low, high


def _check_block(group: GroupRow, block: Block) -> None:
    signal = group.signal
    if block.samples.dtype != signal.sample_format.dtype or block.samples.shape[1] != signal.n_channels:
        msg = (
            f"blocks of {signal.stream!r}/{signal.group!r} must be {signal.sample_type} with {signal.n_channels}"
            f" channels, got {block.samples.dtype} with {block.samples.shape[1]}"
        )
        raise ConstraintError(msg)
    if block.start < 0:
        msg = f"sample index must be at least 0, got a block from {block.start}"
        raise ConstraintError(msg)


def locked_extent(conn: Connection[TupleRow], group: GroupRow) -> Extent:
    """What is stored of a group now; nobody else adds to it until the transaction ends.

    Raises
    ------
    UnknownRowError : if the group is not registered.
    """
    row = fetch_one(conn, _SQL["lock_group"], {"group_id": group.id})
    if row is None:
        msg = f"channel group must be a registered one, got id {group.id}"
        raise UnknownRowError(msg)
    return Extent(*row)


def _bounds(group: GroupRow, start: int, end: int) -> dict[str, int]:
    """Parameters that bound a range of samples in both tables: a run may begin up to a cell before its last sample."""
    start = max(start, 0)
    clock = group.signal.clock
    cell_start = start - start % group.cell_samples
    return {
        "group_id": group.id,
        "start": cell_start,
        "end": end,
        "start_us": clock.us_at(cell_start),
        "end_us": clock.us_at(max(end, 0)),
        "sample_bytes": group.signal.sample_format.dtype.itemsize * group.signal.n_channels,
        "raw_codec": sample_runs.raw_codec(group.signal.sample_type),
    }


def _unpacked(group: GroupRow, row: TupleRow) -> Block:
    start, n_samples, codec, payload = row
    n_channels = group.signal.n_channels
    return Block(start, sample_runs.unpacked(payload, codec=codec, n_samples=n_samples, n_channels=n_channels))


def _new_parts(
    conn: Connection[TupleRow],
    group: GroupRow,
    extent: Extent,
    blocks: Sequence[Block],
) -> list[Block]:
    """The parts of the blocks that are not stored, each once; of two blocks of one call the earlier wins."""
    first = min((block.start for block in blocks), default=0)
    coverage = sample_runs.Coverage()
    if first < extent.next_sample:
        end = min(max(block.end for block in blocks), extent.next_sample)
        rows = fetch(conn, _SQL["coverage"], _bounds(group, first, end))
        coverage = sample_runs.Coverage((start, start + n_samples) for start, n_samples in rows)
    parts: list[Block] = []
    for block in blocks:
        for low, high in coverage.missing(block.start, block.end):
            parts.append(block.between(low, high))
            coverage.add(low, high)
    return parts


def _write(
    conn: Connection[TupleRow],
    group: GroupRow,
    new: list[Block],
    before: Extent,
    after: Extent,
) -> None:
    """Bring both tables to the form that the samples stored by now determine."""
    old_open = before.open_from(group.cell_samples)
    new_open = after.open_from(group.cell_samples)
    old_blocks = _blocks_of_touched_cells(conn, group, new, old_open)
    if new_open > old_open:
        old_tail = _tail(conn, group, old_open, before.next_sample)
    else:
        old_tail = _tail(conn, group, new[0].start - new[0].start % ENVELOPE_BIN, before.next_sample)
    runs = sample_runs.merged([*old_blocks, *old_tail, *new])
    complete = [run.between(run.start, new_open) for run in runs if run.start < new_open]
    incomplete = [run.between(new_open, run.end) for run in runs if run.end > new_open]
    _ensure_partitions(conn, group, complete)
    with conn.pipeline():
        _delete_blocks(conn, group, old_blocks)
        _delete_tail(conn, group, old_tail)
        _insert_blocks(conn, group, complete)
        _insert_tail(conn, group, incomplete)
        conn.execute(_SQL["advance"], {**after._asdict(), "group_id": group.id})
    changed = [(run.start, run.end) for run in [*old_blocks, *complete]]
    pyramids.refresh(conn, [pyramids.CellChange(group, old_open, new_open, changed)])


def _blocks_of_touched_cells(
    conn: Connection[TupleRow],
    group: GroupRow,
    new: list[Block],
    old_open: int,
) -> list[Block]:
    """The stored runs of the cells that late samples fall into (and of a sealed cell that goes on)."""
    length = group.cell_samples
    parts = sample_runs.cut(new, length)
    cells = sorted({part.start // length for part in parts if part.start - part.start % length < old_open})
    if not cells:
        return []
    bounds = _bounds(group, cells[0] * length, (cells[-1] + 1) * length)
    rows = fetch(conn, _SQL["read_cells"], {**bounds, "cells": cells, "cell_samples": length})
    return [_unpacked(group, row) for row in rows]


def _tail(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> list[Block]:
    if start >= end:
        return []
    return _tail_runs(group, fetch(conn, _SQL["read_tail"], {"group_id": group.id, "start": start, "end": end}))


def _tail_runs(group: GroupRow, rows: Sequence[TupleRow]) -> list[Block]:
    shape = (-1, group.signal.n_channels)
    return [Block(at, np.frombuffer(payload, group.signal.sample_format.dtype).reshape(shape)) for at, payload in rows]


def _ensure_partitions(conn: Connection[TupleRow], group: GroupRow, runs: list[Block]) -> None:
    if runs:
        rows = sample_runs.cut(runs, group.cell_samples)
        partitions.ensure(conn, (group.signal.clock.us_at(row.start) for row in rows))


def _delete_blocks(conn: Connection[TupleRow], group: GroupRow, runs: list[Block]) -> None:
    if runs:
        starts_us = [group.signal.clock.us_at(run.start) for run in runs]
        conn.execute(_SQL["delete_blocks"], {"group_id": group.id, "starts_us": starts_us})


def _delete_tail(conn: Connection[TupleRow], group: GroupRow, runs: list[Block]) -> None:
    if runs:
        conn.execute(_SQL["delete_tail"], {"group_id": group.id, "starts": [run.start for run in runs]})


def _insert_blocks(conn: Connection[TupleRow], group: GroupRow, runs: Iterable[Block]) -> None:
    rows = list(sample_runs.cut(runs, group.cell_samples))
    if not rows:
        return
    clock = group.signal.clock
    codecs, payloads = zip(*(sample_runs.packed(row.samples) for row in rows), strict=True)
    columns = {
        "group_id": group.id,
        "n_samples": [len(row) for row in rows],
        "starts_us": [clock.us_at(row.start) for row in rows],
        "starts": [row.start for row in rows],
        "codecs": list(codecs),
        "envelopes": [sample_runs.raw(sample_runs.envelope(row)) for row in rows],
        "payloads": list(payloads),
    }
    conn.execute(_SQL["insert_blocks"], columns)


def _insert_tail(conn: Connection[TupleRow], group: GroupRow, runs: Iterable[Block]) -> None:
    rows = list(sample_runs.cut(runs, ENVELOPE_BIN))
    if rows:
        columns = {
            "group_id": group.id,
            "starts": [row.start for row in rows],
            "payloads": [sample_runs.raw(row.samples) for row in rows],
        }
        conn.execute(_SQL["insert_tail"], columns)
