"""The pages of reading programmes: projects, how far readers agree, and the places behind a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Request, status
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse  # noqa: TC002 - FastAPI reads it at run time
from fastapi.routing import APIRoute

from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.requests import Db  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.page_parts import clock
from labeling_server.programme.access import project_with_results, visible_to
from labeling_server.programme.drawing import axis_of_differences, axis_of_shares
from labeling_server.programme.navigation import tabs_of
from labeling_server.programme.parts import Part
from labeling_server.programme.report import beats_of, in_aami_classes, items_of
from labeling_server.sessions import PageReader  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.trail import note_refusal
from signal_processing.errors import InvalidValueError
from storage import audit, projects, readings
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from starlette.responses import Response

    from labeling_server.programme.report import AgreementReport, ClassFigures, PairFigures
    from labeling_server.sessions import Reader
    from reading.comparison import Classes
    from storage.database import Database
    from storage.projects import ProjectRow

MAX_PLACES = 500
"""Places that one page lists."""

BY = ("aami", "beats")
"""How finely the answers of a cell are told."""
Name = Annotated[str, Query(min_length=1, max_length=64)]


class ProgrammeRoute(APIRoute):
    """A page of a project: where a link names what there is not, or is not theirs, the list of projects says so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with refusals told on the list."""
        handler = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handler(request)
            except UnknownRowError as error:
                code, why = status.HTTP_404_NOT_FOUND, str(error)
            except InvalidValueError as error:
                code, why = status.HTTP_422_UNPROCESSABLE_CONTENT, str(error)
            except RequestValidationError as error:
                code, why = status.HTTP_422_UNPROCESSABLE_CONTENT, "; ".join(one["msg"] for one in error.errors())
            except HTTPException as error:
                code, why = error.status_code, str(error.detail)
                if code == status.HTTP_403_FORBIDDEN:
                    await run_in_threadpool(note_refusal, request, why)
            return await run_in_threadpool(_list, request, request.state.reader, why, code)

        return told


router = APIRouter(include_in_schema=False, route_class=ProgrammeRoute)


@router.get("/projects")
def project_list(request: Request, reader: PageReader) -> HTMLResponse:
    """The projects that the person has a role in."""
    return _list(request, reader)


def _list(request: Request, reader: Reader, problem: str | None = None, code: int = status.HTTP_200_OK) -> HTMLResponse:
    database: Database = request.app.state.database
    with database.transaction() as conn:
        rows = projects.listed(conn, of_user=visible_to(reader))
        first = {row.project.id: tabs_of(conn, reader, row.project) for row in rows}
    return page(request, "projects.html", {"reader": reader, "rows": rows, "first": first, "problem": problem}, code)


@router.get("/projects/{project_id}")
def agreement_page(
    project_id: RowId,
    request: Request,
    database: Db,
    reader: PageReader,
    device: Annotated[str | None, Query(max_length=200)] = None,
    month: Annotated[str | None, Query(pattern=r"^([0-9]{4}-[0-9]{2})?$")] = None,
) -> HTMLResponse:
    """How far the readers of a project agree, in all or in a part."""
    part = Part(device or None, month or None)
    with database.transaction() as conn:
        project = project_with_results(conn, reader, project_id)
        audit.record(conn, reader.actor, "opened", f"agreement of project {project.name}")
        report: AgreementReport = request.app.state.reports.report_of(conn, project, part)
        tabs = tabs_of(conn, reader, project)
    spreads = [one.spread for one in report.landmarks]
    differences, shares = axis_of_differences(spreads), axis_of_shares()
    context = {
        "reader": reader,
        "project_row": project,
        "tabs": tabs,
        "current": "agreement",
        "part": part,
        "report": report,
        "differences": differences,
        "shares": shares,
        "landmarks": [(one, differences.limits(one.spread)) for one in report.landmarks],
        "spans": [(one, shares.bar(one.iou)) for one in report.spans],
        "classes": [
            (name, found, _statistics(found, shares), [_matrix(found, pair) for pair in found.pairs])
            for name, found in (("aami", report.aami), ("beats", report.beats), ("answers", report.answers))
            if found is not None
        ],
    }
    return page(request, "agreement.html", context)


def _matrix(found: ClassFigures, pair: PairFigures) -> dict[str, Any]:
    """The counts of a pair, without what the first, or the second, never said."""
    counts = np.array(pair.matrix)
    rows, columns = np.flatnonzero(counts.sum(axis=1)), np.flatnonzero(counts.sum(axis=0))
    return {
        "first": pair.first,
        "second": pair.second,
        "kappa": pair.kappa,
        "columns": [found.categories[place] for place in columns],
        "rows": [(found.categories[place], counts[place, columns].tolist()) for place in rows],
    }


def _statistics(found: ClassFigures, shares: Any) -> list[tuple[str, Any, Any]]:
    figures = (("percent", found.percent), (found.kappa_of, found.kappa), ("alpha", found.alpha), ("gwet", found.gwet))
    return [(name, figure, shares.bar(figure)) for name, figure in figures]


@router.get("/projects/{project_id}/places")
def places_page(  # noqa: PLR0913, PLR0917 - the cell of which matrix
    project_id: RowId,
    by: Name,
    first: Name,
    second: Name,
    said: Name,
    other: Name,
    request: Request,
    database: Db,
    reader: PageReader,
) -> HTMLResponse:
    """The beats that the one reader called one thing and the other another, each a link to its strip."""
    with database.transaction() as conn:
        project = project_with_results(conn, reader, project_id)
        _check_among("by", by, BY)
        beats = _beats(conn, project) if by == "beats" else in_aami_classes(_beats(conn, project))
        rows = _cell(beats, first, second, said, other)
        found = readings.places(conn, project.id, sorted(set(beats.items[rows[:MAX_PLACES]].tolist())))
    zone = ZoneInfo(request.app.state.settings.zone)
    listed = [
        (found[item_id], time_us, clock(time_us, zone))
        for item_id, time_us in zip(
            beats.items[rows[:MAX_PLACES]].tolist(), beats.times[rows[:MAX_PLACES]].tolist(), strict=True
        )
    ]
    names = {"first": first, "second": second, "said": said, "other": other}
    context = {"reader": reader, "project_row": project, "n": len(rows), "rows": listed, "names": names}
    return page(request, "places.html", context)


def _beats(conn: Any, project: ProjectRow) -> Classes:
    found = readings.of_project(conn, project.id)
    return beats_of(items_of(found), sorted({one.reader for one in found}), project.tolerance_us)


def _cell(beats: Classes, first: str, second: str, said: str, other: str) -> Any:
    for what, name, among in (
        ("reader", first, beats.ratings.readers),
        ("reader", second, beats.ratings.readers),
        ("answer", said, beats.ratings.categories),
        ("answer", other, beats.ratings.categories),
    ):
        _check_among(what, name, among)
    return beats.cell(first, second, said, other)


def _check_among(what: str, name: str, among: Sequence[str]) -> None:
    if name not in among:
        msg = f"{what} must be one of the project's, got {name!r}"
        raise InvalidValueError(msg)


def page(request: Request, template: str, context: dict[str, Any], code: int = status.HTTP_200_OK) -> HTMLResponse:
    """A page under the tab of projects."""
    response: HTMLResponse = request.app.state.templates.TemplateResponse(
        request, template, {"page": "projects", **context}, status_code=code
    )
    return response
