"""The demo's second process: plays a recording as a device would and ingests it with the worker of production.

Started as `python -m rhythmark.feed` with a `FeedJob` as the first line of standard input. Nothing secret is on its
command line, and when standard input ends, because the demo ended in whatever way, so does the feed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ingest.timing import SystemClock
from signal_processing.clock import US_PER_S
from signal_processing.errors import RhythmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.replay import Sink
    from storage.database import Database

_LIVE_BLOCK_S = 0.5
"""A strip that moves twice a second looks alive; shorter messages cost more than they show."""
_GROUP = "rhythmark-demo"
_WORKER = "demo"


class FeedJob(msgspec.Struct, frozen=True):
    """What the feed is to do.

    Parameters
    ----------
    dsn : of the migrated database.
    record : WFDB record.
    stream : name, registered already.
    t0_us : time of sample 0; what lies before now is sent at once, what follows in real time.
    bootstrap : of the broker to go through; None is the local source.
    log_file, log_level : where its log goes.
    """

    dsn: str
    record: str
    stream: str
    device: str
    t0_us: int
    bootstrap: str | None
    log_file: str
    log_level: str


class HeadStart(SystemClock):
    """A clock whose first reading of elapsed time lies in the past, so that what is paced by it is late at once."""

    def __init__(self, head_start_s: float) -> None:
        self._head_start_s = head_start_s

    def monotonic_s(self) -> float:
        """Seconds; the first reading is `head_start_s` ago."""
        now_s = super().monotonic_s() - self._head_start_s
        self._head_start_s = 0.0
        return now_s


def run(job: FeedJob, stop: threading.Event) -> None:
    """Feed until the recording has ended and `stop` is set, or `stop` is set earlier."""
    import structlog

    from storage.database import Database

    failures: list[BaseException] = []
    with Database.open(job.dsn) as database:
        with _ingesting(job, database, stop, failures) as sink:
            is_complete = _play(job, sink, stop)
            if is_complete and _ends(database, job.stream, stop):
                print("The recording has ended; it stays to be read and exported. Ctrl+C stops the demo.", flush=True)
            stop.wait()
        close_stream(database, job.stream)
    if failures:
        structlog.get_logger("rhythmark").error("feed_failed", error=str(failures[0]))
        raise failures[0]


def _play(job: FeedJob, sink: Sink, stop: threading.Event) -> bool:
    """Send the recording; says whether all of it was sent."""
    from formats.wfdb_files import read_blocks, read_header
    from ingest.replay import replay

    header = read_header(Path(job.record), t0_us=job.t0_us)
    renamed = msgspec.structs.replace(header.signal, stream=job.stream)
    clock = SystemClock()
    head_start = HeadStart((clock.now_us() - job.t0_us) / US_PER_S)
    blocks = read_blocks(header, block_s=_LIVE_BLOCK_S)
    done = replay(renamed, blocks, sink, device=job.device, block_s=_LIVE_BLOCK_S, clock=head_start, stop=stop)
    return done.is_complete


@contextmanager
def _ingesting(
    job: FeedJob, database: Database, stop: threading.Event, failures: list[BaseException]
) -> Iterator[Sink]:
    """A worker in a thread, and the sink whose messages reach it."""
    from detectors.registry import production_for
    from ingest.local_source import LocalSource
    from ingest.worker import Worker

    with ExitStack() as stack:
        if job.bootstrap is None:
            source = LocalSource()
            sink: Sink = source
            worker = Worker(database, source, detectors=production_for, name=_WORKER)
            stack.callback(_in_thread(lambda: worker.run(stop), stop, failures))
            stack.callback(source.close)  # first, so that a replay that waits for room does not wait for ever
        else:
            sink = _kafka_sink(job, stop, failures, stack)
        stack.callback(stop.set)
        yield sink


def _kafka_sink(job: FeedJob, stop: threading.Event, failures: list[BaseException], stack: ExitStack) -> Sink:
    from ingest import kafka_worker
    from ingest.kafka_producer import KafkaSink
    from ingest.topics import ensure_topics

    bootstrap = job.bootstrap or ""
    kafka_worker.quiet_client()
    ensure_topics(bootstrap)
    work = _in_thread(lambda: kafka_worker.run(bootstrap, _GROUP, job.dsn, stop=stop, name=_WORKER), stop, failures)
    stack.callback(work)
    sink = KafkaSink(bootstrap)
    stack.callback(sink.close)
    return sink


def _in_thread(work: Callable[[], None], stop: threading.Event, failures: list[BaseException]) -> Callable[[], None]:
    """Start it; gives what waits for its end. A failure stops the feed."""

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the main thread
            failures.append(error)
            stop.set()

    thread = threading.Thread(target=guarded, name="worker")
    thread.start()
    return thread.join


def _ends(database: Database, stream: str, stop: threading.Event) -> bool:
    """Wait until the worker has stored the last sample; False when stopped before."""
    from storage import catalogue

    while not stop.is_set():
        with database.transaction() as conn:
            if catalogue.stream_named(conn, stream).ended_us is not None:
                return True
        stop.wait(0.5)
    return False


def close_stream(database: Database, name: str) -> None:
    """End a stream whose device will send no more: the page then says so instead of waiting for it."""
    from storage import catalogue, waveforms

    with database.transaction() as conn:
        stream = catalogue.stream_named(conn, name)
        if stream.ended_us is not None:
            return
        groups = catalogue.groups_of(conn, stream.id)
        for group in groups:
            waveforms.seal(conn, group)
        ends = [group.signal.clock.us_at(group.next_sample) for group in groups]
        catalogue.end_stream(conn, stream.id, at_us=max(ends, default=stream.t0_us))


def main() -> int:
    """Read the job, watch standard input, feed."""
    from rhythmark import logging

    # Ctrl+C is for the demo, which then ends our standard input
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=FeedJob)
    logging.configure(job.log_level, file=Path(job.log_file))
    logging.name_worker(_WORKER)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_watch_standard_input, args=(stop,), daemon=True).start()
    try:
        run(job, stop)
    except RhythmarkError as error:
        if _is_orphan():
            return 1
        print("error:", error, file=sys.stderr, flush=True)
        return 1
    return 0


def _watch_standard_input(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()


def _is_orphan() -> bool:
    """Whether the demo is gone; then so is its database, and nobody reads what we would say."""
    return os.getppid() == 1


if __name__ == "__main__":
    sys.exit(main())
