"""Small helpers that every module of this room uses to run its SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    Parameters = Sequence[Any] | Mapping[str, Any]


def fetch(conn: Connection[TupleRow], sql: str, parameters: Parameters = ()) -> list[TupleRow]:
    """All rows, in binary: bytea travels as it is and arrays are not parsed from text."""
    with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
        return cursor.execute(sql, parameters).fetchall()


def fetch_one(conn: Connection[TupleRow], sql: str, parameters: Parameters = ()) -> TupleRow | None:
    """The first row, or None."""
    with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
        return cursor.execute(sql, parameters).fetchone()


def fetch_value(conn: Connection[TupleRow], sql: str, parameters: Parameters = ()) -> Any:
    """The first column of the one row that the statement is sure to give."""
    row = fetch_one(conn, sql, parameters)
    assert row is not None  # noqa: S101 - callers pass INSERT .. RETURNING and aggregates only
    return row[0]
