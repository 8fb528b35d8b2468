"""The dashboard's routes. The labeling server mounts them behind its login."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import bokeh
from fastapi import APIRouter, HTTPException
from fastapi.requests import Request  # noqa: TC002 - FastAPI reads the annotations of routes
from fastapi.responses import FileResponse, JSONResponse, Response
from jinja2 import ChoiceLoader, FileSystemLoader

from dashboards import STATIC, TEMPLATES, plots, snapshot
from dashboards.history import WatchState

if TYPE_CHECKING:
    from fastapi.templating import Jinja2Templates

    from storage.database import Database


def router(database: Database, templates: Jinja2Templates) -> APIRouter:
    """Routes under `/dashboard`, without a login of their own.

    Parameters
    ----------
    database : migrated.
    templates : its environment holds `frame.html`; the folder of these pages is added to its loader. The frame shows
        `request.state.reader` where the labeling server has set it.
    """
    folder = FileSystemLoader(TEMPLATES)
    loader = templates.env.loader
    templates.env.loader = ChoiceLoader([loader, folder]) if loader is not None else folder
    watch = WatchState(lambda: snapshot.take(database), time.monotonic)
    static_files = {path.name: path for path in STATIC.iterdir()}
    routes = APIRouter(prefix="/dashboard")

    @routes.get("", name="dashboard")
    def page(request: Request) -> Response:
        reader = getattr(request.state, "reader", None)
        context = {"page": "dashboard", "reader": reader, "bokeh_version": bokeh.__version__}
        return templates.TemplateResponse(request, "dashboard.html", context)

    @routes.get("/figures.json", name="dashboard_figures")
    def figures(since_us: int = 0) -> Response:
        return JSONResponse(watch.figures(since_us=since_us))

    @routes.get("/plots.json", name="dashboard_plots")
    def plot_items() -> dict[str, Any]:
        return plots.items()

    @routes.get("/static/{name}", name="dashboard_static")
    def static(name: str) -> Response:
        if name not in static_files:
            raise HTTPException(404, f"no file {name!r} here")
        return FileResponse(static_files[name])

    return routes
