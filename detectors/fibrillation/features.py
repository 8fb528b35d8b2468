"""What a window of one lead is known by, compiled.

Sources: Amann, Tratnig and Unterkofler, BioMed Eng OnLine 4:60, 2005 (a review: VF filter, spectral algorithm,
complexity, counts); the same, IEEE Trans Biomed Eng 54:174, 2007 (phase space); Arafat, Chowdhury and Hasan, Signal
Image Video Process 5:1, 2011 (threshold crossing); Jekova and Krasteva, Physiol Meas 25:1167, 2004 (counts);
Li, Rajagopalan and Clifford, IEEE Trans Biomed Eng 61:1607, 2014 (which of them serve, by trees).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.fibrillation.plan import BIN_HZ, N_BINS, N_FRAME, WINDOW_S
from detectors.loops.compiled import inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

N_FEATURES = 37
RANGE_MV, PEAK_HZ = 0, 11
"""Features that others read: the logarithm of the range in mV, and the frequency of the highest peak."""

GRID = 20
"""Cells to a side of the phase space."""

DELAY_S = 0.5

LOW_HZ, MIDDLE_HZ, HIGH_HZ = 2.0, 2.5, 7.5
"""Limits of bands: slow beats and T waves lie below the first, fibrillation between the others."""

AROUND_BINS = 2
"""What counts as the peak, bins to each side."""

TINY = 1e-9


@inner
def measure(plan: Floats, waves: Floats, frames: Floats, window: Floats, work: Floats, f: Floats) -> None:
    """Write the features of one lead's window into `f` (N_FEATURES,)."""
    per_second, slow_step, n_slow = int(plan[1]), int(plan[2]), int(plan[3])
    fs_hz = plan[4]
    n = WINDOW_S * per_second
    _shape(window[:n], per_second, fs_hz, f)
    _complexes(window[n : 2 * n], per_second, f)
    slow = work[:n_slow]
    for i in range(n_slow):
        total = 0.0
        for k in range(slow_step):
            total += window[i * slow_step + k]
        slow[i] = total / slow_step
    _spectrum(slow, waves, work[n_slow:], f)
    _repetition(slow, fs_hz / slow_step, f)
    _phase_space(slow, int(DELAY_S * fs_hz / slow_step + 0.5), f)
    low, high, power = 0.0, 0.0, 0.0
    for i in range(WINDOW_S):
        low += frames[i * N_FRAME + 1]
        high += frames[i * N_FRAME + 2]
    for i in range(n):
        power += window[i] * window[i]
    f[34] = np.log((low + TINY) / (power + TINY))
    f[35] = np.log((high + TINY) / (power + TINY))


@inner
def _shape(x: Floats, per_second: int, fs_hz: float, f: Floats) -> None:
    """Range, kurtosis, slopes, threshold crossing, VF filter, and how all that differs from second to second."""
    n = x.shape[0]
    low, high, squares, fourths, total = x[0], x[0], 0.0, 0.0, 0.0
    slopes, slope_squares, slope_fourths, steepest = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        value = x[i]
        low, high = min(low, value), max(high, value)
        total += abs(value)
        square = value * value
        squares += square
        fourths += square * square
        slope = abs(value - x[i - 1]) if i else 0.0
        slopes += slope
        steepest = max(steepest, slope)
        square = slope * slope
        slope_squares += square
        slope_fourths += square * square
    extent, steepest = max(high, -low) + TINY, steepest + TINY
    above, near, gentle, crossings, zeros, was_above = 0.0, 0.0, 0.0, 0.0, 0.0, False
    for i in range(n):
        value = abs(x[i])
        is_above = value > 0.2 * extent
        above += is_above
        near += value < 0.08 * extent
        crossings += is_above != was_above
        was_above = is_above
        if i:
            gentle += abs(x[i] - x[i - 1]) < 0.08 * steepest
            zeros += (x[i] > 0.0) != (x[i - 1] > 0.0)
    # VF filter: a sine less itself half a period ago leaves nothing
    half = min(max(int(np.pi * total / (slopes + TINY) + 0.5), 1), n // 2)
    leaks, parts = 0.0, TINY
    for i in range(half, n):
        leaks += abs(x[i] + x[i - half])
        parts += abs(x[i]) + abs(x[i - half])
    f[0] = np.log(high - low + TINY)
    f[1] = 0.5 * np.log(squares / n + TINY)
    f[2] = np.log((fourths / n + TINY * TINY) / ((squares / n) ** 2 + TINY))
    f[3] = above / n
    f[4] = near / n
    f[5] = gentle / n
    f[6] = crossings / WINDOW_S
    f[7] = zeros / WINDOW_S
    f[8] = leaks / parts
    f[9] = half / fs_hz
    f[10] = np.log((slope_fourths / n + TINY * TINY) / ((slope_squares / n) ** 2 + TINY))
    f[22] = np.log(steepest * fs_hz)
    f[23] = (high + low) / (high - low + TINY)
    f[24] = slopes / n / steepest
    _seconds(x, per_second, f)


@inner
def _seconds(x: Floats, per_second: int, f: Floats) -> None:
    least, most, above = np.inf, 0.0, 0.0
    for s in range(WINDOW_S):
        extent = TINY
        for i in range(s * per_second, (s + 1) * per_second):
            extent = max(extent, abs(x[i]))
        least, most = min(least, extent), max(most, extent)
        for i in range(s * per_second, (s + 1) * per_second):
            above += abs(x[i]) > 0.2 * extent
    f[25] = np.log(most / least)
    f[26] = above / x.shape[0]


@inner
def _complexes(y: Floats, per_second: int, f: Floats) -> None:
    """The counts of Jekova and Krasteva, of the band of complexes, second by second."""
    n = y.shape[0]
    half, mean_up, around, means, extents = 0.0, 0.0, 0.0, 0.0, TINY
    for s in range(WINDOW_S):
        extent, mean = TINY, 0.0
        for i in range(s * per_second, (s + 1) * per_second):
            extent = max(extent, abs(y[i]))
            mean += abs(y[i]) / per_second
        spread = 0.0
        for i in range(s * per_second, (s + 1) * per_second):
            spread += abs(abs(y[i]) - mean) / per_second
        for i in range(s * per_second, (s + 1) * per_second):
            value = abs(y[i])
            half += value >= 0.5 * extent
            mean_up += value >= mean
            around += mean - spread <= value <= mean + spread
        means += mean
        extents += extent
    f[27] = half / n
    f[28] = mean_up / n
    f[29] = around / n
    f[30] = means / extents
    f[31] = np.log(extents / WINDOW_S) - f[0]


@inner
def _spectrum(slow: Floats, waves: Floats, work: Floats, f: Floats) -> None:
    """Where the power lies: peak, its share and width, mean, entropy, shares of bands."""
    sums = work[: 2 * N_BINS]
    for k in range(2 * N_BINS):
        sums[k] = 0.0
    for i in range(slow.shape[0]):
        value = slow[i]
        for k in range(2 * N_BINS):
            sums[k] += value * waves[i, k]
    total, peak = TINY * TINY, 0
    for k in range(N_BINS):
        sums[k] = sums[k] * sums[k] + sums[N_BINS + k] * sums[N_BINS + k]
        total += sums[k]
        if sums[k] > sums[peak]:
            peak = k
    entropy, mean, around, low, middle, high, wide, above_half = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(N_BINS):
        share, hz = sums[k] / total, BIN_HZ * (k + 1)
        if share > 0.0:
            entropy -= share * np.log(share)
        mean += share * hz
        around += share if abs(k - peak) <= AROUND_BINS else 0.0
        wide += share if 0.7 * (peak + 1) <= k + 1 <= 1.4 * (peak + 1) else 0.0
        low += share if hz < LOW_HZ else 0.0
        middle += share if MIDDLE_HZ <= hz <= HIGH_HZ else 0.0
        high += share if hz > HIGH_HZ else 0.0
        above_half += sums[k] > 0.3 * sums[peak]
    second = min(2 * peak + 1, N_BINS - 1)
    spread = 0.0
    for k in range(N_BINS):
        spread += sums[k] / total * (BIN_HZ * (k + 1) - mean) ** 2
    f[11] = BIN_HZ * (peak + 1)
    f[12] = around
    f[13] = entropy
    f[14] = mean
    f[15] = low
    f[16] = middle
    f[17] = high
    f[18] = wide
    f[19] = sums[second] / (sums[peak] + TINY * TINY)
    f[20] = np.sqrt(spread)
    f[21] = above_half * BIN_HZ


@inner
def _repetition(slow: Floats, fs_hz: float, f: Floats) -> None:
    """The highest autocorrelation from 0.12 to 0.4 s, and from 0.4 to 1.5 s: flutter and quick beats, slow beats."""
    n = slow.shape[0]
    first, middle, last = int(0.12 * fs_hz), int(0.4 * fs_hz), int(1.5 * fs_hz)
    quick, usual, was, before = -1.0, -1.0, 1.0, 1.0
    for lag in range(first - 2, last + 1):
        total, one, other = 0.0, TINY, TINY
        for i in range(lag, n):
            a, b = slow[i], slow[i - lag]
            total += a * b
            one += a * a
            other += b * b
        now = total / np.sqrt(one * other)
        if lag > first and was >= now and was >= before:  # a peak, not the slope from lag 0
            if lag - 1 < middle:
                quick = max(quick, was)
            else:
                usual = max(usual, was)
        before, was = was, now
    f[32] = quick
    f[33] = usual


@inner
def _phase_space(slow: Floats, delay: int, f: Floats) -> None:
    """Share of cells that the window against itself, delayed, comes through."""
    n = slow.shape[0]
    low, high = slow[0], slow[0]
    for i in range(n):
        low, high = min(low, slow[i]), max(high, slow[i])
    scale = GRID / (high - low + TINY)
    cells = np.zeros(GRID * GRID, np.bool_)
    for i in range(delay, n):
        a = min(int((slow[i] - low) * scale), GRID - 1)
        b = min(int((slow[i - delay] - low) * scale), GRID - 1)
        cells[a * GRID + b] = True
    visited = 0.0
    for i in range(GRID * GRID):
        visited += cells[i]
    f[36] = visited / (GRID * GRID)
