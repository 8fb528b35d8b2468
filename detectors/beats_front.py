"""From samples to QRS activity: the sample loop of the beat detector.

Pan and Tompkins (IEEE Trans Biomed Eng 32:230, 1985) as refined by Hamilton (Computers in Cardiology 2002, "Open source
ECG analysis"): band-pass, absolute slope, mean over a box; here at a reduced rate, and over all leads, each relative to
its own usual QRS and weighted by how far that stands out of the lead's mean activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors import beats_slots as slot
from detectors.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats_plan import Arrays, Floats, Ints, Plan

ABSURD_MV = 1e4
LOST_S = 0.2
FLAT_S = 1.0
RETURN_S = 0.5
NOISE_S = 6.0
HEAR_SLOW = 32
"""Slow samples heard at once; the rings are that much longer than anyone looks back."""
MAX_RELATIVE = 3.0
MAX_STEEPNESS = 10.0
LEAST_SCALE_MV_PER_S = 0.5


@inner
def hear(plan: Plan, state: Arrays, lead: int, samples: Floats, heard: Floats) -> None:
    """Filter samples (n_samples,) of one lead, at most `HEAR_SLOW` slow ones, into its rings.

    Writes for each slow sample into `heard` (n_slow, n_leads, 2) whether the lead is worth listening to, and its mean
    activity. One lead at a time, because a call or a view a sample costs ten times the filters.
    """
    info = state.leads[lead]
    low_state, base_state, band_state = state.lowpass[lead], state.baseline[lead], state.band[lead]
    slope, shape, activity = (
        state.rings[slot.SLOPE, lead],
        state.rings[slot.SHAPE, lead],
        state.rings[slot.ACTIVITY, lead],
    )
    ring = slope.shape[0]
    lost_after, flat_after = LOST_S * plan.fs_hz, FLAT_S * plan.fs_hz
    slow = state.counts[slot.SLOW]
    phase = state.counts[slot.SAMPLES] % plan.step  # counted on instead of divided at each sample
    now = slow % ring
    k = 0
    for i in range(samples.shape[0]):
        x = samples[i]
        if not abs(x) < ABSURD_MV:  # NaN too
            info[slot.BAD_RUN] += 1
            x = info[slot.HELD]
        else:
            if info[slot.STARTED] == 0 or info[slot.BAD_RUN] >= lost_after:
                if info[slot.STARTED] == 1:
                    info[slot.READY_AT] = slow + RETURN_S * plan.slow_hz
                info[slot.STARTED] = 1
                _settle(plan, state, lead, x)
            info[slot.BAD_RUN] = 0
            info[slot.FLAT_RUN] = info[slot.FLAT_RUN] + 1 if x == info[slot.HELD] else 0
            info[slot.HELD] = x
        x = _sections(plan.lowpass, low_state, x)
        is_slow = phase == 0
        phase = phase + 1 if phase + 1 < plan.step else 0
        if not is_slow:
            continue
        band = _sections(plan.band, band_state, x)
        slope[now] = abs(band - info[slot.BAND_LAST]) * plan.slow_hz
        info[slot.BAND_LAST] = band
        shape[now] = _sections(plan.baseline, base_state, x)
        activity[now] = _mean_back(slope, now, plan.box)
        started = info[slot.STARTED] == 1 and info[slot.READY_AT] <= slow
        ok = started and info[slot.BAD_RUN] < lost_after and info[slot.FLAT_RUN] < flat_after
        if ok:
            info[slot.NOISE] += (activity[now] - info[slot.NOISE]) / (NOISE_S * plan.slow_hz)
        heard[k, lead, 0] = 1.0 if ok else 0.0
        heard[k, lead, 1] = info[slot.NOISE]
        slow += 1
        now = now + 1 if now + 1 < ring else 0
        k += 1


@inlined
def _sections(sos: Floats, state: Floats, x: float) -> float:  # transposed direct form II, as scipy.signal.sosfilt
    for i in range(sos.shape[0]):
        y = sos[i, 0] * x + state[i, 0]
        state[i, 0] = sos[i, 1] * x - sos[i, 4] * y + state[i, 1]
        state[i, 1] = sos[i, 2] * x - sos[i, 5] * y
        x = y
    return x


@inlined
def _mean_back(values: Floats, now: int, n: int) -> float:
    total = 0.0
    at = now
    for _ in range(n):  # not a running sum: that would carry its rounding, and every artefact, for ever
        total += values[at]
        at = at - 1 if at else values.shape[0] - 1
    return total / n


@inner
def _settle(plan: Plan, state: Arrays, lead: int, x: float) -> None:
    _settle_one(plan.lowpass_settled, state.lowpass[lead], x)
    _settle_one(plan.baseline_settled, state.baseline[lead], x)
    _settle_one(plan.band_settled, state.band[lead], x)
    state.leads[lead, slot.BAND_LAST] = 0.0


@inner
def _settle_one(settled: Floats, state: Floats, x: float) -> None:
    for i in range(settled.shape[0]):
        state[i, 0] = settled[i, 0] * x
        state[i, 1] = settled[i, 1] * x


@inner
def relative_activity(leads: Floats, per_lead: Floats, limit: float) -> float:
    """The activity of all leads together, each cut at `limit`: about 1 at the peak of a usual QRS.

    The square of the mean root: a peak that one lead has alone is an artefact more often than a beat.
    """
    total = 0.0
    weights = 0.0
    for lead in range(per_lead.shape[0]):
        w = leads[lead, slot.WEIGHT]
        if w > 0.0:
            scale = max(leads[lead, slot.SCALE], LEAST_SCALE_MV_PER_S)
            total += w * np.sqrt(min(per_lead[lead] / scale, limit))
            weights += w
    return (total / weights) ** 2 if weights > 0.0 else 0.0


@inner
def mean_activity(leads: Floats, per_lead: Floats) -> float:
    """The activity while the scales of the leads are still unknown, mV/s."""
    total = 0.0
    n = 0
    for lead in range(per_lead.shape[0]):
        if leads[lead, slot.WEIGHT] > 0.0:
            total += per_lead[lead]
            n += 1
    return total / n if n else 0.0


@inlined
def weigh(leads: Floats, activity: Floats, heard: Floats, learned: int) -> None:
    """Set how much each lead counts: 0 while it is lost or flat, else by how far its QRS stands out of its mean."""
    for lead in range(leads.shape[0]):
        info = leads[lead]
        if heard[lead, 0] == 0.0:
            info[slot.WEIGHT] = 0.0
            continue
        if learned == 0 and activity[lead] > info[slot.SCALE]:
            info[slot.SCALE] = activity[lead]
        out = info[slot.SCALE] / max(heard[lead, 1], 1e-9) - 1.0
        info[slot.WEIGHT] = max(out, 0.1) ** 2


@inlined
def find_candidate(activity: Floats, numbers: Floats, counts: Ints, apart: int) -> int:
    """The slow sample of the highest activity since the last candidate, once it has stood for `apart`; else -1."""
    ring = activity.shape[0]
    now = counts[slot.SLOW]
    value = activity[now % ring]
    if value > numbers[slot.TOP]:
        numbers[slot.TOP] = value
        counts[slot.TOP_AT] = now
        return -1
    at = counts[slot.TOP_AT]
    if now - at < apart:
        return -1
    is_peak = numbers[slot.TOP] > 0.0 and activity[(at - 1) % ring] < numbers[slot.TOP]
    numbers[slot.TOP] = value
    counts[slot.TOP_AT] = now
    return at if is_peak else -1


@inner
def add_candidate(plan: Plan, state: Arrays, at: int) -> None:
    """Add the peak at slow sample `at` to the candidates."""
    i = state.counts[slot.N_WAITING]
    if i == state.candidates.shape[0]:  # cannot be, by `N_CANDIDATES`
        return
    ring = state.rings.shape[2]
    row = state.candidates[i]
    row[slot.AT] = at
    row[slot.HEIGHT] = state.activity[at % ring]
    for lead in range(state.leads.shape[0]):
        row[slot.PER_LEAD + lead] = state.rings[slot.ACTIVITY, lead, at % ring]
    row[slot.STEEPNESS] = steepness(state, at, plan.box)
    state.counts[slot.N_WAITING] = i + 1


@inner
def steepness(state: Arrays, at: int, box: int) -> float:
    """The greatest slope within the box that ends at slow sample `at`, relative to a usual QRS's activity."""
    ring = state.rings.shape[2]
    steepest = np.zeros(state.leads.shape[0])
    for lead in range(steepest.shape[0]):
        for back in range(box):
            steepest[lead] = max(steepest[lead], state.rings[slot.SLOPE, lead, (at - back) % ring])
    return relative_activity(state.leads, steepest, MAX_STEEPNESS)
