"""Beats as windows: a fixed number of points around the R peak, all leads, so that shapes of any rate compare.

A point is the mean of the signal over its 8 ms, from a running sum of the digital samples: the sum of integers is
exact, so a window is the same to the bit wherever the block begins that it was cut from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from signal_processing.sample_types import invalid_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from signal_processing.values import Block, Signal

POINT_HZ = 125.0
"""Points a second: 8 ms resolve a QRS of 80 ms, and what is above 60 Hz tells noise from noise."""
N_BEFORE, N_AFTER = 31, 49
"""Points before and after that of the R peak: about -0.25 to +0.40 s, from the P wave to the end of T."""
N_REACH = 5
"""Points by which a beat may be moved to lie on a template: 40 ms."""
N_POINTS = N_BEFORE + 1 + N_AFTER
N_WIDE = N_POINTS + 2 * N_REACH


class BeatWindows(NamedTuple):
    """Beats in the order in which they were asked for.

    Parameters
    ----------
    points : float32 (n_beats, n_leads, N_WIDE), physical units less the median of the window; 0 where not usable.
    usable : bool (n_beats, n_leads), False where a sample of the window is missing.
    """

    points: NDArray[np.float32]
    usable: NDArray[np.bool_]

    @property
    def n_beats(self) -> int:
        """How many; `len` of this tuple is 2."""
        return len(self.points)

    def at(self, index: slice | NDArray[np.bool_] | NDArray[np.intp]) -> BeatWindows:
        """Some of the beats."""
        return BeatWindows(self.points[index], self.usable[index])


def joined(parts: Sequence[BeatWindows], n_leads: int) -> BeatWindows:
    """Parts one after the other."""
    points = np.concatenate([np.empty((0, n_leads, N_WIDE), np.float32), *(part.points for part in parts)])
    return BeatWindows(points, np.concatenate([np.empty((0, n_leads), np.bool_), *(part.usable for part in parts)]))


def margins(fs_hz: float) -> tuple[int, int]:
    """Samples before a beat's, and after it, that its window needs."""
    offsets = _edges(fs_hz)
    return -math.floor(offsets[0]), math.floor(offsets[-1])


def beat_windows(signal: Signal, leads: Sequence[int], block: Block, beats: NDArray[np.int64]) -> BeatWindows:
    """Cut the windows of beats out of a digital block.

    Parameters
    ----------
    leads : which channels of the signal, by position.
    block : (n_samples, n_channels) digital; beats whose window reaches out of it are not usable.
    beats : (n_beats,) sample indices in the stream.
    """
    edges = _edges(signal.fs_hz)
    whole = np.floor(edges).astype(np.int64)
    at = beats[:, np.newaxis] - block.start + whole
    is_inside = (at[:, 0] >= 0) & (at[:, -1] < len(block))
    at = np.clip(at, 0, max(len(block) - 1, 0))
    points = np.zeros((len(beats), len(leads), N_WIDE), np.float32)
    usable = np.zeros((len(beats), len(leads)), np.bool_)
    if not len(block):
        return BeatWindows(points, usable)
    for i, lead in enumerate(leads):
        samples = block.samples[:, lead]
        invalid = invalid_mask(samples)
        n_invalid = np.concatenate([[0], np.cumsum(invalid)])
        usable[:, i] = is_inside & (n_invalid[at[:, -1] + 1] == n_invalid[at[:, 0]])
        gain = signal.channels[lead].gain * signal.fs_hz / POINT_HZ
        points[:, i] = _means(np.where(invalid, 0, samples), at, edges - whole) / gain
    points -= np.median(points, axis=-1, keepdims=True)
    points[~usable] = 0.0
    return BeatWindows(points, usable)


def _edges(fs_hz: float) -> NDArray[np.float64]:
    """(N_WIDE + 1,) bounds of the points, in samples from the begin of the beat's sample."""
    first = -(N_BEFORE + N_REACH) - 0.5
    return 0.5 + (first + np.arange(N_WIDE + 1, dtype=np.float64)) * (fs_hz / POINT_HZ)


def _means(
    samples: NDArray[np.int64] | NDArray[np.float64], at: NDArray[np.int64], fraction: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n_beats, N_WIDE) integrals between neighbouring bounds, each at `at` + `fraction` (n_beats, N_WIDE + 1)."""
    exact = np.float64 if samples.dtype.kind == "f" else np.int64
    sums = np.concatenate([np.zeros(1, exact), np.cumsum(samples, dtype=exact)])
    below = sums[at]
    integrals = below + (sums[at + 1] - below) * fraction
    means: NDArray[np.float64] = integrals[:, 1:] - integrals[:, :-1]
    return means
