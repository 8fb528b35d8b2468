"""The hourly table over REST."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request  # noqa: TC002 - FastAPI reads it at run time

from labeling_server.api import answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.requests import Db, api_router, group_in_stream
from labeling_server.hour_table import hours_json, hours_of
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from signal_processing.hourly import PAUSE_S, RATE_WINDOW_RR

router = api_router("/api/streams", tag="recordings")


@router.get("/{stream_id}/hours", response_model=answers.HourTable)
def get_hours(stream_id: RowId, group_id: RowId, request: Request, database: Db, _: ApiReader) -> dict[str, Any]:
    """Every hour of the site's clock: beats, rates, longest RR, pauses, fibrillation, runs, noise; and the totals.

    `total` is null without samples. Rates are over the intervals that begin in the hour, least and greatest over
    `rate_window_rr` of them in a row; intervals that touch noise or missing samples are left out.
    """
    zone = request.app.state.settings.zone
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, group_id)
        table = hours_of(conn, group, ZoneInfo(zone))
    return {
        "zone": zone,
        "rate_window_rr": RATE_WINDOW_RR,
        "pause_s": PAUSE_S,
        "hours": hours_json(table.hours),
        "total": next(iter(hours_json(table.total)), None),
    }
