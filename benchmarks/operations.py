"""Watching: the listing of 10,000 streams, and what the metrics cost a worker."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks import workload
from benchmarks.figures import Figure
from ingest.metrics import WorkerMetrics
from ingest.pipeline import Stored
from ingest.source import Partition, Received
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

N_STREAMS = 10_000
N_MESSAGES = 2_000
N_BATCHES = 300
_FILL = (
    "INSERT INTO devices (name) SELECT 'device ' || i FROM generate_series(1, %(n)s) i",
    """INSERT INTO streams (name, device_id, t0_us)
       SELECT 'bed ' || id, id, now_us() - 3600000000 FROM devices""",
    """INSERT INTO channel_groups (stream_id, name, fs_hz, t0_us, cell_samples, first_sample, next_sample, n_stored)
       SELECT s.id, g.name, g.fs_hz, s.t0_us, 256, 0, 3600 * g.fs_hz::bigint, 3600 * g.fs_hz::bigint - s.id % 7
       FROM streams s CROSS JOIN (VALUES ('ecg', 250.0), ('acc', 50.0)) g(name, fs_hz)""",
    """INSERT INTO signals (group_id, position, name, unit, gain, "offset")
       SELECT g.id, i, 'c' || i, 'mV', 200, 0 FROM channel_groups g CROSS JOIN generate_series(0, 2) i""",
    "ANALYZE",
)


def figures() -> Iterator[Figure]:
    """Time the command as a person would, then the worker's own counting."""
    with workload.server_dsn() as dsn:
        with Database.open(dsn) as database, database.transaction() as conn:
            for statement in _FILL:
                conn.execute(statement, {"n": N_STREAMS} if "%(n)s" in statement else None)
        yield from _listing(dsn)
    yield _counting()


def _listing(dsn: str) -> Iterator[Figure]:
    walls_s, cpus_s = [], []
    for _ in range(5):
        before, began_s = _children_cpu_s(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "rhythmark", "streams"],
            env=os.environ | {"RHYTHMARK_DSN": dsn},
            capture_output=True,
            text=True,
            check=True,
        )
        walls_s.append(time.perf_counter() - began_s)
        cpus_s.append(_children_cpu_s() - before)
        assert len(done.stdout.splitlines()) == N_STREAMS + 2
    yield Figure(f"rhythmark streams, {N_STREAMS} streams of 2 groups, wall", min(walls_s), "s")
    yield Figure(f"rhythmark streams, {N_STREAMS} streams of 2 groups, processor less database", min(cpus_s), "s")


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _counting() -> Figure:
    metrics, now_us = WorkerMetrics(), time.time_ns() // 1000
    partition = Partition("waveform.v1", 0)
    received = [Received(partition, i, b"key", b"", now_us - i * 1000) for i in range(N_MESSAGES)]
    streams = {f"bed {i}" for i in range(N_MESSAGES)}
    began_s = time.process_time()
    for _ in range(N_BATCHES):
        metrics.note_batch(
            received, Stored(1, 0, 0, write_s=0.1), streams=streams, rejected=[], committed_us=now_us, n_states=1
        )
    cost_ms = 1000 * (time.process_time() - began_s) / N_BATCHES
    return Figure(f"metrics of a batch of {N_MESSAGES} messages of as many streams", cost_ms, "ms")
