"""The numbers that a beat's label rests on, `N_FEATURES` of them, in the order of the model's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.beats.decide import usual_interval
from detectors.beats.plan import N_POINTS, SLACK
from detectors.beats.shape import (
    N_SHIFTS,
    best_shift,
    dominant,
    energy,
    join_cluster,
    lead_weights,
    likeness,
    spread_out,
    take_wave,
    total_count,
    whole_energy,
    width_points,
)
from detectors.loops.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Plan

NEXT_LOG = 1
BOTH_LOG = 2
NEXT_UNKNOWN = 18
TAIL_FROM = 20
LEAST_WEIGHT = 0.1


@inner
def _ratio(a: float, b: float) -> float:
    return min(max(np.log(max(a, 1e-6) / max(b, 1e-6)), -2.0), 2.0)


@inlined
def _rhythm(plan: Plan, state: Arrays, features: Floats, interval: float) -> None:
    n = min(state.counts[slot.N_INTERVALS_SEEN], state.intervals.shape[0])
    usual = usual_interval(plan, state)
    logs = np.empty(max(n, 1))
    total = total_log = 0.0
    for i in range(logs.shape[0]):
        last = state.intervals[i] if n else usual
        total += last
        logs[i] = np.log(last / plan.slow_hz)
        total_log += logs[i]
    mean_log = total_log / logs.shape[0]
    squares = steps = 0.0
    for i in range(logs.shape[0]):
        squares += (logs[i] - mean_log) * (logs[i] - mean_log)
        if i:
            steps += abs(logs[i] - logs[i - 1])
    before = state.intervals[(state.counts[slot.N_INTERVALS_SEEN] - 1) % state.intervals.shape[0]] if n else usual
    features[0] = _ratio(interval, usual)
    features[3] = _ratio(interval, total / logs.shape[0])
    features[4] = np.log(usual / plan.slow_hz)
    features[5] = (squares / logs.shape[0]) ** 0.5
    features[19] = _ratio(before, usual)
    features[24] = steps / (n - 1) if n > 1 else 0.0


@inner
def _against_dominant(
    state: Arrays, features: Floats, wave: Floats, spread: Floats, ours: Floats, weights: Floats
) -> None:
    i = dominant(state)
    width = width_points(wave, weights)
    size = whole_energy(wave, weights)
    features[12] = width / 10.0
    if i < 0:
        features[6], features[7], features[20] = 1.0, 1.0, 1.0
        return
    template = state.templates[i]
    shift, features[6] = best_shift(spread, ours, template, weights)
    features[7] = 1.0
    alone = np.zeros(weights.shape[0])
    for lead in range(weights.shape[0]):
        if weights[lead] > LEAST_WEIGHT:
            alone[lead] = 1.0
            features[7] = min(features[7], likeness(wave, template, alone, shift))
            alone[lead] = 0.0
    first, last, zero = SLACK + shift, SLACK + shift + N_POINTS, np.int64(0)
    apart = np.empty(template.shape)
    for lead in range(apart.shape[0]):
        for k in range(N_POINTS):
            apart[lead, k] = wave[lead, first + k] - template[lead, k]
    features[13] = _ratio(width, state.clusters[i, slot.WIDTH])
    features[14] = _ratio(size, state.clusters[i, slot.SIZE])
    end = zero + N_POINTS
    tail = energy(template, weights, zero + TAIL_FROM, end)
    features[17] = _ratio(energy(wave, weights, first + TAIL_FROM, last), tail)
    features[20] = likeness(wave, template, weights, zero)
    features[21] = _ratio(energy(apart, weights, zero, end), energy(template, weights, zero, end))
    features[22] = state.clusters[i, slot.COUNT] / max(total_count(state), 1.0)


@inlined
def _against_last(state: Arrays, features: Floats, wave: Floats, weights: Floats) -> None:
    n_points = wave.shape[1]
    last, here = np.empty(wave.shape), np.empty((wave.shape[0], N_POINTS))
    for lead in range(wave.shape[0]):
        for k in range(n_points):
            last[lead, k] = state.waves[0, lead * n_points + k]
            state.waves[0, lead * n_points + k] = wave[lead, k]
        for k in range(N_POINTS):
            here[lead, k] = wave[lead, SLACK + k]
    features[26] = likeness(last, here, weights, np.int64(0))


@inner
def _own_cluster(state: Arrays, features: Floats, wave: Floats, spread: Floats, ours: Floats, weights: Floats) -> None:
    first = state.counts[slot.N_ACCEPTED] == 0
    early = features[0]
    main = dominant(state)
    i = join_cluster(state, wave, spread, ours, weights, early)
    _, features[8] = best_shift(spread, ours, state.templates[i], weights)
    features[9] = state.clusters[i, slot.COUNT] / total_count(state)
    features[10] = 1.0 if i == main or first else 0.0
    features[11] = state.clusters[i, slot.EARLY]
    features[25] = np.log(state.clusters[i, slot.COUNT])


@inlined
def measure(plan: Plan, state: Arrays, at: float, interval: float, features: Floats) -> None:
    """Write all but what the next beat tells into `features`; joins the beat to its cluster."""
    weights = lead_weights(state)
    row = state.candidates[0]
    wave = take_wave(plan, state, at)
    for k in range(features.shape[0]):
        features[k] = 0.0
    _rhythm(plan, state, features, interval)
    spread, ours = np.empty((weights.shape[0], N_POINTS, N_SHIFTS)), np.empty(N_SHIFTS)
    spread_out(wave, weights, spread, ours)
    _against_dominant(state, features, wave, spread, ours, weights)
    _own_cluster(state, features, wave, spread, ours, weights)
    features[15] = _ratio(row[slot.HEIGHT], state.numbers[slot.USUAL])
    features[16] = _ratio(row[slot.STEEPNESS], row[slot.HEIGHT])
    features[23] = min(state.numbers[slot.QUIET] / max(state.numbers[slot.USUAL], 0.05), 2.0)
    _against_last(state, features, wave, weights)


@inner
def add_next(features: Floats, interval: float, following: float, usual: float, limit: float) -> None:
    """Add what the next beat tells: the interval to it, as far as one can wait."""
    known = min(following, limit)
    features[NEXT_LOG] = _ratio(known, usual)
    features[BOTH_LOG] = _ratio(interval, known)
    features[NEXT_UNKNOWN] = 1.0 if following >= limit else 0.0
