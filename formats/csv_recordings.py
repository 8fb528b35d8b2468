"""A CSV file of samples, a column a channel, as a recording: what patient monitors and loggers export.

Samples become float32 in the unit of the file, which a CSV file does not say: "1". A column of time is left out; the
rate is given.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from formats.csv_signals import read_column
from formats.errors import FormatError
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from pathlib import Path

TIME_COLUMNS = ("time", "timestamp")
"""A column whose name begins so is no channel."""
GROUP = "signals"


def read_recording(path: Path, *, stream: str, fs_hz: float, t0_us: int) -> tuple[Signal, Block]:
    """Every column but those of time.

    Returns
    -------
    The signal, and one block of float32 (n_samples, n_channels), NaN where a cell is empty.

    Raises
    ------
    FormatError : if the file cannot be read, holds no channel or no sample, or a cell is no number.
    """
    names = [name for name in _names(path) if not name.casefold().startswith(TIME_COLUMNS)]
    if not names:
        msg = f"{path} must name at least one column of samples in its first row, got none"
        raise FormatError(msg)
    columns = [read_column(path, name) for name in names]
    samples = np.column_stack(columns).astype(np.float32)
    if not len(samples):
        msg = f"{path} must hold samples, got none"
        raise FormatError(msg)
    signal = Signal(stream, GROUP, fs_hz, t0_us, tuple(Channel(name, "1") for name in names), "float32")
    return signal, Block(0, samples)


def _names(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip() for name in next(csv.reader(file), []) if name.strip()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} must be a CSV file in UTF-8 that can be read, got: {error}"
        raise FormatError(msg) from error
