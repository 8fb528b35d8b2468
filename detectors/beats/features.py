"""The numbers that a beat's label rests on, `N_FEATURES` of them, in the order of the model's inputs.

The kinds of numbers (intervals before and after against their usual, shape against the dominant shape, width) as in de
Chazal et al., IEEE Trans Biomed Eng 51:1196, 2004, and Llamedo and Martinez, IEEE Trans Biomed Eng 58:616, 2011, and
beyond them the P wave and the T wave against the patient's own, and what beats of the same shape did before. Nearly
all are ratios to the patient's own usual, so that they hold for children, any sampling rate and any choice of leads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import shape
from detectors.beats import slots as slot
from detectors.beats.families import (
    NO_FAMILY,
    compare_with_all,
    dominant,
    family_of,
    join,
    learn_after,
    most_like_established,
    new_family,
    total_count,
)
from detectors.beats.lately import measure_lately
from detectors.beats.plan import N_CLUSTERS, N_POINTS, N_QRS, QRS_FROM, SLACK
from detectors.beats.rhythm import PREMATURE, learn_interval, measure_rhythm
from detectors.beats.shape import (
    N_SHIFTS,
    N_WAVE,
    compare_parts,
    lead_weights,
    outline,
    size_leads,
    spread_out,
    take_wave,
)
from detectors.loops.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int, Ints, Plan

USUAL, BEFORE = 4, 11
"""The features that are the log of the usual interval and of the one before the beat."""
LEAST_WEIGHT = 0.1
UNLIKE_ALL = 0.8
N_P = 22
"""Points from the beginning of a template on in which the P wave lies: 300 to 90 ms before the fiducial point."""
P_CORE, N_P_CORE = 4, 16
T_FROM = QRS_FROM + N_QRS
N_T = N_POINTS - T_FROM
PQ, ST, N_LEVEL = 21, 38, 4
"""Points before the QRS and after it whose levels are compared."""
LONGEST_LOG = 3.0
MOVED, UNMOVED, T_WAVE, P_WAVE = 0, 1, 2, 3
"""Comparisons with the dominant family; then that of its P wave at all shifts, and of each lead alone."""


@inner
def _ratio(a: float, b: float) -> float:
    return min(max(np.log(max(a, 1e-6) / max(b, 1e-6)), -LONGEST_LOG), LONGEST_LOG)


@inlined
def _st_shift(wave: Floats, template: Floats, gains: Floats, shift: Int) -> float:
    total = 0.0
    for lead in range(gains.shape[0]):
        here = there = 0.0
        for k in range(N_LEVEL):
            here += wave[lead, SLACK + shift + ST + k] - wave[lead, SLACK + shift + PQ + k]
            there += template[lead, ST + k] - template[lead, PQ + k]
        total += np.sqrt(gains[lead]) * (here - there) / N_LEVEL
    return total


@inlined
def _against_dominant(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - compiled; each place of a call costs seconds
    state: Arrays, features: Floats, wave: Floats, weights: Floats, gains: Floats, own: Floats, main: int, shift: int
) -> None:
    """Shape (17 to 30), T wave (31 to 34), P wave (35 to 38, 58, 59), ST (57) against the dominant family."""
    template = state.templates[main]
    theirs = np.empty(shape.N_OUTLINE)
    outline(template, np.int64(QRS_FROM), gains, theirs)
    features[19] = shift
    features[21] = _ratio(own[shape.WIDTH], theirs[shape.WIDTH])
    features[24] = own[shape.ANY_EXTENT] - theirs[shape.ANY_EXTENT]
    features[25] = own[shape.STEEP_EXTENT] - theirs[shape.STEEP_EXTENT]
    features[27] = _ratio(own[shape.SPAN], theirs[shape.SPAN])
    features[28] = _ratio(own[shape.STEEPEST], theirs[shape.STEEPEST])
    features[40] = own[shape.UPWARD] - theirs[shape.UPWARD]
    features[57] = _st_shift(wave, template, gains, shift) / max(theirs[shape.SPAN], 1e-6)
    # one call in one loop: each place of a call is compiled anew
    n_leads = weights.shape[0]
    compared = np.empty(shape.N_COMPARED)
    used, qrs = np.empty(n_leads), 1.0
    features[17], features[58] = 1.0, -2.0
    for i in range(4 + N_SHIFTS + n_leads):
        first, n, move = QRS_FROM, N_QRS, shift
        if i == UNMOVED:
            move = 0
        elif i == T_WAVE:
            first, n = T_FROM, N_T
        elif i == P_WAVE:
            first, n = 0, N_P
        elif P_WAVE < i < 4 + N_SHIFTS:
            first, n, move = P_CORE, N_P_CORE, i - 4 - SLACK
        lead_alone = i - 4 - N_SHIFTS
        for lead in range(n_leads):
            used[lead] = gains[lead]
            if lead_alone >= 0:
                used[lead] = 1.0 if lead == lead_alone else 0.0
        compare_parts(wave, SLACK + first + move, template, first, n, used, compared)
        like = compared[shape.LIKE]
        if i == MOVED:
            qrs = compared[shape.THEIRS]
            features[26] = _ratio(compared[shape.OURS], qrs)
            features[30] = _ratio(compared[shape.APART], qrs)
        elif i == UNMOVED:
            features[18] = like
        elif i == T_WAVE:
            features[31] = like
            features[33] = _ratio(compared[shape.OURS], compared[shape.THEIRS])
            features[34] = _ratio(compared[shape.APART], qrs)
        elif i == P_WAVE:
            features[35] = like
            features[36] = _ratio(compared[shape.OURS], compared[shape.THEIRS])
            features[37] = _ratio(compared[shape.APART], qrs)
        elif lead_alone < 0:
            if like > features[58]:
                features[58] = like
                features[59] = move - shift
        elif weights[lead_alone] > LEAST_WEIGHT:
            features[17] = min(features[17], like)


@inlined
def _against_last(state: Arrays, features: Floats, wave: Floats, gains: Floats, own_family: int, main: int) -> None:
    """Against the last beat and the one before (51, 52), and the family's template against the dominant one (50)."""
    n_leads = wave.shape[0]
    compared, first, other = np.empty(shape.N_COMPARED), np.empty((n_leads, N_QRS)), np.empty((n_leads, N_QRS))
    for i in range(3):
        for lead in range(n_leads):
            for k in range(N_QRS):
                first[lead, k] = wave[lead, SLACK + QRS_FROM + k]
                other[lead, k] = state.waves[min(i, 1), lead * N_QRS + k]
                if i == 2:  # noqa: PLR2004 - after the two beats
                    first[lead, k] = state.templates[own_family, lead, QRS_FROM + k]
                    other[lead, k] = state.templates[max(main, 0), lead, QRS_FROM + k]
        compare_parts(first, 0, other, 0, N_QRS, gains, compared)
        known = state.counts[slot.N_ACCEPTED] > i if i < 2 else main != NO_FAMILY  # noqa: PLR2004 - as above
        features[50 if i == 2 else 51 + i] = compared[shape.LIKE] if known else 1.0  # noqa: PLR2004 - as above
    for lead in range(n_leads):
        for k in range(N_QRS):
            state.waves[1, lead * N_QRS + k] = state.waves[0, lead * N_QRS + k]
            state.waves[0, lead * N_QRS + k] = wave[lead, SLACK + QRS_FROM + k]


@inlined
def _own_family(
    state: Arrays, features: Floats, wave: Floats, own: Floats, shifts: Ints, like: Floats, main: Int
) -> None:
    """Join the beat to its family, and write what that did before (42 to 49)."""
    early = features[0]
    total = total_count(state)
    i = family_of(like)
    shift = np.int64(0)
    if i != NO_FAMILY:
        row = state.clusters[i]
        shift = shifts[i]
        features[42], features[45], features[47] = like[i], row[slot.EARLY], row[slot.EARLY_PART]
        features[48] = row[slot.AFTER]
    else:
        i = new_family(state)
        features[42], features[45], features[47] = UNLIKE_ALL, early, 1.0 if early < PREMATURE else 0.0
        if i == state.counts[slot.LAST_FAMILY]:
            state.counts[slot.LAST_FAMILY] = NO_FAMILY
    join(state, i, wave, shift, early, own[shape.WIDTH])
    count = state.clusters[i, slot.COUNT]
    features[43] = count / (total + 1.0)
    features[44] = 1.0 if i == main else 0.0
    features[46] = np.log(count)
    if main != NO_FAMILY:
        features[49] = _ratio(state.clusters[i, slot.FAMILY_WIDTH], state.clusters[main, slot.FAMILY_WIDTH])
    state.counts[slot.FAMILY] = i


@inlined
def measure(plan: Plan, state: Arrays, at: float, interval_s: float, features: Floats) -> None:
    """Write all but what the next beat tells into `features`; joins the beat to its family."""
    weights = lead_weights(state)
    n_leads = weights.shape[0]
    row, numbers = state.candidates[0], state.numbers
    wave, gains, own = np.empty((n_leads, N_WAVE)), np.empty(n_leads), np.empty(shape.N_OUTLINE)
    take_wave(plan, state, at, wave)
    size_leads(state, wave, weights, gains)
    for k in range(features.shape[0]):
        features[k] = 0.0
    measure_rhythm(state, np.log(interval_s), features)
    qrs = np.int64(SLACK + QRS_FROM)
    outline(wave, qrs, gains, own)
    features[20], features[22], features[23] = own[shape.WIDTH], own[shape.ANY_EXTENT], own[shape.STEEP_EXTENT]
    features[29], features[39] = _ratio(own[shape.STEEPEST], own[shape.SPAN]), own[shape.UPWARD]
    part = np.empty(shape.N_COMPARED)
    size = 1.0
    for i in range(3):
        first = QRS_FROM if i == 0 else (T_FROM if i == 1 else 0)
        n = N_QRS if i == 0 else (N_T if i == 1 else N_P)
        compare_parts(wave, SLACK + first, wave, SLACK + first, n, gains, part)
        if i == 0:
            size = part[shape.OURS]
        else:
            features[32 if i == 1 else 38] = _ratio(part[shape.OURS], size)
    spread, ours = np.empty((n_leads, N_QRS, N_SHIFTS)), np.empty(N_SHIFTS)
    spread_out(wave, gains, spread, ours)
    shifts, like = np.empty(N_CLUSTERS, np.int64), np.empty(N_CLUSTERS)
    compare_with_all(state, spread, ours, gains, shifts, like)
    main = dominant(state)
    if main == NO_FAMILY:
        for k in (16, 17, 18, 31, 35, 41, 58):
            features[k] = 1.0
    else:
        features[16] = like[main]
        features[41] = state.clusters[main, slot.COUNT] / max(total_count(state), 1.0)
        _against_dominant(state, features, wave, weights, gains, own, main, shifts[main])
    features[56] = most_like_established(state, like)
    _own_family(state, features, wave, own, shifts, like, main)
    _against_last(state, features, wave, gains, state.counts[slot.FAMILY], main)
    features[53] = _ratio(row[slot.HEIGHT], numbers[slot.USUAL])
    features[54] = _ratio(row[slot.STEEPNESS], row[slot.HEIGHT])
    features[55] = min(numbers[slot.QUIET] / max(numbers[slot.USUAL], 0.05), 2.0)
    measure_lately(state, features)


@inlined
def tell_last(state: Arrays, after: float) -> None:
    """Tell the family of the beat before the one just measured how long after it that came, against the usual."""
    i = state.counts[slot.LAST_FAMILY]
    if i != NO_FAMILY:
        learn_after(state, i, after)
    state.counts[slot.LAST_FAMILY] = state.counts[slot.FAMILY]


@inner
def add_next(features: Floats, interval: float, limit: float) -> None:
    """Add what the next beat tells: the log of the interval to it, as far as one can wait."""
    known = min(interval, limit)
    features[60] = known - features[USUAL]
    features[61] = features[BEFORE] - known
    features[62] = np.log((np.exp(features[BEFORE]) + np.exp(known)) / 2.0) - features[USUAL]


@inlined
def remember(state: Arrays, features: Floats) -> None:
    """The interval before the beat that these features are of is one of those that the next ones are measured by."""
    learn_interval(state, features[BEFORE], features[0])
