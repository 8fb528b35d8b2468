"""The sample loop of the pulse detector, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.loops.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_COUNTS = 4
COUNT, BLOCK_START, LAST_PULSE, _SPARE = range(N_COUNTS)
"""Samples taken; where the block in progress starts (`NO_BLOCK`, `SPENT`); the newest pulse."""

NO_BLOCK, SPENT = -1, -2
"""No block in progress; one that was cut at its greatest width and has not ended yet."""

N_LEVELS = 5
REFERENCE, HELD, BEAT_SUM, MEAN_SQUARE, AMPLITUDE = range(N_LEVELS)
"""First valid sample, newest valid sample, sum over the beat window, running mean of squares, usual amplitude."""

MEAN_S = 10.0
"""Time constant of the running mean of squares, s, in place of the paper's mean of the whole record."""

AMPLITUDE_WEIGHT = 0.125
"""Weight of the newest pulse in the usual amplitude."""


@compiled
def _section(sos: NDArray[np.float64], z: NDArray[np.float64], x: float) -> float:
    y: float = sos[0] * x + z[0]
    z[0] = sos[1] * x - sos[4] * y + z[1]
    z[1] = sos[2] * x - sos[5] * y
    return y


@compiled
def _centred_sum(ring: NDArray[np.float64], first: int, last: int) -> float:
    total = 0.0
    for i in range(max(first, 0), last + 1):
        total += ring[i % ring.size]
    return total


@compiled
def _highest(ring: NDArray[np.float64], first: int, last: int) -> int:
    best = max(first, 0)
    for i in range(best, last + 1):
        if ring[i % ring.size] > ring[best % ring.size]:
            best = i
    return best


@compiled
def end_block(
    widths: NDArray[np.int64],
    counts: NDArray[np.int64],
    levels: NDArray[np.float64],
    rings: NDArray[np.float64],
    end: int,
    found: NDArray[np.float64],
) -> int:
    """End the block in progress before sample `end`; 1 if it holds a pulse, then `found` is (sample, confidence)."""
    start = counts[BLOCK_START]
    counts[BLOCK_START] = NO_BLOCK
    peak_width, reach, apart = widths[0], widths[3], widths[4]
    if start < 0 or end - start < peak_width:
        return 0
    crest = _highest(rings[0], start, end - 1)
    pulse = _highest(rings[2], crest - reach, min(crest + reach, counts[COUNT] - 1))
    if counts[LAST_PULSE] >= 0 and pulse - counts[LAST_PULSE] < apart:
        return 0
    amplitude = rings[0, crest % rings.shape[1]]
    usual = levels[AMPLITUDE] if levels[AMPLITUDE] > 0.0 else amplitude
    found[0] = pulse
    found[1] = min(amplitude, usual) / max(amplitude, usual)
    levels[AMPLITUDE] = usual + AMPLITUDE_WEIGHT * (amplitude - usual)
    counts[LAST_PULSE] = pulse
    return 1


@compiled
def run_block(  # noqa: PLR0913, PLR0917 - compiled code takes its arrays one by one
    samples: NDArray[np.float64],
    sos: NDArray[np.float64],
    widths: NDArray[np.int64],
    offset: float,
    mean_weight: float,
    z: NDArray[np.float64],
    counts: NDArray[np.int64],
    levels: NDArray[np.float64],
    rings: NDArray[np.float64],
    found: NDArray[np.float64],
) -> int:
    """Take samples (n,); write pulses (sample counted from the first, confidence) to `found` and give their number.

    `rings` (3, n_ring) are the band-passed signal, its clipped squares and the raw signal; `widths` are in samples:
    peak window, beat window, greatest block, reach of the search for the raw maximum, least distance of pulses.
    """
    peak_width, beat_width, block_width = widths[0], widths[1], widths[2]
    n_found = 0
    for raw_or_nan in samples:
        n = counts[COUNT]
        if not np.isnan(raw_or_nan):
            if np.isnan(levels[REFERENCE]):
                levels[REFERENCE] = raw_or_nan
            levels[HELD] = raw_or_nan - levels[REFERENCE]
        raw = levels[HELD]
        band = _section(sos[1], z[1], _section(sos[0], z[0], raw))
        square = band * band if band > 0.0 else 0.0
        at = n % rings.shape[1]
        rings[0, at], rings[1, at], rings[2, at] = band, square, raw
        if n % beat_width == 0:  # afresh, or rounding errors of an artefact would stay in the sum
            levels[BEAT_SUM] = _centred_sum(rings[1], n - beat_width + 1, n)
        else:
            left = rings[1, (n - beat_width) % rings.shape[1]] if n >= beat_width else 0.0
            levels[BEAT_SUM] += square - left
        levels[MEAN_SQUARE] += max(mean_weight, 1.0 / (n + 1)) * (square - levels[MEAN_SQUARE])
        counts[COUNT] = n + 1
        centre = n - beat_width // 2
        if centre < 0:
            continue
        peak = _centred_sum(rings[1], centre - peak_width // 2, centre + peak_width // 2) / (2 * (peak_width // 2) + 1)
        is_high = peak > levels[BEAT_SUM] / beat_width + offset * levels[MEAN_SQUARE]
        if is_high and counts[BLOCK_START] == NO_BLOCK:
            counts[BLOCK_START] = centre
        elif not is_high and counts[BLOCK_START] == SPENT:
            counts[BLOCK_START] = NO_BLOCK
        elif counts[BLOCK_START] >= 0 and (not is_high or centre - counts[BLOCK_START] >= block_width):
            n_found += end_block(widths, counts, levels, rings, centre, found[n_found])
            if is_high:
                counts[BLOCK_START] = SPENT
    return n_found
