"""The pages on which a project is worked: the desk, the guideline, how well people read, releases."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse  # noqa: TC002 - FastAPI reads it at run time

from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.reading_bodies import MAX_VERSION
from labeling_server.api.requests import Db  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.page_parts import clock, page_config
from labeling_server.programme import access
from labeling_server.programme.access import project_for, project_unblinded
from labeling_server.programme.certificate import certificate_pdf
from labeling_server.programme.guideline_texts import as_html, clauses_of
from labeling_server.programme.navigation import tabs_of
from labeling_server.programme.pages import ProgrammeRoute, page
from labeling_server.programme.quality import own_quality, quality_of
from labeling_server.programme.release_list import visible_release, visible_releases
from labeling_server.sessions import PageReader  # noqa: TC001 - FastAPI reads it at run time
from reading.guideline import changed, difference
from storage import assignments, audit, guidelines, projects

if TYPE_CHECKING:
    from labeling_server.programme.report import Figure
    from labeling_server.sessions import Reader
    from storage.guidelines import GuidelineRow
    from storage.projects import ProjectRole, ProjectRow

router = APIRouter(include_in_schema=False, route_class=ProgrammeRoute)

Mode = Literal["read", "adjudicate", "audit", "lesson"]
_TAB_OF: dict[Mode, str] = {"read": "read", "adjudicate": "disputes", "audit": "audits", "lesson": "mine"}


def _context(conn: Any, request: Request, reader: Reader, project: ProjectRow, current: str) -> dict[str, Any]:
    zone = ZoneInfo(request.app.state.settings.zone)
    return {
        "reader": reader,
        "project_row": project,
        "tabs": tabs_of(conn, reader, project),
        "current": current,
        "config": page_config(request, reader),
        "clock": partial(clock, zone=zone),
        "day": lambda us: f"{datetime.fromtimestamp(us / 1e6, UTC).astimezone(zone):%Y-%m-%d}",
        "is_owner": _holds(conn, reader, project, access.OWNS),
    }


def _holds(conn: Any, reader: Reader, project: ProjectRow, roles: frozenset[ProjectRole]) -> bool:
    return bool(projects.roles_of(conn, project.id, reader.user_id) & roles)


def _desk(
    request: Request, reader: Reader, database: Any, project_id: int, mode: Mode, roles: frozenset[ProjectRole]
) -> HTMLResponse:
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, roles, mode, admin_may=False)
        context = _context(conn, request, reader, project, _TAB_OF[mode])
    # readers are not told the codes by which they are judged, nor anything else of the project
    codes = project.codes if mode in {"adjudicate", "audit"} else []
    desk = {"mode": mode, "project": {"id": project.id, "codes": codes}}
    return page(request, "desk.html", {**context, "mode": mode, "desk": desk})


@router.get("/projects/{project_id}/read")
def reading_page(project_id: RowId, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """One item after the other, for readers."""
    return _desk(request, reader, database, project_id, "read", access.READS)


@router.get("/projects/{project_id}/lesson")
def lesson_page(project_id: RowId, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """One that they read otherwise than it is known to be, for readers."""
    return _desk(request, reader, database, project_id, "lesson", access.READS)


@router.get("/projects/{project_id}/disputes")
def disputes_page(project_id: RowId, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """What readers differ in, for adjudicators."""
    return _desk(request, reader, database, project_id, "adjudicate", access.DECIDES)


@router.get("/projects/{project_id}/audits")
def audits_page(project_id: RowId, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """What was drawn, for auditors."""
    return _desk(request, reader, database, project_id, "audit", access.AUDITS)


@router.get("/projects/{project_id}/guideline")
def guideline_page(
    project_id: RowId,
    request: Request,
    database: Db,
    reader: PageReader,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
) -> HTMLResponse:
    """A version of the guideline, and what is new in it; for everybody in the project."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, access.ANYBODY, "see the guideline")
        context = _context(conn, request, reader, project, "guideline")
        newest = guidelines.newest(conn, project_id)
        shown = newest if version is None else guidelines.of_version(conn, project_id, version)
        before = guidelines.of_version(conn, project_id, shown.version - 1) if shown and shown.version > 1 else None
        known, _ = guidelines.acknowledged(conn, project_id, reader.user_id)
        may_acknowledge = _holds(conn, reader, project, access.ANYBODY)
        versions = guidelines.versions(conn, project_id)
    return page(
        request,
        "guideline.html",
        {
            **context,
            **_differences(before, shown),
            "shown": shown,
            "html": as_html(shown.body) if shown else "",
            "newest": newest.version if newest else 0,
            "newest_body": newest.body if newest else "",
            "acknowledged": known,
            "may_acknowledge": may_acknowledge,
            "versions": versions,
        },
    )


def _differences(before: GuidelineRow | None, shown: GuidelineRow | None) -> dict[str, Any]:
    if before is None or shown is None:
        return {"changed": [], "touched": [], "difference": []}
    found = changed(clauses_of(before.body), clauses_of(shown.body))
    touched = sorted({label for one in found for label in one.labels})
    return {"changed": found, "touched": touched, "difference": difference(before.body, shown.body)}


@router.get("/projects/{project_id}/quality")
def quality_page(project_id: RowId, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """How well people read, and how the project is read; for owners and auditors."""
    with database.transaction() as conn:
        project = project_unblinded(conn, reader, project_id, access.SEES_QUALITY, "see how well people read")
        audit.record(conn, reader.actor, "opened", f"quality of project {project.name}")
        context = _context(conn, request, reader, project, "quality")
        people = projects.readers(conn, project_id)
        report = quality_of(conn, project, people)
    targets = ", ".join(f"{name} {value:g}" for name, value in sorted(project.targets.items()))
    ids = {one.name: one.id for one in people}
    more = {"report": report, "ids": ids, "targets": targets, "told": _told, "plain": _plain}
    return page(request, "quality.html", {**context, **more})


def _told(figure: Figure) -> str:
    return "not known" if figure.value is None else f"{100 * figure.value:.1f} %" + _interval(figure, 100.0)


def _plain(figure: Figure) -> str:
    return "not known" if figure.value is None else f"{figure.value:.2f}" + _interval(figure, 1.0)


def _interval(figure: Figure, scale: float) -> str:
    if figure.low is None or figure.high is None:
        return ""
    n = 1 if scale > 1 else 2
    return f" ({scale * figure.low:.{n}f} to {scale * figure.high:.{n}f})"


@router.get("/projects/{project_id}/mine")
def own_page(project_id: RowId, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """How well one reads oneself, for readers."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, access.READS, "see their own figures", admin_may=False)
        context = _context(conn, request, reader, project, "mine")
        own = own_quality(conn, project, assignments.reader_of(conn, project_id, reader.user_id))
    return page(request, "mine.html", {**context, "own": own})


@router.get("/projects/{project_id}/releases")
def releases_page(project_id: RowId, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """Versions: made, signed, taken."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, access.SIGNS | access.TAKES_DATA, "see releases")
        context = _context(conn, request, reader, project, "releases")
        rows = visible_releases(conn, reader, project)
        may = {
            "may_sign": _holds(conn, reader, project, access.SIGNS),
            "may_take": _holds(conn, reader, project, access.TAKES_DATA),
        }
    return page(request, "releases.html", {**context, **may, "rows": rows})


@router.get("/projects/{project_id}/releases/{version}/certificate")
def certificate_page(
    project_id: RowId,
    version: Annotated[str, Path(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")],
    request: Request,
    database: Db,
    reader: PageReader,
) -> HTMLResponse:
    """Who stands for a version, to print."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, access.SIGNS | access.TAKES_DATA, "see releases")
        context = _context(conn, request, reader, project, "releases")
        one = visible_release(conn, reader, project, version)
    return page(request, "certificate.html", {**context, "one": one})


@router.get("/projects/{project_id}/releases/{version}/certificate.pdf")
def certificate_file(
    project_id: RowId,
    version: Annotated[str, Path(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")],
    request: Request,
    database: Db,
    reader: PageReader,
) -> Response:
    """The same as a file."""
    settings = request.app.state.settings
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, access.SIGNS | access.TAKES_DATA, "see releases")
        one = visible_release(conn, reader, project, version)
    told = certificate_pdf(project.name, one, clock=partial(clock, zone=ZoneInfo(settings.zone)), zone=settings.zone)
    headers = {"Content-Disposition": f'attachment; filename="{project.name}-{version}-certificate.pdf"'}
    return Response(told, media_type="application/pdf", headers=headers)
