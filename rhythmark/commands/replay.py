"""`rhythmark replay`: a recording as a device would send it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from formats.csv_spans import iso_utc
from formats.errors import FormatError
from formats.wfdb_files import RecordHeader, read_blocks, read_header
from ingest import kafka_worker
from ingest.wire import MAX_AGE_S
from signal_processing.clock import US_PER_S

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings
    from signal_processing.values import Signal

UNDATED_US = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * US_PER_S
"""When a recording without a date began; always the same, so that playing it twice changes nothing."""


def run(arguments: Namespace, settings: Settings) -> int:
    """Send the record and say what was sent."""
    bootstrap = settings.required_kafka()
    header = read_header(arguments.record)
    signal = _as_stream(header, arguments.stream, now_us=time.time_ns() // 1000, starts_now=arguments.now)
    print(f"sending {header.path.name} as stream {signal.stream!r}, sample 0 at {iso_utc(signal.t0_us)}", flush=True)
    began_s = time.perf_counter()
    done = kafka_worker.replay_to_kafka(
        bootstrap, signal, read_blocks(header), speed=arguments.speed, device=arguments.device
    )
    wall_s = max(time.perf_counter() - began_s, 1e-6)
    rate = done.n_samples * signal.n_channels / wall_s
    print(f"sent {done.n_messages} messages, {done.n_samples} x {signal.n_channels} samples, {rate:,.0f} samples/s")
    return 0


def _as_stream(header: RecordHeader, name: str | None, *, now_us: int, starts_now: bool) -> Signal:
    t0_us = now_us if starts_now else UNDATED_US if header.start_us is None else header.start_us
    age_s = (now_us - t0_us) / US_PER_S
    if age_s > MAX_AGE_S:
        msg = f"recording must be at most {MAX_AGE_S / 86_400 / 365.25:.0f} years old, got {iso_utc(t0_us)}; say --now"
        raise FormatError(msg)
    return msgspec.structs.replace(header.signal, stream=name or header.signal.stream, t0_us=t0_us)
