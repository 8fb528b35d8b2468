"""The pages that are HTML: the list of recordings and the workstation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import bokeh
from fastapi import APIRouter, Request, status
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from dashboards.snapshot import live_within_us
from labeling_server.api.bounds import MAX_ROW_ID
from labeling_server.api.requests import MAX_SHOWN, Db
from labeling_server.api.rows_json import group_json, label_json, layer_json, reader_json, stream_json
from labeling_server.figures import figure_items
from labeling_server.sessions import ApiReader, PageReader  # noqa: TC001 - FastAPI reads them at run time
from labeling_server.texts import TEXTS, text
from signal_processing.layers import LAYERS
from signal_processing.vocabulary import LABELS
from storage import audit, catalogue
from storage.annotation_row import CERTAINTIES, SEVERITIES
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from labeling_server.settings import ServerSettings
    from storage.catalogue import GroupRow, StreamRow, StreamSummary
    from storage.database import Database

router = APIRouter(include_in_schema=False)


@router.get("/")
def recordings(request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """Every recording, the way into the workstation."""
    return _recordings(request, database, reader)


def _recordings(request: Request, database: Database, reader: Reader, missing: str | None = None) -> HTMLResponse:
    """The list; with the number of a `missing` recording, which a link named, it says so and is answered with 404."""
    with database.transaction() as conn:
        summaries = catalogue.list_streams(conn)
    zone = ZoneInfo(_settings(request).zone)
    now_us = int(datetime.now(UTC).timestamp() * 1e6)
    context = {
        "page": "streams",
        "reader": reader,
        "rows": [_row(row, zone, now_us) for row in summaries],
        "problem": None if missing is None else text("streams.missing", number=missing),
    }
    code = status.HTTP_200_OK if missing is None else status.HTTP_404_NOT_FOUND
    response: HTMLResponse = request.app.state.templates.TemplateResponse(
        request, "streams.html", context, status_code=code
    )
    return response


@router.get("/workstation")
def newest_recording(database: Db, _: PageReader) -> RedirectResponse:
    """The recording that samples came in for last, or the list when there is none."""
    with database.transaction() as conn:
        heard = [row for row in catalogue.list_streams(conn) if row.received_us is not None]
    newest = max(heard, key=lambda row: row.received_us or 0, default=None)
    return RedirectResponse("/" if newest is None else f"/streams/{newest.stream.id}", 303)


@router.get("/streams/{stream_id}")
def workstation(stream_id: str, request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """The workstation on one recording; where a link names one that there is not, the list says so."""
    found = _found(database, stream_id, reader)
    if found is None:
        return _recordings(request, database, reader, missing=stream_id[:MAX_SHOWN])
    stream, groups = found
    config = {
        "stream": stream_json(stream),
        "groups": [group_json(group) for group in groups],
        "reader": reader_json(reader),
        "zone": _settings(request).zone,
        "labels": [label_json(entry) for entry in LABELS],
        "words": {"severity": SEVERITIES, "certainty": CERTAINTIES},
        "layers": [layer_json(layer) for layer in LAYERS],
        "texts": TEXTS,
    }
    context = {
        "page": "workstation",
        "reader": reader,
        "stream": stream,
        "config": config,
        "bokeh_version": bokeh.__version__,
    }
    response: HTMLResponse = request.app.state.templates.TemplateResponse(request, "workstation.html", context)
    return response


def _found(database: Database, stream_id: str, reader: Reader) -> tuple[StreamRow, list[GroupRow]] | None:
    """The recording of that number with its groups, which the reader opens; None when there is none."""
    if not re.fullmatch(r"[0-9]{1,10}", stream_id) or int(stream_id) > MAX_ROW_ID:
        return None
    with database.transaction() as conn:
        try:
            stream = catalogue.stream_by_id(conn, int(stream_id))
        except UnknownRowError:
            return None
        groups = catalogue.groups_of(conn, stream.id)
        audit.record(conn, reader.actor, "opened", f"stream {stream.name}")
        return stream, groups


@router.get("/api/figures")
def figures(_: ApiReader) -> JSONResponse:
    """The Bokeh items that the workstation embeds."""
    return JSONResponse(figure_items())


def _settings(request: Request) -> ServerSettings:
    settings: ServerSettings = request.app.state.settings
    return settings


def _state(summary: StreamSummary, now_us: int) -> str:
    """`live`, or `behind` when no sample came for a while, or `ended`."""
    if summary.stream.ended_us is not None:
        return "ended"
    if summary.received_us is None or summary.fs_hz is None:
        return "behind"
    is_silent = now_us - summary.received_us > live_within_us(summary.fs_hz)
    return "behind" if is_silent else "live"


def _row(summary: StreamSummary, zone: ZoneInfo, now_us: int) -> dict[str, Any]:
    stream = summary.stream
    start = datetime.fromtimestamp(stream.t0_us / 1e6, UTC).astimezone(zone)
    length_us = (summary.last_us or stream.t0_us) - (summary.first_us or stream.t0_us)
    return {
        "id": stream.id,
        "name": stream.name,
        "synthetic": stream.synthetic,
        "patient": stream.patient_pseudonym or "",
        "device": stream.device_name,
        "start": f"{start:%Y-%m-%d %H:%M:%S}",
        "length": str(timedelta(seconds=length_us // 1_000_000)),
        "state": _state(summary, now_us),
        "n_proposed": summary.n_proposed,
    }
