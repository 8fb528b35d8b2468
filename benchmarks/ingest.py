"""Ingest: samples a second from a real Kafka broker to committed rows, beside two peers that do part of the work."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from kafka import KafkaConsumer

from benchmarks import workload
from benchmarks.figures import Figure, against
from detectors import registry
from ingest import wire
from ingest.kafka_producer import KafkaSink
from ingest.kafka_source import KafkaSource
from ingest.kafka_worker import quiet_client
from ingest.local_broker import LocalBroker, gather_jars, jar_folder
from ingest.replay import cut_even
from ingest.topics import WAVEFORM_TOPIC, ensure_topics
from ingest.worker import Worker
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from detectors.protocol import AnyDetector
    from ingest.wire import WaveformMessage
    from signal_processing.values import Signal

N_RECORDS = 16
RECORD_S = 600


def figures() -> Iterator[Figure]:
    """Fill a topic with real recordings in messages of 1 s, then read it in four ways."""
    quiet_client()
    messages = _messages()
    n_values = sum(message.n * len(message.channels) for message in messages)
    with _broker() as bootstrap:
        yield Figure("Kafka producer", n_values / _timed_s(lambda: _produce(bootstrap, messages)), "samples/s")
        bare = Figure(
            "bare consumer, same messages", n_values / _timed_s(lambda: _consume(bootstrap, len(messages))), "samples/s"
        )
        yield bare
        copy = Figure("bare COPY, same payloads", n_values / _copied_s(messages), "samples/s")
        yield copy
        stored = Figure(
            "Kafka to database, no detectors", n_values / _ingested_s(bootstrap, messages, _none), "samples/s"
        )
        yield against(stored, min(bare, copy, key=lambda figure: figure.value))
        full = Figure(
            "Kafka to database, all detectors", n_values / _ingested_s(bootstrap, messages, _production), "samples/s"
        )
        yield against(full, min(bare, copy, key=lambda figure: figure.value))


def _none(_: Signal) -> Sequence[AnyDetector]:
    return ()


def _production(signal: Signal) -> Sequence[AnyDetector]:
    return registry.production_for(signal)


@contextmanager
def _broker() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        broker = LocalBroker(Path(folder), gather_jars(jar_folder(os.environ)))
        try:
            bootstrap = broker.start()
            ensure_topics(bootstrap)
            yield bootstrap
        finally:
            broker.kill()


def _messages() -> list[WaveformMessage]:
    """One message a second of each stream, the streams taking turns as live ones do."""
    streams = []
    for path in workload.mitdb_records()[:N_RECORDS]:
        signal, blocks = workload.recording(path)
        n_samples = round(signal.fs_hz)
        cut = list(cut_even(blocks, n_samples))[:RECORD_S]
        streams.append(list(wire.messages_of(signal, cut, device="benchmark")))
    return [message for turn in zip(*streams, strict=True) for message in turn]


def _timed_s(run: Callable[[], None]) -> float:
    begin_s = time.perf_counter()
    run()
    return time.perf_counter() - begin_s


def _produce(bootstrap: str, messages: list[WaveformMessage]) -> None:
    sink = KafkaSink(bootstrap)
    for message in messages:
        sink.send(message)
    sink.flush()
    sink.close()


def _consume(bootstrap: str, n_messages: int) -> None:
    consumer = KafkaConsumer(
        WAVEFORM_TOPIC,
        bootstrap_servers=bootstrap,
        group_id=f"bare-{uuid.uuid4().hex}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=2000,
        metrics_enabled=False,
    )
    n_received = 0
    while n_received < n_messages:
        polled: dict[Any, list[Any]] = consumer.poll(timeout_ms=1000)
        n_received += sum(map(len, polled.values()))
    consumer.close()


def _copied_s(messages: list[WaveformMessage]) -> float:
    with workload.server_dsn() as dsn, psycopg.connect(dsn) as conn:
        conn.execute("CREATE TABLE bare (stream text, seq bigint, payload bytea, PRIMARY KEY (stream, seq))")
        conn.commit()

        def copy() -> None:
            with conn.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as rows:
                rows.set_types(["text", "int8", "bytea"])
                for message in messages:
                    rows.write_row((message.stream_id, message.seq, message.data))
            conn.commit()

        return _timed_s(copy)


def _ingested_s(
    bootstrap: str, messages: list[WaveformMessage], detectors: Callable[[Signal], Sequence[AnyDetector]]
) -> float:
    """Wall time from the first poll to the last commit, the joining of the consumer group included."""
    for detector in detectors(messages[0].signal()):
        detector.initial(messages[0].signal())  # compiles, once a machine
    with workload.server_dsn() as dsn, Database.open(dsn) as database:
        source = KafkaSource(bootstrap, group=f"bench-{uuid.uuid4().hex}")
        worker = Worker(database, source, detectors=detectors, name="benchmark")

        def ingest() -> None:
            n_taken = 0
            while n_taken < len(messages):
                n_taken += worker.run_once()

        elapsed_s = _timed_s(ingest)
        source.close()
        assert worker.progress.n_dead_letters == 0, worker.progress.last_reason
        assert worker.progress.n_samples == sum(message.n for message in messages)
        return elapsed_s
