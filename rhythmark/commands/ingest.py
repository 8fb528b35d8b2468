"""`rhythmark ingest`: the worker of a consumer group."""

from __future__ import annotations

import signal
from threading import Event
from typing import TYPE_CHECKING

from ingest import kafka_worker

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings

_INTERRUPTED = 130


def run(arguments: Namespace, settings: Settings) -> int:
    """Take messages until stopped; what was taken is stored and committed first."""
    bootstrap, dsn = settings.required_kafka(), settings.required_dsn()
    stop = Event()
    received: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        received.append(number)
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    kafka_worker.run(bootstrap, arguments.group, dsn, stop=stop, instance=arguments.instance)
    return _INTERRUPTED if signal.SIGINT in received else 0
