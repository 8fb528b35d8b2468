"""Registers what a worker meets and finds what it left, many channel groups at a time.

`storage.catalogue`, `storage.runs` and `storage.checkpoints` do the same for one; a worker that starts among thousands
of live streams cannot ask a dozen questions for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from storage import queries
from storage.catalogue import cell_length, group_of_row
from storage.checkpoints import Checkpoint
from storage.rows import fetch
from storage.runs import parameters_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from signal_processing.values import Annotator, Signal
    from storage.catalogue import GroupRow

_SQL = queries.load("registration")


class Wanted(NamedTuple):
    """A channel group as its first message describes it."""

    device: str
    signal: Signal


class WantedRun(NamedTuple):
    """A detector run on a channel group."""

    group_id: int
    annotator: Annotator
    parameters_hash: str


def ensure_groups(conn: Connection[TupleRow], wanted: Sequence[Wanted]) -> dict[tuple[str, str], GroupRow]:
    """The groups by names of stream and group, registered now if they were not; what was registered first stands.

    Rates and channels are not compared with those of a known group.
    """
    known = _groups(conn, [_key(one) for one in wanted])
    missing = {_key(one): one for one in reversed(wanted) if _key(one) not in known}
    if missing:
        _register(conn, [missing[key] for key in sorted(missing)])
        known |= _groups(conn, list(missing))
    return known


def ensure_runs(
    conn: Connection[TupleRow],
    group_ids: Iterable[int],
    annotators: Iterable[tuple[Annotator, Mapping[str, Any]]],
) -> dict[WantedRun, int]:
    """The runs of every annotator (with its parameters) on every group, registered now if they were not."""
    said = [(annotator, parameters, parameters_hash(parameters)) for annotator, parameters in annotators]
    wanted = {WantedRun(group_id, who, text): what for group_id in group_ids for who, what, text in said}
    known = _runs(conn, wanted)
    missing = sorted((run for run in wanted if run not in known), key=lambda run: (run.group_id, run.annotator.name))
    if missing:
        columns = {**_run_columns(missing), "parameters": [Jsonb(dict(wanted[run])) for run in missing]}
        conn.execute(_SQL["ensure_runs"], columns)
        known |= _runs(conn, missing)
    return known


def load_checkpoints(
    conn: Connection[TupleRow], wanted: Sequence[tuple[int, str, str]]
) -> dict[tuple[int, str, str], Checkpoint]:
    """The checkpoints there are, by group, detector and version."""
    if not wanted:
        return {}
    columns = dict(zip(("group_ids", "detectors", "versions"), map(list, zip(*wanted, strict=True)), strict=True))
    rows = fetch(conn, _SQL["checkpoints_of"], columns)
    return {(group_id, detector, version): Checkpoint(*saved) for group_id, detector, version, *saved in rows}


def load_timelines(conn: Connection[TupleRow], group_ids: Iterable[int]) -> dict[int, bytes]:
    """The states of timelines there are, by group."""
    return dict(fetch(conn, _SQL["timelines_of"], {"group_ids": list(group_ids)}))


def _key(wanted: Wanted) -> tuple[str, str]:
    return wanted.signal.stream, wanted.signal.group


def _groups(conn: Connection[TupleRow], keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], GroupRow]:
    names = sorted(set(keys))
    columns = {"streams": [stream for stream, _ in names], "names": [name for _, name in names]}
    groups = [group_of_row(row) for row in fetch(conn, _SQL["groups_named"], columns)]
    return {(group.signal.stream, group.signal.group): group for group in groups}


def _register(conn: Connection[TupleRow], wanted: Sequence[Wanted]) -> None:
    signals = [one.signal for one in wanted]
    streams = [signal.stream for signal in signals]
    devices = [one.device for one in wanted]
    t0s_us = [signal.t0_us for signal in signals]
    channels = [(signal, i, channel) for signal in signals for i, channel in enumerate(signal.channels)]
    conn.execute(_SQL["ensure_devices"], {"names": devices})
    conn.execute(_SQL["ensure_streams"], {"names": streams, "devices": devices, "t0s_us": t0s_us})
    groups = {
        "streams": streams,
        "names": [signal.group for signal in signals],
        "rates": [signal.fs_hz for signal in signals],
        "t0s_us": t0s_us,
        "cells": [cell_length(signal.fs_hz) for signal in signals],
        "types": [signal.sample_type for signal in signals],
        "of_streams": [signal.stream for signal, _, _ in channels],
        "of_groups": [signal.group for signal, _, _ in channels],
        "positions": [i for _, i, _ in channels],
        "channels": [channel.name for _, _, channel in channels],
        "units": [channel.unit for _, _, channel in channels],
        "gains": [channel.gain for _, _, channel in channels],
        "offsets": [channel.offset for _, _, channel in channels],
    }
    conn.execute(_SQL["ensure_groups"], groups)


def _run_columns(runs: Iterable[WantedRun]) -> dict[str, list[Any]]:
    rows = list(runs)
    return {
        "group_ids": [run.group_id for run in rows],
        "names": [run.annotator.name for run in rows],
        "versions": [run.annotator.version for run in rows],
        "hashes": [run.parameters_hash for run in rows],
    }


def _runs(conn: Connection[TupleRow], wanted: Iterable[WantedRun]) -> dict[WantedRun, int]:
    runs = list(wanted)
    by_text = {(run.group_id, run.annotator.name, run.annotator.version, run.parameters_hash): run for run in runs}
    rows = fetch(conn, _SQL["runs_named"], _run_columns(runs))
    return {by_text[group_id, name, version, text]: run_id for group_id, name, version, text, run_id in rows}
