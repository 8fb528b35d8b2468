"""Sizes, filters and the memory of the fibrillation detector."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DECIMATED_HZ = 125.0
"""Samples are averaged to about this rate: what tells fibrillation from beats lies below 30 Hz."""

SLOW_HZ = 31.25
"""Rate of the series that spectrum and autocorrelation are taken of: fibrillation and flutter lie below 10 Hz."""

WINDOW_S = 4
"""Length of a window, s; one ends each second. Amann et al. (BioMed Eng OnLine 4:60, 2005) compared 3 to 10 s."""

BAND_HZ = (1.0, 30.0)
"""The pass band of Amann et al. 2005."""

COMPLEX_HZ = (13.0, 16.5)
"""The band of QRS complexes of Jekova and Krasteva (Physiol Meas 25:1167, 2004)."""

BIN_HZ = 0.25
N_BINS = 48
"""The spectrum: from `BIN_HZ` to 12 Hz."""

MAX_MV = 20.0
"""What lies farther from the first sample is taken for this."""

N_CHANGES = 6
"""Numbers that a filter hands on, of three filters of one section each."""

N_STILL = 4
"""Numbers of a lead: reference, newest value, sum and number of the samples that are being averaged."""

N_FRAME = 3
"""Numbers of a second of a lead: valid samples, power below the band, power above it."""

N_COUNTS = 3
"""Of a state: raw samples of the average in progress, averages of the second in progress, complete seconds."""


class Of(IntEnum):
    """What stands first in a plan; the filters follow."""

    STEP = 0
    PER_SECOND = 1
    SLOW_STEP = 2
    N_SLOW = 3
    FS_HZ = 4


SECTIONS = len(Of)
N_PLAN = SECTIONS + 18


class Said(IntEnum):
    """Columns of a judged window: probabilities, leads that it was seen in, its peak frequency and its range."""

    FIBRILLATION = 0
    TACHYCARDIA = 1
    N_LEADS = 2
    PEAK_HZ = 3
    RANGE_MV = 4


N_SAID = len(Said)


def plan_for(fs_hz: float) -> Floats:
    """What the loops need to know of a sampling rate: see `Of`; then three sections (3, 6)."""
    from scipy.signal import butter

    step = max(round(fs_hz / DECIMATED_HZ), 1)
    per_second = round(fs_hz / step)
    fs_decimated = fs_hz / step
    slow_step = max(round(fs_decimated / SLOW_HZ), 1)
    high = butter(2, BAND_HZ[0], "highpass", fs=fs_decimated, output="sos")
    low = butter(2, BAND_HZ[1], "lowpass", fs=fs_decimated, output="sos")
    complexes = butter(1, COMPLEX_HZ, "bandpass", fs=fs_decimated, output="sos")
    head = [step, per_second, slow_step, WINDOW_S * per_second // slow_step, fs_decimated]
    return np.concatenate([head, high.ravel(), low.ravel(), complexes.ravel()]).astype(np.float64)


def waves_for(plan: Floats) -> Floats:
    """Cosines and sines of each bin under a Hann window: (N_SLOW, 2 N_BINS)."""
    n, fs_hz = int(plan[Of.N_SLOW]), plan[Of.FS_HZ] / plan[Of.SLOW_STEP]
    taper = np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2
    phase = 2 * np.pi * np.arange(n)[:, None] / fs_hz * BIN_HZ * np.arange(1, N_BINS + 1)
    return np.ascontiguousarray(taper[:, None] * np.concatenate([np.cos(phase), np.sin(phase)], axis=1))


def new_memory(plan: Floats, n_leads: int) -> Floats:
    """The state before the first sample, as one array.

    In this order: `N_COUNTS` counts, and of each lead: `N_STILL` numbers, `N_CHANGES` of filters, `WINDOW_S` times
    `N_FRAME` of seconds, the window, band-passed, and the window in the band of complexes.
    """
    own = np.zeros(lead_size(plan))
    own[0] = own[1] = np.nan
    return np.concatenate([np.zeros(N_COUNTS), np.tile(own, n_leads)])


def lead_size(plan: Floats) -> int:
    """Numbers of one lead in the memory."""
    return N_STILL + N_CHANGES + WINDOW_S * N_FRAME + 2 * WINDOW_S * int(plan[Of.PER_SECOND])
