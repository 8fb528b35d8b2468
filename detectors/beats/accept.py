"""A second look at what the thresholds take for a QRS complex: trees over what it is beside its neighbours.

T waves of wide beats and noise pass thresholds now and then. What tells them is their place in the rhythm, how they
compare with what precedes and follows them, how their slopes gather, and whether the patient's own beats look like
them. Trees (`qrs.npz`, learned by `training.qrs`, figures in docs/training.md) withdraw the least likely.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.beats.decide import since_last, threshold, usual_interval
from detectors.beats.families import dominant, total_count
from detectors.beats.front import LEAST_SCALE_MV_PER_S
from detectors.beats.plan import N_CLUSTERS, N_CUES, N_QRS, QRS_FROM, SLACK
from detectors.beats.shape import (
    LIKE,
    N_COMPARED,
    N_WAVE,
    OURS,
    THEIRS,
    compare_parts,
    fiducial,
    lead_weights,
    take_wave,
)
from detectors.loops.compiled import inlined, inner
from detectors.loops.trees import BATCH, add_scores, load_trees, packed

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int, Plan

DOUBT = float(np.log(0.1 / 0.9))
"""Log odds below which a peak is withdrawn: at one in ten, as many beats are lost as there would be false ones."""
NEAR_S, FAR_S = 0.36, 0.90
CORE_S, AROUND_S, SIDE_S = 0.05, 0.15, 0.35
UNKNOWN = -9.0
KNOWN = 1.8
"""Beats from which on a family's template is compared with."""
LOG_FLOOR, LOG_LIMIT = 1e-4, 5.0
OFFSET = 23
"""The cue that is the time from the centre of the slopes to the fiducial point, s."""


@cache
def doubts() -> Floats:
    """The learned trees as they are walked."""
    return packed(load_trees("detectors.beats", "qrs.npz"))


@inner
def is_doubtful(forest: Floats, values: Floats) -> bool:
    """Whether the trees hold a peak with these cues (N_CUES,) for no beat."""
    scores, places = np.empty(1), np.empty(BATCH, np.int64)
    add_scores(forest, values, places, scores)
    return bool(scores[0] < DOUBT)


@inner
def _log(a: float, b: float) -> float:
    value: float = min(max(np.log(max(a, LOG_FLOOR) / max(b, LOG_FLOOR)), -LOG_LIMIT), LOG_LIMIT)
    return value


@inner
def cues(plan: Plan, state: Arrays, i: Int, values: Floats) -> None:
    """Write what speaks for and against candidate i, the first undecided, into `values` (N_CUES,).

    Its height against the usual one (0) and the threshold (1); its steepness against its height (2) and the last beat's
    (3); its height against the last beat's (4); the time since that against the usual interval (5), and in s (6); noise
    against the usual height (7); the usual interval, s (8); the highest peak that follows at once, and its time (9,
    10), and that follows later (11 to 13); the candidate before (14, 15).
    """
    row, numbers = state.candidates[i], state.numbers
    at, height = row[slot.AT], max(row[slot.HEIGHT], LOG_FLOOR)
    since = since_last(plan, state, at)
    interval = usual_interval(plan, state)
    for k in range(N_CUES):
        values[k] = UNKNOWN
    values[0] = _log(height, numbers[slot.USUAL])
    values[1] = _log(height, threshold(plan, state, since))
    values[2] = _log(row[slot.STEEPNESS], height)
    values[3] = _log(row[slot.STEEPNESS], numbers[slot.LAST_STEEPNESS])
    values[4] = _log(height, numbers[slot.LAST_HEIGHT])
    values[5] = _log(since, interval)
    values[6] = since / plan.slow_hz
    values[7] = _log(numbers[slot.QUIET], numbers[slot.USUAL])
    values[8] = interval / plan.slow_hz
    near, near_s, far, far_s = 0.0, 0.0, 0.0, 0.0
    for j in range(i + 1, state.counts[slot.N_WAITING]):
        other = state.candidates[j]
        away_s = (other[slot.AT] - at) / plan.slow_hz
        if away_s <= NEAR_S and other[slot.HEIGHT] > near:
            near, near_s = other[slot.HEIGHT], away_s
        elif NEAR_S < away_s <= FAR_S and other[slot.HEIGHT] > far:
            far, far_s = other[slot.HEIGHT], away_s
    values[9], values[10] = _log(near, height), near_s
    values[11], values[12] = _log(far, height), far_s
    if far > 0.0:
        values[13] = _log(since + far_s * plan.slow_hz, interval)
    values[14] = _log(numbers[slot.SEEN_HEIGHT], height)
    values[15] = (at - numbers[slot.SEEN_AT]) / plan.slow_hz
    _slopes(plan, state, int(at) - plan.qrs_delay, values)
    _likeness(plan, state, int(at) - plan.qrs_delay, values)


@inlined
def _slopes(plan: Plan, state: Arrays, at: int, values: Floats) -> None:
    """How steep it is beside the peak (16), before (17) and after (18); how much the leads count (19); noise (20)."""
    ring = state.rings.shape[2]
    core, around, side = int(CORE_S * plan.slow_hz), int(AROUND_S * plan.slow_hz), int(SIDE_S * plan.slow_hz)
    middle = beside = before = after = noise = weight = 0.0
    for lead in range(state.leads.shape[0]):
        w = state.leads[lead, slot.WEIGHT]
        if w <= 0.0:
            continue
        share = w / max(state.leads[lead, slot.SCALE], LEAST_SCALE_MV_PER_S)
        for k in range(-side, side + 1):
            value = share * state.rings[slot.SLOPE, lead, (at + k) % ring]
            if -core <= k <= core:
                middle += value
            elif -around <= k <= around:
                beside += value
            elif k < 0:
                before += value
            else:
                after += value
        noise += share * state.leads[lead, slot.NOISE]
        weight += w
    middle /= 2 * core + 1
    values[16] = _log(beside / (2 * (around - core)), middle)
    values[17] = _log(before / (side - around), middle)
    values[18] = _log(after / (side - around), middle)
    values[19] = weight
    values[20] = _log(noise / max(weight, 1e-9), 1.0)


@inlined
def _likeness(plan: Plan, state: Arrays, at: int, values: Floats) -> None:
    """Likeness with the dominant family (21), its size against it (22), the fiducial point (23).

    And of the other family that it is most like: how like (24), how early that comes (25), its share of all beats (26).
    """
    weights = lead_weights(state)
    point = fiducial(plan, state, weights, at)
    values[OFFSET] = (point - at) / plan.slow_hz
    main = dominant(state)
    if main < 0:
        return
    wave, compared = np.empty((weights.shape[0], N_WAVE)), np.empty(N_COMPARED)
    take_wave(plan, state, point, wave)
    best = -2.0
    for family in range(N_CLUSTERS):
        if state.clusters[family, slot.COUNT] < KNOWN:
            continue
        like = -2.0
        for shift in range(-1, 2):
            first = SLACK + QRS_FROM + shift
            compare_parts(wave, first, state.templates[family], QRS_FROM, N_QRS, weights, compared)
            if compared[LIKE] > like:
                like = compared[LIKE]
                if family == main:
                    values[22] = _log(compared[OURS], compared[THEIRS])
        if family == main:
            values[21] = like
        elif like > best:
            best = values[24] = like
            values[25] = state.clusters[family, slot.EARLY]
            values[26] = state.clusters[family, slot.COUNT] / total_count(state)
