"""A strip as everything here reads it: one lead at 300 Hz without wander and hum, the right way up or not."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FS_HZ = 300.0
"""The rate that strips are read at, Hz: that of the recordings that were learned from."""

BAND_HZ = (0.5, 40.0)
"""What is left of a strip: also one sampled at 100 Hz has it."""

MAX_DENOMINATOR = 1000
"""Of the ratio of rates that a strip is resampled by."""

FLAT_S = 0.1
"""From so long on a value that does not change is a plateau."""


class Strip(NamedTuple):
    """One lead.

    Parameters
    ----------
    raw : (n,) at `FS_HZ`, missing samples filled in by straight lines.
    clean : (n,) the same within `BAND_HZ`.
    holes : (n,) whether a sample was missing.
    flat : share of samples in plateaus, of those that were there.
    """

    raw: Floats
    clean: Floats
    holes: NDArray[np.bool_]
    flat: float


def strip_of(samples: Floats, fs_hz: float) -> Strip:
    """The strip of samples (n,) at any rate, NaN where there is none; all missing is a strip of zeros."""
    is_there = np.isfinite(samples)
    if not is_there.any():
        empty = np.zeros(max(round(len(samples) * FS_HZ / fs_hz), 1))
        return Strip(empty, empty, np.ones(len(empty), bool), 1.0)
    at = np.arange(len(samples))
    filled = np.interp(at, at[is_there], samples[is_there])
    flat = share_of_plateaus(samples[is_there], fs_hz)
    raw = resampled(filled - np.median(filled), fs_hz, FS_HZ)
    nearest = np.minimum(np.arange(len(raw)) * fs_hz / FS_HZ, len(samples) - 1).astype(np.int64)
    return Strip(raw, within(raw, *BAND_HZ), ~is_there[nearest], flat)


def resampled(samples: Floats, from_hz: float, to_hz: float) -> Floats:
    """The samples (n,) at another rate."""
    if from_hz == to_hz:
        return samples
    ratio = Fraction(to_hz / from_hz).limit_denominator(MAX_DENOMINATOR)
    return np.asarray(resample_poly(samples, ratio.numerator, ratio.denominator, padtype="line"))


def within(samples: Floats, low_hz: float, high_hz: float, fs_hz: float = FS_HZ) -> Floats:
    """What of the samples (n,) lies within a band; nothing is shifted."""
    sos = _sections(low_hz, high_hz, fs_hz)
    return np.asarray(sosfiltfilt(sos, samples, padlen=min(len(samples) - 1, round(fs_hz))))


@cache
def _sections(low_hz: float, high_hz: float, fs_hz: float) -> Floats:
    return np.asarray(butter(2, [low_hz, high_hz], "bandpass", fs=fs_hz, output="sos"))


def share_of_plateaus(samples: Floats, fs_hz: float) -> float:
    """The share of samples (n,), at least one, in runs of equal ones that last `FLAT_S` or longer."""
    n_least = round(FLAT_S * fs_hz)
    changes = np.flatnonzero(np.diff(samples) != 0.0)
    runs = np.diff(np.concatenate([[-1], changes, [len(samples) - 1]]))
    return float(runs[runs >= n_least].sum() / len(samples))
