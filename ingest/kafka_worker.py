"""What the command line calls: a Kafka worker, and a replay into Kafka."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import structlog

from ingest.errors import BrokerUnavailableError
from ingest.hang_guard import guarded
from ingest.kafka_producer import KafkaSink
from ingest.kafka_source import KafkaSource
from ingest.replay import Replayed, replay
from ingest.timing import SystemClock
from ingest.topics import WAVEFORM_TOPIC, ensure_topics, topic_identity
from ingest.worker import Worker, WorkerSettings
from storage.database import Database
from storage.errors import RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from threading import Event

    from detectors.protocol import AnyDetector
    from ingest.backoff import Backoff
    from ingest.metrics import WorkerMetrics
    from ingest.timing import Clock
    from signal_processing.values import Block, Signal

_log = structlog.get_logger()

T = TypeVar("T")


class _StoppedError(Exception):
    """Asked to stop before everything was there."""


def run(  # noqa: PLR0913 - the settings of a worker
    bootstrap: str,
    group: str,
    dsn: str,
    *,
    stop: Event,
    detectors: Callable[[Signal], Sequence[AnyDetector]] | None = None,
    topic: str = WAVEFORM_TOPIC,
    instance: str | None = None,
    name: str | None = None,
    settings: WorkerSettings | None = None,
    clock: Clock | None = None,
    metrics: WorkerMetrics | None = None,
    on_hang: Callable[[], object] | None = None,
) -> None:
    """Ingest from Kafka into the database until `stop` is set; waits for both to be there.

    Parameters
    ----------
    bootstrap : "host:port[,host:port]".
    group : consumer group; workers of one group share the partitions.
    dsn : of the migrated database.
    detectors : of a channel group; None means the production detectors.
    instance : static member id, one for each replica that keeps its name over restarts.
    name : of this worker in the heartbeats; None means host and process.
    metrics : counts what is done, for those who watch.

    Raises
    ------
    TooManyDeadLettersError : if most messages fail.
    SchemaError : if the database is not migrated.
    """
    quiet_client()
    clock = clock or SystemClock()
    settings = settings or WorkerSettings()
    name = name or own_name()
    detectors = detectors or _production_detectors()
    try:
        database = _until_there(lambda: Database.open(dsn), clock, stop, settings.backoff)
    except _StoppedError:
        return
    try:
        source = _until_there(lambda: _open_source(bootstrap, group, topic, instance), clock, stop, settings.backoff)
    except _StoppedError:
        database.close()
        return
    try:
        worker = Worker(
            database,
            source,
            detectors=detectors,
            clock=clock,
            name=name,
            settings=settings,
            metrics=metrics,
        )
        with guarded(source.calls, on_hang):
            worker.run(stop)
    finally:
        source.close()
        database.close()


def replay_to_kafka(  # noqa: PLR0913 - what, where, how
    bootstrap: str,
    signal: Signal,
    blocks: Iterable[Block],
    *,
    speed: float = 1.0,
    block_s: float = 1.0,
    device: str = "replay",
    topic: str = WAVEFORM_TOPIC,
    stop: Event | None = None,
) -> Replayed:
    """Send a recording to Kafka, creating the topics when they are missing; every message is safe when this returns.

    Raises
    ------
    BrokerUnavailableError : if the broker is gone for longer than half a minute.
    """
    quiet_client()
    ensure_topics(bootstrap, topic=topic)
    sink = KafkaSink(bootstrap, topic=topic)
    try:
        return replay(signal, blocks, sink, device=device, speed=speed, block_s=block_s, stop=stop)
    finally:
        sink.close()


@contextmanager
def archive_sink(bootstrap: str, *, topic: str = WAVEFORM_TOPIC) -> Iterator[tuple[KafkaSink, str]]:
    """A sink, creating the topics when they are missing, and the topic's unique id: one made anew holds nothing.

    Raises
    ------
    BrokerUnavailableError : if the broker does not answer.
    """
    quiet_client()
    ensure_topics(bootstrap, topic=topic)
    sink = KafkaSink(bootstrap, topic=topic)
    try:
        yield sink, topic_identity(bootstrap, topic)
    finally:
        sink.close()


def own_name() -> str:
    """A worker's name where none is given: host and process."""
    return f"{socket.gethostname()}-{os.getpid()}"


def quiet_client() -> None:
    """The Kafka client logs each of its reconnects as an error; ours says once that it waits."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def _open_source(bootstrap: str, group: str, topic: str, instance: str | None) -> KafkaSource:
    ensure_topics(bootstrap, topic=topic)
    return KafkaSource(bootstrap, group=group, topic=topic, instance=instance)


def _production_detectors() -> Callable[[Signal], Sequence[AnyDetector]]:
    """Ready to run: what they bring takes three seconds to load, in which streams that are ours would stand still."""
    from detectors import registry
    from detectors.warm_up import warm_up

    warm_up()
    found: Callable[[Signal], Sequence[AnyDetector]] = registry.production_for
    return found


def _until_there(open_: Callable[[], T], clock: Clock, stop: Event, backoff: Backoff) -> T:
    n_failures = 0
    while True:
        try:
            return open_()
        except (RetryLaterError, BrokerUnavailableError) as error:
            n_failures += 1
            wait_s = backoff.wait_s(n_failures)
            _log.warning("waiting", reason=f"{type(error).__name__}: {error}", wait_s=wait_s, n_failures=n_failures)
        if clock.wait(stop, wait_s):
            raise _StoppedError
