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

N_SECTIONS = 4


class Measure(IntEnum):
    """Columns of a frame: valid samples, raw range, longest run of one value, baseline, band-passed, high-passed."""

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


N_MEASURES = len(Measure)
EMPTY = np.array([0, np.inf, -np.inf, 0, np.nan, 0, 0, np.inf, -np.inf, 0, 0, np.inf, -np.inf, 0])


def empty_frame(n_channels: int) -> NDArray[np.float64]:
    """The sums before the first sample, (n_channels, n_measures)."""
    return np.tile(EMPTY, (n_channels, 1))


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
