"""Samples on their way out: blocks one after the other, gaps filled with "no sample"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from formats.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from signal_processing.values import Block, Signal

_FILL_SAMPLES = 1 << 16


class Gap(NamedTuple):
    """Samples [start, end) of a file that no device sent."""

    start: int
    end: int


@dataclass(slots=True)
class WrittenSignals:
    """What a header says of its signal file; sums of the samples where they are integers."""

    n_samples: int
    initial: NDArray[Any]
    checksums: NDArray[np.int64]
    gaps: list[Gap]


def write_samples(file: BinaryIO, signal: Signal, blocks: Iterable[Block], *, first_sample: int) -> WrittenSignals:
    """Blocks interleaved and little-endian from `first_sample` on, gaps as the "no sample" of the signal's type.

    Raises
    ------
    FormatError : if a block is not of the signal's type, has other channels, or starts before the end of the one
        before.
    """
    known = signal.sample_format
    written = WrittenSignals(0, np.zeros(0, known.dtype), np.zeros(signal.n_channels, np.int64), [])
    for block in blocks:
        _check_block(block, signal, at=first_sample + written.n_samples)
        if (n_missing := block.start - first_sample - written.n_samples) > 0:
            written.gaps.append(Gap(written.n_samples, written.n_samples + n_missing))
            for done in range(0, n_missing, _FILL_SAMPLES):
                n_rows = min(_FILL_SAMPLES, n_missing - done)
                _append(file, np.full((n_rows, signal.n_channels), known.invalid, known.dtype), written)
        if len(block):
            _append(file, np.ascontiguousarray(block.samples, known.dtype), written)
    if not written.n_samples:
        msg = f"record of {signal.stream!r}/{signal.group!r} must have at least one sample, got none"
        raise FormatError(msg)
    return written


def _check_block(block: Block, signal: Signal, *, at: int) -> None:
    if block.samples.dtype != signal.sample_format.dtype:
        msg = f"samples of {signal.stream!r} must be {signal.sample_type}, got {block.samples.dtype}"
        raise FormatError(msg)
    if block.samples.shape[1] != signal.n_channels:
        msg = f"blocks of {signal.stream!r} must have {signal.n_channels} channels, got {block.samples.shape[1]}"
        raise FormatError(msg)
    if block.start < at:
        msg = f"blocks must be in order and must not overlap: next sample is {at}, got a block from {block.start}"
        raise FormatError(msg)


def _append(file: BinaryIO, samples: NDArray[Any], written: WrittenSignals) -> None:
    if not written.n_samples:
        written.initial = samples[0].copy()
    file.write(samples.tobytes())
    written.n_samples += len(samples)
    if samples.dtype.kind == "i":
        written.checksums += samples.sum(axis=0, dtype=np.int64)
