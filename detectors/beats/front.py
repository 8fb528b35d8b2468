"""From samples to QRS activity: the sample loop of the beat detector.

Pan and Tompkins (IEEE Trans Biomed Eng 32:230, 1985) as refined by Hamilton (Computers in Cardiology 2002, "Open source
ECG analysis"): band-pass, absolute slope, mean over a box; here at a reduced rate, and over all leads, each relative to
its own usual QRS and weighted by how far that stands out of the lead's mean activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.beats.plan import N_ACTIVITY
from detectors.loops.compiled import inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Ints, Plan

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
def hear(  # noqa: PLR0915 - a call for each sample costs more than the sample
    plan: Plan,
    state: Arrays,
    lead: int,
    samples: Floats,
    to_mv: float,
    heard: Floats,
) -> None:
    """Filter samples (n_samples,) of one lead, at most `HEAR_SLOW` slow ones, into its rings.

    Writes into `heard` (n_slow,), for each slow sample, 1 where the lead is worth listening to and else 0. One lead at
    a time, and all that one sample hands to the next in variables of its own: a call, a view or a look into the state
    for each sample costs many times the filters.
    """
    info = state.leads[lead]
    slope, shape = state.rings[slot.SLOPE, lead], state.rings[slot.SHAPE, lead]
    low_sos, base_sos, band_sos = plan.lowpass, plan.baseline, plan.band
    low, base, band = state.lowpass[lead], state.baseline[lead], state.band[lead]
    low_a, low_b, low_c, low_d = low[0, 0], low[0, 1], low[1, 0], low[1, 1]
    base_a, base_b = base[0, 0], base[0, 1]
    band_a, band_b, band_c, band_d = band[0, 0], band[0, 1], band[1, 0], band[1, 1]
    held, bad_run, flat_run = info[slot.HELD], info[slot.BAD_RUN], info[slot.FLAT_RUN]
    started, ready_at, band_last = info[slot.STARTED], info[slot.READY_AT], info[slot.BAND_LAST]
    ring = slope.shape[0]
    lost_after, flat_after = LOST_S * plan.fs_hz, FLAT_S * plan.fs_hz
    slow = state.counts[slot.SLOW]
    phase = state.counts[slot.SAMPLES] % plan.step  # counted on instead of divided at each sample
    now = slow % ring
    k = 0
    for i in range(samples.shape[0]):
        x = samples[i] * to_mv
        if not abs(x) < ABSURD_MV:  # NaN too
            bad_run += 1.0
            x = held
        else:
            if started == 0.0 or bad_run >= lost_after:
                if started == 1.0:
                    ready_at = slow + RETURN_S * plan.slow_hz
                started = 1.0
                settled = plan.lowpass_settled
                low_a, low_b, low_c, low_d = (
                    settled[0, 0] * x,
                    settled[0, 1] * x,
                    settled[1, 0] * x,
                    settled[1, 1] * x,
                )
                settled = plan.baseline_settled
                base_a, base_b = settled[0, 0] * x, settled[0, 1] * x
                settled = plan.band_settled
                band_a, band_b, band_c, band_d = (
                    settled[0, 0] * x,
                    settled[0, 1] * x,
                    settled[1, 0] * x,
                    settled[1, 1] * x,
                )
                band_last = 0.0
            bad_run = 0.0
            flat_run = flat_run + 1.0 if x == held else 0.0
            held = x
        x, low_a, low_b = _section(low_sos[0], x, low_a, low_b)
        x, low_c, low_d = _section(low_sos[1], x, low_c, low_d)
        is_slow = phase == 0
        phase = phase + 1 if phase + 1 < plan.step else 0
        if not is_slow:
            continue
        y, band_a, band_b = _section(band_sos[0], x, band_a, band_b)
        y, band_c, band_d = _section(band_sos[1], y, band_c, band_d)
        slope[now] = abs(y - band_last) * plan.slow_hz
        band_last = y
        shape[now], base_a, base_b = _section(base_sos[0], x, base_a, base_b)
        ok = started == 1.0 and ready_at <= slow and bad_run < lost_after and flat_run < flat_after
        heard[k] = 1.0 if ok else 0.0
        slow += 1
        now = now + 1 if now + 1 < ring else 0
        k += 1
    low[0, 0], low[0, 1], low[1, 0], low[1, 1] = low_a, low_b, low_c, low_d
    base[0, 0], base[0, 1] = base_a, base_b
    band[0, 0], band[0, 1], band[1, 0], band[1, 1] = band_a, band_b, band_c, band_d
    info[slot.HELD], info[slot.BAD_RUN], info[slot.FLAT_RUN] = held, bad_run, flat_run
    info[slot.STARTED], info[slot.READY_AT], info[slot.BAND_LAST] = started, ready_at, band_last


@inlined
def _section(sos: Floats, x: float, a: float, b: float) -> tuple[float, float, float]:
    # transposed direct form II, as scipy.signal.sosfilt: what comes out, and the two numbers to go on with
    y = sos[0] * x + a
    return y, sos[1] * x - sos[4] * y + b, sos[2] * x - sos[5] * y


@inner
def box_means(slope: Floats, first: int, box: int, means: Floats) -> None:
    """Means (n,) over the box that ends at each of the slow samples from `first` on.

    The same sums as one by one, in the same order, but side by side. Not a running sum: that would carry its rounding,
    and every artefact, for ever.
    """
    ring = slope.shape[0]
    near = np.empty(means.shape[0] + box - 1)
    at = (first - box + 1) % ring
    for i in range(near.shape[0]):
        near[i] = slope[at]
        at = at + 1 if at + 1 < ring else 0
    for k in range(means.shape[0]):
        means[k] = 0.0
    for back in range(box):
        behind = near[box - 1 - back :]
        for k in range(means.shape[0]):
            means[k] += behind[k]
    for k in range(means.shape[0]):
        means[k] /= box


@inner
def follow_noise(leads: Floats, heard: Floats, activity: Floats, slow_hz: float, noise: Floats, n_slow: int) -> None:
    """Write each lead's mean activity into `noise` (n_leads, n_slow); it stands still while the lead is not heard."""
    window = NOISE_S * slow_hz
    for k in range(n_slow):  # the leads innermost: their divisions run side by side
        for lead in range(noise.shape[0]):
            here = leads[lead, slot.NOISE]
            if heard[lead, k] == 1.0:
                here += (activity[lead, k] - here) / window
                leads[lead, slot.NOISE] = here
            noise[lead, k] = here


@inner
def relate(
    leads: Floats, heard: Floats, activity: Floats, noise: Floats, weights: Floats, first: int, related: Floats
) -> None:
    """`weigh` and `relative_activity` of slow samples from `first` on, while the leads' scales stay.

    The arrays are whole, (n_leads, n_slow), because loops over a part of a table run one by one.
    """
    n = related.shape[0]
    end = first + n
    total = np.zeros(n)
    for k in range(n):
        related[k] = 0.0
    for lead in range(leads.shape[0]):
        scale = leads[lead, slot.SCALE]
        least = max(scale, LEAST_SCALE_MV_PER_S)
        is_heard, height = heard[lead, first:end], activity[lead, first:end]
        mean, weight = noise[lead, first:end], weights[lead, first:end]
        for k in range(n):
            out = max(scale / max(mean[k], 1e-9) - 1.0, 0.1)
            w = out * out * is_heard[k]
            weight[k] = w
            total[k] += w
            related[k] += w * np.sqrt(min(height[k] / least, MAX_RELATIVE))
    for k in range(n):
        root = related[k] / total[k] if total[k] > 0.0 else 0.0
        related[k] = root * root


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
def mean_activity(leads: Floats, activity: Floats, k: int) -> float:
    """The activity while the scales of the leads are still unknown, mV/s."""
    total = 0.0
    n = 0
    for lead in range(activity.shape[0]):
        if leads[lead, slot.WEIGHT] > 0.0:
            total += activity[lead, k]
            n += 1
    return total / n if n else 0.0


@inlined
def weigh(leads: Floats, activity: Floats, heard: Floats, noise: Floats, k: int) -> None:
    """Set how much each lead counts: 0 while it is lost or flat, else by how far its QRS stands out of its mean.

    While learning: the scale of a lead is the highest activity so far.
    """
    for lead in range(leads.shape[0]):
        info = leads[lead]
        if heard[lead, k] == 0.0:
            info[slot.WEIGHT] = 0.0
            continue
        info[slot.SCALE] = max(info[slot.SCALE], activity[lead, k])
        out = info[slot.SCALE] / max(noise[lead, k], 1e-9) - 1.0
        info[slot.WEIGHT] = max(out, 0.1) ** 2


@inlined
def find_candidate(activity: Floats, numbers: Floats, counts: Ints, apart: int) -> int:
    """The slow sample of the highest activity since the last candidate, once it has stood for `apart`; else -1."""
    now = counts[slot.SLOW]
    value = activity[now % N_ACTIVITY]
    if value > numbers[slot.TOP]:
        numbers[slot.TOP] = value
        counts[slot.TOP_AT] = now
        return -1
    at = counts[slot.TOP_AT]
    if now - at < apart:
        return -1
    is_peak = numbers[slot.TOP] > 0.0 and activity[(at - 1) % N_ACTIVITY] < numbers[slot.TOP]
    numbers[slot.TOP] = value
    counts[slot.TOP_AT] = now
    return at if is_peak else -1


@inner
def add_candidate(plan: Plan, state: Arrays, at: int) -> None:
    """Add the peak at slow sample `at` to the candidates."""
    i = state.counts[slot.N_WAITING]
    if i == state.candidates.shape[0]:  # cannot be, by `N_CANDIDATES`
        return
    row = state.candidates[i]
    row[slot.AT] = at
    row[slot.HEIGHT] = state.activity[at % N_ACTIVITY]
    ring = state.rings.shape[2]
    for lead in range(state.leads.shape[0]):  # as `box_means`
        slope, total, here = state.rings[slot.SLOPE, lead], 0.0, at % ring
        for _ in range(plan.box):
            total += slope[here]
            here = here - 1 if here else ring - 1
        row[slot.PER_LEAD + lead] = total / plan.box
    row[slot.STEEPNESS] = steepness(state, at, plan.box)
    state.counts[slot.N_WAITING] = i + 1


@inner
def steepness(state: Arrays, at: int, box: int) -> float:
    """The greatest slope within the box that ends at slow sample `at`, relative to a usual QRS's activity."""
    ring = state.rings.shape[2]
    steepest = np.zeros(state.leads.shape[0])
    for lead in range(steepest.shape[0]):
        slope, here, top = state.rings[slot.SLOPE, lead], at % ring, 0.0
        for _ in range(box):
            top = max(top, slope[here])
            here = here - 1 if here else ring - 1
        steepest[lead] = top
    return relative_activity(state.leads, steepest, MAX_STEEPNESS)
