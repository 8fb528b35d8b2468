"""Detector runs: which detector, in which version and with which parameters, read a channel group."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import msgspec
from psycopg.types.json import Jsonb

from storage import queries
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from signal_processing.values import Annotator

_SQL = queries.load("runs")


class RunRow(msgspec.Struct, frozen=True):
    """One detector on one channel group."""

    id: int
    group_id: int
    name: str
    version: str
    parameters: dict[str, Any]
    created_us: int


def ensure_run(
    conn: Connection[TupleRow],
    group_id: int,
    annotator: Annotator,
    parameters: Mapping[str, Any],
) -> int:
    """Identity of the run of that annotator with those parameters on that group, registered now if it was not."""
    key = {
        "group_id": group_id,
        "name": annotator.name,
        "version": annotator.version,
        "parameters_hash": parameters_hash(parameters),
    }
    known = fetch_one(conn, _SQL["find_run"], key)
    if known is None:
        conn.execute(_SQL["insert_run"], {**key, "parameters": Jsonb(dict(parameters))})
        return int(fetch_value(conn, _SQL["find_run"], key))
    return int(known[0])


def parameters_hash(parameters: Mapping[str, Any]) -> str:
    """What tells one set of parameters from another, SHA-256 in hexadecimal."""
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def list_runs(conn: Connection[TupleRow], group_id: int) -> list[RunRow]:
    """The runs on a channel group, oldest first."""
    return [RunRow(*row) for row in fetch(conn, _SQL["list_runs"], {"group_id": group_id})]
