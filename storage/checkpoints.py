"""Detectors' states: after a crash the stream is read on from the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from storage import queries
from storage.rows import fetch_one

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("checkpoints")


class Checkpoint(NamedTuple):
    """A detector's state before sample `next_sample`."""

    next_sample: int
    state: bytes


def save(
    conn: Connection[TupleRow],
    group_id: int,
    detector: str,
    version: str,
    next_sample: int,
    state: bytes,
) -> None:
    """Replace the detector's checkpoint on that group."""
    facts = {
        "group_id": group_id,
        "detector": detector,
        "version": version,
        "next_sample": next_sample,
        "state": state,
    }
    conn.execute(_SQL["save"], facts)


def load(conn: Connection[TupleRow], group_id: int, detector: str, version: str) -> Checkpoint | None:
    """The detector's checkpoint; None where there is none, or one of another version."""
    row = fetch_one(conn, _SQL["load"], {"group_id": group_id, "detector": detector, "version": version})
    return None if row is None else Checkpoint(*row)


def forget(conn: Connection[TupleRow], group_id: int, detector: str) -> None:
    """Drop the detector's checkpoint: it finished, or is to begin anew."""
    conn.execute(_SQL["forget"], {"group_id": group_id, "detector": detector})
