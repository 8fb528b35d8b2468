"""Beats: the machine's in arrays, one row a run and cell; those that people touched or added are annotations."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from signal_processing import vocabulary
from signal_processing.values import Annotation, Annotator
from signal_processing.values import annotation_id as identity_of
from signal_processing.vocabulary import LabelKind
from storage import queries
from storage.annotations import get as get_annotation
from storage.errors import UnknownRowError
from storage.rows import fetch, fetch_one
from storage.runs import list_runs

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import AnnotationRow
    from storage.catalogue import GroupRow

_SQL = queries.load("beats")

MACHINE = 0
"""`Beats.origin` of what a machine said and nobody touched."""
HUMAN = 1
"""`Beats.origin` of what a person touched or added."""

SAME_BEAT_S = 0.15
"""EC57's window: what a later version finds within it of a beat that a person touched or added is that beat, s."""


class Beats(NamedTuple):
    """Beats in the order of samples, all arrays (n_beats,).

    Parameters
    ----------
    samples : int64 sample indices in the channel group.
    numbers : int16 label numbers of the vocabulary.
    confidences : float32, NaN where none was given.
    origin : int8, MACHINE or HUMAN.
    ids : object, uuid of the annotation row of those a person touched, None of the others.
    run_ids : int64 detector run, 0 for beats that a person added.
    """

    samples: NDArray[np.int64]
    numbers: NDArray[np.int16]
    confidences: NDArray[np.float32]
    origin: NDArray[np.int8]
    ids: NDArray[np.object_]
    run_ids: NDArray[np.int64]


def store_beats(conn: Connection[TupleRow], group: GroupRow, run_id: int, beats: Sequence[Annotation]) -> int:
    """Add a run's beats to those that are there: a set keyed by sample, so that a replay changes nothing.

    A beat said again at the same sample takes the newer label and confidence.

    Returns
    -------
    Number of beats that were not there.
    """
    cells: dict[int, dict[int, tuple[int, float]]] = {}
    for beat in beats:
        confidence = math.nan if beat.confidence is None else beat.confidence
        cell = cells.setdefault(beat.start // group.cell_samples, {})
        cell[beat.start] = (vocabulary.label(beat.label).number, confidence)
    if not cells:
        return 0
    n_new = sum(map(len, cells.values()))
    conn.execute(_SQL["lock_run"], {"run_id": run_id})
    for cell, *columns in fetch(conn, _SQL["cells"], {"run_id": run_id, "cells": sorted(cells)}):
        stored = {sample: (number, confidence) for sample, number, confidence in zip(*columns, strict=True)}
        n_new -= len(stored.keys() & cells[cell].keys())
        cells[cell] = stored | cells[cell]
    with conn.cursor() as cursor:
        cursor.executemany(_SQL["save_cell"], [_cell_row(run_id, cell, cells[cell]) for cell in sorted(cells)])
    return n_new


def read_beats(
    conn: Connection[TupleRow],
    group: GroupRow,
    start: int,
    end: int,
    *,
    run_id: int | None = None,
) -> Beats:
    """The beats within [start, end) as they stand: the machine's, less those a person touched, plus persons' beats.

    Rejected and deleted beats are left out.

    Parameters
    ----------
    run_id : take the machine's from this run; None means the newest of each detector.
    """
    window = group.signal.clock.n_samples(SAME_BEAT_S)
    machine = _machine_beats(conn, group, start - window, end + window, run_id)
    rows = _person_rows(conn, group, start - window, end + window)
    if rows and len(machine.samples):
        machine = _without(_without_found_again(conn, group, machine, rows, window), rows)
    return _sorted(machine, _beats_of_rows(group, rows), start, end)


def read_machine_beats(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> Beats:
    """What the newest run of each detector said within [start, end), whatever people did to it since."""
    return _sorted(_machine_beats(conn, group, start, end, None), _beats_of_rows(group, []), start, end)


def touch_beat(
    conn: Connection[TupleRow],
    group: GroupRow,
    beat_sample: int,
    number: int,
    run_id: int,
) -> AnnotationRow:
    """Make a machine beat a row (a proposal at revision 0), so that `annotations.revise` can be done to it.

    Touching a beat twice gives the same row.

    Parameters
    ----------
    beat_sample, number, run_id : as `read_beats` gave them.

    Raises
    ------
    UnknownRowError : if the run has no such beat.
    """
    cell = beat_sample // group.cell_samples
    found = fetch_one(conn, _SQL["find_beat"], {"run_id": run_id, "cell": cell, "sample": beat_sample})
    if found is None or found[0] != number:
        what = "none" if found is None else f"number {found[0]}"
        msg = f"run {run_id} must have a beat of number {number} at sample {beat_sample}, it has {what}"
        raise UnknownRowError(msg)
    label = vocabulary.label_of_number(number)
    identity = _identity(conn, group, beat_sample, label.code, run_id)
    row = {
        "id": identity,
        "stream_id": group.stream_id,
        "group_id": group.id,
        "kind": label.kind.value,
        "label": label.code,
        "start_us": group.signal.clock.us_at(beat_sample),
        "urgency": int(label.urgency),
        "confidence": None if math.isnan(found[1]) else found[1],
        "run_id": run_id,
        "sample": beat_sample,
    }
    conn.execute(_SQL["insert_touched_beat"], row)
    return get_annotation(conn, identity)


class _PersonRow(NamedTuple):
    id: uuid.UUID
    label: str
    start_us: int
    status: str
    deleted: bool
    confidence: float | None
    run_id: int | None
    origin_sample: int | None
    kind: str
    created_us: int


def _cell_row(run_id: int, cell: int, beats: Mapping[int, tuple[int, float]]) -> dict[str, Any]:
    samples = sorted(beats)
    return {
        "run_id": run_id,
        "cell": cell,
        "samples": samples,
        "numbers": [beats[sample][0] for sample in samples],
        "confidences": [beats[sample][1] for sample in samples],
    }


def _machine_beats(conn: Connection[TupleRow], group: GroupRow, start: int, end: int, run_id: int | None) -> Beats:
    parameters = {
        "group_id": group.id,
        "first_cell": start // group.cell_samples,
        "last_cell": (end - 1) // group.cell_samples,
        "run_id": run_id,
    }
    rows = fetch(conn, _SQL["read_machine"], parameters)
    runs, samples, numbers, confidences = zip(*rows, strict=True) if rows else ((), (), (), ())
    lengths = [len(cell) for cell in samples]
    n_beats = sum(lengths)
    return Beats(
        samples=np.fromiter(chain.from_iterable(samples), np.int64, n_beats),
        numbers=np.fromiter(chain.from_iterable(numbers), np.int16, n_beats),
        confidences=np.fromiter(chain.from_iterable(confidences), np.float32, n_beats),
        origin=np.full(n_beats, MACHINE, np.int8),
        ids=np.full(n_beats, None, np.object_),
        run_ids=np.repeat(np.array(runs, np.int64), lengths),
    )


def _person_rows(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> list[_PersonRow]:
    clock = group.signal.clock
    parameters = {
        "group_id": group.id,
        "start": start,
        "end": end,
        "start_us": clock.us_at(start),
        "end_us": clock.us_at(end),
    }
    return [_PersonRow(*row) for row in fetch(conn, _SQL["read_touched"], parameters)]


def _without(machine: Beats, rows: Sequence[_PersonRow]) -> Beats:
    """The machine's beats less those that a person touched; a pulse at the same sample is another one."""
    origins = [(row.origin_sample, row.kind == LabelKind.PULSE) for row in rows if row.origin_sample is not None]
    replaced = np.array([2 * sample + is_pulse for sample, is_pulse in origins], np.int64)
    keys = 2 * machine.samples + (machine.numbers == vocabulary.label("PULSE").number)
    keep = ~np.isin(keys, replaced)
    return Beats._make(column[keep] for column in machine)


def _without_found_again(
    conn: Connection[TupleRow], group: GroupRow, machine: Beats, rows: Sequence[_PersonRow], window: int
) -> Beats:
    """Less those of later versions that lie beside a beat that a person touched or added: of each place the nearest."""
    known = {run.id: run for run in list_runs(conn, group.id)}
    order = np.argsort(machine.samples, kind="stable")
    samples = machine.samples[order]
    is_pulse = (machine.numbers == vocabulary.label("PULSE").number)[order]
    keep = np.ones(len(order), bool)
    for row in rows:
        if row.run_id is None:  # the runs of that time had not found it, and what they had found was seen
            later = {run.id for run in known.values() if run.created_us > row.created_us}
        else:
            name = known[row.run_id].name
            later = {run.id for run in known.values() if run.name == name and run.id != row.run_id}
        if not later:
            continue
        stands = group.signal.clock.sample_at(row.start_us)
        was = stands if row.origin_sample is None else row.origin_sample
        # moved far, it may be found where it was and where it is
        for places in [(was, stands)] if abs(was - stands) <= window else [(was,), (stands,)]:
            low, high = np.searchsorted(samples, (min(places) - window, max(places) + window + 1))
            near = [
                (min(abs(int(samples[i]) - place) for place in places), i)
                for i in range(low, high)
                if keep[i] and is_pulse[i] == (row.kind == LabelKind.PULSE) and machine.run_ids[order[i]] in later
            ]
            if near:
                keep[min(near)[1]] = False
    return Beats._make(column[order[keep]] for column in machine)


def _beats_of_rows(group: GroupRow, rows: Sequence[_PersonRow]) -> Beats:
    standing = [row for row in rows if not row.deleted and row.status != "rejected"]
    ids = np.empty(len(standing), np.object_)
    ids[:] = [row.id for row in standing]
    return Beats(
        samples=group.signal.clock.sample_at(np.array([row.start_us for row in standing], np.int64)),
        numbers=np.array([vocabulary.label(row.label).number for row in standing], np.int16),
        confidences=np.array([math.nan if row.confidence is None else row.confidence for row in standing], np.float32),
        origin=np.full(len(standing), HUMAN, np.int8),
        ids=ids,
        run_ids=np.array([row.run_id or 0 for row in standing], np.int64),
    )


def _sorted(machine: Beats, persons: Beats, start: int, end: int) -> Beats:
    beats = Beats._make(np.concatenate([a, b]) for a, b in zip(machine, persons, strict=True))
    inside = np.flatnonzero((beats.samples >= start) & (beats.samples < end))
    order = inside[np.lexsort((beats.numbers[inside], beats.samples[inside]))]
    return Beats._make(column[order] for column in beats)


def _identity(conn: Connection[TupleRow], group: GroupRow, sample: int, label: str, run_id: int) -> uuid.UUID:
    found = fetch_one(conn, _SQL["run_annotator"], {"run_id": run_id, "group_id": group.id})
    if found is None:
        msg = f"run must be one of channel group {group.id}, got id {run_id}"
        raise UnknownRowError(msg)
    beat = Annotation(start=sample, end=sample, label=label, annotator=Annotator("machine", *found))
    return identity_of(group.signal.stream, group.signal.group, beat)
