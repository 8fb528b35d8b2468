"""`rhythmark replay`: a recording as a device would send it, or an archive of them, as fast as it goes."""

from __future__ import annotations

import hashlib
import sys
import time
from typing import TYPE_CHECKING

from formats.csv_spans import iso_utc
from formats.errors import FormatError
from formats.wfdb_files import read_blocks, read_header
from ingest import kafka_worker
from ingest.errors import BrokerUnavailableError
from ingest.replay import FULL_SPEED
from rhythmark import archive, journal
from rhythmark.progress import Progress
from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from rhythmark.settings import Settings

_LIVE_BLOCK_S = 1.0
_ARCHIVE_BLOCK_S = 10.0
"""An archive need not be quick to arrive, and a message costs more than its samples."""
_JOURNALS = "replay"
"""Where below RHYTHMARK_HOME it is kept how far archives were sent."""


def run(arguments: Namespace, settings: Settings) -> int:
    """Send what is named and say what was sent."""
    bootstrap = settings.required_kafka()
    if len(arguments.records) == 1 and not arguments.records[0].is_dir():
        return _send_record(arguments, bootstrap)
    if arguments.stream:
        msg = f"--stream must name one record's stream, got {len(arguments.records)} paths; say --prefix"
        raise InvalidValueError(msg)
    return _send_archive(arguments, bootstrap, settings.home / _JOURNALS)


def _send_record(arguments: Namespace, bootstrap: str) -> int:
    if arguments.prefix or arguments.restart:
        msg = "--prefix and --restart must go with a folder or several records, got one record"
        raise InvalidValueError(msg)
    header = read_header(arguments.records[0])
    signal = archive.as_stream(header, arguments.stream, now_us=_now_us(), starts_now=arguments.now)
    print(f"sending {header.path.name} as stream {signal.stream!r}, sample 0 at {iso_utc(signal.t0_us)}", flush=True)
    began_s = time.perf_counter()
    done = kafka_worker.replay_to_kafka(
        bootstrap,
        signal,
        read_blocks(header),
        speed=arguments.speed,
        block_s=arguments.block_s or _LIVE_BLOCK_S,
        device=arguments.device,
    )
    wall_s = max(time.perf_counter() - began_s, 1e-6)
    rate = done.n_samples * signal.n_channels / wall_s
    print(f"sent {done.n_messages} messages, {done.n_samples} x {signal.n_channels} samples, {rate:,.0f} samples/s")
    return 0


def _send_archive(arguments: Namespace, bootstrap: str, journals: Path) -> int:
    records = archive.archive_of(arguments.records, prefix=arguments.prefix or "")
    default_block_s = _ARCHIVE_BLOCK_S if arguments.speed == FULL_SPEED else _LIVE_BLOCK_S
    manner = archive.Manner(
        device=arguments.device,
        speed=arguments.speed,
        block_s=arguments.block_s or default_block_s,
        now_us=_now_us(),
        starts_now=arguments.now,
        is_anew=arguments.restart,
    )
    try:
        with (
            kafka_worker.archive_sink(bootstrap) as (sink, topic_id),
            journal.opened(journals / f"{hashlib.sha256(topic_id.encode()).hexdigest()[:16]}.jsonl") as sent,
        ):
            planned, unreadable = archive.plan(records, sent, manner)
            for failure in unreadable:
                print(f"error: {failure}", file=sys.stderr, flush=True)
            with Progress("records", len(planned), sum(one.n_bytes for one in planned)) as progress:
                outcome = archive.send(planned, sink, sent, manner, progress)
    except BrokerUnavailableError as error:
        msg = f"{error}; the same command goes on where it was acknowledged"
        raise BrokerUnavailableError(msg) from error
    print(
        f"sent {outcome.n_sent} records, {outcome.n_samples:,} samples, {progress.mb_per_s:,.1f} MB/s;"
        f" {outcome.n_there_already} had been sent before"
    )
    n_failed = outcome.n_failed + len(unreadable)
    if n_failed:
        msg = f"{n_failed} of {len(records)} records could not be sent"
        raise FormatError(msg)
    return 0


def _now_us() -> int:
    return time.time_ns() // 1000
