"""What pages beside the workstation share: what their scripts are told, and how a time is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labeling_server.api.rows_json import label_json, reader_json
from labeling_server.texts import TEXTS
from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from fastapi import Request

    from labeling_server.sessions import Reader

_WRITING = ("desk.", "agreement.ambiguous", "agreement.unreadable", "forms.", "guideline.", "quality.", "releases.",
            "help.", "account.", "do.relabel", "save.offline", "error.")  # fmt: skip
"""Beginnings of the texts that scripts of these pages say."""


def page_config(request: Request, reader: Reader) -> dict[str, Any]:
    """What every script of a page needs; no recording, which these pages come to by their items."""
    return {
        "stream": {"id": 0, "ended_us": None},
        "groups": [],
        "reader": reader_json(reader),
        "zone": request.app.state.settings.zone,
        "labels": [label_json(entry) for entry in LABELS],
        "words": {},
        "layers": [],
        "texts": {key: value for key, value in TEXTS.items() if key.startswith(_WRITING)},
    }


def clock(time_us: int, zone: ZoneInfo) -> str:
    """A time as pages show it."""
    return f"{datetime.fromtimestamp(time_us / 1e6, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"
