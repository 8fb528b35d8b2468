"""Writes what a worker's batch came to, for many channel groups at once: the same few statements for one as for all.

Collect first, free of the database; then `write` sends it. Who uses it holds each group's state in memory, and learns
from `write` when that is not the database's any more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from signal_processing import vocabulary
from storage import annotations as proposals
from storage import beats as machine_beats
from storage import partitions, pyramids, queries, sample_runs
from storage.binary_arrays import ByteStrings
from storage.errors import StaleRowsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from signal_processing.values import Annotation, Block
    from storage.catalogue import GroupRow
    from storage.extent import Extent
    from storage.open_cell import RowChange

_SQL = queries.load("batch")


class SavedTimeline(NamedTuple):
    """Where the runs of a group's device lie, as bytes, and what is shown of its clocks; see `ingest.timeline`."""

    state: bytes
    n_restarts: int
    offset_ms: float | None
    drift_ppm: float | None
    sample_drift_ppm: float | None


class BatchWriter:
    """Collects rows of one transaction."""

    def __init__(self) -> None:
        self._advanced: list[tuple[int, int, int, int, int, int]] = []
        self._reopened: list[int] = []
        self._dropped: list[tuple[int, int, int]] = []
        self._completed: list[pyramids.CellChange] = []
        self._gone: list[tuple[int, int]] = []
        self._tail: list[tuple[int, int, bytes]] = []
        self._blocks: list[tuple[int, int, int, int, int, bytes, bytes]] = []
        self._beats: dict[int, tuple[GroupRow, dict[int, Annotation]]] = {}
        self._spans: list[proposals.Proposal] = []
        self._checkpoints: dict[tuple[int, str], tuple[int, str, str, int, bytes]] = {}
        self._timelines: dict[int, tuple[Any, ...]] = {}

    def add_samples(self, group: GroupRow, before: Extent, after: Extent, change: RowChange) -> None:
        """What new samples change in a group that is not sealed."""
        n_new = after.n_stored - before.n_stored
        known = (before.next_sample, before.n_stored)
        self._advanced.append((group.id, after.first_sample, after.next_sample, n_new, *known))
        if before.is_empty:
            self._reopened.append(group.stream_id)
        old_open, new_open = before.open_from(group.cell_samples), after.open_from(group.cell_samples)
        if new_open > old_open:
            self._dropped.append((group.id, old_open, new_open))
            changed = [(run.start, run.end) for run in change.complete]
            self._completed.append(pyramids.CellChange(group, old_open, new_open, changed))
        self._gone += [(group.id, start) for start in change.gone]
        self._tail += [(group.id, start, sample_runs.raw(samples)) for start, samples in change.tail]
        self._blocks += [_block_row(group, run) for run in change.complete]

    def add_beat(self, group: GroupRow, run_id: int, beat: Annotation) -> None:
        """A point that a detector run found; one said again at the same sample takes the newer label."""
        if run_id not in self._beats:
            self._beats[run_id] = group, {}
        self._beats[run_id][1][beat.start] = beat

    def add_span(self, group: GroupRow, run_id: int, span: Annotation) -> None:
        """A span that a detector run proposes or extends; of those with one identity the last stands."""
        self._spans.append(proposals.Proposal(group, run_id, span))

    def add_checkpoint(self, group: GroupRow, detector: str, version: str, next_sample: int, state: bytes) -> None:
        """A detector's state before sample `next_sample`; of several the last stands."""
        self._checkpoints[group.id, detector] = (group.id, detector, version, next_sample, state)

    def add_timeline(self, group: GroupRow, next_sample: int, saved: SavedTimeline) -> None:
        """A group's timeline when its samples reach to `next_sample`; of several the last stands."""
        self._timelines[group.id] = (group.id, next_sample, *saved)

    @property
    def n_spans(self) -> int:
        """Proposals collected."""
        return len(self._spans)

    @property
    def n_beats(self) -> int:
        """Points collected."""
        return sum(len(beats) for _, beats in self._beats.values())

    @property
    def n_blocks(self) -> int:
        """Rows of complete cells collected."""
        return len(self._blocks)

    @property
    def n_checkpoint_bytes(self) -> int:
        """Size of the states collected."""
        return sum(len(row[4]) for row in self._checkpoints.values())

    def write(self, conn: Connection[TupleRow]) -> None:
        """Send everything; call it once.

        Raises
        ------
        StaleRowsError : if somebody else stored samples of one of the groups; the transaction must not be committed.
        """
        # by itself and first: on rows that somebody else changed, the statements below would fail for other reasons
        advanced = self._send(conn, "advance", _ADVANCE, sorted(self._advanced))
        if advanced is not None and advanced.rowcount != len(self._advanced):
            n_stale = len(self._advanced) - advanced.rowcount
            msg = f"all {len(self._advanced)} channel groups must stand as this worker left them, {n_stale} do not"
            raise StaleRowsError(msg)
        if self._blocks:
            partitions.ensure(conn, (start_us for _, _, start_us, *_ in self._blocks))
        beat_rows = self._beat_rows()
        with conn.pipeline():
            self._send(conn, "drop_tails", _RANGES, self._dropped)
            self._send(conn, "drop_tail_rows", _ROWS, self._gone)
            self._send(conn, "save_tail", _TAIL, self._tail)
            self._send(conn, "insert_blocks", _BLOCKS, self._blocks)
            if self._reopened:
                conn.execute(_SQL["reopen_streams"], {"stream_ids": sorted(self._reopened)})
            appended = self._send(conn, "append_beats", _BEATS, beat_rows)
            proposals.propose_many(conn, self._spans)
            self._send(conn, "save_timelines", _TIMELINES, list(self._timelines.values()))
            self._send(conn, "save_checkpoints", _CHECKPOINTS, list(self._checkpoints.values()))
        pyramids.refresh(conn, self._completed)
        if appended is not None and appended.rowcount != len({row[:2] for row in beat_rows}):
            for run_id, (group, beats) in sorted(self._beats.items()):  # said again, or out of order: a union of sets
                machine_beats.store_beats(conn, group, run_id, list(beats.values()))

    def _send(self, conn: Connection[TupleRow], statement: str, types: Mapping[str, Any], rows: Sequence[Any]) -> Any:
        if not rows:
            return None
        columns = zip(types.items(), zip(*rows, strict=True), strict=True)
        return conn.execute(_SQL[statement], {name: _column(values, kind) for (name, kind), values in columns})

    def _beat_rows(self) -> list[tuple[int, int, int, int, float]]:
        return [
            (
                run_id,
                sample // group.cell_samples,
                sample,
                vocabulary.label(beat.label).number,
                math.nan if beat.confidence is None else beat.confidence,
            )
            for run_id, (group, beats) in sorted(self._beats.items())
            for sample, beat in sorted(beats.items())
        ]


# Of each statement the columns, in the order of the rows: a number's type, bytes, or object where there may be nulls.
_ADVANCE = {
    "ids": np.int32,
    "firsts": np.int64,
    "nexts": np.int64,
    "n_new": np.int64,
    "known_nexts": np.int64,
    "known_stored": np.int64,
}
_ROWS = {"ids": np.int32, "starts": np.int64}
_RANGES = _ROWS | {"ends": np.int64}
_TAIL = {"ids": np.int32, "starts": np.int64, "payloads": bytes}
_BLOCKS = {
    "ids": np.int32,
    "n_samples": np.int32,
    "starts_us": np.int64,
    "starts": np.int64,
    "codecs": np.int16,
    "envelopes": bytes,
    "payloads": bytes,
}
_BEATS = {
    "run_ids": np.int32,
    "cells": np.int64,
    "samples": np.int64,
    "numbers": np.int16,
    "confidences": np.float32,
}
_TIMELINES = {
    "ids": np.int32,
    "nexts": np.int64,
    "states": bytes,
    "n_restarts": np.int32,
    "offsets_ms": object,
    "drifts_ppm": object,
    "sample_drifts_ppm": object,
}
_CHECKPOINTS = {"ids": np.int32, "detectors": object, "versions": object, "nexts": np.int64, "states": bytes}


def _column(values: Sequence[Any], kind: Any) -> Any:
    if kind is object:
        return list(values)
    return ByteStrings(values) if kind is bytes else np.array(values, kind)


def _block_row(group: GroupRow, run: Block) -> tuple[int, int, int, int, int, bytes, bytes]:
    codec, payload = sample_runs.packed(run.samples)
    envelope = sample_runs.raw(sample_runs.envelope(run))
    return group.id, len(run), group.signal.clock.us_at(run.start), run.start, codec, envelope, payload
