"""Runs of samples, free of any database: what of a block is new, how runs merge, how cells and bins cut them."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING, Any

import numpy as np

from signal_processing import waveform_codec, wide_codec
from signal_processing.sample_types import format_of, invalid_mask
from signal_processing.values import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


class Coverage:
    """Which sample indices are there: disjoint half-open ranges in order."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._ranges: list[tuple[int, int]] = sorted(ranges)

    def missing(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of [start, end) that are not there, in order."""
        holes: list[tuple[int, int]] = []
        at = start
        # the last range that begins at or before `start` may reach into it
        for low, high in self._ranges[max(bisect_right(self._ranges, (start, start)) - 1, 0) :]:
            if low >= end:
                break
            if low > at:
                holes.append((at, low))
            at = max(at, high)
        if at < end:
            holes.append((at, end))
        return holes

    def add(self, start: int, end: int) -> None:
        """Note a range that was missing."""
        insort(self._ranges, (start, end))


def merged(runs: Iterable[Block]) -> list[Block]:
    """Disjoint runs in order, those that touch each other made one."""
    ordered = sorted(runs, key=lambda run: run.start)
    chains: list[list[Block]] = []
    for run in ordered:
        if chains and chains[-1][-1].end == run.start:
            chains[-1].append(run)
        else:
            chains.append([run])
    return [
        chain[0] if len(chain) == 1 else Block(chain[0].start, np.concatenate([run.samples for run in chain]))
        for chain in chains
    ]


def cut(runs: Iterable[Block], length: int) -> Iterator[Block]:
    """The runs cut at the multiples of `length`."""
    for run in runs:
        for low in range(run.start - run.start % length, run.end, length):
            yield run.between(low, low + length)


def packed(samples: NDArray[Any]) -> tuple[int, bytes]:
    """Codec byte and payload: compressed where that is shorter."""
    if samples.dtype != np.int16:
        return wide_codec.pack(samples)
    payload = waveform_codec.encode(samples)
    if len(payload) < samples.nbytes:
        return waveform_codec.CODEC_PREDICTED_ZSTD_INT16, payload
    return waveform_codec.CODEC_RAW_INT16, raw(samples)


def unpacked(payload: bytes, *, codec: int, n_samples: int, n_channels: int) -> NDArray[Any]:
    """(n_samples, n_channels) of what `packed` gave, in the type that the codec byte stands for.

    Raises
    ------
    InvalidValueError : if the codec is unknown, or the payload is damaged or of another size.
    """
    if codec >= wide_codec.FIRST_CODEC:
        return wide_codec.unpack(payload, codec=codec, n_samples=n_samples, n_channels=n_channels)
    return waveform_codec.decode(payload, codec=codec, n_samples=n_samples, n_channels=n_channels)


def raw_codec(sample_type: str) -> int:
    """Codec byte of what `raw` gives, the form of the tail."""
    return waveform_codec.CODEC_RAW_INT16 if sample_type == "int16" else wide_codec.raw_codec(sample_type)


def raw(samples: NDArray[Any]) -> bytes:
    """Little-endian, sample by sample."""
    return np.ascontiguousarray(samples, dtype=format_of(samples).dtype).tobytes()


def envelope(run: Block) -> NDArray[Any]:
    """(n_bins, n_channels, 2) minimum and maximum of the valid samples; low > high in a bin that has none."""
    known, samples = format_of(run.samples), run.samples
    invalid = invalid_mask(samples)
    if known.dtype.kind == "f":
        # NaN would win every comparison; adding 0 makes -0.0 0.0, of which either may win
        samples = np.where(invalid, known.dtype.type(known.lowest), samples) + known.dtype.type(0)
    high = waveform_codec.envelope(samples, start=run.start)
    if invalid.any():  # as the smallest number it never wins a maximum; as the largest it would never win a minimum
        valid = np.where(invalid, known.dtype.type(known.highest), samples)
        high[:, :, 0] = waveform_codec.envelope(valid, start=run.start)[:, :, 0]
    return high
