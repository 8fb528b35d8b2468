"""Guidelines over REST: read, publish, acknowledge, and what is to be read again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from labeling_server.api import programme_answers as answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.reading_bodies import (
    MAX_VERSION,
    GuidelineBody,
    LabelsBody,
    VersionBody,
)
from labeling_server.api.requests import Db, api_router
from labeling_server.programme.access import ANYBODY, OWNS, project_for
from labeling_server.programme.guideline_texts import checked_clauses, clauses_of
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from reading.guideline import changed
from storage import guidelines, known_items
from storage.errors import ConstraintError, UnknownRowError

router = api_router("/api/projects", tag="programme")


@router.get("/{project_id}/guideline", response_model=answers.Guideline)
def get_guideline(
    project_id: RowId,
    database: Db,
    reader: ApiReader,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
) -> dict[str, Any]:
    """A version of the guideline, the newest unless one is asked for; for everybody in the project."""
    with database.transaction() as conn:
        project_for(conn, reader, project_id, ANYBODY, "see the guideline")
        found = (
            guidelines.newest(conn, project_id) if version is None else guidelines.of_version(conn, project_id, version)
        )
        known, _ = guidelines.acknowledged(conn, project_id, reader.user_id)
    if found is None:
        msg = "guideline must be one that was published, the project has none"
        raise UnknownRowError(msg)
    return {
        "version": found.version,
        "body": found.body,
        "why": found.why,
        "published_us": found.published_us,
        "acknowledged": known,
        "clauses": [clause._asdict() for clause in clauses_of(found.body)],
    }


@router.post("/{project_id}/guideline", response_model=answers.Published)
def publish(project_id: RowId, body: GuidelineBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Publish a new version, which is never changed; readers acknowledge it before they go on. For owners."""
    now = checked_clauses(body.body)
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, OWNS, "publish a guideline")
        before = guidelines.newest(conn, project_id)
        newest = 0 if before is None else before.version
        if body.base != newest:
            msg = f"a new version is made from the newest, {newest}, got one made from {body.base}"
            raise ConstraintError(msg)
        version = guidelines.publish(conn, project, body.body, why=body.why, actor=reader.actor)
    found = changed([] if before is None else clauses_of(before.body), now)
    return {"version": version, "changed": [one._asdict() for one in found]}


@router.post("/{project_id}/guideline/acknowledgement", response_model=answers.Acknowledged)
def acknowledge(project_id: RowId, body: VersionBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Say that one has read the newest version."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, ANYBODY, "acknowledge a guideline", admin_may=False)
        guidelines.acknowledge(conn, project, body.version, actor=reader.actor)
    return {"version": body.version}


@router.post("/{project_id}/guideline/read-again", response_model=answers.ReadAgain)
def read_again(project_id: RowId, body: LabelsBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Have closed items read again whose consensus bears a label: its clause was changed. For owners."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, OWNS, "have items read again")
        return {"n_items": known_items.read_again_by_label(conn, project, body.labels, actor=reader.actor)}
