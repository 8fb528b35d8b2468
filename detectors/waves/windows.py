"""Windows of a stream at 250 Hz, each made of the same samples in the same way however the stream came.

Window w begins `hop` samples of the stream after window w - 1 and reaches `N_MARGIN` samples of 250 Hz beyond what it
is asked for on either side. Each begins on a sample of the stream, so that one table of weights makes them all.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FS_HZ = 250.0
"""The rate that the network has learned at, Hz."""
N_WINDOW = 1024
"""Samples of a window at 250 Hz: 4.1 s."""
N_MARGIN = 256
"""Samples at either end that are there for what is said between them."""
N_HOP = N_WINDOW - 2 * N_MARGIN
HALF_TAPS = 8
"""Taps of the interpolating filter on either side, in samples of the slower of the two rates."""
PASS = 0.96
"""Its corner, in parts of half that rate."""
N_PARTS = 8
"""Parts of a window, the ranges of which say how large the signal is."""
LARGE_PARTS = slice(4, 7)
"""Of those ranges, in rising order, the ones that are averaged: beats, without the one part that may be an artefact."""
MAX_MV = 1e3
"""What is larger is no sample."""


class Cut(NamedTuple):
    """How windows lie in a stream of one sampling rate.

    Parameters
    ----------
    hop : samples from one window to the next.
    before, after : samples that a window needs before and from its hop's first on.
    sources, weights : (N_WINDOW, n_taps): what each of its samples is made of, `sources` counted from `before`.
    """

    hop: int
    before: int
    after: int
    sources: NDArray[np.int64]
    weights: Floats


@cache
def cut_for(fs_hz: float) -> Cut:
    """How windows are cut at a sampling rate."""
    ratio = fs_hz / FS_HZ
    sources, weights = interpolation(ratio, N_WINDOW)
    before = round(N_MARGIN * ratio) - int(sources.min())
    sources -= int(sources.min())
    return Cut(round(N_HOP * ratio), before, int(sources.max()) + 1 - before, sources, weights)


def interpolation(ratio: float, n: int) -> tuple[NDArray[np.int64], Floats]:
    """Which samples, and how much of each, make n of them `ratio` apart, the first one on sample 0: (n, n_taps) both.

    A windowed sinc (Smith and Gossett, ICASSP 1984; von Hann's window) that cuts off below half of both rates.
    """
    corner = min(1.0, 1.0 / ratio)
    half = math.ceil(HALF_TAPS / corner)
    place = np.arange(n) * ratio
    base = np.floor(place).astype(np.int64)
    taps = np.arange(1 - half, half + 1)
    distance = taps - (place - base)[:, None]
    weights = np.sinc(distance * corner * PASS) * np.cos(np.clip(distance / (2 * half), -0.5, 0.5) * np.pi) ** 2
    return base[:, None] + taps, weights / weights.sum(axis=1, keepdims=True)


class Window(NamedTuple):
    """One window of one lead.

    Parameters
    ----------
    samples : (N_WINDOW,) float32: less its median, in parts of the range that its beats have.
    missing : (N_WINDOW,) bool: where the stream had no samples, or what cannot be one.
    size_mv : that range; 0 where there is nothing to look at.
    """

    samples: NDArray[np.float32]
    missing: NDArray[np.bool_]
    size_mv: float


def window_of(cut: Cut, raw_mv: Floats) -> Window:
    """The window of so many samples as it needs, mV, NaN where there are none."""
    is_missing = ~(np.abs(raw_mv) < MAX_MV)
    samples = np.sum(_filled(raw_mv, is_missing)[cut.sources] * cut.weights, axis=1)
    nearest = cut.sources.shape[1] // 2
    missing = is_missing[cut.sources[:, nearest - 1]] | is_missing[cut.sources[:, nearest]]
    size = size_of(samples)
    return Window(normalised(samples, size), missing, size)


def size_of(samples: Floats) -> float:
    """The range that beats have in a window at 250 Hz."""
    parts = samples.reshape(N_PARTS, -1)
    return float(np.mean(np.sort(parts.max(axis=1) - parts.min(axis=1))[LARGE_PARTS]))


def normalised(samples: Floats, size: float) -> NDArray[np.float32]:
    """The window as the network takes it: less its median, in parts of the size of its beats."""
    return ((samples - np.median(samples)) / max(size, 1e-6)).astype(np.float32)


def _filled(samples: Floats, is_missing: NDArray[np.bool_]) -> Floats:
    """Each missing sample as the last one before it, at the beginning as the first one after."""
    if not is_missing.any():
        return samples
    if is_missing.all():
        return np.zeros_like(samples)
    last = np.maximum.accumulate(np.where(is_missing, -1, np.arange(len(samples))))
    return samples[np.where(last < 0, np.argmin(is_missing), last)]
