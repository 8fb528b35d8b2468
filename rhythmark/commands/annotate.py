"""`rhythmark annotate`: the detectors of the worker over files, on all cores."""

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from detectors.registry import production_for
from detectors.runner import DetectorRun
from formats.errors import FormatError
from formats.wfdb_files import check_annotator, read_blocks, read_header, write_annotations
from rhythmark.pool import results
from rhythmark.progress import Count
from rhythmark.records import distinct
from signal_processing.errors import RhythmarkError
from signal_processing.values import Block, Signal, settled
from signal_processing.vocabulary import LabelKind, label

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings
    from signal_processing.values import Annotation

_BLOCK_S = 60.0
"""Longer blocks than a stream's: fewer steps for the same marks, as the laws of detectors say."""


class Job(NamedTuple):
    """One record to annotate."""

    record: Path
    output: Path
    annotator: str
    channels: tuple[int, ...] | None


class Done(NamedTuple):
    """What came of it."""

    record: Path
    n_beats: int
    n_spans: int
    recorded_s: float
    wall_s: float


def run(arguments: Namespace, settings: Settings) -> int:
    """Annotate every record that is named; one that fails does not stop the others."""
    del settings
    check_annotator(arguments.annotator)  # before minutes of work
    channels = tuple(arguments.channels) if arguments.channels else None
    jobs = [Job(path, arguments.output, arguments.annotator, channels) for path in distinct(arguments.records)]
    n_failed = 0
    with Count("records", len(jobs)) as progress, results(annotate, jobs, min(arguments.jobs, len(jobs))) as outcomes:
        for result in outcomes:
            try:
                progress.finish_one(_told(result()))
            except RhythmarkError as error:
                n_failed += 1
                progress.finish_one(f"error: {error}")
    if n_failed:
        msg = f"{n_failed} of {len(jobs)} records could not be annotated"
        raise FormatError(msg)
    return 0


def annotate(job: Job) -> Done:
    """Run every detector that has something to say about the record, in one reading, and write what they say."""
    began = time.perf_counter()
    header = read_header(job.record)
    signal = _chosen(header.signal, job.channels)
    runs = [DetectorRun(detector, signal) for detector in production_for(signal)]
    said: list[Annotation] = []
    for block in read_blocks(header, block_s=_BLOCK_S):
        physical = signal.physical(_columns(block, job.channels))
        for detector_run in runs:
            said += detector_run.feed(physical)
    said = settled(said + [annotation for detector_run in runs for annotation in detector_run.finish()])
    # `chan` in the file counts the channels of the record, not of the choice
    write_annotations(job.output, job.record.name, job.annotator, header.signal, said)
    n_beats = sum(label(annotation.label).kind is LabelKind.BEAT for annotation in said)
    recorded_s = header.n_samples / signal.fs_hz
    return Done(job.record, n_beats, len(said) - n_beats, recorded_s, time.perf_counter() - began)


def _chosen(signal: Signal, channels: tuple[int, ...] | None) -> Signal:
    if channels is None:
        return signal
    if max(channels) >= signal.n_channels:
        msg = f"channels of {signal.stream!r} must be within [0, {signal.n_channels - 1}], got {max(channels)}"
        raise FormatError(msg)
    return msgspec.structs.replace(signal, channels=tuple(signal.channels[i] for i in channels))


def _columns(block: Block, channels: tuple[int, ...] | None) -> Block:
    return block if channels is None else Block(block.start, block.samples[:, list(channels)])


def _told(done: Done) -> str:
    speed = done.recorded_s / max(done.wall_s, 1e-6)
    return (
        f"{done.record.name}: {done.n_beats} beats, {done.n_spans} spans and events"
        f" in {done.wall_s:.1f} s ({speed:,.0f} times real time)"
    )
