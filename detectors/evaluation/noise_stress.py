"""Noise added to a clean ECG at a known signal-to-noise ratio, as the MIT-BIH Noise Stress Test Database was made.

Source: Moody, Muldrow and Mark, Computers in Cardiology 11:381, 1984, and the manual of WFDB's programs `nst` and
`sigamp`. Signal: mean peak-to-peak amplitude within 50 ms of the first 300 QRS complexes that are not ventricular,
taken for that of a sine. Noise: mean root mean square of the first 300 windows of 1 s, each without its mean. Both
means leave out the least and the greatest 5 %. Each lead has a gain of its own. From the fifth minute on, two noisy
minutes alternate with two clean ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from detectors.evaluation.marks import Mark

    Floats = NDArray[np.float64]

N_MEASURED = 300
NEAR_QRS_S = 0.05
WINDOW_S = 1.0
CLEAN_S = 300.0
EACH_S = 120.0
_NORMAL = frozenset("NLRBaAJSjenf/Q")
_TRIMMED = 20


def mixed(ecg: Floats, noise: Floats, gains: Floats, *, fs_hz: float) -> Floats:
    """The ECG with noise in every other two minutes after the fifth.

    Parameters
    ----------
    ecg : (n_samples, n_leads).
    noise : (n_noise, n_noise_leads) at the same rate; lead i gets noise lead i, counted round; begun anew at its end.
    gains : (n_leads,), what the noise is multiplied by.
    """
    n = np.arange(len(ecg))
    turn = np.floor((n / fs_hz - CLEAN_S) / EACH_S)
    is_noisy = (turn >= 0) & (turn % 2 == 0)
    columns = np.arange(ecg.shape[1]) % noise.shape[1]
    added = noise[n[is_noisy] % len(noise)][:, columns] * gains
    out = np.array(ecg, dtype=np.float64)
    out[is_noisy] += added
    return out


def gains(ecg: Floats, marks: Iterable[Mark], noise: Floats, *, snr_db: float, fs_hz: float) -> Floats:
    """What each lead's noise is multiplied by to be `snr_db` below the signal, (n_leads,).

    Raises
    ------
    InvalidValueError : if a lead has no normal beat or no noise to measure.
    """
    signal, level = qrs_amplitudes(ecg, marks, fs_hz=fs_hz), noise_levels(noise, fs_hz=fs_hz)
    level = level[np.arange(len(signal)) % len(level)]
    if not ((signal > 0).all() and (level > 0).all()):
        msg = f"every lead must have normal beats and noise to measure, got amplitudes {signal} and {level}"
        raise InvalidValueError(msg)
    # the power of a sine of amplitude a from peak to peak is a squared / 8
    return np.asarray(signal / np.sqrt(8.0) / level * 10.0 ** (-snr_db / 20.0))


def qrs_amplitudes(ecg: Floats, marks: Iterable[Mark], *, fs_hz: float) -> Floats:
    """Mean peak-to-peak amplitude of QRS complexes that are not ventricular, (n_leads,)."""
    near = round(NEAR_QRS_S * fs_hz)
    at = [mark.sample for mark in marks if mark.symbol in _NORMAL][:N_MEASURED]
    heights = [np.ptp(ecg[max(sample - near, 0) : sample + near + 1], axis=0) for sample in at]
    return _trimmed(np.array(heights).reshape(-1, ecg.shape[1]))


def noise_levels(noise: Floats, *, fs_hz: float) -> Floats:
    """Mean root mean square of windows of a second, (n_noise_leads,)."""
    n = round(WINDOW_S * fs_hz)
    windows = noise[: len(noise) // n * n][: N_MEASURED * n].reshape(-1, n, noise.shape[1])
    return _trimmed(windows.std(axis=1))


def _trimmed(values: Floats) -> Floats:
    """Means of the columns without the least and the greatest twentieth."""
    if not len(values):
        return np.zeros(values.shape[1])
    cut = len(values) // _TRIMMED
    return np.asarray(np.sort(values, axis=0)[cut : len(values) - cut].mean(axis=0))
