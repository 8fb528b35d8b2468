"""Which peaks of activity are QRS complexes: thresholds between usual QRS and noise, T waves, search back.

After Hamilton (2002) and Pan and Tompkins (1985). Here each peak is decided a fixed time after it, when what follows is
known too, instead of at once with a search back later: the order of what is said does not depend on when it was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.beats.front import LEAST_SCALE_MV_PER_S, MAX_RELATIVE, box_means, relative_activity, steepness
from detectors.beats.plan import N_ACTIVITY
from detectors.loops.compiled import inlined, inner
from detectors.loops.medians import median

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Plan


QUIET_SHARE = 1.8
THRESHOLD = 0.15
WEAK_THRESHOLD = 0.12
REFRACTORY_S = 0.200
T_WAVE_S = 0.36
LATE = 1.5
PAUSE_S = 2.5
PAUSE_DECAY = 0.75
STRONGER = 2.2
NEXT_S = 0.24


@inner
def median_of(values: Floats, n_seen: int, default: float) -> float:
    """The median of a ring of the last values."""
    n = min(n_seen, values.shape[0])
    if n == 0:
        return default
    ordered = np.empty(n)
    for i in range(n):
        ordered[i] = values[i]
    return median(ordered)


@inner
def learn(plan: Plan, state: Arrays) -> None:
    """End the learning period: with the leads' scales known, measure what was heard so far again."""
    here, one = np.empty(state.leads.shape[0]), np.empty(1)
    for at in range(max(state.counts[slot.SLOW] + 1 - N_ACTIVITY, 0), state.counts[slot.SLOW] + 1):
        for lead in range(here.shape[0]):
            box_means(state.rings[slot.SLOPE, lead], at, plan.box, one)
            here[lead] = one[0]
        state.activity[at % N_ACTIVITY] = relative_activity(state.leads, here, MAX_RELATIVE)
    state.numbers[slot.TOP] = state.activity[state.counts[slot.TOP_AT] % N_ACTIVITY]
    for i in range(state.counts[slot.N_WAITING]):
        row = state.candidates[i]
        row[slot.HEIGHT] = relative_activity(state.leads, row[slot.PER_LEAD :], MAX_RELATIVE)
        row[slot.STEEPNESS] = steepness(state, int(row[slot.AT]), plan.box)
    state.numbers[slot.USUAL] = 0.8
    state.numbers[slot.QUIET] = 0.0
    state.counts[slot.LEARNED] = 1


@inner
def usual_interval(plan: Plan, state: Arrays) -> float:
    """Median interval between beats, slow samples."""
    n = min(8, state.counts[slot.N_INTERVALS_SEEN])
    if n == 0:
        return 0.8 * plan.slow_hz
    last = np.empty(n)
    for i in range(n):
        last[i] = state.intervals[(state.counts[slot.N_INTERVALS_SEEN] - 1 - i) % state.intervals.shape[0]]
    return min(max(median(last), 0.25 * plan.slow_hz), 1.6 * plan.slow_hz)


@inner
def since_last(plan: Plan, state: Arrays, at: float) -> float:
    """Slow samples since the last beat."""
    last = state.counts[slot.LAST_AT]
    return at - last if last >= 0 else 10.0 * plan.slow_hz


@inner
def threshold(plan: Plan, state: Arrays, since: float) -> float:
    """The height of a QRS complex, at least, so many slow samples after the last beat."""
    usual, quiet = state.numbers[slot.USUAL], state.numbers[slot.QUIET]
    late = since / usual_interval(plan, state)
    share = THRESHOLD * min(max(1.0 - 0.35 * (late - 1.3), 0.5), 1.0)
    return QUIET_SHARE * quiet + share * max(usual, 0.1)


@inlined
def _is_t_wave(plan: Plan, state: Arrays, i: int, since: float) -> bool:
    limit = min(max(0.65 * usual_interval(plan, state), 0.24 * plan.slow_hz), T_WAVE_S * plan.slow_hz)
    row = state.candidates[i]
    return since < limit and row[slot.STEEPNESS] < 0.5 * state.numbers[slot.LAST_STEEPNESS]


@inlined
def _precedes_qrs(plan: Plan, state: Arrays, i: int) -> bool:
    row = state.candidates[i]
    for j in range(i + 1, state.counts[slot.N_WAITING]):
        other = state.candidates[j]
        if other[slot.AT] - row[slot.AT] > NEXT_S * plan.slow_hz:
            return False
        if other[slot.HEIGHT] > STRONGER * row[slot.HEIGHT]:
            return True
    return False


@inner
def _fills_gap(plan: Plan, state: Arrays, i: int, since: float, strong: float) -> bool:
    row = state.candidates[i]
    interval = usual_interval(plan, state)
    weak = state.numbers[slot.QUIET] + WEAK_THRESHOLD * max(state.numbers[slot.USUAL] - state.numbers[slot.QUIET], 0.1)
    if row[slot.HEIGHT] < weak or since < 0.5 * interval or since < T_WAVE_S * plan.slow_hz:
        return False
    end = float(state.counts[slot.SLOW])
    for j in range(i + 1, state.counts[slot.N_WAITING]):
        other = state.candidates[j]
        if other[slot.HEIGHT] >= strong:
            end = other[slot.AT]
            break
        if other[slot.HEIGHT] > row[slot.HEIGHT] and other[slot.AT] - row[slot.AT] < 0.6 * interval:
            return False
    after = end - row[slot.AT]
    return since + after > LATE * interval and after > 0.45 * interval


@inlined
def is_audible(state: Arrays, i: int) -> bool:
    """Whether a candidate is more than the noise of an amplifier in any lead."""
    for k in range(slot.PER_LEAD, state.candidates.shape[1]):  # noqa: SIM110 - compiled code knows no generators
        if state.candidates[i, k] > LEAST_SCALE_MV_PER_S:
            return True
    return False


@inner
def is_qrs(plan: Plan, state: Arrays, i: int) -> bool:
    """Decide candidate i, the first that has not been decided."""
    row = state.candidates[i]
    since = since_last(plan, state, row[slot.AT])
    if since < REFRACTORY_S * plan.slow_hz or not is_audible(state, i):
        return False
    strong = threshold(plan, state, since)
    if row[slot.HEIGHT] < strong:
        return _fills_gap(plan, state, i, since, strong)
    return not (_is_t_wave(plan, state, i, since) or _precedes_qrs(plan, state, i))


@inlined
def reject(plan: Plan, state: Arrays, i: int) -> None:
    """Learn from a candidate that is no QRS; a long pause makes the usual QRS smaller."""
    numbers, row = state.numbers, state.candidates[i]
    numbers[slot.QUIET] += 0.125 * (min(row[slot.HEIGHT], 0.6 * numbers[slot.USUAL]) - numbers[slot.QUIET])
    numbers[slot.SEEN_AT], numbers[slot.SEEN_HEIGHT] = row[slot.AT], row[slot.HEIGHT]
    if since_last(plan, state, row[slot.AT]) > PAUSE_S * plan.slow_hz:
        numbers[slot.USUAL] = max(numbers[slot.USUAL] * PAUSE_DECAY, 0.05)
        numbers[slot.QUIET] = min(numbers[slot.QUIET], 0.5 * numbers[slot.USUAL])


@inner
def accept(state: Arrays, i: int) -> None:
    """Learn from a candidate that is a QRS."""
    counts, numbers, row = state.counts, state.numbers, state.candidates[i]
    numbers[slot.SEEN_AT], numbers[slot.SEEN_HEIGHT] = row[slot.AT], row[slot.HEIGHT]
    n = counts[slot.N_HEIGHTS_SEEN]
    place = n % state.heights.shape[1]
    n_leads = state.leads.shape[0]
    state.heights[n_leads, place] = row[slot.HEIGHT]
    for lead in range(n_leads):
        state.heights[lead, place] = row[slot.PER_LEAD + lead]
        state.leads[lead, slot.SCALE] = median_of(state.heights[lead], n + 1, 0.0)
    counts[slot.N_HEIGHTS_SEEN] = n + 1
    numbers[slot.USUAL] = median_of(state.heights[n_leads], n + 1, 0.0)
    numbers[slot.QUIET] = min(numbers[slot.QUIET], 0.6 * numbers[slot.USUAL])
    numbers[slot.LAST_STEEPNESS] = row[slot.STEEPNESS]
    numbers[slot.LAST_HEIGHT] = row[slot.HEIGHT]
    if counts[slot.LAST_AT] >= 0:
        m = counts[slot.N_INTERVALS_SEEN]
        state.intervals[m % state.intervals.shape[0]] = row[slot.AT] - counts[slot.LAST_AT]
        counts[slot.N_INTERVALS_SEEN] = m + 1
    counts[slot.LAST_AT] = np.int64(row[slot.AT])


@inlined
def drop_first(state: Arrays) -> None:
    """Forget the candidate that has been decided."""
    n = state.counts[slot.N_WAITING]
    for i in range(1, n):
        for k in range(state.candidates.shape[1]):
            state.candidates[i - 1, k] = state.candidates[i, k]
    state.counts[slot.N_WAITING] = n - 1
