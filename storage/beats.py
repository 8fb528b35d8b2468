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
from storage.found_again import Claims, Found, claimed
from storage.rows import fetch, fetch_one, fetch_value
from storage.runs import list_runs

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import AnnotationRow
    from storage.catalogue import GroupRow
    from storage.runs import RunRow

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
    persons = _person_beats(conn, group, start - window, end + window)
    if persons.ids and len(machine.samples):
        machine = _without(_without_found_again(conn, group, machine, persons, window), persons)
    return _sorted(machine, _beats_of_persons(group, persons), start, end)


def read_machine_beats(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> Beats:
    """What the newest run of each detector said within [start, end), whatever people did to it since."""
    return _sorted(_machine_beats(conn, group, start, end, None), _beats_of_persons(group, _NOBODYS), start, end)


def n_decided(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> int:
    """How many beats of [start, end) people added, changed, confirmed or took away; undone edits do not count."""
    clock = group.signal.clock
    within = {"start": start, "end": end, "start_us": clock.us_at(start), "end_us": clock.us_at(end)}
    return int(fetch_value(conn, _SQL["n_decided"], {"group_id": group.id, **within}))


def touch_beat(
    conn: Connection[TupleRow],
    group: GroupRow,
    beat_sample: int,
    number: int,
    run_id: int,
) -> AnnotationRow:
    """Make a machine beat a row (a proposal at revision 0), so that `revisions.revise` can be done to it.

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


class _PersonBeats(NamedTuple):
    """Rows of beats that people touched or added, columns of one length in the order of `start_us` and `id`."""

    ids: Sequence[uuid.UUID]
    labels: Sequence[str]
    starts_us: Sequence[int]
    statuses: Sequence[str]
    deleted: Sequence[bool]
    confidences: Sequence[float | None]
    run_ids: Sequence[int | None]
    origin_samples: Sequence[int | None]
    kinds: Sequence[str]
    created_us: Sequence[int]


_NOBODYS = _PersonBeats(*[()] * len(_PersonBeats._fields))
_NO_RUNS: frozenset[int] = frozenset()


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


def _person_beats(conn: Connection[TupleRow], group: GroupRow, start: int, end: int) -> _PersonBeats:
    clock = group.signal.clock
    parameters = {
        "group_id": group.id,
        "start": start,
        "end": end,
        "start_us": clock.us_at(start),
        "end_us": clock.us_at(end),
    }
    rows = fetch(conn, _SQL["read_touched"], parameters)
    return _PersonBeats._make(zip(*rows, strict=True)) if rows else _NOBODYS


def _without(machine: Beats, persons: _PersonBeats) -> Beats:
    """The machine's beats less those that a person touched; a pulse at the same sample is another one."""
    origins = zip(persons.origin_samples, persons.kinds, strict=True)
    replaced = np.array([2 * at + (kind == LabelKind.PULSE) for at, kind in origins if at is not None], np.int64)
    keep = ~np.isin(2 * machine.samples + _is_pulse(machine), replaced)
    return Beats._make(column[keep] for column in machine)


def _is_pulse(beats: Beats) -> NDArray[np.bool_]:
    return np.equal(beats.numbers, vocabulary.label("PULSE").number)


def _without_found_again(
    conn: Connection[TupleRow], group: GroupRow, machine: Beats, persons: _PersonBeats, window: int
) -> Beats:
    """Less those of later versions that lie beside a beat that a person touched or added."""
    order = np.argsort(machine.samples, kind="stable")
    machine = Beats._make(column[order] for column in machine)
    stands = group.signal.clock.sample_at(np.array(persons.starts_us, np.int64))
    origins = zip(persons.origin_samples, stands.tolist(), strict=True)
    claims = Claims(
        was=np.array([at if was is None else was for was, at in origins], np.int64),
        stands=stands,
        is_pulse=np.array([kind == LabelKind.PULSE for kind in persons.kinds], bool),
        later=_later_runs(list_runs(conn, group.id), persons),
    )
    keep = ~claimed(Found(machine.samples, _is_pulse(machine), machine.run_ids), claims, window)
    return Beats._make(column[keep] for column in machine)


def _later_runs(known: Sequence[RunRow], persons: _PersonBeats) -> list[frozenset[int]]:
    """Of each person's beat the runs that may have found it again."""
    others = {
        run.id: frozenset(other.id for other in known if other.name == run.name and other.id != run.id) for run in known
    }
    newest_us = max((run.created_us for run in known), default=0)

    def after(created_us: int) -> frozenset[int]:
        # the runs of that time had not found it, and what they had found was seen
        return frozenset(run.id for run in known if run.created_us > created_us) if created_us < newest_us else _NO_RUNS

    added = zip(persons.run_ids, persons.created_us, strict=True)
    return [after(created_us) if run_id is None else others[run_id] for run_id, created_us in added]


def _beats_of_persons(group: GroupRow, persons: _PersonBeats) -> Beats:
    is_standing = np.array(
        [not gone and status != "rejected" for gone, status in zip(persons.deleted, persons.statuses, strict=True)],
        bool,
    )
    numbers = {code: vocabulary.label(code).number for code in set(persons.labels)}
    ids = np.empty(len(is_standing), np.object_)
    ids[:] = persons.ids
    every = Beats(
        samples=group.signal.clock.sample_at(np.array(persons.starts_us, np.int64)),
        numbers=np.array([numbers[code] for code in persons.labels], np.int16),
        confidences=np.array([math.nan if value is None else value for value in persons.confidences], np.float32),
        origin=np.full(len(is_standing), HUMAN, np.int8),
        ids=ids,
        run_ids=np.array([run_id or 0 for run_id in persons.run_ids], np.int64),
    )
    return Beats._make(column[is_standing] for column in every)


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
