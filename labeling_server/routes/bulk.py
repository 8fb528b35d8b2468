"""Bulk edits of beats over REST: preview, do, undo, redo, and what was done.

Beats are given as the page saw them (sample and label number), so no revision is expected: those that look otherwise by
now are left alone and counted.
"""

from __future__ import annotations

import uuid  # noqa: TC003 - FastAPI reads it at run time
from typing import Annotated, Any

import msgspec
import numpy as np
from fastapi import Query, Response, status

from labeling_server.api import answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.edit_bodies import BulkBeatEdit  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.paging import Page, page_of_up_to
from labeling_server.api.requests import Db, api_router, group_in_stream
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from signal_processing.errors import InvalidValueError
from storage import bulk_edits, catalogue

router = api_router("/api", tag="annotations")


@router.post(
    "/streams/{stream_id}/beats/bulk",
    response_model=answers.BulkEdit | answers.BulkPreview,
    responses={201: {"model": answers.BulkEdit, "description": "It is done"}},
)
def edit_beats(
    stream_id: RowId, body: BulkBeatEdit, database: Db, reader: ApiReader, response: Response
) -> dict[str, Any]:
    """Do one thing to many beats, or say what it would do; sent again with the same id it is done once."""
    wanted = bulk_edits.WantedEdit(
        samples=np.array(body.samples, np.int64),
        numbers=np.array(body.numbers, np.int16),
        action=body.action,
        label=body.label,
        include_reviewed=body.include_reviewed,
    )
    if body.id is None and not body.is_preview:
        msg = "a bulk edit must carry an id of its own, so that it is done once, got none"
        raise InvalidValueError(msg)
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, body.group_id)
        if body.id is None or body.is_preview:
            return _json(bulk_edits.preview(conn, group, wanted))
        done = bulk_edits.apply(conn, group, wanted, bulk_id=body.id, actor=reader.actor, view=body.view)
    response.status_code = status.HTTP_201_CREATED
    return _json(done)


@router.get("/streams/{stream_id}/beats/bulk", response_model=list[answers.BulkEdit])
def get_bulk_edits(
    stream_id: RowId,
    database: Db,
    _: ApiReader,
    page: Annotated[Page, page_of_up_to(50)],
    before: Annotated[uuid.UUID | None, Query(description="The last edit of the page before")] = None,
) -> list[dict[str, Any]]:
    """The bulk edits of a recording, newest first."""
    with database.transaction() as conn:
        catalogue.stream_by_id(conn, stream_id)
        found = bulk_edits.history(conn, stream_id, limit=page.n_wanted, before=before)
    return [_json(row) for row in page.cut(found, before=lambda last: last.id)]


@router.post("/beats/bulk/{bulk_id}/undo", response_model=answers.BulkEdit)
def undo_bulk_edit(bulk_id: uuid.UUID, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Put back what a bulk edit changed; what was changed since stays (`n_changed_since`)."""
    with database.transaction() as conn:
        return _json(bulk_edits.undo(conn, bulk_id, reader.actor))


@router.post("/beats/bulk/{bulk_id}/redo", response_model=answers.BulkEdit)
def redo_bulk_edit(bulk_id: uuid.UUID, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Do again what was undone, as undo."""
    with database.transaction() as conn:
        return _json(bulk_edits.redo(conn, bulk_id, reader.actor))


def _json(row: bulk_edits.Preview | bulk_edits.BulkEditRow) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(row)
    return fields
