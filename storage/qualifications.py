"""The entrance test of a project: who has passed it, until when, and its attempts."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from psycopg.types.json import Jsonb

from storage import audit, queries
from storage.errors import ConstraintError
from storage.known_items import add_repeats
from storage.rows import fetch, fetch_value

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow, ReaderRow

_SQL = queries.load("known_items")
_DEALING = queries.load("assignments")


class AttemptRow(msgspec.Struct, frozen=True):
    """An attempt at the test; `labels` are [right, all] of each, `holds` whether it was passed and has not lapsed."""

    attempt: int
    n_items: int
    n_right: int
    labels: dict[str, list[int]]
    passed: bool
    at_us: int
    until_us: int
    holds: bool


class Scored(NamedTuple):
    """How an attempt ended; `labels` are (right, all) of each."""

    n_items: int
    n_right: int
    labels: Mapping[str, tuple[int, int]]
    passed: bool


def attempts(conn: Connection[TupleRow], reader: ReaderRow) -> list[AttemptRow]:
    """All attempts of a reader, the first first."""
    return [AttemptRow(*row) for row in fetch(conn, _SQL["attempts"], {"reader_id": reader.id})]


def n_left(conn: Connection[TupleRow], reader: ReaderRow) -> int:
    """Items of the test that the reader has still to read; 0 also where no attempt was begun."""
    return int(fetch_value(conn, _SQL["test_left"], {"reader_id": reader.id}))


def begin(conn: Connection[TupleRow], project: ProjectRow, reader: ReaderRow) -> int:
    """Give a reader the test: the first time its items, later the same places again. Gives how many items.

    Raises
    ------
    ConstraintError : if an attempt is not finished, or the project has no test.
    """
    conn.execute(_SQL["lock_reader"], {"reader_id": reader.id})
    left = n_left(conn, reader)
    if left:
        msg = f"attempts follow each other, {reader.name!r} has {left} items of one to read"
        raise ConstraintError(msg)
    known = [row[0] for row in fetch(conn, _SQL["known"], {"project_id": project.id, "kind": "entrance"})]
    if not known:
        msg = f"the entrance test of {project.name!r} must have items whose truth is known, got none"
        raise ConstraintError(msg)
    had = {row[0] for row in fetch(conn, _SQL["given"], {"reader_id": reader.id, "kind": "entrance"})}
    copies = add_repeats(conn, sorted(had & set(known)), kind="entrance", state="closed")
    items = [copies.get(item, item) for item in known]
    values = {
        "items": np.array(items, np.int64),
        "priorities": [0.0] * len(items),
        "places": np.array(items, np.float64).tolist(),
        "reader_id": reader.id,
        "is_entrance": True,
    }
    conn.execute(_DEALING["deal_at"], values)
    return len(items)


def record(conn: Connection[TupleRow], project: ProjectRow, reader: ReaderRow, scored: Scored, *, actor: Actor) -> int:
    """Note how an attempt ended; gives its number. A passed one holds for the days that the project says."""
    values = {
        **scored._asdict(),
        "reader_id": reader.id,
        "labels": Jsonb({name: list(counts) for name, counts in scored.labels.items()}),
        "days": project.qualified_days,
    }
    attempt = int(fetch_value(conn, _SQL["qualify"], values))
    detail = {"attempt": attempt, "right": scored.n_right, "of": scored.n_items, "passed": scored.passed}
    audit.record(conn, actor, "tested", f"reader {reader.name}", detail)
    return attempt
