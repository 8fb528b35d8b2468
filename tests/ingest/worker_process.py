"""A Kafka worker as a process of its own, for tests that kill it: BOOTSTRAP GROUP DSN TOPIC NAME DETECTORS."""

from __future__ import annotations

import signal
import sys
from threading import Event

from ingest_kit import peaks_for

from ingest import kafka_worker
from ingest.backoff import Backoff
from ingest.hang_guard import restart_process
from ingest.worker import WorkerSettings


def main(bootstrap, group, dsn, topic, name, detectors):
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = WorkerSettings(poll_s=0.1, heartbeat_s=0.5, backoff=Backoff(first_s=0.1, cap_s=1.0))
    kafka_worker.run(
        bootstrap,
        group,
        dsn,
        stop=stop,
        topic=topic,
        name=name,
        instance=name,
        detectors=peaks_for if detectors == "peaks" else None,
        settings=settings,
        on_hang=restart_process,
    )


main(*sys.argv[1:])
