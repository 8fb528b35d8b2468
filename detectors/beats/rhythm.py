"""Intervals between beats against the patient's own: the rhythm's share of what a label rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.loops.compiled import inlined, inner
from detectors.loops.medians import median

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int

N_USUAL = 8
"""Intervals whose median is the usual one."""
N_RECENT = 16
N_LONGER = 32
PREMATURE = -0.12
"""Log of the interval before a beat to the usual one: below it, the beat comes early."""
LATE = 0.3
IRREGULAR = 0.1
NEAR_BEATS = 64
FAR_BEATS = 300
SHORTEST_S, LONGEST_S = 0.25, 1.6
FIRST_LOG = float(np.log(0.8))


@inner
def _back(state: Arrays, k: Int) -> float:
    """The log of the interval k before the newest."""
    value: float = state.logs[(state.counts[slot.N_LOGS_SEEN] - 1 - k) % state.logs.shape[0]]
    return value


@inlined
def _spread(state: Arrays, usual: float, interval: float, features: Floats) -> None:
    n = min(state.counts[slot.N_LOGS_SEEN], N_RECENT)
    total = squares = steps = 0.0
    for k in range(n):
        value = _back(state, k)
        total += value
        squares += value * value
        if k:
            steps += abs(value - _back(state, k - 1))
    mean = total / n if n else usual
    features[1] = interval - mean
    features[5] = max(squares / n - mean * mean, 0.0) ** 0.5 if n else 0.0
    features[6] = steps / max(n - 1, 1)
    n = min(state.counts[slot.N_LOGS_SEEN], N_LONGER)
    n_early = n_irregular = 0.0
    for k in range(n - 1):
        value = _back(state, k)
        n_early += 1.0 if value - usual < PREMATURE else 0.0
        n_irregular += 1.0 if abs(value - _back(state, k + 1)) > IRREGULAR else 0.0
    features[12] = n_early / max(n - 1, 1)
    features[13] = n_irregular / max(n - 1, 1)


@inlined
def measure_rhythm(state: Arrays, interval: float, features: Floats) -> None:
    """Write what the intervals up to this beat tell; `interval` is the log of the one before it, of seconds.

    Features: the interval against the median of 8 (0), the mean of 16 (1), the mean of about 64 and 300 that do not
    come early (2, 3); the usual (4); spread (5) and steps (6) of 16; three intervals before (7 to 9); against the last
    (10); itself (11); share of early ones (12) and of steps (13) among 32; against the longest and shortest of 8 (14,
    15).
    """
    n = state.counts[slot.N_LOGS_SEEN]
    n_usual = min(n, N_USUAL)
    usual = longest = shortest = FIRST_LOG
    if n_usual:
        ordered = np.empty(n_usual)
        for k in range(n_usual):
            ordered[k] = _back(state, k)
        usual = median(ordered)
        shortest, longest = ordered[0], ordered[n_usual - 1]
    usual = min(max(usual, np.log(SHORTEST_S)), np.log(LONGEST_S))
    _spread(state, usual, interval, features)
    features[0] = interval - usual
    features[2] = interval - (state.numbers[slot.NEAR_LOG] if n else usual)
    features[3] = interval - (state.numbers[slot.FAR_LOG] if n else usual)
    features[4] = usual
    for k in range(3):
        features[7 + k] = _back(state, k) - usual if n > k else 0.0
    features[10] = interval - _back(state, 0) if n else 0.0
    features[11] = interval
    features[14] = interval - longest
    features[15] = interval - shortest


@inlined
def learn_interval(state: Arrays, interval: float, early: float) -> None:
    """Remember the log of an interval, which comes `early` against the usual."""
    n = state.counts[slot.N_LOGS_SEEN]
    numbers = state.numbers
    state.logs[n % state.logs.shape[0]] = interval
    if n == 0:
        numbers[slot.NEAR_LOG] = numbers[slot.FAR_LOG] = interval
    if n < N_USUAL or PREMATURE < early < LATE:
        numbers[slot.NEAR_LOG] += max(1.0 / (n + 1), 1.0 / NEAR_BEATS) * (interval - numbers[slot.NEAR_LOG])
        numbers[slot.FAR_LOG] += max(1.0 / (n + 1), 1.0 / FAR_BEATS) * (interval - numbers[slot.FAR_LOG])
    state.counts[slot.N_LOGS_SEEN] = n + 1
