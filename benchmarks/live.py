"""Live streams in real time: how late samples are stored, whether the lag grows, what the processors are busy with.

Streams of 3 leads at 250 Hz from real recordings come in messages of 1 s, out of step with each other, from producers
of their own; workers run as the command line starts them, with every production detector. What is stored is read on a
connection of its own ten times a second, so latencies are those of a reader, rounded up by up to 0.1 s, and no claim of
a worker's. Producers and reader run on the same machine; what they cost is said apart. Fails when a sample is lost.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec
import numpy as np

from benchmarks import live_streams, processes
from benchmarks.figures import Figure
from benchmarks.live_producer import N_SLOTS, Plan
from benchmarks.stack import Stack, compile_detectors, free_port, metrics, stack, wait_for_reading
from benchmarks.stored import Look, StoredReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LOOK_S = 0.1
READY_S = 20.0
"""Producers need that long to cut the recordings, s."""
MAX_LATENCY_MS = 300_000


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    Parameters
    ----------
    streams : that are live.
    seconds : of real time, for each number of workers.
    warm_up_s : left out of latencies, lag and cost: streams are registered, detectors begin.
    workers : numbers of workers to compare, one run each: "1+2".
    producers : processes that send.
    drain_s : how long everything may take to be stored after the last message was sent, before it counts as lost.
    """

    streams: int = 2500
    seconds: int = 600
    warm_up_s: int = 60
    workers: str = "1+2"
    producers: int = 1
    records: int = live_streams.N_RECORDS
    drain_s: float = 300.0


def figures(options: Options | None = None) -> Iterator[Figure]:
    """One run for each number of workers."""
    options = options or Options()
    if not 0 < options.warm_up_s < options.seconds:
        msg = f"warm_up_s must be within (0, {options.seconds}) s, got {options.warm_up_s}"
        raise ValueError(msg)
    compile_detectors()
    for n_workers in map(int, options.workers.split("+")):
        with stack() as running:
            run = _Run(running, options, n_workers)
            run.measure()
            yield from run.figures()


class _Cost(NamedTuple):
    """Processor time so far, s, by what spends it."""

    workers: float
    broker: float
    database: float
    producers: float
    reader: float


class _Inside(NamedTuple):
    """What workers say of themselves so far, all together: seconds by the clock, and counts."""

    detectors_s: float
    writing_s: float
    n_batches: float
    checkpoint_bytes: float

    @classmethod
    def of(cls, ports: list[int]) -> Self:
        """Asked of their metrics."""
        pages = [metrics(port) for port in ports]
        return cls(*(sum(page[f"rhythmark_{name}"] for page in pages) for name in _INSIDE))


_INSIDE = ("detector_seconds_total", "write_seconds_sum", "transactions_total", "checkpoint_bytes_total")


class _Run:
    """One run, and what it found."""

    def __init__(self, running: Stack, options: Options, n_workers: int) -> None:
        self._stack = running
        self._options = options
        self._n_workers = n_workers
        self._sent_path = running.folder / "sent"
        n_producers = options.producers
        self._sent = np.memmap(self._sent_path, np.float64, "w+", shape=(n_producers, options.seconds * N_SLOTS))
        self._bounds = [options.streams * i // n_producers for i in range(n_producers + 1)]
        self._producer_of = np.repeat(np.arange(n_producers), np.diff(self._bounds))
        self._seen = np.zeros(options.streams, np.int64)  # messages of each stream that were seen stored
        self._numbers = np.full(0, -1, np.int64)  # stream number of each group id
        self._latencies = np.zeros(MAX_LATENCY_MS + 1, np.int64)  # messages by ms
        self._lags: list[tuple[float, float]] = []  # s since the start, messages produced and not stored
        self._cost_s: list[float] = []
        self._ports: list[int] = []
        self._inside: list[float] = []
        self._memory_bytes: list[int] = []
        self._elapsed_s = 0.0
        self._drained_s = 0.0
        self._start_s = 0.0

    def measure(self) -> None:
        """Run it."""
        dsn = self._stack.dsn(self._stack.new_database())
        self._ports = [free_port() for _ in range(self._n_workers)]
        workers = [
            self._stack.start_worker(f"w{i}", dsn, group="live", metrics_port=port)
            for i, port in enumerate(self._ports)
        ]
        wait_for_reading(workers)
        self._start_s = math.ceil(time.time() + READY_S)
        producers = [self._start_producer(i) for i in range(self._options.producers)]
        try:
            with StoredReader(dsn) as reader:
                self._watch(reader, producers)
                self._drain(reader)
        finally:
            for producer in producers:
                producer.kill()
                producer.wait()
        n_dead = self._stack.n_dead_letters()
        assert n_dead == 0, f"no message may become a dead letter, {n_dead} did"
        self._stack.stop_workers()

    def _start_producer(self, i: int) -> subprocess.Popen[bytes]:
        plan = Plan(
            bootstrap=self._stack.bootstrap,
            first=self._bounds[i],
            end=self._bounds[i + 1],
            start_s=self._start_s,
            n_seconds=self._options.seconds,
            n_records=self._options.records,
            sent_path=str(self._sent_path),
            i_producer=i,
        )
        return subprocess.Popen([sys.executable, "-m", "benchmarks.live_producer", msgspec.json.encode(plan).decode()])

    def _watch(self, reader: StoredReader, producers: list[subprocess.Popen[bytes]]) -> None:
        """From the first message to the last."""
        postmaster = self._stack.postmaster_pid()
        before: _Cost | None = None
        warm_s = self._start_s + self._options.warm_up_s
        end_s = self._start_s + self._options.seconds
        next_s = self._start_s
        while time.time() < end_s:
            time.sleep(max(next_s - time.time(), 0))
            next_s = max(next_s + LOOK_S, time.time())
            if before is None and time.time() >= warm_s:
                before, began_s = self._cost(postmaster, reader, producers), time.time()
                inside = _Inside.of(self._ports)
            self._note(reader, reader.look())
            self._check(producers)
        assert before is not None
        after = self._cost(postmaster, reader, producers)
        self._elapsed_s = time.time() - began_s
        self._cost_s = [late - early for early, late in zip(before, after, strict=True)]
        self._inside = [late - early for early, late in zip(inside, _Inside.of(self._ports), strict=True)]
        self._memory_bytes = [processes.resident_bytes(one.pid) for one in self._stack.workers.values()]
        for producer in producers:
            if producer.wait(60) != 0:
                msg = f"producers must deliver everything, one ended with {producer.returncode}"
                raise RuntimeError(msg)

    def _check(self, producers: list[subprocess.Popen[bytes]]) -> None:
        for worker in self._stack.workers.values():
            worker.check()
        failed = [producer.returncode for producer in producers if producer.poll()]
        if failed:
            msg = f"producers must run to the end, one ended with {failed[0]}"
            raise RuntimeError(msg)

    def _drain(self, reader: StoredReader) -> None:
        """Wait for what is still on its way; what does not come is lost."""
        began_s = time.time()
        n_sent = self._options.streams * self._options.seconds * live_streams.FS_HZ
        while (look := reader.look()).n_stored < n_sent and time.time() < began_s + self._options.drain_s:
            self._note(reader, look)
            time.sleep(LOOK_S)
        self._note(reader, look)
        self._drained_s = time.time() - began_s
        if look.n_stored != n_sent:
            msg = f"every sample must be stored: {n_sent} were sent, {look.n_stored} are there"
            raise RuntimeError(msg)

    def _note(self, reader: StoredReader, look: Look) -> None:
        is_new = look.group_ids.max(initial=-1) >= len(self._numbers)
        if is_new or (self._numbers[look.group_ids] < 0).any():  # of two workers the later may have the lower ids
            self._number(reader)
        numbers = self._numbers[look.group_ids]
        stored = look.next_samples // live_streams.FS_HZ
        n_new = stored - self._seen[numbers]
        streams = np.repeat(numbers, n_new)
        # message k of a stream that advanced from a to b, for each k in [a, b)
        firsts = np.repeat(np.cumsum(n_new) - n_new, n_new)
        k = np.repeat(self._seen[numbers], n_new) + np.arange(len(streams)) - firsts
        slots = k * N_SLOTS + streams % N_SLOTS
        latencies_ms = 1000 * (look.at_s - self._sent[self._producer_of[streams], slots])
        is_warm = slots >= self._options.warm_up_s * N_SLOTS
        in_ms = np.clip(np.ceil(latencies_ms[is_warm]), 0, MAX_LATENCY_MS).astype(np.int64)
        self._latencies += np.bincount(in_ms, minlength=MAX_LATENCY_MS + 1)
        self._seen[numbers] = stored
        self._lags.append((look.at_s - self._start_s, self._n_sent(look.at_s) - look.n_stored / live_streams.FS_HZ))

    def _number(self, reader: StoredReader) -> None:
        names = reader.names()
        grown = np.full(max(names) + 1, -1, np.int64)
        for group_id, name in names.items():
            grown[group_id] = int(name.rpartition("-")[2])
        self._numbers = grown

    def _n_sent(self, at_s: float) -> int:
        n_slots = np.count_nonzero((self._sent > 0) & (self._sent <= at_s), axis=1)
        whole, part = np.divmod(n_slots[self._producer_of], N_SLOTS)
        return int((whole + (np.arange(self._options.streams) % N_SLOTS < part)).sum())

    def _cost(self, postmaster: int, reader: StoredReader, producers: list[subprocess.Popen[bytes]]) -> _Cost:
        own = processes.cpu_s([reader.backend_pid])
        return _Cost(
            workers=processes.cpu_s(worker.pid for worker in self._stack.workers.values()),
            broker=processes.cpu_s([self._stack.broker_pid]),
            database=processes.tree_cpu_s(postmaster) - own,
            producers=processes.cpu_s(producer.pid for producer in producers),
            reader=own + processes.cpu_s([os.getpid()]),
        )

    def figures(self) -> Iterator[Figure]:
        """What was found."""
        options = self._options
        name = f"live, {options.streams} streams, {self._n_workers} worker{'s' * (self._n_workers > 1)}"
        for share in (0.5, 0.95, 0.99):
            yield Figure(f"{name}: produced to stored, p{share * 100:g}", self._percentile_ms(share), "ms")
        yield Figure(f"{name}: produced to stored, longest", float(np.flatnonzero(self._latencies)[-1]), "ms")
        at_s, lags = self._lags_while_sent()
        yield Figure(f"{name}: lag grows by", float(np.polyfit(at_s, lags, 1)[0]), "messages/s")
        yield Figure(f"{name}: lag, median", float(np.median(lags)), "messages")
        yield Figure(f"{name}: lag, most", float(lags.max()), "messages")
        yield Figure(f"{name}: drained after the last message in", self._drained_s, "s")
        late_ms = 1000 * (self._sent - (self._start_s + np.arange(self._sent.shape[1]) / N_SLOTS))
        yield Figure(f"{name}: producer late, p99", float(np.percentile(late_ms, 99)), "ms")
        yield from self._costs(name)

    def _costs(self, name: str) -> Iterator[Figure]:
        stream_s = self._options.streams * self._elapsed_s
        for kind, cost_s in zip(_Cost._fields, self._cost_s, strict=True):
            yield Figure(f"{name}: processor, {kind}", 1e6 * cost_s / stream_s, "us/stream-second")
        detectors_s, writing_s, n_batches, checkpoint_bytes = self._inside
        yield Figure(f"{name}: of a worker's time, detectors", 1e6 * detectors_s / stream_s, "us/stream-second")
        yield Figure(f"{name}: of a worker's time, transactions", 1e6 * writing_s / stream_s, "us/stream-second")
        yield Figure(f"{name}: messages a batch", stream_s / n_batches, "messages")
        yield Figure(f"{name}: checkpoints", checkpoint_bytes / stream_s, "B/stream-second")
        yield Figure(f"{name}: memory of all workers", sum(self._memory_bytes) / 2**20, "MiB")
        service_s = sum(self._cost_s[:3])
        cores = os.cpu_count() or 1
        yield Figure(f"{name}: processor used by workers, broker, database", service_s / self._elapsed_s, "cores")
        yield Figure(f"{name}: extrapolated limit on 2 cores", 2 * stream_s / service_s, "streams")
        all_s = sum(self._cost_s)
        yield Figure(f"{name}: the same with producers and reader, {cores} cores", cores * stream_s / all_s, "streams")

    def _percentile_ms(self, share: float) -> float:
        cumulative = np.cumsum(self._latencies)
        return float(np.searchsorted(cumulative, share * cumulative[-1]))

    def _lags_while_sent(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        both = np.array(self._lags)
        sent = (both[:, 0] >= self._options.warm_up_s) & (both[:, 0] < self._options.seconds)
        return both[sent, 0], both[sent, 1]
