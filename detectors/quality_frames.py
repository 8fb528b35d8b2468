"""What the signal-quality detector measures of each second of each lead, in one compiled pass over the samples.

The columns of a frame are those of `quality_plan.Measure`, by number, for compiled code knows no enumerations here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.compiled import compiled, inner
from detectors.medians import median
from detectors.quality_plan import EMPTY

if TYPE_CHECKING:
    from numpy.typing import NDArray


@inner
def _section(sos: NDArray[np.float64], z: NDArray[np.float64], x: float) -> float:
    y: float = sos[0] * x + z[0]
    z[0] = sos[1] * x - sos[4] * y + z[1]
    z[1] = sos[2] * x - sos[5] * y
    return y


@compiled
def measure(  # noqa: PLR0913, PLR0917 - compiled code takes its arrays one by one
    samples: NDArray[np.float64],
    columns: NDArray[np.int64],
    scale: NDArray[np.float64],
    sos: NDArray[np.float64],
    z: NDArray[np.float64],
    held: NDArray[np.float64],
    frame: NDArray[np.float64],
    n_taken: int,
    frame_samples: int,
) -> tuple[NDArray[np.float64], int]:
    """Take samples (n, n_columns); give the completed frames (n, n_channels, n_measures) and the new `n_taken`.

    `columns` (n_channels,) are those that are measured, `scale` turns their raw units into millivolt; `z` (n_channels,
    4, 2), `held` (n_channels, 3: reference, newest valid, length of its run) and `frame` (n_channels, n_measures) are
    the state and are written to.
    """
    n, n_channels = samples.shape[0], columns.shape[0]
    done = np.empty(((n_taken + n) // frame_samples, n_channels, frame.shape[1]))
    n_done = 0
    for i in range(n):
        for c in range(n_channels):
            f = frame[c]
            raw = samples[i, columns[c]]
            if not np.isfinite(raw):
                raw = held[c, 1]  # the filters go on with the newest value, or with nothing before the first
                held[c, 2] = 0.0
            else:
                if np.isnan(held[c, 0]):
                    held[c, 0] = raw
                held[c, 2] = held[c, 2] + 1.0 if raw == held[c, 1] else 1.0
                held[c, 1] = raw
                f[0] += 1.0
                f[1] = min(f[1], raw)
                f[2] = max(f[2], raw)
                if held[c, 2] > f[3]:
                    f[3] = held[c, 2]
                    f[4] = raw
            x = 0.0 if not np.isfinite(raw) else (raw - held[c, 0]) * scale[c]
            base = _section(sos[0], z[c, 0], x)
            band = _section(sos[2], z[c, 2], _section(sos[1], z[c, 1], x))
            high = _section(sos[3], z[c, 3], x)
            f[5] += base
            f[6] += base * base
            f[7] = min(f[7], base)
            f[8] = max(f[8], base)
            f[9] += band * band
            f[10] += band * band * band * band
            f[11] = min(f[11], band)
            f[12] = max(f[12], band)
            f[13] += high * high
        n_taken += 1
        if n_taken == frame_samples:
            for c in range(n_channels):  # loops: assignment to a slice compiles four times as long
                for k in range(frame.shape[1]):
                    done[n_done, c, k] = frame[c, k]
                    frame[c, k] = EMPTY[k]
            n_done += 1
            n_taken = 0
    return done, n_taken


@compiled
def keep(frames: NDArray[np.float64], frame: NDArray[np.float64]) -> None:
    """Put a frame (n_channels, n_measures) behind those (n_frames, n_channels, n_measures) that are kept."""
    for i in range(frames.shape[0] - 1):
        for c in range(frame.shape[0]):
            for k in range(frame.shape[1]):
                frames[i, c, k] = frames[i + 1, c, k]
    for c in range(frame.shape[0]):
        for k in range(frame.shape[1]):
            frames[-1, c, k] = frame[c, k]


@compiled
def judge(  # noqa: PLR0913, PLR0917 - compiled code takes its arrays one by one
    window: NDArray[np.float64],
    here: int,
    frame_samples: int,
    floor_mv2: float,
    extremes: NDArray[np.float64],
    limits: NDArray[np.float64],
    weights: NDArray[np.float64],
    indices: NDArray[np.float64],
) -> bool:
    """Write the noise indices of frame `here` of a window, and say whether it is good beyond any doubt in every lead.

    That is: most samples are there, it stands at no extreme, it moves, and its score, by `weights` (6,: the bias, those
    of the indices, in their order), is below `limits[0]`. `limits[1]` is the least number of samples, the others
    (n_channels,) the range that is no movement. `extremes` (n_channels, 2) are those of all that was seen.
    """
    noise_indices(window, frame_samples, floor_mv2, indices)
    is_good = True
    for c in range(extremes.shape[0]):
        frame = window[here, c]
        if frame[0] <= limits[1]:
            is_good = False
            continue
        low, high, value = frame[1], frame[2], frame[4]
        extremes[c, 0], extremes[c, 1] = min(extremes[c, 0], low), max(extremes[c, 1], high)
        at_low, at_high = value == low and low == extremes[c, 0], value == high and high == extremes[c, 1]
        score = weights[0] + weights[1] * indices[c, 0] + weights[2] * np.log(indices[c, 1])
        score += weights[3] * indices[c, 2] + weights[4] * indices[c, 3] + weights[5] * indices[c, 4]
        is_good &= not (at_low or at_high) and high - low > limits[2 + c] and score < limits[0]
    return is_good


@inner
def noise_indices(
    window: NDArray[np.float64], frame_samples: int, floor_mv2: float, indices: NDArray[np.float64]
) -> None:
    """Write indices of each lead over a window (n_frames, n_channels, n_measures) into (n_channels, 5).

    They are: logarithm of the relative power of the baseline, within [-4, 2]; kurtosis, within [1, 100]; logarithm of
    the largest range over the median one; logarithm of the relative power of high frequencies, within [-6, 0];
    logarithm of the median swing of the baseline in mV, within [-2, 2]. `floor_mv2` is added to the power that the two
    are relative to.
    """
    n_frames, n_channels, _ = window.shape
    n = n_frames * frame_samples
    swings, ranges = np.empty(n_frames), np.empty(n_frames)
    for c in range(n_channels):
        w = window[:, c]
        power, fourths, high, base = 0.0, 0.0, 0.0, 0.0
        for i in range(n_frames):
            power += w[i, 9] / n
            fourths += w[i, 10] / n
            high += w[i, 13] / n
            base += (w[i, 6] - w[i, 5] ** 2 / frame_samples) / n
            swings[i] = w[i, 8] - w[i, 7]
            ranges[i] = w[i, 12] - w[i, 11]
        swing, usual_range = median(swings), median(ranges)  # and now in order
        floored = power + floor_mv2
        indices[c, 0] = min(max(np.log(max(base, 0.0) / floored + 1e-6), -4.0), 2.0)
        indices[c, 1] = min(max((fourths + 1e-12) / (power + 1e-6) ** 2, 1.0), 100.0)
        indices[c, 2] = np.log((ranges[-1] + 1e-3) / (usual_range + 1e-3))
        indices[c, 3] = min(max(np.log(high / floored + 1e-9), -6.0), 0.0)
        indices[c, 4] = min(max(np.log(swing + 1e-3), -2.0), 2.0)
