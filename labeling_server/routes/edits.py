"""Edits over REST: the queue, and every change of a span, an event or a beat.

An answer leaves only after its transaction is committed, so what the page shows as saved is saved.
"""

from __future__ import annotations

import uuid  # noqa: TC003 - FastAPI reads it at run time
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Response, status

import storage.annotations as rows
from labeling_server.api import answers
from labeling_server.api.bounds import Revision, RowId  # noqa: TC001 - FastAPI reads them at run time
from labeling_server.api.edit_bodies import (  # noqa: TC001 - FastAPI reads them at run time
    Changes,
    Edit,
    Erasure,
    MachineBeatEdit,
    NewBeat,
    NewSpan,
)
from labeling_server.api.openapi import ADDED, CONFLICT, WITH_ETAG
from labeling_server.api.paging import AnyPage, Offset, Page, page_of_up_to
from labeling_server.api.requests import (
    Db,
    ExpectedRevision,
    api_router,
    check_channel_name,
    group_in_stream,
)
from labeling_server.api.rows_json import aftermath_json, annotation_json, revision_json
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from signal_processing import layers, vocabulary
from signal_processing.errors import InvalidValueError
from storage import beats, catalogue, overlaps, revisions
from storage.edits import POINT_KINDS
from storage.overlaps import Aftermath

if TYPE_CHECKING:
    from storage.annotation_row import AnnotationRow

router = api_router("/api", tag="annotations")


def _answer(row: AnnotationRow, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = f'"{row.revision}"'
    return annotation_json(row)


def _given(changes: Changes) -> dict[str, Any]:
    """Only what the page sent: a channel of null means all leads, a channel left out means no change."""
    return changes.model_dump(exclude_unset=True)


@router.get("/queue", response_model=list[answers.Annotation])
def get_queue(
    database: Db,
    _: ApiReader,
    page: Annotated[Page, page_of_up_to(200)],
    stream_id: RowId | None = None,
    order: rows.Order = "urgency",
    offset: Offset = 0,
) -> list[dict[str, Any]]:
    """Proposals that wait for a decision, and decisions whose signal changed since (`signal_changed_us`).

    It is worked from the top: what is decided meanwhile leaves it, and what stood below moves up. `uncertainty` has the
    least confidence first; `risk` weighs urgency by it.
    """
    with database.transaction() as conn:
        if stream_id is not None:
            catalogue.stream_by_id(conn, stream_id)
        found = rows.queue(conn, stream_id=stream_id, limit=page.n_wanted, order=order, offset=offset)
    return [annotation_json(row) for row in page.cut(found, offset=lambda _: offset + page.limit)]


@router.get("/spans/{annotation_id}", response_model=answers.Annotation, responses=WITH_ETAG)
def get_annotation(annotation_id: uuid.UUID, database: Db, _: ApiReader, response: Response) -> dict[str, Any]:
    """The current state of a span, an event or a touched beat, deleted ones included."""
    with database.transaction() as conn:
        return _answer(rows.get(conn, annotation_id), response)


@router.get("/spans/{annotation_id}/history", response_model=list[answers.Revision])
def get_history(
    annotation_id: uuid.UUID,
    database: Db,
    _: ApiReader,
    page: AnyPage,
    after: Annotated[Revision, Query(description="The last revision of the page before")] = 0,
) -> list[dict[str, Any]]:
    """Who did what to it and when, oldest first."""
    with database.transaction() as conn:
        found = revisions.history(conn, annotation_id, after=after, limit=page.n_wanted)
    return [revision_json(row) for row in page.cut(found, after=lambda last: last.revision)]


@router.post("/spans", status_code=status.HTTP_201_CREATED, response_model=answers.Edited, responses=ADDED)
def add_span(body: NewSpan, database: Db, reader: ApiReader, response: Response) -> dict[str, Any]:
    """Add a person's own span or event; it counts as confirmed. Sent again with the same id it is the same one."""
    facts = body.model_dump(exclude={"id"})
    aftermath = Aftermath()
    with database.transaction() as conn:
        row = revisions.add(conn, actor=reader.actor, annotation_id=body.id, aftermath=aftermath, **facts)
    return _answer(row, response) | aftermath_json(aftermath)


@router.patch("/spans/{annotation_id}", response_model=answers.Edited, responses=WITH_ETAG | CONFLICT)
def edit_annotation(
    annotation_id: uuid.UUID,
    body: Edit,
    database: Db,
    reader: ApiReader,
    expected: ExpectedRevision,
    response: Response,
) -> dict[str, Any]:
    """Do one thing to an annotation; 409 with the current state when somebody was faster."""
    aftermath = Aftermath()
    with database.transaction() as conn:
        row = revisions.revise(
            conn,
            annotation_id,
            expected_revision=expected,
            actor=reader.actor,
            action=body.action,
            changes=_given(body.changes),
            view=body.view,
            undoes=body.undoes,
            aftermath=aftermath,
        )
    return _answer(row, response) | aftermath_json(aftermath)


@router.post("/streams/{stream_id}/spans/erase", response_model=answers.Erased)
def erase_spans(stream_id: RowId, body: Erasure, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Cut a range out of what is decided in an exclusive layer, and put nothing in its place."""
    layer = next(layer for layer in layers.EXCLUSIVE if layer.id == body.layer)
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, body.group_id)
        check_channel_name(group, body.channel)
        scope = overlaps.Scope(stream_id, group.id, layer, body.channel)
        found = overlaps.erase(conn, scope, body.start_us, body.end_us, actor=reader.actor, view=body.view)
    return {"changed": [annotation_json(row) for row in found]}


@router.delete("/spans/{annotation_id}", response_model=answers.Annotation, responses=WITH_ETAG | CONFLICT)
def delete_annotation(
    annotation_id: uuid.UUID, database: Db, reader: ApiReader, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Mark an annotation deleted; its row and history stay."""
    with database.transaction() as conn:
        row = revisions.revise(conn, annotation_id, expected_revision=expected, actor=reader.actor, action="delete")
    return _answer(row, response)


@router.post("/beats", status_code=status.HTTP_201_CREATED, response_model=answers.Annotation, responses=ADDED)
def add_beat(body: NewBeat, database: Db, reader: ApiReader, response: Response) -> dict[str, Any]:
    """Add a beat at a sample; sent again with the same id it is the same one."""
    if (kind := vocabulary.label(body.label).kind) not in POINT_KINDS:
        msg = (
            f"label of a beat must be one of a {' or '.join(POINT_KINDS)}, got {body.label!r}, which is one of a {kind}"
        )
        raise InvalidValueError(msg)
    with database.transaction() as conn:
        at_us = group_in_stream(conn, body.stream_id, body.group_id).signal.clock.us_at(body.sample)
        facts = body.model_dump(include={"stream_id", "group_id", "label", "view"})
        facts |= {"start_us": at_us, "end_us": at_us, "channel": None}
        row = revisions.add(conn, actor=reader.actor, annotation_id=body.id, **facts)
    return _answer(row, response)


@router.post("/beats/machine", response_model=answers.Annotation, responses=WITH_ETAG | CONFLICT)
def edit_machine_beat(body: MachineBeatEdit, database: Db, reader: ApiReader, response: Response) -> dict[str, Any]:
    """The first edit of a machine beat: makes it a row and revises it; 409 when somebody touched it before."""
    with database.transaction() as conn:
        group = group_in_stream(conn, body.stream_id, body.group_id)
        touched = beats.touch_beat(conn, group, body.sample, body.number, body.run_id)
        row = revisions.revise(
            conn,
            touched.id,
            expected_revision=0,
            actor=reader.actor,
            action=body.action,
            changes=_given(body.changes),
            view=body.view,
        )
    return _answer(row, response)
