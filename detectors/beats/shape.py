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
from detectors.beats.plan import BEFORE_S, N_POINTS, N_QRS, POINT_S, QRS_FROM, SLACK
from detectors.loops.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int, Plan

CENTRE_S = 0.140
PEAK_S = 0.08
N_SHIFTS = 2 * SLACK + 1
N_WAVE = N_POINTS + 2 * SLACK
LEAST_SIZE_MV = 0.02
SIZE_STEP = 0.05
FIRST_BEATS, FIRST_SIZE_STEP = 8, 0.3
WIDTH_FROM, WIDTH_TO = 2, 29
ANY_SLOPE, STEEP_SLOPE = 0.12, 0.3

# What `outline` writes
WIDTH = 0  # spread of the slopes (twice their standard deviation in time), points
ANY_EXTENT = 1  # from the first to the last slope of note, points
STEEP_EXTENT = 2  # the same of steep ones
SPAN = 3  # highest less lowest point
STEEPEST = 4  # greatest slope, a point
UPWARD = 5  # share of the span that lies above the mean
N_OUTLINE = 6

# What `compare_parts` writes
LIKE = 0
OURS = 1
THEIRS = 2
APART = 3
N_COMPARED = 4
LEAST_ENERGY = 1e-12


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
def take_wave(plan: Plan, state: Arrays, at: float, wave: Floats) -> None:
    """Write the beat at slow sample `at` into `wave` (n_leads, N_WAVE), every `POINT_S`, mV."""
    n_leads, ring = state.rings.shape[1], state.rings.shape[2]
    for k in range(N_WAVE):
        where = at + ((k - SLACK) * POINT_S - BEFORE_S) * plan.slow_hz
        low = int(np.floor(where))
        part = where - low
        for lead in range(n_leads):
            here = state.rings[slot.SHAPE, lead, low % ring]
            there = state.rings[slot.SHAPE, lead, (low + 1) % ring]
            wave[lead, k] = here + part * (there - here)


@inlined
def size_leads(state: Arrays, wave: Floats, weights: Floats, gains: Floats) -> None:
    """Follow each lead's usual QRS, and write what a squared mV of the lead counts into `gains` (n_leads,)."""
    is_new = state.counts[slot.N_ACCEPTED] < FIRST_BEATS
    step = FIRST_SIZE_STEP if is_new else SIZE_STEP
    for lead in range(weights.shape[0]):
        high = low = wave[lead, SLACK + QRS_FROM]
        for k in range(SLACK + QRS_FROM, SLACK + QRS_FROM + N_QRS):
            high, low = max(high, wave[lead, k]), min(low, wave[lead, k])
        span = max(high - low, LEAST_SIZE_MV)
        usual = state.leads[lead, slot.QRS_SPAN]
        if usual == 0.0:
            usual = span
        usual *= np.exp(min(max(np.log(span / usual), -step), step))
        state.leads[lead, slot.QRS_SPAN] = usual
        gains[lead] = weights[lead] / (usual * usual)


@inner
def compare_parts(a: Floats, a_from: Int, b: Floats, b_from: Int, n: Int, gains: Floats, out: Floats) -> None:
    """Write of n points of two waves, from the points given on, what follows into `out` (N_COMPARED,).

    Their correlation over all leads; and the root of the mean square, about the mean, of each and of their difference.
    """
    both, ours, theirs = 0.0, 1e-18, 1e-18
    for lead in range(gains.shape[0]):
        gain = gains[lead]
        if gain == 0.0:
            continue
        a_mean = b_mean = 0.0
        for k in range(n):
            a_mean += a[lead, a_from + k]
            b_mean += b[lead, b_from + k]
        a_mean /= n
        b_mean /= n
        for k in range(n):
            x, y = a[lead, a_from + k] - a_mean, b[lead, b_from + k] - b_mean
            both += gain * x * y
            ours += gain * x * x
            theirs += gain * y * y
    out[LIKE] = both / np.sqrt(ours * theirs)
    out[OURS] = np.sqrt((ours + LEAST_ENERGY) / n)
    out[THEIRS] = np.sqrt((theirs + LEAST_ENERGY) / n)
    out[APART] = np.sqrt((max(ours + theirs - 2.0 * both, 0.0) + LEAST_ENERGY) / n)


@inner
def outline(a: Floats, first: Int, gains: Floats, out: Floats) -> None:
    """Write what a QRS that lies in the `N_QRS` points from `first` on looks like into `out` (N_OUTLINE,)."""
    slopes = np.zeros(N_QRS)
    total, moment, square, top = 1e-18, 0.0, 0.0, 0.0
    for k in range(N_QRS - 1):
        power = 0.0
        for lead in range(gains.shape[0]):
            step = a[lead, first + k + 1] - a[lead, first + k]
            power += gains[lead] * step * step
        slopes[k] = np.sqrt(power)
        top = max(top, slopes[k])
        if WIDTH_FROM <= k < WIDTH_TO:
            total += power
            moment += power * k
            square += power * k * k
    out[WIDTH] = 2.0 * np.sqrt(max(square / total - (moment / total) * (moment / total), 0.0))
    first_any = first_steep = last_any = last_steep = -1
    for k in range(N_QRS - 1):
        if slopes[k] > ANY_SLOPE * top:
            first_any = k if first_any < 0 else first_any
            last_any = k
        if slopes[k] > STEEP_SLOPE * top:
            first_steep = k if first_steep < 0 else first_steep
            last_steep = k
    out[ANY_EXTENT] = last_any - first_any + 1
    out[STEEP_EXTENT] = last_steep - first_steep + 1
    span, upward = 0.0, 0.0
    for lead in range(gains.shape[0]):
        high = low = a[lead, first]
        mean = 0.0
        for k in range(first, first + N_QRS):
            high, low = max(high, a[lead, k]), min(low, a[lead, k])
            mean += a[lead, k]
        gain = np.sqrt(gains[lead])
        span += gain * (high - low)
        upward += gain * (high - mean / N_QRS)
    out[SPAN], out[STEEPEST], out[UPWARD] = span, top, upward / max(span, 1e-18)


@inner
def spread_out(wave: Floats, gains: Floats, spread: Floats, ours: Floats) -> None:
    """What the QRS of a wave brings to its likeness to any template, at each shift: once a beat, not once a template.

    Writes the wave about its mean, times the gain of the lead, into `spread` (n_leads, N_QRS, N_SHIFTS), and its
    energy into `ours` (N_SHIFTS,). The shifts lie innermost, because sums that do not wait for each other run side by
    side.
    """
    means = np.empty(N_SHIFTS)
    for i in range(N_SHIFTS):
        ours[i] = 1e-18
    for lead in range(gains.shape[0]):
        gain = gains[lead]
        if gain == 0.0:
            continue
        a = wave[lead, QRS_FROM:]
        for i in range(N_SHIFTS):
            means[i] = 0.0
        for k in range(N_QRS):
            for i in range(N_SHIFTS):
                means[i] += a[k + i]
        for i in range(N_SHIFTS):
            means[i] /= N_QRS
        for k in range(N_QRS):
            for i in range(N_SHIFTS):
                x = a[k + i] - means[i]
                spread[lead, k, i] = gain * x
                ours[i] += gain * x * x


@inner
def best_shift(spread: Floats, ours: Floats, template: Floats, gains: Floats) -> tuple[int, float]:
    """Where the QRS of a wave, as `spread_out` has it, is most like the template's, and how like there."""
    both = np.zeros(N_SHIFTS)
    theirs = 1e-18
    for lead in range(gains.shape[0]):
        gain = gains[lead]
        if gain == 0.0:
            continue
        b, x = template[lead, QRS_FROM:], spread[lead]
        b_mean = 0.0
        for k in range(N_QRS):
            b_mean += b[k]
        b_mean /= N_QRS
        for k in range(N_QRS):
            y = b[k] - b_mean
            theirs += gain * y * y
            for i in range(N_SHIFTS):
                both[i] += x[k, i] * y
    best, best_value = 0, -2.0
    for i in range(N_SHIFTS):
        value = both[i] / np.sqrt(ours[i] * theirs)
        if value > best_value:
            best, best_value = i - SLACK, value
    return best, best_value
