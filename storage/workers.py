"""Workers' heartbeats: who ingests, how fast, how far behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from storage import queries
from storage.rows import fetch

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("workers")


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says of itself; counts are since it started.

    Parameters
    ----------
    worker : its name, unique ("host-pid").
    source : what it reads ("kafka", "local").
    state : "running", "waiting" (for the database or the broker), "stopped", "failed".
    lag : messages it has still to read; None where the source cannot say.
    samples_per_s : sample times stored a second, lately.
    """

    worker: str
    source: str
    state: str
    started_us: int
    lag: int | None
    n_messages: int
    n_samples: int
    n_dead_letters: int
    samples_per_s: float
    note: str = ""


class WorkerRow(msgspec.Struct, frozen=True):
    """A worker's last heartbeat; `age_us` is how long ago it was, by the database's clock."""

    worker: str
    source: str
    state: str
    started_us: int
    seen_us: int
    lag: int | None
    n_messages: int
    n_samples: int
    n_dead_letters: int
    samples_per_s: float
    note: str
    age_us: int


def heartbeat(conn: Connection[TupleRow], beat: Heartbeat) -> None:
    """Replace the worker's last heartbeat; the time is the database's."""
    conn.execute(_SQL["heartbeat"], msgspec.structs.asdict(beat))


def list_workers(conn: Connection[TupleRow]) -> list[WorkerRow]:
    """Every worker that ever was, in the order of names."""
    return [WorkerRow(*row) for row in fetch(conn, _SQL["list_workers"])]
