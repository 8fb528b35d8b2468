"""`rhythmark pulses`: the pulses of a photoplethysmogram in a CSV file, into a CSV file."""

from __future__ import annotations

import csv
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from detectors.runner import annotate
from detectors.wearables.ppg import MAX_FS_HZ, MIN_FS_HZ, PulseDetector
from formats.csv_signals import read_column
from formats.errors import FormatError
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from rhythmark.settings import Settings
    from signal_processing.values import Annotation

_COLUMNS = ("sample", "time_s", "confidence")
_DIGITS = 6


def run(arguments: Namespace, settings: Settings) -> int:
    """Find the pulses and write a row for each: its sample, its time from the first sample, and how sure that is."""
    del settings
    fs_hz = arguments.fs_hz
    if not MIN_FS_HZ <= fs_hz <= MAX_FS_HZ:
        msg = f"sampling rate of a photoplethysmogram must be within [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}] Hz, got {fs_hz:g}"
        raise FormatError(msg)
    samples = read_column(arguments.file, arguments.column)
    signal = Signal(arguments.file.stem, "ppg", fs_hz, 0, (Channel("PLETH", "1"),))
    found = annotate(PulseDetector(), signal, [Block(0, samples[:, None])])
    _write(arguments.output, sorted(found, key=lambda one: one.start), signal)
    print(f"{arguments.file}: {len(found)} pulses in {len(samples) / fs_hz:.1f} s", file=sys.stderr)
    return 0


def _write(path: Path, found: Sequence[Annotation], signal: Signal) -> None:
    """All of it, or nothing."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for one in found:
                writer.writerow([one.start, round(one.start / signal.fs_hz, _DIGITS), round(one.confidence or 0.0, 3)])
        os.replace(part, path)  # noqa: PTH105 - as the atomic step that it is
    except OSError as error:
        with suppress(OSError):  # it may be this very folder that cannot be
            part.unlink(missing_ok=True)
        msg = f"{path} must be a file that can be written, got: {error}"
        raise FormatError(msg) from error
