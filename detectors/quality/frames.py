"""What the signal-quality detector measures of each second of each lead, in one compiled pass over the samples.

The columns of a frame are those of `quality_plan.Measure`, by number, for compiled code knows no enumerations here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.loops.compiled import compiled, inlined, inner
from detectors.loops.medians import median
from detectors.quality.plan import (
    EMPTY,
    FLOOR,
    HUM_MV,
    N_COUNTS,
    N_FRAMES,
    N_HELD,
    N_JUDGED,
    N_MEASURES,
    N_SECTIONS,
    N_SEEN,
    N_SIDE,
    N_TAKEN,
    SOS,
    TONES,
    WANDER_MV,
    WEIGHTS,
)

Floats = NDArray[np.float64]


class _Parts(NamedTuple):
    """Views of a state; see `quality.plan.new_memory`."""

    counts: Floats
    limits: Floats
    scale: Floats
    extremes: Floats
    z: Floats
    held: Floats
    frame: Floats
    frames: Floats


@inner
def _parts(memory: Floats, n: int) -> _Parts:
    limits = np.int64(N_COUNTS)
    scale = limits + 2 + n
    extremes = scale + n
    z = extremes + 2 * n
    held = z + 2 * N_SECTIONS * n
    frame = held + N_HELD * n
    frames = frame + N_MEASURES * n
    end = frames + N_FRAMES * N_MEASURES * n
    return _Parts(
        memory[:limits],
        memory[limits:scale],
        memory[scale:extremes],
        memory[extremes:z].reshape((n, 2)),
        memory[z:held].reshape((n, 2 * N_SECTIONS)),
        memory[held:frame].reshape((n, N_HELD)),
        memory[frame:frames].reshape((n, N_MEASURES)),
        memory[frames:end].reshape((N_FRAMES, n, N_MEASURES)),
    )


@inlined
def _section(sos: Floats, at: int, x: float, a: float, b: float) -> tuple[float, float, float]:
    # transposed direct form II, as scipy.signal.sosfilt: what comes out, and the two numbers to go on with
    y = sos[at] * x + a
    return y, sos[at + 1] * x - sos[at + 4] * y + b, sos[at + 2] * x - sos[at + 5] * y


@inner
def _measure(samples: Floats, scale: float, plan: Floats, z: Floats, held: Floats, f: Floats) -> None:
    """Take samples (n,) of one lead into its frame; all that one hands to the next in variables of its own."""
    base_a, base_b, low_a, low_b, band_a, band_b, high_a, high_b = z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7]
    reference, newest, run, quick_1, quick_2 = held[0], held[1], held[2], held[3], held[4]
    sos, tone_50, tone_60 = plan[SOS:], plan[TONES], plan[TONES + 1]
    n_valid, low, high, plateau, value = f[0], f[1], f[2], f[3], f[4]
    base_sum, base_squares, base_min, base_max = f[5], f[6], f[7], f[8]
    squares, fourths, band_min, band_max, high_squares = f[9], f[10], f[11], f[12], f[13]
    rest_50, rest_60 = f[14], f[15]
    for i in range(samples.shape[0]):
        raw = samples[i]
        if not np.isfinite(raw):
            raw = newest  # the filters go on with the newest value, or with nothing before the first
            run = 0.0
        else:
            if np.isnan(reference):
                reference = raw
            run = run + 1.0 if raw == newest else 1.0
            newest = raw
            n_valid += 1.0
            low = min(low, raw)
            high = max(high, raw)
            if run > plateau:
                plateau = run
                value = raw
        x = 0.0 if not np.isfinite(raw) else (raw - reference) * scale
        base, base_a, base_b = _section(sos, 0, x, base_a, base_b)
        band, low_a, low_b = _section(sos, 6, x, low_a, low_b)
        band, band_a, band_b = _section(sos, 12, band, band_a, band_b)
        quick, high_a, high_b = _section(sos, 18, x, high_a, high_b)
        base_sum += base
        base_squares += base * base
        base_min = min(base_min, base)
        base_max = max(base_max, base)
        squares += band * band
        fourths += band * band * band * band
        band_min = min(band_min, band)
        band_max = max(band_max, band)
        high_squares += quick * quick
        rest = quick - tone_50 * quick_1 + quick_2
        rest_50 += rest * rest
        rest = quick - tone_60 * quick_1 + quick_2
        rest_60 += rest * rest
        quick_2 = quick_1
        quick_1 = quick
    z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7] = base_a, base_b, low_a, low_b, band_a, band_b, high_a, high_b
    held[0], held[1], held[2], held[3], held[4] = reference, newest, run, quick_1, quick_2
    f[0], f[1], f[2], f[3], f[4] = n_valid, low, high, plateau, value
    f[5], f[6], f[7], f[8] = base_sum, base_squares, base_min, base_max
    f[9], f[10], f[11], f[12], f[13] = squares, fourths, band_min, band_max, high_squares
    f[14], f[15] = rest_50, rest_60


@compiled
def take(
    samples: Floats,
    columns: NDArray[np.int64],
    plan: Floats,
    memory: Floats,
    indices: Floats,
    at: int,
    has_label: bool,  # noqa: FBT001 - compiled
) -> int:
    """Take samples (n, n_columns) from row `at` on, up to the first second that is not good beyond any doubt.

    Gives the row to go on with, less 1 and negative (`~row`), where a judged second is to be looked at, with its
    indices (n_channels, 7), else n; where a lead `has_label`, at any second. `columns` (n_channels,) are measured;
    `plan` and `memory`, which is written to, are those of `quality_plan`.
    """
    n = samples.shape[0]
    parts = _parts(memory, columns.shape[0])
    frame_samples = int(plan[0])
    while at < n:
        n_taken = int(parts.counts[N_TAKEN])
        end = min(n, at + frame_samples - n_taken)
        for c in range(columns.shape[0]):
            _measure(samples[at:end, columns[c]], parts.scale[c], plan, parts.z[c], parts.held[c], parts.frame[c])
        n_taken += end - at
        at = end
        parts.counts[N_TAKEN] = n_taken
        if n_taken < frame_samples:
            break
        parts.counts[N_TAKEN] = 0.0
        _keep(parts)
        if parts.counts[N_SEEN] - parts.counts[N_JUDGED] > N_SIDE:
            is_good = _judge(plan, parts, indices)
            if has_label or not is_good:
                return ~at
    return at


@compiled
def judge_next(plan: Floats, memory: Floats, indices: Floats) -> None:
    """Judge the next second by what there is: its indices (n_channels, 7)."""
    _judge(plan, _parts(memory, indices.shape[0]), indices)


@inner
def _keep(parts: _Parts) -> None:
    """Put the frame behind those that are kept, and begin a new one."""
    frames, frame = parts.frames, parts.frame
    for i in range(N_FRAMES - 1):
        for c in range(frame.shape[0]):
            for k in range(N_MEASURES):
                frames[i, c, k] = frames[i + 1, c, k]
    for c in range(frame.shape[0]):  # loops: assignment to a slice compiles four times as long
        for k in range(N_MEASURES):
            frames[N_FRAMES - 1, c, k] = frame[c, k]
            frame[c, k] = EMPTY[k]
    parts.counts[N_SEEN] += 1.0


@inner
def _judge(plan: Floats, parts: _Parts, indices: Floats) -> bool:
    """Write the noise indices of the next second, and say whether it is good beyond any doubt in every lead.

    That is: most samples are there, it stands at no extreme, it moves, it neither hums nor wanders, and its score, by
    the weights (6,: the bias, those of the indices, in their order), is below `limits[0]`. `limits[1]` is the least
    number of samples, the others (n_channels,) the range that is no movement. `extremes` (n_channels, 2) are those of
    all that was seen.
    """
    n_seen, n_judged = int(parts.counts[N_SEEN]), int(parts.counts[N_JUDGED])
    parts.counts[N_JUDGED] = n_judged + 1
    here = N_FRAMES - n_seen + n_judged
    first, end = max(here - N_SIDE, N_FRAMES - n_seen, 0), min(here + N_SIDE + 1, N_FRAMES)
    noise_indices(parts.frames[first:end], plan, indices)
    extremes, limits, weights = parts.extremes, parts.limits, plan[WEIGHTS:]
    is_good = True
    for c in range(extremes.shape[0]):
        frame = parts.frames[here, c]
        if frame[0] <= limits[1]:
            is_good = False
            continue
        low, high, value = frame[1], frame[2], frame[4]
        extremes[c, 0], extremes[c, 1] = min(extremes[c, 0], low), max(extremes[c, 1], high)
        at_low, at_high = value == low and low == extremes[c, 0], value == high and high == extremes[c, 1]
        score = weights[0] + weights[1] * indices[c, 0] + weights[2] * np.log(indices[c, 1])
        score += weights[3] * indices[c, 2] + weights[4] * indices[c, 3] + weights[5] * indices[c, 4]
        is_good &= indices[c, 5] < HUM_MV and indices[c, 6] < WANDER_MV
        is_good &= not (at_low or at_high) and high - low > limits[2 + c] and score < limits[0]
    return is_good


@inner
def noise_indices(window: Floats, plan: Floats, indices: Floats) -> None:
    """Write indices of each lead over a window (n_frames, n_channels, n_measures) into (n_channels, 7).

    They are: logarithm of the relative power of the baseline, within [-4, 2]; kurtosis, within [1, 100]; logarithm of
    the largest range over the median one; logarithm of the relative power of high frequencies, within [-6, 0];
    logarithm of the median swing of the baseline in mV, within [-2, 2]; amplitude of mains hum, mV, 0 where what is
    fast is no tone; range of the baseline, mV. `plan[FLOOR]` is added to the power that the two are relative to.
    """
    frame_samples, floor_mv2 = int(plan[0]), plan[FLOOR]
    n_frames, n_channels, _ = window.shape
    n = n_frames * frame_samples
    swings, ranges = np.empty(n_frames), np.empty(n_frames)
    for c in range(n_channels):
        w = window[:, c]
        power, fourths, high, base = 0.0, 0.0, 0.0, 0.0
        rest_50, rest_60 = 0.0, 0.0
        base_min, base_max = w[0, 7], w[0, 8]
        for i in range(n_frames):
            power += w[i, 9] / n
            fourths += w[i, 10] / n
            high += w[i, 13] / n
            rest_50 += w[i, 14] / n
            rest_60 += w[i, 15] / n
            base_min, base_max = min(base_min, w[i, 7]), max(base_max, w[i, 8])
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
        is_tone = rest_50 < plan[TONES + 2] * high or rest_60 < plan[TONES + 3] * high
        indices[c, 5] = np.sqrt(2.0 * high) if is_tone else 0.0
        indices[c, 6] = base_max - base_min
