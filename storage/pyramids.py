"""The coarse level of the envelopes: minimum and maximum of every 4096 samples, 16 bins a row, for overviews of days.

A row covers a span of 65,536 samples and is there as soon as the tail begins at or after the span's end and something
is stored in it. It is made of the envelopes of 256 samples that stand in the blocks, so it follows from the set of
stored samples like these; late samples make it anew. Before the newest row every span that has samples has its row.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from signal_processing.values import Channel, Signal
from signal_processing.waveform_codec import ENVELOPE_BIN
from storage import envelopes, queries, sample_runs
from storage.catalogue import GroupRow
from storage.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("pyramids")

COARSE_BIN = 4096
"""Samples per bin."""
BINS_PER_ROW = 16
SPAN = COARSE_BIN * BINS_PER_ROW
"""Samples that a row covers."""
_N_FILLED_AT_ONCE = 512


class CellChange(NamedTuple):
    """What changed in the blocks of a group.

    Parameters
    ----------
    old_open, new_open : first sample of the tail, before and after.
    changed : ranges [start, end) of samples in which blocks were written or removed.
    """

    group: GroupRow
    old_open: int
    new_open: int
    changed: Sequence[tuple[int, int]]


def refresh(conn: Connection[TupleRow], changes: Iterable[CellChange]) -> None:
    """Bring the coarse level of many groups to what their blocks say by now; call it after these are written.

    Costs nothing but arithmetic while no change touches or completes a span; otherwise three statements for all groups.
    """
    complete: dict[tuple[int, int], GroupRow] = {}
    reopened: list[tuple[int, int]] = []
    for change in changes:
        n_complete = change.new_open // SPAN
        for span in _touched(change):
            if span < n_complete:
                complete[change.group.id, span] = change.group
        reopened += [(change.group.id, span) for span in range(n_complete, change.old_open // SPAN)]
    if not complete and not reopened:
        return
    rows = _made(conn, complete)
    there = {row[:2] for row in rows}
    _send(conn, "delete", sorted({*reopened, *(key for key in complete if key not in there)}), ("group_ids", "spans"))
    _send(conn, "save", rows, ("group_ids", "spans", "envelopes"))


def read(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> list[envelopes.StoredBins]:
    """The rows that cover samples of [start, end), in order.

    After the end of the last one, and only there, the blocks and the tail hold samples that no row covers.
    """
    bounds = {"group_id": group.id, "first": start // SPAN, "last": -(-end // SPAN)}
    return [envelopes.StoredBins(span * SPAN, SPAN, envelope) for span, envelope in fetch(conn, _SQL["read"], bounds)]


def fill(conn: Connection[TupleRow]) -> None:
    """Make the rows of a database that was written before there were any; part of the migration that adds the table."""
    for identity, fs_hz, t0_us, sample_type, n_channels, cell_samples, open_from in fetch(conn, _SQL["groups"]):
        channels = tuple(Channel(str(i), "1") for i in range(n_channels))
        signal = Signal("", "", fs_hz, t0_us, channels, sample_type)
        group = GroupRow(identity, 0, signal, 0, 0, cell_samples)
        spans = [span for (span,) in fetch(conn, _SQL["stored_spans"], {"group_id": identity, "span": SPAN})]
        for i in range(0, len(spans), _N_FILLED_AT_ONCE):
            ranges = [(span * SPAN, (span + 1) * SPAN) for span in spans[i : i + _N_FILLED_AT_ONCE]]
            refresh(conn, [CellChange(group, 0, open_from, ranges)])


def _touched(change: CellChange) -> set[int]:
    spans = {span for start, end in change.changed for span in range(start // SPAN, -(-end // SPAN))}
    if change.new_open > change.old_open:  # the span that was open may have become complete by a jump alone
        spans.add(change.old_open // SPAN)
    return spans


def _made(conn: Connection[TupleRow], spans: dict[tuple[int, int], GroupRow]) -> list[tuple[int, int, bytes]]:
    """Rows of (group, span, envelope) of those spans in which there are blocks."""
    if not spans:
        return []
    wanted = []
    for (_, span), group in sorted(spans.items(), key=lambda item: item[0]):
        start, end = span * SPAN, (span + 1) * SPAN
        clock = group.signal.clock
        wanted.append((group.id, span, clock.us_at(start - start % group.cell_samples), clock.us_at(end)))
    group_ids, numbers, starts_us, ends_us = map(list, zip(*wanted, strict=True))
    parameters = {
        "group_ids": group_ids,
        "spans": numbers,
        "starts_us": starts_us,
        "ends_us": ends_us,
        # the same again as plain numbers: partitions are left out by these, before the plan is made
        "first_us": min(starts_us),
        "end_us": max(ends_us),
    }
    made = []
    for key, rows in groupby(fetch(conn, _SQL["fine"], parameters), key=lambda row: (row[0], row[1])):
        bins = [envelopes.StoredBins(*row[2:]) for row in rows]
        bins = [row for row in bins if row.start + row.n_samples > key[1] * SPAN]
        if bins:
            made.append((*key, _coarse(spans[key].signal, key[1], bins)))
    return made


def _coarse(signal: Signal, span: int, fine: Sequence[envelopes.StoredBins]) -> bytes:
    first = span * SPAN // ENVELOPE_BIN
    n_bins = SPAN // ENVELOPE_BIN
    low, high = envelopes.laid(fine, first, first + n_bins, ENVELOPE_BIN, signal.n_channels, signal.sample_type)
    low = low.reshape(BINS_PER_ROW, -1, signal.n_channels).min(axis=1)
    high = high.reshape(BINS_PER_ROW, -1, signal.n_channels).max(axis=1)
    return sample_runs.raw(np.stack([low, high], axis=-1))


def _send(conn: Connection[TupleRow], statement: str, rows: Sequence[tuple[object, ...]], names: Sequence[str]) -> None:
    if rows:
        conn.execute(_SQL[statement], dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
