"""The patient's own shapes: running templates of the beats that look alike, and what each of these families does.

Running templates as in OSEA (Hamilton 2002).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.beats import slots as slot
from detectors.beats.plan import N_CLUSTERS, N_POINTS, SLACK
from detectors.beats.rhythm import PREMATURE
from detectors.beats.shape import best_shift
from detectors.loops.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int, Ints

SAME_SHAPE = 0.88
LEAST_STEP = 0.06
FORGET = 0.997
EARLY_SHARE = 0.3
"""What a beat of a family that comes early counts towards being the dominant one."""
ESTABLISHED = 4.0
NO_FAMILY = -1


@inner
def dominant(state: Arrays) -> int:
    """The family that most beats have, of those that do not come early; -1 before the first beat."""
    best, best_value = NO_FAMILY, 0.0
    for i in range(N_CLUSTERS):
        value = state.clusters[i, slot.COUNT]
        if state.clusters[i, slot.EARLY] < PREMATURE:
            value *= EARLY_SHARE
        if value > best_value:
            best, best_value = i, value
    return best


@inner
def total_count(state: Arrays) -> float:
    """Beats of all families, older ones fading."""
    total = 0.0
    for i in range(N_CLUSTERS):
        total += state.clusters[i, slot.COUNT]
    return total


@inlined
def compare_with_all(state: Arrays, spread: Floats, ours: Floats, gains: Floats, shifts: Ints, like: Floats) -> None:
    """Write how a beat, `spread_out`, is moved to be most like each family, and how like it is then."""
    for i in range(N_CLUSTERS):
        shifts[i], like[i] = 0, -2.0
        if state.clusters[i, slot.COUNT] > 0.0:
            shifts[i], like[i] = best_shift(spread, ours, state.templates[i], gains)


@inlined
def most_like_established(state: Arrays, like: Floats) -> float:
    """How like a beat is to the most like of the families that have some beats and do not come early."""
    best = -1.0
    for i in range(N_CLUSTERS):
        if state.clusters[i, slot.EARLY] >= PREMATURE and state.clusters[i, slot.COUNT] * FORGET > ESTABLISHED:
            best = max(best, like[i])
    return best if best > -1.0 else 1.0


@inlined
def family_of(like: Floats) -> int:
    """The family a beat belongs to; -1 of a beat that is like none."""
    best, best_value = NO_FAMILY, SAME_SHAPE
    for i in range(N_CLUSTERS):
        if like[i] > best_value:
            best, best_value = i, like[i]
    return best


@inlined
def new_family(state: Arrays) -> int:
    """An empty family, in place of the one with the fewest beats."""
    least = 0
    for i in range(1, N_CLUSTERS):
        if state.clusters[i, slot.COUNT] < state.clusters[least, slot.COUNT]:
            least = i
    for k in range(slot.N_CLUSTER_SLOTS):
        state.clusters[least, k] = 0.0
    return least


@inlined
def join(state: Arrays, i: Int, wave: Floats, shift: Int, early: float, width: float) -> None:
    """Put a beat into family i: its wave, the log of the interval before it against the usual, its width in points."""
    clusters = state.clusters
    for k in range(N_CLUSTERS):
        clusters[k, slot.COUNT] *= FORGET
    row = clusters[i]
    step = max(1.0 / (row[slot.COUNT] + 1.0), LEAST_STEP)
    for lead in range(wave.shape[0]):
        for k in range(N_POINTS):
            there = state.templates[i, lead, k]
            state.templates[i, lead, k] = there + step * (wave[lead, SLACK + shift + k] - there)
    row[slot.COUNT] += 1.0
    row[slot.EARLY] += step * (early - row[slot.EARLY])
    row[slot.FAMILY_WIDTH] += step * (width - row[slot.FAMILY_WIDTH])
    row[slot.EARLY_PART] += step * ((1.0 if early < PREMATURE else 0.0) - row[slot.EARLY_PART])


@inlined
def learn_after(state: Arrays, i: Int, after: float) -> None:
    """Tell family i the log of the interval after its newest beat against the usual."""
    row = state.clusters[i]
    row[slot.N_AFTER] += 1.0
    row[slot.AFTER] += max(1.0 / row[slot.N_AFTER], LEAST_STEP) * (after - row[slot.AFTER])
