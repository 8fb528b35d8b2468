"""Spans, events and touched beats as they stand: proposed by machines, read by everybody.

What people do to them is in `storage.revisions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from psycopg.types.json import Jsonb

from signal_processing import vocabulary
from signal_processing.values import annotation_id as identity_of
from storage import queries
from storage.annotation_row import STATUSES, Actor, AnnotationRow, Place, record_row
from storage.errors import ConstraintError, UnknownRowError

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from signal_processing.values import Annotation
    from storage.catalogue import GroupRow

__all__ = [
    "STATUSES",
    "Actor",
    "AnnotationRow",
    "Place",
    "Proposal",
    "get",
    "get_many",
    "mark_changed",
    "propose",
    "propose_many",
    "queue",
    "spans_between",
]

_SQL = queries.load("annotations")

Order = Literal["urgency", "uncertainty", "newest", "time", "label", "risk"]


class Proposal(NamedTuple):
    """What a detector run says of a channel group."""

    group: GroupRow
    run_id: int
    span: Annotation


def propose(
    conn: Connection[TupleRow],
    stream_id: int,
    group: GroupRow,
    run_id: int,
    spans: Sequence[Annotation],
) -> int:
    """Store the spans of one run, see `propose_many`.

    Raises
    ------
    ConstraintError : if the group is another stream's.
    """
    if group.stream_id != stream_id:
        msg = f"channel group {group.id} must be one of stream {stream_id}, it is one of {group.stream_id}"
        raise ConstraintError(msg)
    return propose_many(conn, [Proposal(group, run_id, span) for span in spans])


def propose_many(conn: Connection[TupleRow], said: Sequence[Proposal]) -> int:
    """Store machines' spans as proposals, or extend those they said before; of those with one identity the last stands.

    A row that nobody touched takes the machine's newest bounds and figures; one that a person touched keeps theirs, and
    the machine's newest end stands in `machine_end_us`. What a replay says again changes nothing.

    Returns
    -------
    Number of proposals that are new or were extended.
    """
    newest = {identity_of(one.group.signal.stream, one.group.signal.group, one.span): one for one in said}
    if not newest:
        return 0
    ordered = sorted(newest.items())  # one order for all, so that two workers cannot deadlock
    spans = [one.span for _, one in ordered]
    groups = [one.group for _, one in ordered]
    labels = [vocabulary.label(span.label) for span in spans]
    clocks = [group.signal.clock for group in groups]
    columns = {
        "ids": [identity for identity, _ in ordered],
        "stream_ids": [group.stream_id for group in groups],
        "group_ids": [group.id for group in groups],
        "run_ids": [one.run_id for _, one in ordered],
        "kinds": [label.kind.value for label in labels],
        "labels": [span.label for span in spans],
        "channels": [span.channel for span in spans],
        "starts_us": [clock.us_at(span.start) for clock, span in zip(clocks, spans, strict=True)],
        "ends_us": [clock.us_at(span.end) for clock, span in zip(clocks, spans, strict=True)],
        "urgencies": [int(label.urgency) for label in labels],
        "confidences": [span.confidence for span in spans],
        "figures": [Jsonb(span.figures) for span in spans],
        "notes": [span.note for span in spans],
        "author_names": [span.annotator.name for span in spans],
        "author_versions": [span.annotator.version for span in spans],
        "ongoing": [span.ongoing for span in spans],
    }
    return conn.execute(_SQL["propose"], columns).rowcount


def mark_changed(conn: Connection[TupleRow], changed: Sequence[tuple[GroupRow, tuple[int, int]]]) -> int:
    """Mark annotations for a second look, because samples within [start, end) of their group came after they were made.

    The mark (`signal_changed_us`) goes when a person revises the annotation. Returns how many were marked.
    """
    if not changed:
        return 0
    columns = {
        "stream_ids": [group.stream_id for group, _ in changed],
        "group_ids": [group.id for group, _ in changed],
        "starts_us": [group.signal.clock.us_at(start) for group, (start, _) in changed],
        "ends_us": [group.signal.clock.us_at(end) for group, (_, end) in changed],
    }
    return conn.execute(_SQL["mark_changed"], columns).rowcount


def spans_between(  # noqa: PLR0913 - what, and four ways to say less
    conn: Connection[TupleRow],
    stream_id: int,
    start_us: int,
    end_us: int,
    *,
    statuses: Collection[str] | None = None,
    with_deleted: bool = False,
    after: Place | None = None,
    limit: int | None = None,
) -> list[AnnotationRow]:
    """Spans and events (not beats) that overlap [start_us, end_us), points included, in order of start.

    Parameters
    ----------
    statuses : only these; None means all but those that the machines have withdrawn.
    after : only those behind this place in the order of start, end and id.
    limit : at most so many; None means all.
    """
    after_start_us, after_end_us, after_id = after or (None, None, None)
    parameters = {
        "stream_id": stream_id,
        "start_us": start_us,
        "end_us": end_us,
        "statuses": [status for status in STATUSES if status != "withdrawn"] if statuses is None else list(statuses),
        "deleted": with_deleted,
        "after_start_us": after_start_us,
        "after_end_us": after_end_us,
        "after_id": after_id,
        "limit": limit,
    }
    return _rows(conn, "spans_between", parameters)


def queue(
    conn: Connection[TupleRow],
    *,
    stream_id: int | None = None,
    limit: int = 200,
    order: Order = "urgency",
    offset: int = 0,
) -> list[AnnotationRow]:
    """Spans and events that wait for a decision, and those decided before samples of them came (`signal_changed_us`).

    Parameters
    ----------
    stream_id : of one stream; None means all.
    order : "urgency" (most urgent first, of those proposals first, then by time), "uncertainty" (least confidence
        first: a detector says only what it holds for likely, so little confidence is doubt and never a sure no; none
        given counts as 0), "newest" (most urgent first, then newest; proposals alone), "time", "label", or
        "risk" (urgency weighed by how unsure the machine was).
    offset : leave out so many from the top.
    """
    if order not in get_args(Order):
        msg = f"order must be one of {', '.join(get_args(Order))}, got {order!r}"
        raise ConstraintError(msg)
    # both halves of a queue are cut at the limit, before they are put together and the top is left out
    return _rows(conn, f"queue_{order}", {"stream_id": stream_id, "limit": offset + limit, "offset": offset})


def get(conn: Connection[TupleRow], annotation_id: uuid.UUID) -> AnnotationRow:
    """The current state of an annotation, deleted ones included.

    Raises
    ------
    UnknownRowError : if there is none of that id.
    """
    rows = _rows(conn, "get", {"id": annotation_id})
    if not rows:
        msg = f"annotation must be a stored one, got id {annotation_id}"
        raise UnknownRowError(msg)
    return rows[0]


def get_many(conn: Connection[TupleRow], ids: Collection[uuid.UUID]) -> dict[uuid.UUID, AnnotationRow]:
    """The current states of many annotations by id, deleted ones included; one that does not exist is left out."""
    return {row.id: row for row in _rows(conn, "get_many", {"ids": list(ids)})} if ids else {}


def _rows(conn: Connection[TupleRow], statement: str, parameters: Mapping[str, Any]) -> list[AnnotationRow]:
    with conn.cursor(binary=True, row_factory=record_row) as cursor:
        return cursor.execute(_SQL[statement], parameters).fetchall()
