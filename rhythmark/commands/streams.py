"""`rhythmark streams`: what is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rhythmark.tables import as_table
from signal_processing.clock import US_PER_S
from storage import catalogue
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings
    from storage.catalogue import StreamSummary

_COLUMNS = ("stream", "device", "state", "from (UTC)", "minutes", "samples", "proposals", "")


def run(arguments: Namespace, settings: Settings) -> int:
    """Print one row a stream."""
    del arguments
    with Database.open(settings.required_dsn(), max_size=1) as database, database.transaction() as conn:
        rows = [_row(summary) for summary in catalogue.list_streams(conn)]
    print(as_table(_COLUMNS, rows) if rows else "no streams are stored yet")
    return 0


def _row(summary: StreamSummary) -> tuple[str, ...]:
    stream = summary.stream
    first_us = stream.t0_us if summary.first_us is None else summary.first_us
    last_us = first_us if summary.last_us is None else summary.last_us
    return (
        stream.name,
        stream.device_name,
        "live" if stream.ended_us is None else "ended",
        datetime.fromtimestamp(first_us // US_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        f"{(last_us - first_us) / US_PER_S / 60:.1f}",
        str(summary.n_samples),
        str(summary.n_proposed),
        "SYNTHETIC" if stream.synthetic else "",
    )
