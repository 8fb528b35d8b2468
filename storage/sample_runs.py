"""Runs of samples, free of any database: what of a block is new, how runs merge, how cells and bins cut them."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING, Any

import numpy as np

from signal_processing import waveform_codec
from signal_processing.values import INVALID_SAMPLE, Block

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


def packed(samples: NDArray[np.int16]) -> tuple[int, bytes]:
    """Codec byte and payload: compressed where that is shorter."""
    payload = waveform_codec.encode(samples)
    if len(payload) < samples.nbytes:
        return waveform_codec.CODEC_DELTA_ZSTD_INT16, payload
    return waveform_codec.CODEC_RAW_INT16, raw(samples)


def raw(samples: NDArray[Any]) -> bytes:
    """Little-endian int16, sample by sample."""
    return np.ascontiguousarray(samples, dtype="<i2").tobytes()


def envelope(run: Block) -> NDArray[np.int16]:
    """(n_bins, n_channels, 2) minimum and maximum of the valid samples; low > high in a bin that has none."""
    high = waveform_codec.envelope(run.samples, start=run.start)
    invalid = run.samples == INVALID_SAMPLE
    if invalid.any():  # as the smallest number it never wins a maximum; as the largest it would never win a minimum
        valid = np.where(invalid, np.int16(np.iinfo(np.int16).max), run.samples)
        high[:, :, 0] = waveform_codec.envelope(valid, start=run.start)[:, :, 0]
    return high
