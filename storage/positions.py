"""Where a source is read on: saved in the transaction that stores what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import queries
from storage.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("positions")


def save(conn: Connection[TupleRow], source: str, positions: Mapping[tuple[str, int], int]) -> None:
    """Note the next offset to read of each (topic, partition); others of the source stay as they are."""
    if not positions:
        return
    ordered = sorted(positions.items())  # one order for all, so that two workers cannot deadlock
    facts = {
        "source": source,
        "topics": [topic for (topic, _), _ in ordered],
        "partitions": [partition for (_, partition), _ in ordered],
        "offsets": [offset for _, offset in ordered],
    }
    conn.execute(_SQL["save"], facts)


def load(conn: Connection[TupleRow], source: str) -> dict[tuple[str, int], int]:
    """The next offset to read of each (topic, partition) of the source; empty at first."""
    rows = fetch(conn, _SQL["load"], {"source": source})
    return {(topic, partition): offset for topic, partition, offset in rows}
