"""`/metrics` of the server: what is stored, what waits, which workers live, and how it answers itself.

No login: Prometheus has none. `MetricsAccess` says who may read; to everybody else the page does not exist.
"""

from __future__ import annotations

import time
from collections import Counter as Count
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dashboards.snapshot import LIVE_WITHIN_US, WORKER_SHOWN_WITHIN_US, worker_state
from ingest.metrics_page import CONTENT_TYPE
from signal_processing.vocabulary import Urgency
from storage import overview, workers
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from prometheus_client.metrics_core import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from labeling_server.metrics_access import MetricsAccess
    from storage.database import Database

REQUEST_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def mount(app: FastAPI, database: Database, *, access: MetricsAccess) -> None:
    """Add the route, and the counting of requests; nothing at all while nobody may read."""
    if not access.is_open:
        return
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_DatabaseCollector(database))
    ProcessCollector(registry=registry)
    app.add_middleware(RequestCounts, registry=registry)

    def metrics(request: Request) -> Response:
        address = request.client.host if request.client else None
        if not access.allows(address=address, headers=request.headers):
            raise HTTPException(404)  # not 403: who may not read need not know that it is there
        return Response(generate_latest(registry), media_type=CONTENT_TYPE)

    app.add_api_route("/metrics", metrics, include_in_schema=False)


class RequestCounts:
    """ASGI middleware: counts answers by method and class of status, never by path: paths bear ids of recordings."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(
            "rhythmark_http_requests", "Requests answered", ["method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "rhythmark_http_request_seconds", "Time to answer", buckets=REQUEST_BOUNDS_S, registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count when the answer has begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()

        async def counting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._requests.labels(method, f"{message['status'] // 100}xx").inc()
                self._seconds.observe(time.perf_counter() - began_s)
            await send(message)

        await self._app(scope, receive, counting_send)


class _DatabaseCollector(Collector):
    """Looks into the database once a scrape; one that is away is a metric too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            with self._database.transaction() as conn:
                totals = overview.totals(conn, live_within_us=LIVE_WITHIN_US)
                rows = workers.list_workers(conn)
        except StorageError:
            yield _gauge("database_up", "Whether the database answers", 0)
            return
        yield _gauge("database_up", "Whether the database answers", 1)
        n_silent = totals.n_running - totals.n_live
        states = {"live": totals.n_live, "silent": n_silent, "ended": totals.n_streams - totals.n_running}
        yield _labelled("streams", "Recordings, the ended with those that have no samples yet", "state", states)
        yield _gauge("stored_samples", "Sample times stored, whatever the number of channels", totals.n_samples)
        waiting = {one.name.lower(): totals.n_proposed_by_urgency.get(one, 0) for one in Urgency}
        yield _labelled("proposals_waiting", "Proposals that wait for a person", "urgency", waiting)
        shown = [row for row in rows if row.age_us <= WORKER_SHOWN_WITHIN_US]
        by_state = Count(dict.fromkeys(("running", "waiting", "stopped", "failed", "lost"), 0))
        by_state.update(worker_state(row) for row in shown)
        yield _labelled("workers", "Workers heard of within a day, by state", "state", by_state)
        alive = [row for row in shown if worker_state(row) in {"running", "waiting"}]
        lag = sum(row.lag for row in alive if row.lag is not None)
        yield _gauge("workers_lag_messages", "Messages that living workers have still to read", lag)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"rhythmark_{name}", text, value)


def _labelled(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"rhythmark_{name}", text, labels=[label])
    for value, n in values.items():
        family.add_metric([value], n)
    return family
