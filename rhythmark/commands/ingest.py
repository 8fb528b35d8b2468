"""`rhythmark ingest`: the worker of a consumer group."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING

from ingest import kafka_worker
from ingest.garbage import rare_looks
from ingest.hang_guard import restart_process
from ingest.metrics import WorkerMetrics
from ingest.timing import SystemClock
from rhythmark import logging
from rhythmark.stopping import OrderlyStop

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings


def run(arguments: Namespace, settings: Settings) -> int:
    """Take messages until stopped; what was taken is stored and committed first, as far as four seconds allow."""
    bootstrap, dsn = settings.required_kafka(), settings.required_dsn()
    stop, name, clock = Event(), kafka_worker.own_name(), SystemClock()
    logging.name_worker(name)
    metrics = WorkerMetrics(started_us=clock.now_us())
    with ExitStack() as stack:
        stopping = stack.enter_context(OrderlyStop(stop))
        stack.enter_context(rare_looks())
        if arguments.metrics_port is not None:
            _serve_metrics(stack, metrics, arguments, settings)
        kafka_worker.run(
            bootstrap,
            arguments.group,
            dsn,
            stop=stop,
            instance=arguments.instance,
            name=name,
            metrics=metrics,
            on_hang=restart_process,
        )
    return stopping.code


def _serve_metrics(stack: ExitStack, metrics: WorkerMetrics, arguments: Namespace, settings: Settings) -> None:
    from ingest.metrics_page import WorkerPage
    from labeling_server.metrics_access import MetricsAccess, networks_of
    from rhythmark.metrics_server import metrics_server

    access = MetricsAccess(settings.metrics_token, networks_of(settings.metrics_from))
    page = WorkerPage(metrics, SystemClock())
    stack.enter_context(metrics_server(page.render, access, host=arguments.metrics_host, port=arguments.metrics_port))
