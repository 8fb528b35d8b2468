"""Float samples as files: NumPy's .npy, which any analysis reads, and what they are in JSON beside it.

WFDB has no float format. Scaled to the 32 bits of format 32 the samples would be others than the device sent, so they
are written as they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from formats.atomic import whole_file
from formats.signal_file import write_samples
from formats.wfdb_header import check_record_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from formats.signal_file import WrittenSignals
    from signal_processing.values import Block, Signal

SUFFIX = ".npy"


def write_npy(
    directory: Path,
    name: str,
    signal: Signal,
    blocks: Iterable[Block],
    *,
    first_sample: int = 0,
    comments: Sequence[str] = (),
) -> Path:
    """Write digital blocks as `name`.npy, (n_samples, n_channels) in the signal's type; gives its path.

    Row 0 is `first_sample`; gaps are "no sample", NaN for floats. `name`.json says rate, time of row 0, channels with
    unit, gain and offset (physical = (value - offset) / gain), and the gaps as half-open ranges of rows.

    Raises
    ------
    FormatError : if the name is no record name, a block cannot be written, or the folder refuses.
    """
    check_record_name(name)
    path = directory / f"{name}{SUFFIX}"
    with whole_file(path) as file:
        # NumPy pads its header so that any length fits: the true one is filled in when all is written
        _write_header(file, signal, n_samples=0)
        written = write_samples(file, signal, blocks, first_sample=first_sample)
        file.seek(0)
        _write_header(file, signal, n_samples=written.n_samples)
    with whole_file(directory / f"{name}.json") as file:
        file.write(_described(signal, written, first_sample, comments).encode())
    return path


def _write_header(file: BinaryIO, signal: Signal, *, n_samples: int) -> None:
    shape = (n_samples, signal.n_channels)
    facts = {"descr": signal.sample_format.code, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)


def _described(signal: Signal, written: WrittenSignals, first_sample: int, comments: Sequence[str]) -> str:
    facts = {
        "stream": signal.stream,
        "group": signal.group,
        "fs_hz": signal.fs_hz,
        "t0_us": signal.clock.us_at(first_sample),
        "first_sample": first_sample,
        "n_samples": written.n_samples,
        "sample_type": signal.sample_type,
        "channels": [
            {"name": channel.name, "unit": channel.unit, "gain": channel.gain, "offset": channel.offset}
            for channel in signal.channels
        ],
        "gaps": [[gap.start, gap.end] for gap in written.gaps],
        "comments": ["times are microseconds UTC; physical = (value - offset) / gain", *comments],
    }
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
