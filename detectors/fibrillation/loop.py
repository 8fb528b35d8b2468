"""The sample loop of the fibrillation detector, compiled: averages, filters, and each second a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.fibrillation.features import PEAK_HZ, RANGE_MV, measure
from detectors.fibrillation.plan import (
    MAX_MV,
    N_BINS,
    N_CHANGES,
    N_COUNTS,
    N_FRAME,
    N_STILL,
    SECTIONS,
    WINDOW_S,
)
from detectors.loops.compiled import compiled, inlined, inner
from detectors.loops.trees import BATCH, add_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MIN_VALID_SHARE = 0.75
"""A lead counts where each second of its window has this share of its samples."""

MIN_RANGE_MV = 0.1
"""What swings less within a window is asystole or a lead that is off, and no fibrillation that one could read."""

N_CLASSES = 3
"""Of the model: neither, ventricular tachycardia, fibrillation or flutter."""


@inlined
def _section(plan: Floats, at: int, x: float, a: float, b: float) -> tuple[float, float, float]:
    # transposed direct form II, as scipy.signal.sosfilt: what comes out, and the two numbers to go on with
    y = plan[at] * x + a
    return y, plan[at + 1] * x - plan[at + 4] * y + b, plan[at + 2] * x - plan[at + 5] * y


@inner
def _keep(plan: Floats, own: Floats, size: int, at: int) -> None:
    """Put the average of one lead behind those of its window, filtered."""
    reference, n_valid = own[0], own[3]
    if n_valid > 0.0:
        own[1] = own[2] / n_valid
        if np.isnan(reference):
            own[0] = reference = own[1]
    own[2] = own[3] = 0.0
    value = 0.0 if np.isnan(reference) else min(max(own[1] - reference, -MAX_MV), MAX_MV)
    z = own[N_STILL:]
    high, z[0], z[1] = _section(plan, SECTIONS, value, z[0], z[1])
    band, z[2], z[3] = _section(plan, SECTIONS + 6, high, z[2], z[3])
    complexes, z[4], z[5] = _section(plan, SECTIONS + 12, band, z[4], z[5])
    frame = own[N_STILL + N_CHANGES + (WINDOW_S - 1) * N_FRAME :]
    frame[0] += n_valid
    frame[1] += (value - high) * (value - high)
    frame[2] += (high - band) * (high - band)
    window = own[N_STILL + N_CHANGES + WINDOW_S * N_FRAME :]
    window[at] = band
    window[size + at] = complexes


@inner
def _drop_second(own: Floats, per_second: int, size: int) -> None:
    """Make room for a second."""
    frames = own[N_STILL + N_CHANGES :]
    for i in range((WINDOW_S - 1) * N_FRAME):
        frames[i] = frames[i + N_FRAME]
    for i in range((WINDOW_S - 1) * N_FRAME, WINDOW_S * N_FRAME):
        frames[i] = 0.0
    window = frames[WINDOW_S * N_FRAME :]
    for i in range(size - per_second):
        window[i] = window[i + per_second]
        window[size + i] = window[size + i + per_second]


@compiled
def take(  # noqa: C901, PLR0913, PLR0917 - compiled: a call would bring all it calls once more
    samples: Floats,
    columns: NDArray[np.int64],
    to_mv: Floats,
    plan: Floats,
    waves: Floats,
    forest: Floats,
    memory: Floats,
    features: Floats,
    said: Floats,
) -> int:
    """Take samples (n, n_columns); write each window that ends in them into a row of `said` (n, N_SAID).

    Gives the number of windows. `columns` and `to_mv` (n_leads,) are the leads and what turns them into millivolt;
    `features` (n, n_leads, N_FEATURES) are written too, NaN of a lead that cannot be read; those of the first row
    alone where there is but one, for whoever wants none.
    """
    step, per_second, n_leads = int(plan[0]), int(plan[1]), columns.shape[0]
    size = WINDOW_S * per_second
    n_own = N_STILL + N_CHANGES + WINDOW_S * N_FRAME + 2 * size
    work = np.empty(2 * N_BINS + int(plan[3]) + 64)
    scores, places = np.empty(N_CLASSES), np.empty(BATCH, np.int64)
    n_raw, n_averages, n_seconds = int(memory[0]), int(memory[1]), int(memory[2])
    n_said = 0
    for i in range(samples.shape[0]):
        n_raw += 1
        for c in range(n_leads):
            value = samples[i, columns[c]] * to_mv[c]
            if np.isfinite(value):
                at = N_COUNTS + c * n_own
                memory[at + 2] += value
                memory[at + 3] += 1.0
        if n_raw < step:
            continue
        n_raw = 0
        for c in range(n_leads):
            _keep(plan, memory[N_COUNTS + c * n_own : N_COUNTS + (c + 1) * n_own], size, size - per_second + n_averages)
        n_averages += 1
        if n_averages < per_second:
            continue
        n_averages = 0
        n_seconds += 1
        row = features[min(n_said, features.shape[0] - 1)]
        if n_seconds >= WINDOW_S:
            for c in range(n_leads):
                own = memory[N_COUNTS + c * n_own : N_COUNTS + (c + 1) * n_own]
                if _is_readable(own, per_second * step):
                    first = N_STILL + N_CHANGES
                    window = first + WINDOW_S * N_FRAME
                    measure(plan, waves, own[first:window], own[window:], work, row[c])
                else:
                    row[c, 0] = np.nan
            _judge(forest, row, scores, places, said[n_said])
            n_said += 1
        for c in range(n_leads):
            _drop_second(memory[N_COUNTS + c * n_own : N_COUNTS + (c + 1) * n_own], per_second, size)
    memory[0], memory[1], memory[2] = n_raw, n_averages, min(n_seconds, WINDOW_S)
    return n_said


@inner
def _is_readable(own: Floats, n_samples: int) -> bool:
    for i in range(WINDOW_S):  # noqa: SIM110 - compiled
        if own[N_STILL + N_CHANGES + i * N_FRAME] < MIN_VALID_SHARE * n_samples:
            return False
    return True


@inner
def _judge(forest: Floats, row: Floats, scores: Floats, places: NDArray[np.int64], said: Floats) -> None:
    """The mean of the leads' probabilities; leads without a swing say neither."""
    n_leads = 0
    for k in range(said.shape[0]):
        said[k] = 0.0
    for c in range(row.shape[0]):
        if np.isnan(row[c, 0]):
            continue
        n_leads += 1
        if row[c, RANGE_MV] < np.log(MIN_RANGE_MV):
            continue
        add_scores(forest, row[c], places, scores)
        most = max(scores[0], scores[1], scores[2])
        neither, tachycardia, fibrillation = (
            np.exp(scores[0] - most),
            np.exp(scores[1] - most),
            np.exp(scores[2] - most),
        )
        total = neither + tachycardia + fibrillation
        said[0] += fibrillation / total
        said[1] += tachycardia / total
        if np.exp(row[c, RANGE_MV]) > said[4]:
            said[4] = np.exp(row[c, RANGE_MV])
            said[3] = row[c, PEAK_HZ]
    if n_leads:
        said[0] /= n_leads
        said[1] /= n_leads
    said[2] = n_leads
