"""Sends an archive of recordings: which streams its records become, and how the sending goes on when interrupted."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from formats.csv_spans import iso_utc
from formats.errors import FormatError
from formats.wfdb_description import HEADER_SUFFIX
from formats.wfdb_files import read_blocks, read_header
from ingest.acknowledged import AcknowledgedSink, Reached
from ingest.errors import BrokerUnavailableError
from ingest.replay import replay
from ingest.wire import MAX_AGE_S, decode, encode, messages_of
from rhythmark.journal import Entry
from rhythmark.records import records_in
from signal_processing.clock import US_PER_S
from signal_processing.errors import RhythmarkError
from signal_processing.values import Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from formats.wfdb_files import RecordHeader
    from ingest.replay import Sink
    from rhythmark.journal import Journal
    from rhythmark.progress import Progress

UNDATED_US = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * US_PER_S
"""When a recording without a date began; always the same, so that playing it twice changes nothing."""
_SAMPLE_BYTES = 2


class ArchiveRecord(NamedTuple):
    """A record, and the stream it becomes."""

    path: Path
    stream: str


class Planned(NamedTuple):
    """A record that can be sent: its samples, bytes a sample (all channels), and the journal's entry to begin with."""

    record: ArchiveRecord
    n_samples: int
    sample_bytes: int
    entry: Entry

    @property
    def n_bytes(self) -> int:
        """Its samples, bytes."""
        return self.n_samples * self.sample_bytes


class Manner(NamedTuple):
    """How records are sent; `now_us` is the time of the command."""

    device: str
    speed: float
    block_s: float
    now_us: int
    starts_now: bool
    is_anew: bool


class Outcome(NamedTuple):
    """What sending came to; a record that was there already had been sent whole before."""

    n_sent: int
    n_there_already: int
    n_failed: int
    n_samples: int


def archive_of(paths: Iterable[Path], *, prefix: str = "") -> list[ArchiveRecord]:
    """The records that paths name: of a folder all below it, named by their path from there; else by the record's name.

    Parameters
    ----------
    prefix : goes before every name, with a slash between.

    Raises
    ------
    FormatError : if a folder holds none, or two records would become one stream.
    """
    by_stream: dict[str, ArchiveRecord] = {}
    seen: set[Path] = set()
    for path in paths:
        for record, name in _named(path):
            whole = (record.parent / f"{record.name}{HEADER_SUFFIX}").resolve()
            if whole in seen:  # named twice, or once by a link: sent once
                continue
            seen.add(whole)
            stream = f"{prefix}/{name}" if prefix else name
            other = by_stream.setdefault(stream, ArchiveRecord(record, stream))
            if other.path != record:
                msg = f"records must become different streams, got {other.path} and {record} as {stream!r}"
                raise FormatError(msg)
    return list(by_stream.values())


def plan(records: Sequence[ArchiveRecord], journal: Journal, manner: Manner) -> tuple[list[Planned], list[str]]:
    """What of the records can be sent, and why the others cannot."""
    planned: list[Planned] = []
    failures: list[str] = []
    for record in records:
        try:
            planned.append(_planned(record, journal, manner))
        except RhythmarkError as error:
            failures.append(f"{record.path}: {error}")
    return planned, failures


def send(planned: Sequence[Planned], sink: Sink, journal: Journal, manner: Manner, progress: Progress) -> Outcome:
    """Send what is not safe yet, record after record; one that fails does not stop the others.

    Raises
    ------
    BrokerUnavailableError : if the broker is gone; what it had acknowledged is in the journal.
    """
    entries = {one.entry.stream: one.entry for one in planned}
    sample_bytes = {one.entry.stream: one.sample_bytes for one in planned}

    def on_safe(reached: Mapping[str, Reached]) -> None:
        for stream, (next_sample, is_whole) in reached.items():
            progress.advance((next_sample - entries[stream].next_sample) * sample_bytes[stream])
            entries[stream] = msgspec.structs.replace(entries[stream], next_sample=next_sample, is_whole=is_whole)
        journal.write([entries[stream] for stream in reached])

    safe = AcknowledgedSink(sink, on_safe)
    n_there_already = n_failed = n_samples = 0
    try:
        for one in planned:
            progress.skip(one.entry.next_sample * one.sample_bytes)
            if one.entry.is_whole:
                n_there_already += 1
            else:
                try:
                    n_samples += _send_one(one, safe, manner)
                except BrokerUnavailableError:
                    raise
                except RhythmarkError as error:
                    n_failed += 1
                    progress.say(f"error: {one.record.path}: {error}")
                    safe.settle()
                    # from its beginning the next time, because only a whole reading finds it damaged
                    journal.write([msgspec.structs.replace(one.entry, next_sample=0)])
            progress.finish_one()
    except KeyboardInterrupt:
        safe.settle()
        raise
    safe.settle()
    return Outcome(len(planned) - n_there_already - n_failed, n_there_already, n_failed, n_samples)


def as_stream(header: RecordHeader, name: str | None, *, now_us: int, starts_now: bool = False) -> Signal:
    """The record's signal as a stream of that name (None: the record's own).

    Raises
    ------
    FormatError : if it began too long ago.
    """
    t0_us = now_us if starts_now else UNDATED_US if header.start_us is None else header.start_us
    age_s = (now_us - t0_us) / US_PER_S
    if age_s > MAX_AGE_S:
        msg = f"recording must be at most {MAX_AGE_S / 86_400 / 365.25:.0f} years old, got {iso_utc(t0_us)}; say --now"
        raise FormatError(msg)
    return msgspec.structs.replace(header.signal, stream=name or header.signal.stream, t0_us=t0_us)


def check_sendable(signal: Signal, n_samples: int, *, device: str, now_us: int) -> None:
    """Refuse here what the worker would put aside message by message.

    Raises
    ------
    MessageError : if a name, a unit, a rate or a time breaks a rule of the wire.
    """
    one = np.zeros((1, signal.n_channels), signal.sample_format.dtype)
    for message in messages_of(signal, [Block(0, one), Block(max(n_samples - 1, 1), one)], device=device):
        decode(encode(message), now_us=now_us)


def _named(path: Path) -> list[tuple[Path, str]]:
    if path.is_dir() and not (path.name and path.with_name(f"{path.name}{HEADER_SUFFIX}").is_file()):
        found = sorted(file.with_suffix("") for file in path.rglob(f"*{HEADER_SUFFIX}"))
        if not found:
            msg = f"folder {path} must hold at least one WFDB record (*.hea), got none"
            raise FormatError(msg)
        return [(record, record.relative_to(path).as_posix()) for record in found]
    return [(record, record.name) for record in records_in(path)]


def _planned(record: ArchiveRecord, journal: Journal, manner: Manner) -> Planned:
    header = read_header(record.path)
    fingerprint = _fingerprint(record.path)
    signal = as_stream(header, record.stream, now_us=manner.now_us, starts_now=manner.starts_now)
    entry = None if manner.is_anew else journal.find(record.stream, fingerprint)
    if entry is None:
        entry = Entry(record.stream, fingerprint, signal.t0_us, 0, is_whole=False)
    stamped = msgspec.structs.replace(signal, t0_us=entry.t0_us)
    check_sendable(stamped, header.n_samples, device=manner.device, now_us=manner.now_us)
    return Planned(record, header.n_samples, signal.n_channels * _SAMPLE_BYTES, entry)


def _send_one(one: Planned, sink: AcknowledgedSink, manner: Manner) -> int:
    header = read_header(one.record.path, t0_us=one.entry.t0_us)
    signal = msgspec.structs.replace(header.signal, stream=one.entry.stream)
    # read from the beginning in any case: only then are the header's checksums compared
    rest = (block for block in read_blocks(header) if block.end > one.entry.next_sample)
    done = replay(signal, rest, sink, device=manner.device, speed=manner.speed, block_s=manner.block_s)
    return done.n_samples * signal.n_channels


def _fingerprint(path: Path) -> str:
    header = path.with_name(f"{path.name}{HEADER_SUFFIX}").read_bytes()
    return hashlib.sha256(header).hexdigest()[:32]
