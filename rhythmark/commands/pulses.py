"""`rhythmark pulses`: the pulses of a photoplethysmogram in a CSV file, into a CSV file."""

from __future__ import annotations

import csv
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from detectors.chain import Chain
from detectors.runner import annotate
from detectors.wearables.ppg import PPG, PulseDetector
from detectors.wearables.readable import Readable
from formats.csv_signals import read_column
from formats.errors import FormatError
from signal_processing.values import Block, Channel, Signal, settled

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from rhythmark.settings import Settings
    from signal_processing.values import Annotation

_COLUMNS = ("sample", "time_s", "confidence", "readable")
_DIGITS = 6


def run(arguments: Namespace, settings: Settings) -> int:
    """Find the pulses and write a row for each.

    Its sample, its time from the first sample, how sure it is, and 1 where the signal is readable there, else 0.
    """
    del settings
    fs_hz = arguments.fs_hz
    low_hz, high_hz = PPG.fs_range_hz
    if not low_hz <= fs_hz <= high_hz:
        msg = f"sampling rate of a photoplethysmogram must be within [{low_hz:g}, {high_hz:g}] Hz, got {fs_hz:g}"
        raise FormatError(msg)
    samples = read_column(arguments.file, arguments.column)
    signal = Signal(arguments.file.stem, "ppg", fs_hz, 0, (Channel("PLETH", "1"),))
    said = settled(annotate(Chain("pulses", "1", PulseDetector(), (Readable(),)), signal, [Block(0, samples[:, None])]))
    found = [one for one in said if one.label == "PULSE"]
    unreadable = [one for one in said if one.label == "UNREADABLE"]
    _write(arguments.output, found, unreadable, signal)
    unreadable_s = sum(one.end - one.start for one in unreadable) / fs_hz
    told = f"{len(found)} pulses in {len(samples) / fs_hz:.1f} s, of which {unreadable_s:.1f} s are unreadable"
    print(f"{arguments.file}: {told}", file=sys.stderr)
    return 0


def _write(path: Path, found: Sequence[Annotation], unreadable: Sequence[Annotation], signal: Signal) -> None:
    """All of it, or nothing."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for one in found:
                readable = not any(span.start <= one.start < span.end for span in unreadable)
                time_s, confidence = round(one.start / signal.fs_hz, _DIGITS), round(one.confidence or 0.0, 3)
                writer.writerow([one.start, time_s, confidence, int(readable)])
        os.replace(part, path)  # noqa: PTH105 - as the atomic step that it is
    except OSError as error:
        with suppress(OSError):  # it may be this very folder that cannot be
            part.unlink(missing_ok=True)
        msg = f"{path} must be a file that can be written, got: {error}"
        raise FormatError(msg) from error
