"""Puts the web application together."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bokeh
from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from dashboards import pages as dashboard_pages
from labeling_server import account, login, metrics, pages
from labeling_server.api import openapi, problems
from labeling_server.api.polling import PolledAnswers
from labeling_server.beat_families import FamilyShelf
from labeling_server.gate import BodyLimit, SignedInOnly
from labeling_server.programme import pages as programme_pages
from labeling_server.programme import work_pages
from labeling_server.programme.shelf import ReportShelf
from labeling_server.routes import ROUTERS
from labeling_server.security import SecurityHeaders
from labeling_server.sessions import Sessions, page_reader
from labeling_server.templating import STATIC, page_templates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import APIRouter

    from labeling_server.programme.releasing import ReleaseMaker
    from labeling_server.settings import ServerSettings
    from storage.database import Database

BOKEH_STATIC = Path(bokeh.__file__).parent / "server" / "static" / "js"


def create_app(
    database: Database,
    *,
    settings: ServerSettings,
    extra_routers: Iterable[APIRouter] = (),
    release_maker: ReleaseMaker | None = None,
) -> FastAPI:
    """The whole site: login, recordings, workstation, dashboard, REST and its description at /api/openapi.json.

    Parameters
    ----------
    database : migrated; the caller closes it.
    extra_routers : pages and routes of other rooms, mounted behind the same login.
    release_maker : makes releases and keeps them; None: this server makes none.
    """
    # no openapi_url: the description is for those who are signed in
    app = FastAPI(title="Rhythmark", version=version("rhythmark"), description=openapi.DESCRIPTION, openapi_url=None)
    templates = page_templates(settings)
    sessions = Sessions(settings)
    app.state.database = database
    app.state.settings = settings
    app.state.sessions = sessions
    app.state.templates = templates
    app.state.families = FamilyShelf()
    app.state.reports = ReportShelf()
    app.state.release_maker = release_maker
    problems.register(app)
    for router in (
        login.router,
        account.pages,
        account.router,
        pages.router,
        programme_pages.router,
        work_pages.router,
        *ROUTERS,
    ):
        app.include_router(router)
    for guarded in (dashboard_pages.router(database, templates), *extra_routers):
        app.include_router(guarded, dependencies=[Depends(page_reader)], include_in_schema=False)
    openapi.describe(app)
    app.add_middleware(PolledAnswers)
    app.add_middleware(SignedInOnly, sessions=sessions)
    app.add_middleware(BodyLimit)
    metrics.mount(app, database, access=settings.metrics_access)
    app.add_api_route("/health", lambda: _health(database), include_in_schema=False)
    _mount_static(app)
    app.add_middleware(SecurityHeaders)
    return app


def _health(database: Database) -> dict[str, Any]:
    """Whether the application answers and its database does (503 when it does not)."""
    with database.transaction() as conn:
        conn.execute("SELECT 1")
    return {"status": "ok"}


def _mount_static(app: FastAPI) -> None:
    app.mount("/static/bokeh/" + bokeh.__version__, StaticFiles(directory=BOKEH_STATIC), name="bokeh")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
