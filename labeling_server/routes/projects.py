"""Reading programmes over REST: projects, and how far their readers agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request

from labeling_server.api import programme_answers as answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.requests import Db, api_router
from labeling_server.programme.access import project_with_results, visible_to
from labeling_server.programme.parts import Part
from labeling_server.programme.report import AgreementReport
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from storage import audit, projects

if TYPE_CHECKING:
    from labeling_server.programme.shelf import ReportShelf

Device = Annotated[str | None, Query(max_length=200, description="Only recordings of this device")]
Month = Annotated[str | None, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Only what was handed in then, UTC")]

router = api_router("/api/projects", tag="programme")


@router.get("", response_model=list[answers.Project])
def list_projects(database: Db, reader: ApiReader) -> list[dict[str, Any]]:
    """The projects that the person has a role in, by name; all of them for the server's administrator."""
    with database.transaction() as conn:
        rows = projects.listed(conn, of_user=visible_to(reader))
    return [
        {
            "id": one.project.id,
            "name": one.project.name,
            "description": one.project.description,
            "tolerance_us": one.project.tolerance_us,
            "n_items": one.n_items,
            "n_readers": one.n_readers,
            "n_readings": one.n_readings,
        }
        for one in rows
    ]


@router.get("/{project_id}/agreement", response_model=AgreementReport)
def get_agreement(
    project_id: RowId, request: Request, database: Db, reader: ApiReader, device: Device = None, month: Month = None
) -> AgreementReport:
    """How far the readers agree: what they call beats, where they mark, how long; intervals over patients.

    For owners, adjudicators, auditors and researchers of the project. Figures are null where they are undefined, and
    `why` says why.
    """
    with database.transaction() as conn:
        project = project_with_results(conn, reader, project_id)
        audit.record(conn, reader.actor, "opened", f"agreement of project {project.name}")
        shelf: ReportShelf = request.app.state.reports
        return shelf.report_of(conn, project, Part(device, month))
