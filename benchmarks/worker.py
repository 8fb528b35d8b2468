"""A worker as the command line starts it, but for what cannot be set there.

`python -m benchmarks.worker SETTINGS GROUP NAME`, SETTINGS being the JSON of `Settings`.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import msgspec

from ingest import kafka_worker
from ingest.garbage import rare_looks
from ingest.kafka_source import SESSION_TIMEOUT_MS, KafkaSource
from ingest.worker import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.protocol import AnyDetector
    from signal_processing.values import Signal


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this worker differs from the command line's.

    Parameters
    ----------
    session_s : how long it may be silent before its partitions go to the others.
    defer_s : how long messages may have waited for detectors to read them at once.
    detectors : whether the production detectors run.
    """

    session_s: float = SESSION_TIMEOUT_MS / 1000
    defer_s: float = WorkerSettings().defer_s
    detectors: bool = True


def program(settings: Settings) -> tuple[str, ...]:
    """What `Stack.start_worker` starts."""
    return ("benchmarks.worker", msgspec.json.encode(settings).decode())


def main(text: str, group: str, name: str) -> None:
    """Work until SIGTERM."""
    settings = msgspec.json.decode(text, type=Settings)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # the worker's own function has no such setting
    short = partial(KafkaSource, session_timeout_ms=round(settings.session_s * 1000))
    setattr(kafka_worker, "KafkaSource", short)  # noqa: B010 - a class in its place would be a wrong type
    with rare_looks():
        kafka_worker.run(
            os.environ["RHYTHMARK_KAFKA"],
            group,
            os.environ["RHYTHMARK_DSN"],
            stop=stop,
            instance=name,
            detectors=None if settings.detectors else _none,
            settings=WorkerSettings(defer_s=settings.defer_s),
        )


def _none(_: Signal) -> Sequence[AnyDetector]:
    return ()


if __name__ == "__main__":
    main(*sys.argv[1:])
