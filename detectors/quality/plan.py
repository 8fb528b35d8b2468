"""What the signal-quality detector measures of each second of each lead: columns and filters."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from signal_processing.errors import InvalidSignalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BASELINE_HZ = 1.0
"""Below it lies baseline wander (Clifford et al., Physiol Meas 33:1419, 2012: basSQI, 0 to 1 Hz)."""

HIGH_HZ = 40.0
"""Above it lies muscle and mains noise rather than ECG (same source: 0 to 40 Hz is the signal)."""

MAX_OF_FS = 0.4
"""Where sampling is too slow for `HIGH_HZ`, this share of the sampling rate takes its place."""

TONE_WIDTH_HZ = 10.0
"""How far beside a tone another may be that still counts as it, Hz: with room for what is left of the beats."""

MAX_TONE_OF_FS = 0.3
"""A tone above this share of the sampling rate cannot be told from noise: the band that is left is too narrow."""

N_SECTIONS = 4


N_SIDE = 2
"""Seconds to each side of the one that is judged."""

N_FRAMES = 2 * N_SIDE + 1

N_TAKEN, N_SEEN, N_JUDGED, N_COUNTS = 0, 1, 2, 3
"""Of a state: samples of the second in progress, complete seconds, judged seconds."""

FLOOR, WEIGHTS, TONES, SOS = 1, 2, 8, 12
"""Where these stand in a plan; the samples of a second stand first."""

N_HELD = 5
"""What one sample hands to the next beside the filters; see `new_memory`."""

MAINS_HZ = (50.0, 60.0)
"""Frequencies of mains hum, Hz."""

HUM_MV, WANDER_MV = 0.08, 2.0
"""Hum (its amplitude) and wander of the baseline (from lowest to highest in 5 s) that are said, mV: 1 mm and 20 mm of
paper."""


class Measure(IntEnum):
    """Columns of a frame: valid samples, raw range, longest run of one value, baseline, band-passed, high-passed.

    And what is left of the high-passed when a tone of 50 Hz, or 60 Hz, is taken out.
    """

    N_VALID = 0
    MIN = 1
    MAX = 2
    PLATEAU = 3
    PLATEAU_VALUE = 4
    BASE_SUM = 5
    BASE_SQUARES = 6
    BASE_MIN = 7
    BASE_MAX = 8
    SQUARES = 9
    FOURTHS = 10
    BAND_MIN = 11
    BAND_MAX = 12
    HIGH_SQUARES = 13
    REST_50 = 14
    REST_60 = 15


N_MEASURES = len(Measure)
EMPTY = np.array([0, np.inf, -np.inf, 0, np.nan, 0, 0, np.inf, -np.inf, 0, 0, np.inf, -np.inf, 0, 0, 0])


def new_memory(limits: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """The state before the first sample, as one array: to hand over and to dump ten costs more than a second of signal.

    In this order, of n leads: `N_COUNTS` counts; `limits` (2 + n,) and `scale` (n,), which turns raw units into
    millivolt, as they are given; extremes (n, 2: least and greatest value seen); what the filters hand on, z (n,
    2 N_SECTIONS); held (n, `N_HELD`: reference, newest valid
    value, length of its run, the two newest high-passed values); the frame in progress (n, N_MEASURES);
    the newest complete frames (N_FRAMES, n, N_MEASURES), newest last.
    """
    n = len(scale)
    held = np.tile([np.nan, np.nan, 0.0, 0.0, 0.0], n)
    extremes, z = np.tile([np.inf, -np.inf], n), np.zeros(2 * N_SECTIONS * n)
    frames = np.zeros(N_FRAMES * N_MEASURES * n)
    return np.concatenate([np.zeros(N_COUNTS), limits, scale, extremes, z, held, np.tile(EMPTY, n), frames])


def plan_for(fs_hz: float, floor_mv2: float, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the loops need to know of a sampling rate and a configuration, as one array: see `FLOOR`."""
    # A tone is y[n] = 2 cos(w) y[n-1] - y[n-2]. What is left of one that is beside it: the difference of the cosines.
    w = np.array([2 * np.pi * hz / fs_hz if hz < MAX_TONE_OF_FS * fs_hz else np.nan for hz in MAINS_HZ])
    left = (2 * np.sin(w) * 2 * np.pi * TONE_WIDTH_HZ / fs_hz) ** 2
    tones = [*(2 * np.cos(w)), *left]
    return np.concatenate([[round(fs_hz), floor_mv2], weights, tones, sections(fs_hz).ravel()])


def sections(fs_hz: float) -> NDArray[np.float64]:
    """Second-order sections (4, 6): low-pass, band-pass (two), high-pass.

    Raises
    ------
    InvalidSignalError : if the rate is too low for a band between baseline and noise.
    """
    from scipy.signal import butter

    high_hz = min(HIGH_HZ, MAX_OF_FS * fs_hz)
    if high_hz <= 2 * BASELINE_HZ:
        msg = f"signal quality needs at least {2 * BASELINE_HZ / MAX_OF_FS:g} Hz, got {fs_hz:g} Hz"
        raise InvalidSignalError(msg)
    low = butter(2, BASELINE_HZ, "lowpass", fs=fs_hz, output="sos")
    band = butter(2, [BASELINE_HZ, high_hz], "bandpass", fs=fs_hz, output="sos")
    high = butter(2, high_hz, "highpass", fs=fs_hz, output="sos")
    return np.ascontiguousarray(np.vstack([low, band, high]), dtype=np.float64)
