"""One look at everything the dashboard shows, and how it reads as JSON.

States come from two clocks kept apart: a stream is live by when its samples came in (database clock), and behind by
how far the time of its newest sample lags that clock. A replay of an old recording is live and years behind, and the
page says both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards import links
from signal_processing import vocabulary
from signal_processing.clock import US_PER_S
from signal_processing.vocabulary import Urgency
from storage import overview, workers
from storage.annotations import queue

if TYPE_CHECKING:
    from storage.annotation_row import AnnotationRow
    from storage.database import Database
    from storage.overview import StreamOverview, Totals
    from storage.workers import WorkerRow

LIVE_WITHIN_US = 10_000_000
"""A running stream that nothing was heard of for longer is stale: ten times the usual message of a second."""

WORKER_ALIVE_WITHIN_US = 30_000_000
"""A worker whose last heartbeat is older is lost; heartbeats come every few seconds."""

WORKER_SHOWN_WITHIN_US = 86_400_000_000
"""Workers silent for more than a day are history, not operations."""

_GONE = frozenset({"stopped", "failed", "lost"})

N_PROPOSALS = 50


def live_within_us(fs_hz: float) -> int:
    """How long nothing need be heard of a stream whose fastest group has that rate: a thermometer says little."""
    return max(LIVE_WITHIN_US, round(overview.LIVE_WITHIN_SAMPLES * US_PER_S / fs_hz))


"""What a person can look over; the workstation's queue holds all."""


def take(database: Database) -> dict[str, Any]:
    """Read everything in one transaction, so that the figures belong together.

    Raises
    ------
    DatabaseUnavailableError : if the database does not answer.
    """
    with database.transaction() as conn:
        totals = overview.totals(conn, live_within_us=LIVE_WITHIN_US)
        streams = overview.streams(conn)
        rows = workers.list_workers(conn)
        proposals = queue(conn, order="newest", limit=N_PROPOSALS)
    shown = [row for row in rows if row.age_us <= WORKER_SHOWN_WITHIN_US]
    ended = {row.id for row in streams if row.ended_us is not None}
    return {
        "now_us": totals.now_us,
        "totals": _totals(totals, shown),
        "streams": [_stream(row, totals.now_us) for row in streams],
        "workers": [_worker(row) for row in shown],
        "proposals": [_proposal(row, ended) for row in proposals if row.urgency > Urgency.NONE],
    }


def _totals(totals: Totals, rows: list[WorkerRow]) -> dict[str, Any]:
    alive = [row for row in rows if worker_state(row) not in _GONE]
    lags = [row.lag for row in alive if row.lag is not None]
    by_urgency = totals.n_proposed_by_urgency
    return {
        "n_streams": totals.n_streams,
        "n_live": totals.n_live,
        "n_stale": totals.n_running - totals.n_live,
        "n_samples": totals.n_samples,
        "n_workers": len(alive),
        "lag": sum(lags) if lags else None,
        "n_dead_letters": sum(row.n_dead_letters for row in rows),
        "n_proposed": sum(by_urgency.values()),
        "n_emergent": by_urgency.get(Urgency.EMERGENT, 0),
        "n_important": by_urgency.get(Urgency.IMPORTANT, 0),
    }


def stream_state(row: StreamOverview, now_us: int) -> str:
    """`waiting` before the first sample, then `live` or `stale`, at last `ended`."""
    if row.ended_us is not None:
        return "ended"
    if row.heard_us is None or row.head_us is None:
        return "waiting"
    fastest_hz = max(fs_hz for fs_hz, _ in row.rates)
    return "live" if now_us - row.heard_us <= live_within_us(fastest_hz) else "stale"


def _stream(row: StreamOverview, now_us: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "href": links.workstation(row.id),
        "patient": row.patient_pseudonym,
        "synthetic": row.synthetic,
        "state": stream_state(row, now_us),
        "head_us": row.head_us,
        "heard_age_us": None if row.heard_us is None else now_us - row.heard_us,
        "behind_us": None if row.head_us is None or row.ended_us is not None else now_us - row.head_us,
        "rates": [list(rate) for rate in row.rates],
        "missing_us": row.missing_us,
        "n_proposed": row.n_proposed,
    }


def worker_state(row: WorkerRow) -> str:
    """What it said last, or `lost` when that is long ago and was no farewell."""
    is_silent = row.age_us > WORKER_ALIVE_WITHIN_US
    return "lost" if is_silent and row.state not in _GONE else row.state


def _worker(row: WorkerRow) -> dict[str, Any]:
    is_alive = worker_state(row) not in _GONE
    return {
        "worker": row.worker,
        "source": row.source,
        "state": worker_state(row),
        "age_us": row.age_us,
        "samples_per_s": row.samples_per_s if is_alive else None,
        "lag": row.lag if is_alive else None,
        "n_dead_letters": row.n_dead_letters,
        "note": row.note,
    }


def _proposal(row: AnnotationRow, ended: set[int]) -> dict[str, Any]:
    """What waits; nothing goes on in a stream that has ended, whatever its detector said last."""
    name = vocabulary.label(row.label).name if vocabulary.is_known(row.label) else row.label
    return {
        "id": str(row.id),
        "href": links.workstation(row.stream_id, annotation_id=str(row.id)),
        "stream": row.stream_name,
        "label": row.label,
        "name": name,
        "urgency": Urgency(row.urgency).name.lower(),
        "start_us": row.start_us,
        "duration_us": row.end_us - row.start_us,
        "ongoing": row.ongoing and row.stream_id not in ended,
        "confidence": row.confidence,
    }
