"""The shape of a beat against the patient's own shapes: fiducial, running templates, measures of shape.

Running templates as in OSEA (Hamilton 2002). The kinds of numbers (intervals before and after against their usual,
shape against the dominant shape, width) as in de Chazal et al., IEEE Trans Biomed Eng 51:1196, 2004, and Llamedo and
Martinez, IEEE Trans Biomed Eng 58:616, 2011. All are ratios to the patient's own usual, so that they hold for children,
for any sampling rate and for any choice of leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.beats.front import LEAST_SCALE_MV_PER_S
from detectors.beats.plan import BEFORE_S, N_POINTS, POINT_S, SLACK
from detectors.loops.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int, Plan

CENTRE_S = 0.140
PEAK_S = 0.090
SAME_SHAPE = 0.88
LEAST_STEP = 0.08
FORGET = 0.995
PREMATURE = -0.12
WIDTH_FROM = 4
WIDTH_TO = 27
N_SHIFTS = 2 * SLACK + 1
_N_WAVE = N_POINTS + 2 * SLACK


@inner
def lead_weights(state: Arrays) -> Floats:
    """Weights of the leads, summing up to 1 unless none is heard."""
    weights = np.empty(state.leads.shape[0])
    total = 0.0
    for lead in range(weights.shape[0]):
        weights[lead] = state.leads[lead, slot.WEIGHT]
        total += weights[lead]
    if total > 0.0:
        for lead in range(weights.shape[0]):
            weights[lead] /= total
    return weights


@inlined
def _size(state: Arrays, lead: int, at: int) -> float:
    scale = max(state.leads[lead, slot.SCALE], LEAST_SCALE_MV_PER_S)
    return abs(state.rings[slot.SHAPE, lead, at % state.rings.shape[2]]) / scale


@inlined
def _centre(plan: Plan, state: Arrays, weights: Floats, at: int) -> int:
    reach = int(CENTRE_S * plan.slow_hz)
    ring = state.rings.shape[2]
    total, moment = 1e-12, 0.0
    for k in range(-reach, reach + 1):
        energy = 0.0
        for lead in range(weights.shape[0]):
            scale = max(state.leads[lead, slot.SCALE], LEAST_SCALE_MV_PER_S)
            energy += weights[lead] * (state.rings[slot.SLOPE, lead, (at + k) % ring] / scale) ** 2
        total += energy
        moment += energy * k
    return at + round(moment / total)


@inner
def fiducial(plan: Plan, state: Arrays, weights: Floats, at: int) -> float:
    """Slow sample, with its fraction, of the greatest deflection near the centre of the QRS's slopes."""
    centre = _centre(plan, state, weights, at)
    reach = int(PEAK_S * plan.slow_hz)
    best, best_at = -1.0, centre
    sizes = np.zeros(2 * reach + 3)
    for k in range(sizes.shape[0]):
        for lead in range(weights.shape[0]):
            sizes[k] += weights[lead] * _size(state, lead, centre + k - reach - 1)
    for k in range(1, sizes.shape[0] - 1):
        if sizes[k] > best:
            best, best_at = sizes[k], k
    if best <= 0.0:
        return float(centre)
    bend = sizes[best_at - 1] - 2 * best + sizes[best_at + 1]
    part = 0.5 * (sizes[best_at - 1] - sizes[best_at + 1]) / bend if bend < 0 else 0.0
    return centre + best_at - reach - 1 + min(max(part, -0.5), 0.5)


@inlined
def take_wave(plan: Plan, state: Arrays, at: float) -> Floats:
    """The beat at slow sample `at`, (n_leads, N_POINTS + 2 SLACK), every `POINT_S`, each lead relative to its scale."""
    n_leads, ring = state.rings.shape[1], state.rings.shape[2]
    wave = np.zeros((n_leads, _N_WAVE))
    for k in range(_N_WAVE):
        where = at + ((k - SLACK) * POINT_S - BEFORE_S) * plan.slow_hz
        low = int(np.floor(where))
        part = where - low
        for lead in range(n_leads):
            scale = max(state.leads[lead, slot.SCALE], LEAST_SCALE_MV_PER_S)
            here = state.rings[slot.SHAPE, lead, low % ring]
            there = state.rings[slot.SHAPE, lead, (low + 1) % ring]
            wave[lead, k] = (here + part * (there - here)) / scale
    return wave


@inner
def likeness(wave: Floats, template: Floats, weights: Floats, shift: Int) -> float:
    """Correlation, over all leads, of a wave moved by `shift` points with a template."""
    both, ours, theirs = 0.0, 1e-18, 1e-18
    for lead in range(weights.shape[0]):
        if weights[lead] == 0.0:
            continue
        a_mean = b_mean = 0.0
        for k in range(N_POINTS):
            a_mean += wave[lead, SLACK + shift + k]
            b_mean += template[lead, k]
        a_mean /= N_POINTS
        b_mean /= N_POINTS
        for k in range(N_POINTS):
            x, y = wave[lead, SLACK + shift + k] - a_mean, template[lead, k] - b_mean
            both += weights[lead] * x * y
            ours += weights[lead] * x * x
            theirs += weights[lead] * y * y
    return both / np.sqrt(ours * theirs)


@inner
def spread_out(wave: Floats, weights: Floats, spread: Floats, ours: Floats) -> None:
    """What a wave brings to its likeness to any template, at each shift: once a beat instead of once a template.

    Writes the wave about its mean, times the weight of the lead, into `spread` (n_leads, N_POINTS, N_SHIFTS), and its
    energy into `ours` (N_SHIFTS,). The shifts lie innermost, because sums that do not wait for each other run side by
    side.
    """
    means = np.empty(N_SHIFTS)
    for i in range(N_SHIFTS):
        ours[i] = 1e-18
    for lead in range(weights.shape[0]):
        weight = weights[lead]
        if weight == 0.0:
            continue
        a = wave[lead]
        for i in range(N_SHIFTS):
            means[i] = 0.0
        for k in range(N_POINTS):
            for i in range(N_SHIFTS):
                means[i] += a[k + i]
        for i in range(N_SHIFTS):
            means[i] /= N_POINTS
        for k in range(N_POINTS):
            for i in range(N_SHIFTS):
                x = a[k + i] - means[i]
                spread[lead, k, i] = weight * x
                ours[i] += weight * x * x


@inner
def best_shift(spread: Floats, ours: Floats, template: Floats, weights: Floats) -> tuple[int, float]:
    """Where a wave, as `spread_out` has it, is most like the template, and its `likeness` there, digit by digit."""
    both = np.zeros(N_SHIFTS)
    theirs = 1e-18
    for lead in range(weights.shape[0]):
        weight = weights[lead]
        if weight == 0.0:
            continue
        b, x = template[lead], spread[lead]
        b_mean = 0.0
        for k in range(N_POINTS):
            b_mean += b[k]
        b_mean /= N_POINTS
        for k in range(N_POINTS):
            y = b[k] - b_mean
            theirs += weight * y * y
            for i in range(N_SHIFTS):
                both[i] += x[k, i] * y
    best, best_value = 0, -2.0
    for i in range(N_SHIFTS):
        value = both[i] / np.sqrt(ours[i] * theirs)
        if value > best_value:
            best, best_value = i - SLACK, value
    return best, best_value


@inner
def width_points(wave: Floats, weights: Floats) -> float:
    """Spread of the slopes of a QRS (twice their standard deviation in time), points."""
    total, first, second = 1e-18, 0.0, 0.0
    for lead in range(weights.shape[0]):
        for k in range(SLACK + WIDTH_FROM, SLACK + WIDTH_TO):
            energy = weights[lead] * (wave[lead, k + 1] - wave[lead, k]) ** 2
            total += energy
            first += energy * k
            second += energy * k * k
    spread = second / total - (first / total) ** 2
    return 2.0 * np.sqrt(max(spread, 0.01))


@inner
def energy(wave: Floats, weights: Floats, low: Int, high: Int) -> float:
    """Root of the mean square of points [low, high) about their mean."""
    total = 1e-12
    for lead in range(weights.shape[0]):
        mean = 0.0
        for k in range(low, high):
            mean += wave[lead, k]
        mean /= high - low
        for k in range(low, high):
            total += weights[lead] * (wave[lead, k] - mean) ** 2
    return np.sqrt(total / (high - low))


@inner
def whole_energy(wave: Floats, weights: Floats) -> float:
    """`energy` of the points of a wave that is not moved."""
    return energy(wave, weights, np.int64(SLACK), np.int64(SLACK + N_POINTS))


@inner
def dominant(state: Arrays) -> int:
    """The shape that most beats have, of those that do not come early; -1 before the first beat."""
    best, best_value = -1, 0.0
    for i in range(state.clusters.shape[0]):
        value = state.clusters[i, slot.COUNT]
        if state.clusters[i, slot.EARLY] < PREMATURE:
            value *= 0.3
        if value > best_value:
            best, best_value = i, value
    return best


@inner
def total_count(state: Arrays) -> float:
    """Beats of all clusters, older ones fading."""
    total = 0.0
    for i in range(state.clusters.shape[0]):
        total += state.clusters[i, slot.COUNT]
    return total


@inner
def join_cluster(state: Arrays, wave: Floats, spread: Floats, ours: Floats, weights: Floats, early: float) -> int:
    """Put a beat, `spread_out`, into the cluster it is most like, or a new one in place of the smallest: gives it."""
    clusters = state.clusters
    best, best_value, best_at = -1, SAME_SHAPE, 0
    for i in range(clusters.shape[0]):
        clusters[i, slot.COUNT] *= FORGET
        if clusters[i, slot.COUNT] > 0.0:
            shift, value = best_shift(spread, ours, state.templates[i], weights)
            if value > best_value:
                best, best_value, best_at = i, value, shift
    if best < 0:
        best = 0
        for i in range(clusters.shape[0]):
            if clusters[i, slot.COUNT] < clusters[best, slot.COUNT]:
                best = i
        clusters[best, slot.COUNT] = 0.0
    step = max(1.0 / (clusters[best, slot.COUNT] + 1.0), LEAST_STEP)
    for lead in range(weights.shape[0]):
        for k in range(N_POINTS):
            there = state.templates[best, lead, k]
            state.templates[best, lead, k] = there + step * (wave[lead, SLACK + best_at + k] - there)
    clusters[best, slot.COUNT] += 1.0
    clusters[best, slot.EARLY] += step * (early - clusters[best, slot.EARLY])
    clusters[best, slot.WIDTH] += step * (width_points(wave, weights) - clusters[best, slot.WIDTH])
    clusters[best, slot.SIZE] += step * (whole_energy(wave, weights) - clusters[best, slot.SIZE])
    return best
