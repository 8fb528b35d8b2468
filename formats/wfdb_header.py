"""Records on their way out: the text of a WFDB header and its signal file in format 16.

Written here rather than by wfdb-python, which wants all samples in memory at once. Source: WFDB Applications Guide,
header(5) and signal(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from formats.errors import FormatError
from formats.units import wfdb_of
from signal_processing.clock import US_PER_S
from signal_processing.values import INVALID_SAMPLE, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RECORD_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
_ADC_BITS = 16
_FILL_SAMPLES = 1 << 16
_MAX_GAPS_TOLD = 20


class Gap(NamedTuple):
    """Samples [start, end) of a file that no device sent."""

    start: int
    end: int


@dataclass(slots=True)
class WrittenSignals:
    """What a header says of its signal file."""

    n_samples: int
    initial: NDArray[np.int16]
    checksums: NDArray[np.int64]
    gaps: list[Gap]


def check_record_name(name: str) -> None:
    """Raise FormatError for what is no WFDB record name, above all for one that leaves its folder."""
    if not _RECORD_NAME.fullmatch(name):
        msg = f"record name must be 1 to 200 letters, digits, '_' and '-', got {name!r}"
        raise FormatError(msg)


def record_name_of(text: str) -> str:
    """The nearest record name to any text, such as a stream's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:200] or "record"


def write_samples(file: BinaryIO, signal: Signal, blocks: Iterable[Block], *, first_sample: int) -> WrittenSignals:
    """Blocks as interleaved little-endian int16 from `first_sample` on, gaps as WFDB's invalid value.

    Raises
    ------
    FormatError : if a block is not int16, has other channels, or starts before the end of the one before.
    """
    written = WrittenSignals(0, np.zeros(0, np.int16), np.zeros(signal.n_channels, np.int64), [])
    for block in blocks:
        _check_block(block, signal, at=first_sample + written.n_samples)
        if (n_missing := block.start - first_sample - written.n_samples) > 0:
            written.gaps.append(Gap(written.n_samples, written.n_samples + n_missing))
            for done in range(0, n_missing, _FILL_SAMPLES):
                n_rows = min(_FILL_SAMPLES, n_missing - done)
                _append(file, np.full((n_rows, signal.n_channels), INVALID_SAMPLE, np.int16), written)
        if len(block):
            _append(file, block.samples, written)
    if not written.n_samples:
        msg = f"record of {signal.stream!r}/{signal.group!r} must have at least one sample, got none"
        raise FormatError(msg)
    return written


def _check_block(block: Block, signal: Signal, *, at: int) -> None:
    if block.samples.dtype != np.int16:
        msg = f"samples of format 16 must be int16, got {block.samples.dtype}"
        raise FormatError(msg)
    if block.samples.shape[1] != signal.n_channels:
        msg = f"blocks of {signal.stream!r} must have {signal.n_channels} channels, got {block.samples.shape[1]}"
        raise FormatError(msg)
    if block.start < at:
        msg = f"blocks must be in order and must not overlap: next sample is {at}, got a block from {block.start}"
        raise FormatError(msg)


def _append(file: BinaryIO, samples: NDArray[np.int16], written: WrittenSignals) -> None:
    if not written.n_samples:
        written.initial = samples[0].copy()
    file.write(np.ascontiguousarray(samples, dtype="<i2").tobytes())
    written.n_samples += len(samples)
    written.checksums += samples.sum(axis=0, dtype=np.int64)


def header_text(
    name: str, signal: Signal, written: WrittenSignals, *, first_sample: int, comments: Sequence[str] = ()
) -> str:
    """The header of a record whose signal file is `name`.dat.

    The start is the time of `first_sample`; WFDB knows no time zone, so it is UTC, and a comment says so.
    """
    start_us = signal.clock.us_at(first_sample)
    start = datetime.fromtimestamp(start_us // US_PER_S, UTC).replace(microsecond=start_us % US_PER_S)
    clock = start.strftime("%H:%M:%S.%f" if start.microsecond else "%H:%M:%S")
    rate = np.format_float_positional(signal.fs_hz, trim="-")
    lines = [f"{name} {signal.n_channels} {rate} {written.n_samples} {clock} {start:%d/%m/%Y}"]
    lines += [_signal_line(name, signal, written, i) for i in range(signal.n_channels)]
    said = [*_own_comments(signal, written, start_us), *comments]
    return "\n".join(lines + [f"# {_one_line(comment)}" for comment in said]) + "\n"


def _signal_line(name: str, signal: Signal, written: WrittenSignals, i: int) -> str:
    channel = signal.channels[i]
    gain = np.format_float_positional(channel.gain, trim="-")
    checksum = int(np.int64(written.checksums[i]).astype(np.int16))  # WFDB sums modulo 2**16
    return (
        f"{name}.dat 16 {gain}({round(channel.offset)})/{wfdb_of(channel.unit)} {_ADC_BITS} 0"
        f" {written.initial[i]} {checksum} 0 {_one_line(channel.name)}"
    )


def _own_comments(signal: Signal, written: WrittenSignals, start_us: int) -> list[str]:
    said = [f"written by Rhythmark; times are UTC; sample 0 at {start_us} us since 1970-01-01"]
    said += [
        f"{channel.name}: physical zero is at {channel.offset!r} adu; WFDB holds whole numbers only"
        for channel in signal.channels
        if channel.offset != round(channel.offset)
    ]
    if written.gaps:
        told = ", ".join(f"[{gap.start}, {gap.end})" for gap in written.gaps[:_MAX_GAPS_TOLD])
        more = f" and {len(written.gaps) - _MAX_GAPS_TOLD} more" if len(written.gaps) > _MAX_GAPS_TOLD else ""
        said.append(f"samples no device sent are filled with {INVALID_SAMPLE} (invalid): {told}{more}")
    return said


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text).strip()
