"""What of a short recording of twelve leads speaks for its quality: tallies of bad seconds, a row a recording.

Kinds of figures (missing contact, spikes, wander, muscle noise, low amplitude, counted over leads) as in Clifford et
al., Physiol Meas 33:1419, 2012, and Johannesen and Galeotti, Physiol Meas 33:1463, 2012. Amplitudes are in mV, because
what is unacceptable of a standard recording is so on paper of 10 mm/mV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d

from detectors.strips.strip import share_of_plateaus, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HEART_HZ, MUSCLE_HZ, QRS_HZ = (1.0, 40.0), (25.0, 100.0), (6.0, 22.0)
MUSCLE_SHARE = 0.45
"""Of the sampling rate, the highest end of the muscle band."""
BEYOND_MV, AWAY_MV = 3.5, 2.0
STILL = 0.8
NOISY_MV, LOUD_MV = 0.06, 0.12
LEAP = 3.0
LOW_MV, SILENT_MV, QUIET_MV = 0.15, 0.1, 0.2
BIG_MV = 5.0
ENVELOPE_S = 0.08
PIECE_S = 1.5
MAX_ENVELOPE = 2.0
APART = 0.5
FLOOR_MV = 0.05


class Seconds(NamedTuple):
    """Figures of each whole second of each lead, (n_seconds, n_leads) unless another shape is given.

    Parameters
    ----------
    span : highest less lowest sample, mV.
    away : greatest distance from the lead's median, mV.
    still : share of samples that are as the one before.
    swing : span of the band of the heart, mV.
    muscle : standard deviation of the band of muscles, mV.
    level : mean, mV.
    heart, muscle_band : the bands, (n_samples, n_leads).
    """

    span: Floats
    away: Floats
    still: Floats
    swing: Floats
    muscle: Floats
    level: Floats
    heart: Floats

    @property
    def beyond(self) -> NDArray[np.bool_]:
        """Seconds in which a lead leaves the paper or stands still."""
        return (self.span > BEYOND_MV) | (self.still > STILL)

    @property
    def usual_swing(self) -> Floats:
        """(n_leads,) median over the seconds, mV."""
        return np.asarray(np.median(self.swing, axis=0))

    @property
    def leaps(self) -> NDArray[np.bool_]:
        """Seconds whose band of the heart is some times as large as the lead's usual one."""
        return np.asarray(self.swing > LEAP * (self.usual_swing + FLOOR_MV))

    @property
    def drift(self) -> Floats:
        """(n_leads,) highest less lowest mean of a second, mV."""
        return np.asarray(np.ptp(self.level, axis=0))


def seconds_of(samples: Floats, fs_hz: float) -> Seconds:
    """Measure samples (n_samples, n_leads), mV, missing ones filled in; a rest of less than a second is left out."""
    second = round(fs_hz)
    n = len(samples) // second

    def cut(values: Floats) -> Floats:
        return values[: n * second].reshape(n, second, -1)

    def band(low_hz: float, high_hz: float) -> Floats:
        return np.column_stack([within(lead, low_hz, high_hz, fs_hz) for lead in samples.T])

    whole = cut(samples)
    heart = band(*HEART_HZ)
    muscle = band(MUSCLE_HZ[0], min(MUSCLE_HZ[1], MUSCLE_SHARE * fs_hz))
    return Seconds(
        np.ptp(whole, axis=1),
        np.abs(whole - np.median(samples, axis=0)).max(axis=1),
        np.mean(np.diff(whole, axis=1) == 0.0, axis=1),
        np.ptp(cut(heart), axis=1),
        cut(muscle).std(axis=1),
        whole.mean(axis=1),
        heart,
    )


def filled(samples: Floats) -> Floats:
    """Samples (n_samples, n_leads) with missing ones on straight lines, a lead of none as zeros."""
    whole = np.array(samples, np.float64)
    at = np.arange(len(whole))
    for lead in whole.T:
        is_there = np.isfinite(lead)
        lead[:] = np.interp(at, at[is_there], lead[is_there]) if is_there.any() else 0.0
    return whole


def _log(value: float, least: float) -> float:
    return float(np.log(value + least))


def row_of(seconds: Seconds, samples: Floats, fs_hz: float) -> Floats:
    """The inputs of the model, (`len(NAMES)`,), of what `seconds_of` measured and its samples."""
    return np.array([*_tallies(seconds).values(), *_together(seconds, samples, fs_hz).values()])


def _tallies(seconds: Seconds) -> dict[str, float]:
    """Bad seconds counted over leads, over seconds, and in the worst lead; a recording counts as ten seconds."""
    tenth = 10.0 / len(seconds.span)
    beyond, leaps, away = seconds.beyond, seconds.leaps, seconds.away > AWAY_MV
    noisy, loud = seconds.muscle > NOISY_MV, seconds.muscle > LOUD_MV
    drift, farthest = np.sort(seconds.drift), np.sort(seconds.away.max(axis=0))
    muscle = np.sort(np.median(seconds.muscle, axis=0))
    return {
        "beyond": tenth * beyond.sum(),
        "beyond_worst": tenth * beyond.sum(axis=0).max(),
        "beyond_leads": beyond.any(axis=0).sum(),
        "beyond_seconds": tenth * beyond.any(axis=1).sum(),
        "leaps": tenth * leaps.sum(),
        "leaps_worst": tenth * leaps.sum(axis=0).max(),
        "leaps_leads": leaps.any(axis=0).sum(),
        "noisy": tenth * noisy.sum(),
        "noisy_worst": tenth * noisy.sum(axis=0).max(),
        "noisy_leads": noisy.any(axis=0).sum(),
        "loud": tenth * loud.sum(),
        "loud_worst": tenth * loud.sum(axis=0).max(),
        "away": tenth * away.sum(),
        "away_worst": tenth * away.sum(axis=0).max(),
        "drift_1": drift[-1],
        "drift_2": drift[-2],
        "drift_4": drift[-4],
        "drift_median": np.median(drift),
        "still_leads": (seconds.still > STILL).all(axis=0).sum(),
        "silent_leads": (seconds.swing < SILENT_MV).all(axis=0).sum(),
        "quiet_leads": (seconds.swing.max(axis=0) < QUIET_MV).sum(),
        "farthest_1": _log(farthest[-1], 1e-2),
        "farthest_2": _log(farthest[-2], 1e-2),
        "farthest_4": _log(farthest[-4], 1e-2),
        "low_leads": (seconds.usual_swing + FLOOR_MV < LOW_MV).sum(),
        "muscle_1": _log(muscle[-1], 1e-3),
        "muscle_3": _log(muscle[-3], 1e-3),
        "muscle_median": _log(float(np.median(seconds.muscle)), 1e-3),
        "muscle_max": _log(seconds.muscle.max(), 1e-3),
        "muscle_p95": _log(float(np.percentile(seconds.muscle, 95)), 1e-3),
    }


def _together(seconds: Seconds, samples: Floats, fs_hz: float) -> dict[str, float]:
    """What the leads have in common: QRS activity at the same time, and how few directions they span."""
    envelopes = np.column_stack([_envelope(lead, fs_hz) for lead in seconds.heart.T])
    common = np.median(envelopes, axis=1)
    spreads = envelopes.std(axis=0)
    usual = common.std()
    likeness = np.zeros(envelopes.shape[1])
    for k in np.flatnonzero((spreads > 0.0) & (usual > 0.0)):
        likeness[k] = np.corrcoef(envelopes[:, k], common)[0, 1]
    flat = np.array([share_of_plateaus(lead, fs_hz) for lead in samples.T])
    scaled = seconds.heart / (seconds.heart.std(axis=0) + 0.02)
    power = np.linalg.svd(scaled, compute_uv=False) ** 2
    return {
        "beats_stand_out": _log(_tops(common, fs_hz) / (float(np.median(common)) + 1e-3), 1e-3),
        "unlike_leads": (likeness < APART).sum(),
        "flat_leads": (flat > STILL).sum(),
        "small_leads": (np.ptp(seconds.heart, axis=0) < LOW_MV).sum(),
        "big_leads": (np.ptp(samples, axis=0) > BIG_MV).sum(),
        "three_directions": float(power[:3].sum() / max(power.sum(), 1e-12)),
    }


def _tops(envelope: Floats, fs_hz: float) -> float:
    n_pieces = max(round(len(envelope) / (PIECE_S * fs_hz)), 1)
    return float(np.median([part.max() for part in np.array_split(envelope, n_pieces)]))


def _envelope(lead: Floats, fs_hz: float) -> Floats:
    """QRS activity of one lead relative to its usual peak, at most `MAX_ENVELOPE`."""
    band = within(lead, *QRS_HZ, fs_hz)
    envelope = np.sqrt(np.maximum(uniform_filter1d(band * band, round(ENVELOPE_S * fs_hz)), 0.0))
    return np.minimum(envelope / (_tops(envelope, fs_hz) + 1e-4), MAX_ENVELOPE)
