"""The days that samples are stored in: a native partition a day, made when the first samples of the day come.

On TimescaleDB the extension makes its chunks itself, and nothing here does anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from storage import queries
from storage.database import connect, translating
from storage.rows import fetch_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("partitions")

DAY_US = 86_400_000_000
"""Length of a partition, us; the functions of the database hold the same number."""


def ensure(conn: Connection[TupleRow], starts_us: Iterable[int]) -> None:
    """Have a partition for every day in which rows of `waveform_blocks` shall begin; call it before they are inserted.

    What is missing is made on a connection of its own and committed there: many who need the same day wait for each
    other only while it is made, whatever rows their transactions hold, so that no two of them can wait in a circle.

    Raises
    ------
    ContentionError : if the table stays locked for 5 s, as while old days are dropped.
    """
    days = sorted({start_us // DAY_US for start_us in starts_us})
    missing = fetch_value(conn, _SQL["missing"], {"days": days})
    if not missing:
        return
    info = conn.info
    dsn = make_conninfo(info.dsn, password=info.password) if info.password else info.dsn
    with translating(), connect(dsn, autocommit=True) as other:
        other.execute(_SQL["make"], {"days": missing})
    conn.execute(_SQL["see"], {"days": missing})


def ensure_here(conn: Connection[TupleRow], starts_us: Iterable[int]) -> None:
    """The same within the transaction itself, for one that has the table for itself."""
    days = sorted({start_us // DAY_US for start_us in starts_us})
    missing = fetch_value(conn, _SQL["missing"], {"days": days})
    if missing:
        conn.execute(_SQL["make"], {"days": missing})
