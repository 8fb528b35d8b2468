"""`rhythmark delineate`: P, QRS and T of recordings from onset to end, on all cores."""

from __future__ import annotations

import csv
import os
import sys
import time
from contextlib import suppress
from pathlib import Path  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from detectors.beats.detector import MAX_FS_HZ, MIN_FS_HZ, ecg_leads
from detectors.runner import DetectorRun
from detectors.waves.detector import WaveDetector
from detectors.waves.intervals import BeatIntervals, intervals_of, medians
from formats.errors import FormatError
from formats.wfdb_files import check_annotator, read_blocks, read_header, write_annotations
from rhythmark.pool import results
from rhythmark.records import distinct
from signal_processing.errors import RhythmarkError
from signal_processing.values import Block, Signal

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from rhythmark.settings import Settings
    from signal_processing.values import Annotation

MIN_S = 2.0
"""The shortest recording, s: a beat with what is around it."""
_BLOCK_S = 60.0
_DIGITS = 6
_COLUMNS = ("record", "lead", "beat", "time_s", *BeatIntervals._fields)
ALL_LEADS = "all"


class Job(NamedTuple):
    """One record to mark; `lead` None is all leads together."""

    record: Path
    output: Path
    annotator: str
    lead: str | None


class Done(NamedTuple):
    """What came of it."""

    record: Path
    lead: str
    n_waves: tuple[int, int, int]
    fs_hz: float
    beats: list[BeatIntervals]
    recorded_s: float
    wall_s: float


def run(arguments: Namespace, settings: Settings) -> int:
    """Mark every record that is named; one that fails does not stop the others."""
    del settings
    check_annotator(arguments.annotator)  # before minutes of work
    jobs = [Job(path, arguments.output, arguments.annotator, arguments.lead) for path in distinct(arguments.records)]
    done: list[Done] = []
    with results(delineate, jobs, min(arguments.jobs, len(jobs))) as outcomes:
        for i, result in enumerate(outcomes, start=1):
            try:
                done.append(result())
                _say(f"[{i}/{len(jobs)}] {_told(done[-1])}")
            except RhythmarkError as error:
                _say(f"[{i}/{len(jobs)}] error: {error}")
    if arguments.intervals:
        order = {job.record: i for i, job in enumerate(jobs)}
        _write(arguments.intervals, sorted(done, key=lambda one: order[one.record]))
    if len(done) < len(jobs):
        msg = f"{len(jobs) - len(done)} of {len(jobs)} records could not be marked"
        raise FormatError(msg)
    return 0


def delineate(job: Job) -> Done:
    """Find the waves of one record and write them."""
    began = time.perf_counter()
    header = read_header(job.record)
    column = None if job.lead is None else column_of(header.signal, job.lead)
    signal = header.signal if column is None else _only(header.signal, column)
    recorded_s = header.n_samples / signal.fs_hz
    _check(signal, recorded_s)
    detector_run = DetectorRun(WaveDetector(), signal)
    waves: list[Annotation] = []
    for block in read_blocks(header, block_s=_BLOCK_S):
        chosen = block if column is None else Block(block.start, block.samples[:, [column]])
        waves += detector_run.feed(signal.physical(chosen))
    waves += detector_run.finish()
    lead = ALL_LEADS if column is None else signal.channels[0].name
    if column is not None:
        waves = [msgspec.structs.replace(wave, channel=lead) for wave in waves]
    # `chan` in the file counts the channels of the record, not of the choice
    write_annotations(job.output, job.record.name, job.annotator, header.signal, waves)
    n_p, n_qrs, n_t = (sum(wave.label == code for wave in waves) for code in ("PWAVE", "QRS", "TWAVE"))
    beats = intervals_of(waves, signal.fs_hz)
    return Done(job.record, lead, (n_p, n_qrs, n_t), signal.fs_hz, beats, recorded_s, time.perf_counter() - began)


def column_of(signal: Signal, lead: str) -> int:
    """The column of a lead that is named, in any case, or numbered.

    Raises
    ------
    FormatError : if there is none.
    """
    names = [channel.name for channel in signal.channels]
    same = [i for i, name in enumerate(names) if name.strip().casefold() == lead.strip().casefold()]
    if len(same) == 1:
        return same[0]
    if lead.isdecimal() and int(lead) < len(names):
        return int(lead)
    there = ", ".join(f"{i} {name}" for i, name in enumerate(names))
    msg = f"lead of {signal.stream!r} must be one of {there}; got {lead!r}"
    raise FormatError(msg)


def _only(signal: Signal, column: int) -> Signal:
    return msgspec.structs.replace(signal, channels=(signal.channels[column],))


def _check(signal: Signal, recorded_s: float) -> None:
    if not MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ:
        msg = (
            f"sampling rate of {signal.stream!r} must be within [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}] Hz to find waves in it,"
            f" got {signal.fs_hz:g}"
        )
        raise FormatError(msg)
    if not ecg_leads(signal):
        channels = ", ".join(f"{channel.name} in {channel.unit}" for channel in signal.channels)
        msg = f"{signal.stream!r} must have an ECG lead in V, mV or uV, got {channels}"
        raise FormatError(msg)
    if recorded_s < MIN_S:
        msg = f"{signal.stream!r} must be {MIN_S:g} s or longer to find waves in it, got {recorded_s:.3g} s"
        raise FormatError(msg)


def _write(path: Path, done: Iterable[Done]) -> None:
    """A row a beat and, at the end of each record, one with the medians; all of it, or nothing."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for one in done:
                for number, beat in enumerate(one.beats, start=1):
                    at_s = round((beat.sample or 0) / one.fs_hz, _DIGITS)
                    writer.writerow([one.record.name, one.lead, number, at_s, *map(_rounded, beat)])
                writer.writerow([one.record.name, one.lead, "median", None, *map(_rounded, medians(one.beats))])
        os.replace(part, path)  # noqa: PTH105 - as the atomic step that it is
    except OSError as error:
        with suppress(OSError):  # it may be this very folder that cannot be
            part.unlink(missing_ok=True)
        msg = f"{path} must be a file that can be written, got: {error}"
        raise FormatError(msg) from error


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _told(done: Done) -> str:
    n_p, n_qrs, n_t = done.n_waves
    lead = "all leads together" if done.lead == ALL_LEADS else f"lead {done.lead}"
    speed = done.recorded_s / max(done.wall_s, 1e-6)
    return (
        f"{done.record.name}: {n_p} P, {n_qrs} QRS, {n_t} T in {lead}, in {done.wall_s:.1f} s"
        f" ({speed:,.0f} times real time)"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
