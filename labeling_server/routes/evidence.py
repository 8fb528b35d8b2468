"""What an annotation rests on, and what rests on it. Links are made by edits, as all that is said of an annotation."""

from __future__ import annotations

import uuid  # noqa: TC003 - FastAPI reads it at run time
from typing import Any

from labeling_server.api import answers
from labeling_server.api.paging import AfterSpan, AnyPage, after_span, place_of
from labeling_server.api.requests import Db, api_router
from labeling_server.api.rows_json import annotation_json
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from storage import evidence

router = api_router("/api/spans/{annotation_id}", tag="annotations")


@router.get("/evidence", response_model=list[answers.Annotation])
def get_evidence(annotation_id: uuid.UUID, database: Db, _: ApiReader) -> list[dict[str, Any]]:
    """What it rests on, in the order in which it was named, deleted ones included."""
    with database.transaction() as conn:
        return [annotation_json(row) for row in evidence.of(conn, annotation_id)]


@router.get("/evidence-of", response_model=list[answers.Annotation])
def get_evidence_of(
    annotation_id: uuid.UUID, database: Db, _: ApiReader, page: AnyPage, after: AfterSpan = None
) -> list[dict[str, Any]]:
    """What rests on it, in the order of start, deleted ones included."""
    with database.transaction() as conn:
        found = evidence.resting_on(conn, annotation_id, after=place_of(after), limit=page.n_wanted)
    return [annotation_json(row) for row in page.cut(found, after=after_span)]
