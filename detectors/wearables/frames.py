"""Slow signals in frames of equal length, counted from the first sample: the same however blocks are cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from signal_processing.values import Block


@dataclass
class Frames:
    """What is left of the newest frame, (n_samples, n_columns), and where it begins; -1 before the first sample."""

    rest: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    start: int = -1

    @property
    def end(self) -> int:
        """One past the newest sample."""
        return self.start + len(self.rest)


def take(
    frames: Frames, block: Block, columns: Sequence[int], n_samples: int
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Add a block; gives each frame that it completes: its first sample and (n_samples, n_columns), contiguous."""
    if frames.start < 0:
        frames.start, frames.rest = block.start, np.empty((0, len(columns)))
    samples = np.concatenate([frames.rest, block.samples[:, list(columns)]])
    while len(samples) >= n_samples:
        frame, samples = np.ascontiguousarray(samples[:n_samples]), samples[n_samples:]
        start = frames.start
        frames.start += n_samples
        frames.rest = samples
        yield start, frame
    frames.rest = samples.copy()


def mean_of_valid(frame: NDArray[np.float64]) -> float | None:
    """The mean of the finite values of a frame; None where fewer than half are."""
    valid = frame[np.isfinite(frame)]
    return float(valid.sum() / len(valid)) if 2 * len(valid) >= frame.size else None
