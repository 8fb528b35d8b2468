"""What annotations rest on: "this fibrillation rests on these beats and that pause". Links within one stream.

The links of an annotation are part of its state (`AnnotationRow.evidence`), so a revision keeps what it replaced. What
is deleted stays linked: who linked it is to see that it is gone.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from storage import queries
from storage.annotation_row import record_row
from storage.annotations import get, get_many
from storage.errors import ConstraintError
from storage.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import AnnotationRow, Place

__all__ = ["MAX_LINKS", "check", "of", "resting_on"]

MAX_LINKS = 64
"""Links of one annotation: more is not evidence but a second list of beats."""

_SQL = queries.load("evidence")


def check(
    conn: Connection[TupleRow],
    stream_id: int,
    annotation_id: uuid.UUID | None,
    wanted: Sequence[uuid.UUID | str],
    *,
    was: Collection[uuid.UUID] = (),
) -> list[uuid.UUID]:
    """The links as ids, held against the rules.

    Parameters
    ----------
    annotation_id : which annotation they are of; None while it has no id yet.
    was : links that it has already, which are not looked up again.

    Raises
    ------
    ConstraintError : if there are too many, one stands twice, is the annotation itself, or is none of the stream.
    """
    links = [uuid.UUID(str(identity)) for identity in wanted]  # states of a history hold them as text
    if len(links) > MAX_LINKS:
        msg = f"an annotation must rest on at most {MAX_LINKS} others, got {len(links)}"
        raise ConstraintError(msg)
    if len(set(links)) < len(links):
        twice = next(identity for identity in links if links.count(identity) > 1)
        msg = f"evidence must name each annotation once, got {twice} twice"
        raise ConstraintError(msg)
    if annotation_id in links:
        msg = f"an annotation must not rest on itself, got {annotation_id}"
        raise ConstraintError(msg)
    _check_stream(conn, stream_id, [identity for identity in links if identity not in was])
    return links


def _check_stream(conn: Connection[TupleRow], stream_id: int, links: Sequence[uuid.UUID]) -> None:
    if not links:
        return
    found = {identity for (identity,) in fetch(conn, _SQL["of_stream"], {"ids": links, "stream_id": stream_id})}
    missing = next((identity for identity in links if identity not in found), None)
    if missing is not None:
        msg = f"evidence must be stored annotations of stream {stream_id}, got id {missing}"
        raise ConstraintError(msg)


def of(conn: Connection[TupleRow], annotation_id: uuid.UUID) -> list[AnnotationRow]:
    """What an annotation rests on, in the order in which it was named, deleted ones included.

    Raises
    ------
    UnknownRowError : if there is none of that id.
    """
    links = get(conn, annotation_id).evidence
    rows = get_many(conn, links)
    return [rows[identity] for identity in links]


def resting_on(
    conn: Connection[TupleRow], annotation_id: uuid.UUID, *, after: Place | None = None, limit: int | None = None
) -> list[AnnotationRow]:
    """What rests on an annotation, deleted ones included, in the order of start, end and id.

    Parameters
    ----------
    after : only those behind this place in the order.
    limit : at most so many; None means all.

    Raises
    ------
    UnknownRowError : if there is none of that id.
    """
    get(conn, annotation_id)
    after_start_us, after_end_us, after_id = after or (None, None, None)
    parameters = {
        "id": annotation_id,
        "after_start_us": after_start_us,
        "after_end_us": after_end_us,
        "after_id": after_id,
        "limit": limit,
    }
    with conn.cursor(binary=True, row_factory=record_row) as cursor:
        return cursor.execute(_SQL["resting_on"], parameters).fetchall()
