"""Catch-up after an outage, and what it takes until partitions are read again when workers come and go.

A backlog of live streams (3 leads at 250 Hz, 1 s a message, with the time stamps of their seconds) waits in a real
broker. Measured in the same run: a bare kafka-python loop that only receives it, a bare COPY of the same payloads, and
workers as the command line starts them, from their start and from when all of them have partitions to the last row;
then until their detectors have read it all, as their metrics say. What is stored is read on a connection of its own.

Then messages trickle into every partition while a worker is added, stopped in order and killed: how long the partition
that waited longest was not read, and when every partition is read again with the group at rest, as the broker sees it.
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import psycopg
from kafka import KafkaConsumer

from benchmarks import live_streams, processes, worker
from benchmarks.figures import Figure, against
from benchmarks.group_watch import GroupWatch
from benchmarks.stack import Stack, compile_detectors, free_port, is_reading, metrics, stack, wait_for_reading
from benchmarks.stored import StoredReader
from ingest.kafka_producer import KafkaSink
from ingest.topics import N_WAVEFORM_PARTITIONS, WAVEFORM_TOPIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.stack import WorkerProcess

LOOK_S = 0.05
TRICKLE_S = 0.5
"""Between two messages of one stream, s."""
STREAMS_A_PARTITION = 3
"""So that none of the partitions is likely to have no stream."""
LEAST_SHARE = 0.5
"""Of the backlog, to be timed."""
N_BARE = 3
"""The limits are measured that often: each lasts some seconds only, and one that was disturbed would flatter."""
REST_S = 180.0
"""How long a group may take to come to rest; a killed member's session alone lasts 15 s."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    Parameters
    ----------
    streams, outage_s : the backlog; one that is read within some seconds measures how workers join their group.
    workers : numbers of workers to compare.
    rebalance : 0 to leave that part out.
    """

    streams: int = 500
    outage_s: int = 480
    workers: str = "1+2+3"
    records: int = 8
    rebalance: int = 1
    limit_s: float = 1200.0


def figures(options: Options | None = None) -> Iterator[Figure]:
    """Both parts."""
    options = options or Options()
    compile_detectors()
    with stack() as running:
        yield from _catching_up(running, options)
    if options.rebalance:
        with stack() as running:
            yield from _rebalancing(running, options)


def _catching_up(running: Stack, options: Options) -> Iterator[Figure]:
    n_messages = options.streams * options.outage_s
    n_values = n_messages * live_streams.FS_HZ * live_streams.N_LEADS
    _fill(running.bootstrap, options)
    received_s = min(_received_s(running.bootstrap, n_messages) for _ in range(N_BARE))
    bare = Figure(f"bare consumer, same messages, best of {N_BARE}", n_values / received_s, "samples/s")
    yield bare
    copied_s = min(_copied_s(running, n_messages) for _ in range(N_BARE))
    copy = Figure(f"bare COPY, same payloads, best of {N_BARE}", n_values / copied_s, "samples/s")
    yield copy
    slower = min(bare, copy, key=lambda figure: figure.value)
    for detectors in (False, True):
        for n_workers in map(int, options.workers.split("+")):
            program = None if detectors else worker.program(worker.Settings(detectors=False))
            times = _caught_up(running, n_workers, program, n_messages, options.limit_s)
            name = f"catch-up, {'all' if detectors else 'no'} detectors, {n_workers} worker{'s' * (n_workers > 1)}"
            yield against(Figure(name, n_values / times.storing_s, "samples/s"), slower)
            yield against(Figure(f"{name}, start of the process included", n_values / times.all_s, "samples/s"), slower)
            if detectors:
                read = Figure(f"{name}, until all is read by detectors", n_values / times.level_s, "samples/s")
                yield against(read, slower)
            for kind, cost_s in zip(("workers", "broker", "database"), times.cost_s, strict=True):
                yield Figure(f"{name}: processor, {kind}", 1e6 * cost_s / n_messages, "us/message")


class _Times(NamedTuple):
    """From the first worker's start, and from the first look that showed a row when all workers had partitions.

    `level_s` is until the detectors have read everything as well, `cost_s` the processor time of workers, broker and
    database for the whole backlog by then.
    """

    all_s: float
    storing_s: float
    level_s: float
    cost_s: list[float]


def _caught_up(
    running: Stack, n_workers: int, program: tuple[str, ...] | None, n_messages: int, limit_s: float
) -> _Times:
    database = running.new_database()
    dsn = running.dsn(database)
    group = f"catch-up-{uuid.uuid4().hex[:8]}"
    n_wanted = n_messages * live_streams.FS_HZ
    began_s = time.monotonic()
    first_s = first_n = n_stored = 0
    cost_s: list[float] = []
    postmaster = running.postmaster_pid()
    with StoredReader(dsn) as reader:

        def cost() -> list[float]:
            pids = [worker.pid for worker in running.workers.values()]
            database_s = processes.tree_cpu_s(postmaster) - processes.cpu_s([reader.backend_pid])
            return [processes.cpu_s(pids), processes.cpu_s([running.broker_pid]), database_s]

        ports = [None if program else free_port() for _ in range(n_workers)]
        workers = [
            running.start_worker(f"{group}-{i}", dsn, group=group, program=program, metrics_port=port)
            for i, port in enumerate(ports)
        ]
        while n_stored < n_wanted:
            time.sleep(LOOK_S)
            n_stored = reader.n_stored()
            if n_stored and not first_n and all(map(is_reading, workers)):
                first_s, first_n, cost_s = time.monotonic(), n_stored, cost()
            for one in workers:
                one.check()
            if time.monotonic() > began_s + limit_s:
                msg = f"{n_wanted} samples must be stored within {limit_s:g} s, {n_stored} are"
                raise RuntimeError(msg)
        end_s = time.monotonic()
        while any(port and metrics(port)["rhythmark_detectors_behind_groups"] for port in ports):
            time.sleep(LOOK_S)
        level_s = time.monotonic()
        share = (n_wanted - first_n) / n_wanted if first_n else 0.0  # what was stored while it was timed
        if share < LEAST_SHARE:
            msg = (
                f"when all workers read, {LEAST_SHARE:.0%} of the backlog must be left, {share:.0%} are: make it longer"
            )
            raise RuntimeError(msg)
        spent_s = [(late - early) / share for early, late in zip(cost_s, cost(), strict=True)]
    running.stop_workers()
    running.drop_database(database)
    return _Times(end_s - began_s, (end_s - first_s) / share, (level_s - first_s) / share, spent_s)


def _fill(bootstrap: str, options: Options) -> None:
    records = live_streams.recordings(n_records=options.records, n_seconds=max(options.outage_s, 60))
    t0_us = time.time_ns() // 1000 - (options.outage_s + 60) * 1_000_000
    streams = live_streams.streams_of(range(options.streams), records, t0_us=t0_us)
    sink = KafkaSink(bootstrap)
    for i_second in range(options.outage_s):
        sent_ms = t0_us // 1000 + 1000 * (i_second + 1)
        for stream in streams:
            sink.send_raw(stream.key, stream.message(i_second), sent_ms=sent_ms)
    sink.flush()
    sink.close()


def _received_s(bootstrap: str, n_messages: int) -> float:
    """Time for that many, from the first poll that gave some: joining the group is not counted, as for the workers."""
    consumer = _consumer(bootstrap)
    n_received = n_first = 0
    began_s = 0.0
    while n_received < n_messages:
        polled: dict[Any, list[Any]] = consumer.poll(timeout_ms=1000)
        n_received += sum(map(len, polled.values()))
        if n_received and not n_first:
            began_s, n_first = time.monotonic(), n_received
    elapsed_s = time.monotonic() - began_s
    consumer.close()
    return elapsed_s * n_messages / max(n_messages - n_first, 1)


def _copied_s(running: Stack, n_messages: int) -> float:
    """COPY of the payloads, in the order they stand in the topic, a transaction a poll; receiving is not counted."""
    elapsed_s, n_received = 0.0, 0
    consumer = _consumer(running.bootstrap)
    database = running.new_database()
    with psycopg.connect(running.dsn(database)) as conn:
        conn.execute("CREATE TABLE bare (stream text, seq bigint, payload bytea, PRIMARY KEY (stream, seq))")
        conn.commit()
        while n_received < n_messages:
            polled: dict[Any, list[Any]] = consumer.poll(timeout_ms=1000)
            rows = [
                (one.key.decode(), one.partition << 40 | one.offset, one.value)
                for batch in polled.values()
                for one in batch
            ]
            n_received += len(rows)
            began_s = time.monotonic()
            with conn.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "int8", "bytea"])
                for row in rows:
                    copy.write_row(row)
            conn.commit()
            elapsed_s += time.monotonic() - began_s
    consumer.close()
    running.drop_database(database)
    return elapsed_s


def _consumer(bootstrap: str) -> Any:
    return KafkaConsumer(
        WAVEFORM_TOPIC,
        bootstrap_servers=bootstrap,
        group_id=f"bare-{uuid.uuid4().hex}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=2000,
        metrics_enabled=False,
    )


def _rebalancing(running: Stack, options: Options) -> Iterator[Figure]:
    """One worker, a second, a third; one stops, one is killed and comes back, one is killed for good."""
    dsn = running.dsn(running.new_database())
    group = "rebalance"
    records = live_streams.recordings(n_records=options.records, n_seconds=60)
    with StoredReader(dsn) as reader, GroupWatch(running.bootstrap, group) as watch, _Trickle(running, records):
        workers = [running.start_worker("r0", dsn, group=group)]
        wait_for_reading(workers)
        observed = _Observed(reader, watch)
        observed.until_at_rest(1)

        def start(name: str) -> None:
            workers.append(running.start_worker(name, dsn, group=group))

        def stop() -> None:
            _ended(running, workers.pop()).stop()

        def kill() -> None:
            _ended(running, workers.pop()).kill()

        def kill_and_start() -> None:
            killed = workers.pop()
            _ended(running, killed).kill()
            start(killed.name)

        for name, act, n_members in (
            ("a second worker starts", lambda: start("r1"), 2),
            ("a third worker starts", lambda: start("r2"), 3),
            ("one of three is stopped", stop, 2),
            ("one of two is killed and started again at once", kill_and_start, 2),
            ("one of two is killed for good", kill, 1),
        ):
            yield from observed.figures(name, act, n_members)
    running.stop_workers()


def _ended(running: Stack, one: WorkerProcess) -> WorkerProcess:
    """A worker that is about to end on purpose."""
    del running.workers[one.name]
    return one


class _Trickle(threading.Thread):
    """A few messages a second into every partition, until the block ends."""

    def __init__(self, running: Stack, records: list[live_streams.Seconds]) -> None:
        super().__init__(name="trickle", daemon=True)
        self._sink = KafkaSink(running.bootstrap)
        numbers = range(N_WAVEFORM_PARTITIONS * STREAMS_A_PARTITION)
        # begun two hours ago: their seconds pass twice as fast as the clock's
        t0_us = time.time_ns() // 1000 - 7200 * 1_000_000
        self._streams = live_streams.streams_of(numbers, records, t0_us=t0_us)
        self._over = threading.Event()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._sink.close()

    def run(self) -> None:
        """Send."""
        i_second = 0
        while not self._over.wait(TRICKLE_S):
            for stream in self._streams:
                self._sink.send_raw(stream.key, stream.message(i_second))
            self._sink.flush()
            i_second += 1


class _Observed:
    """Looks at streams and group while something happens."""

    def __init__(self, reader: StoredReader, watch: GroupWatch) -> None:
        self._reader = reader
        self._watch = watch

    def figures(self, name: str, act: Callable[[], None], n_members: int) -> Iterator[Figure]:
        """What happens when `act` is done: until the group is at rest and every stream is stored again."""
        self.until_at_rest(None, for_s=2.0)
        began_s = time.monotonic()
        acting = threading.Thread(target=act)
        acting.start()
        pause_s, rest_s = self.until_at_rest(n_members, since_s=began_s)
        acting.join()
        yield Figure(f"rebalance, {name}: longest pause of a stream", pause_s, "s")
        yield Figure(f"rebalance, {name}: at rest, every partition read, after", rest_s, "s")

    def until_at_rest(
        self, n_members: int | None, *, since_s: float | None = None, for_s: float = 0.0
    ) -> tuple[float, float]:
        """Gives the longest pause of any stream meanwhile and the time from `since_s`, s.

        At rest: the group has that many members (None: any number) and a reader for each partition, and every stream
        has been stored anew since.
        """
        began_s = time.monotonic()
        since_s = since_s or began_s
        advanced_s: dict[int, float] = {}
        seen: dict[int, int] = {}
        longest_s, stable_s, asked_s = 0.0, None, 0.0
        while True:
            now_s = time.monotonic()
            look = self._reader.look()
            for group_id, sample in zip(look.group_ids.tolist(), look.next_samples.tolist(), strict=True):
                if sample != seen.get(group_id):
                    longest_s = max(longest_s, now_s - advanced_s.get(group_id, now_s))
                    seen[group_id], advanced_s[group_id] = sample, now_s
            if stable_s is None and now_s - asked_s > 0.2:
                asked_s = now_s
                found = self._watch.look()
                whole = found.state == "Stable" and found.n_partitions == N_WAVEFORM_PARTITIONS
                if whole and n_members in (None, sum(map(bool, found.partitions.values()))):
                    stable_s = now_s
            if stable_s is not None and advanced_s and min(advanced_s.values()) > stable_s and now_s > began_s + for_s:
                return longest_s, float(np.max(list(advanced_s.values()))) - since_s
            if now_s > began_s + REST_S:
                msg = f"the group must come to rest within {REST_S:g} s, it is {self._watch.look()}"
                raise RuntimeError(msg)
            time.sleep(LOOK_S)
