"""Proposals as proposals over REST: many accepted at once (preview, do, undo, redo, history), what one rests on.

Accepting expects no revision: a range and a certainty are asked for; what a person decided meanwhile is no proposal.
"""

from __future__ import annotations

import uuid  # noqa: TC003 - FastAPI reads it at run time
from typing import Annotated, Any

import msgspec
from fastapi import Query, Response, status

from labeling_server.api import proposal_answers as answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.edit_bodies import AcceptProposals  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.paging import Page, page_of_up_to
from labeling_server.api.requests import Db, api_router
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.span_figures import figures_of
from signal_processing.errors import InvalidValueError
from storage import acceptances, catalogue

router = api_router("/api", tag="annotations")


@router.post(
    "/streams/{stream_id}/proposals/accept",
    response_model=answers.Acceptance | answers.AcceptancePreview,
    responses={201: {"model": answers.Acceptance, "description": "It is done"}},
)
def accept_proposals(
    stream_id: RowId, body: AcceptProposals, database: Db, reader: ApiReader, response: Response
) -> dict[str, Any]:
    """Accept the proposals of a range above a certainty, or say what that would do; with the same id it is done once.

    Spans and events that lie in the range as a whole. Left alone: what still grows, and unless `include_emergent` asks
    for them those of the highest urgency. A proposal without a confidence has 0.
    """
    wanted = acceptances.WantedAcceptance(
        start_us=body.start_us,
        end_us=body.end_us,
        min_confidence=body.min_confidence,
        label=body.label,
        include_emergent=body.include_emergent,
    )
    if body.id is None and not body.is_preview:
        msg = "an acceptance must carry an id of its own, so that it is done once, got none"
        raise InvalidValueError(msg)
    with database.transaction() as conn:
        catalogue.stream_by_id(conn, stream_id)
        if body.id is None or body.is_preview:
            return _json(acceptances.preview(conn, stream_id, wanted))
        done = acceptances.apply(conn, stream_id, wanted, bulk_id=body.id, actor=reader.actor, view=body.view)
    response.status_code = status.HTTP_201_CREATED
    return _json(done)


@router.get("/streams/{stream_id}/proposals/accept", response_model=list[answers.Acceptance])
def get_acceptances(
    stream_id: RowId,
    database: Db,
    _: ApiReader,
    page: Annotated[Page, page_of_up_to(50)],
    before: Annotated[uuid.UUID | None, Query(description="The last acceptance of the page before")] = None,
) -> list[dict[str, Any]]:
    """What was accepted at once in a recording, newest first."""
    with database.transaction() as conn:
        catalogue.stream_by_id(conn, stream_id)
        found = acceptances.history(conn, stream_id, limit=page.n_wanted, before=before)
    return [_json(row) for row in page.cut(found, before=lambda last: last.id)]


@router.post("/proposals/accept/{bulk_id}/undo", response_model=answers.Acceptance)
def undo_acceptance(bulk_id: uuid.UUID, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Make proposals again of what was accepted; what was changed since stays (`n_changed_since`)."""
    with database.transaction() as conn:
        return _json(acceptances.undo(conn, bulk_id, reader.actor))


@router.post("/proposals/accept/{bulk_id}/redo", response_model=answers.Acceptance)
def redo_acceptance(bulk_id: uuid.UUID, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Do again what was undone, as undo."""
    with database.transaction() as conn:
        return _json(acceptances.redo(conn, bulk_id, reader.actor))


@router.get("/spans/{annotation_id}/figures", response_model=answers.SpanFigures)
def get_figures(annotation_id: uuid.UUID, database: Db, _: ApiReader) -> dict[str, Any]:
    """What a span rests on: the detector's figures, and the same ones from the beats as they stand within it."""
    with database.transaction() as conn:
        return figures_of(conn, annotation_id)


def _json(row: acceptances.AcceptancePreview | acceptances.Acceptance) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(row)
    return fields
