"""What is going on, at a glance: streams and how far they are, and totals.

The dashboard polls these every second or two, so each reads catalogue tables and partial indices, never samples.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from signal_processing.clock import US_PER_S, SampleClock
from storage import queries
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("overview")

LIVE_WITHIN_SAMPLES = 3
"""A stream that samples slowly is not silent between two samples: of its fastest group so many may be missing."""


class StreamOverview(msgspec.Struct, frozen=True):
    """One stream as it stands.

    Parameters
    ----------
    head_us : time of the newest stored sample's end, None before the first sample.
    heard_us : when the newest sample was stored, None before the first channel group.
    ended_us : None while the stream runs.
    rates : (rate in Hz, number of channels) of each channel group.
    missing_us : signal that is missing between the first and the newest sample, of the group that lacks most.
    n_proposed : proposals that wait for a person.
    """

    id: int
    name: str
    patient_pseudonym: str
    synthetic: bool
    ended_us: int | None
    head_us: int | None
    heard_us: int | None
    rates: tuple[tuple[float, int], ...]
    n_proposed: int
    missing_us: int = 0


class Totals(msgspec.Struct, frozen=True):
    """Counts over everything, at `now_us` of the database's clock.

    Parameters
    ----------
    n_running : streams with samples that have not ended; `n_live` of them were heard of lately.
    n_samples : sample times, as workers count them.
    """

    now_us: int
    n_streams: int
    n_live: int
    n_running: int
    n_samples: int
    n_proposed_by_urgency: dict[int, int]


def streams(conn: Connection[TupleRow], *, limit: int = 200) -> list[StreamOverview]:
    """Running streams before ended ones, the one heard last first."""
    rows = fetch(conn, _SQL["streams"], {"limit": limit})
    return [_stream(list(group)) for _, group in groupby(rows, key=lambda row: row[0])]


def _stream(rows: list[TupleRow]) -> StreamOverview:
    stream_id, name, pseudonym, synthetic, ended_us, n_proposed = rows[0][:6]
    groups = [row[6:] for row in rows if row[6] is not None]
    return StreamOverview(
        id=stream_id,
        name=name,
        patient_pseudonym=pseudonym,
        synthetic=synthetic,
        ended_us=ended_us,
        head_us=max(
            (SampleClock(fs_hz, t0_us).us_at(n) for fs_hz, t0_us, n, *_ in groups if n is not None), default=None
        ),
        heard_us=max((group[3] for group in groups), default=None),
        rates=tuple((fs_hz, n_channels) for fs_hz, _, _, _, n_channels, _ in groups),
        n_proposed=n_proposed,
        missing_us=max((round(missing / fs_hz * US_PER_S) for fs_hz, *_, missing in groups), default=0),
    )


def totals(conn: Connection[TupleRow], *, live_within_us: int) -> Totals:
    """Counts; a running stream is live when it was heard within the last `live_within_us` or three of its samples."""
    within = {"live_within_us": live_within_us, "live_within_samples": LIVE_WITHIN_SAMPLES}
    row = fetch_one(conn, _SQL["totals"], within)
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    by_urgency: dict[int, int] = dict(fetch(conn, _SQL["proposals_by_urgency"]))
    now_us, n_streams, n_live, n_running, n_samples = row
    return Totals(now_us, n_streams, n_live, n_running, n_samples, by_urgency)
