"""What the beat detector's loops work with: constants for one sampling rate, and the arrays of its state.

To Python both are one array of float64 each, `packed` and `new_memory`: handing over fifteen arrays at each call costs
more than a second of signal in one lead, and a state that lies in one piece is dumped and loaded in one.
`detectors.beats.memory` takes them apart again, in compiled code.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.beats import slots as slot
from signal_processing.filters import butterworth, settled_on

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int = int | np.int64

N_CANDIDATES = 24
"""Peaks that may wait for a decision; they are `PEAK_APART_S` apart at least, so 2 s hold fewer."""
N_HEIGHTS = 8
N_INTERVALS = 16
N_LOGS = 64
N_CLUSTERS = 10
N_POINTS = 79
QRS_FROM, N_QRS = 16, 32
"""The points of a template in which the QRS lies: from 140 ms before the fiducial point to 170 ms after it."""
SLACK = 4
"""Points a beat may be moved by against a template, either way."""
POINT_S = 0.010
BEFORE_S = 0.300
N_FEATURES = 73
N_CUES = 27
"""Numbers of the second look at a peak, `detectors.beats.accept`."""
N_SAID = 3
"""Numbers that the loop writes of each beat before its features: its sample, its class, the probability of that."""
N_ACTIVITY = 64
"""Slow samples of the activity of all leads together that are kept: more than `PEAK_APART_S` at any rate."""
N_LOWPASS, N_BASELINE, N_BAND = 2, 1, 2
"""Second-order sections of the filters."""

LOWPASS_HZ = 35.0
SLOW_HZ = 100.0
"""The loops run at the slowest divisor of the sampling rate that is not below this."""
BASELINE_HZ = 0.7
QRS_LOW_HZ = 6.0
QRS_HIGH_HZ = 18.0
BOX_S = 0.100
PEAK_APART_S = 0.160
DECIDE_S = 0.90
LEARN_S = 1.80
LABEL_S = 1.90
RING_S = 3.2
LOOK_BACK_S = 0.72
"""From a peak of activity to the oldest sample that its beat is measured by: the peak's delay, search for the centre of
the slopes and for the greatest deflection, the wave before it and its slack; and some samples for the rounding."""
LATENCY_S = 2.1
LOWPASS_DELAY_S = 0.012
BAND_DELAY_S = 0.012
"""Of the QRS band against the low-passed signal."""
NO_BEAT = -1


class Plan(NamedTuple):
    """Constants of one sampling rate. Lengths are in slow samples, `slow_hz` of them a second."""

    step: int
    fs_hz: float
    slow_hz: float
    lowpass: Floats
    baseline: Floats
    band: Floats
    lowpass_settled: Floats
    baseline_settled: Floats
    band_settled: Floats
    box: int
    apart: int
    decide: int
    learn: int
    label: int
    qrs_delay: int
    ring: int
    keep: int
    lowpass_delay: float


class Arrays(NamedTuple):
    """The state of the beat detector; what the columns and entries mean stands in `detectors.beats.slots`."""

    lowpass: Floats
    baseline: Floats
    band: Floats
    leads: Floats
    rings: Floats
    activity: Floats
    candidates: Floats
    heights: Floats
    intervals: Floats
    logs: Floats
    templates: Floats
    clusters: Floats
    waves: Floats
    pending: Floats
    numbers: Floats
    counts: Ints


def plan_for(fs_hz: float) -> Plan:
    """The constants for a sampling rate."""
    step = max(int(fs_hz // SLOW_HZ), 1)
    slow_hz = fs_hz / step
    lowpass = butterworth("lowpass", LOWPASS_HZ, order=4, fs_hz=fs_hz)
    baseline = butterworth("highpass", BASELINE_HZ, order=2, fs_hz=slow_hz)
    band = np.concatenate(
        [
            butterworth("highpass", QRS_LOW_HZ, order=2, fs_hz=slow_hz),
            butterworth("lowpass", QRS_HIGH_HZ, order=2, fs_hz=slow_hz),
        ]
    )
    return Plan(
        step=step,
        fs_hz=fs_hz,
        slow_hz=slow_hz,
        lowpass=lowpass,
        baseline=baseline,
        band=band,
        lowpass_settled=_settled_on_one(lowpass),
        baseline_settled=_settled_on_one(baseline),
        band_settled=_settled_on_one(band),
        box=round(BOX_S * slow_hz),
        apart=round(PEAK_APART_S * slow_hz),
        decide=round(DECIDE_S * slow_hz),
        learn=round(LEARN_S * slow_hz),
        label=round(LABEL_S * slow_hz),
        qrs_delay=round((BOX_S / 2 + BAND_DELAY_S) * slow_hz),
        ring=int(RING_S * slow_hz) + 1,
        keep=round((DECIDE_S + LOOK_BACK_S) * slow_hz),
        lowpass_delay=LOWPASS_DELAY_S * fs_hz,
    )


def _settled_on_one(sos: Floats) -> Floats:
    return np.ascontiguousarray(settled_on(sos, np.ones(1))[:, :, 0])


def packed(plan: Plan) -> Floats:
    """The plan as one array, in the order of its fields."""
    return np.concatenate([np.ravel(field) for field in plan]).astype(np.float64)


def new_memory(plan: Plan, n_leads: int) -> Floats:
    """The state before the first sample."""
    per_lead = 2 * (N_LOWPASS + N_BASELINE + N_BAND) + slot.N_LEAD_SLOTS + slot.N_RINGS * plan.ring
    per_lead += N_CANDIDATES + N_HEIGHTS + N_CLUSTERS * N_POINTS + 2 * N_QRS
    shared = slot.N_COUNTS + N_ACTIVITY + N_CANDIDATES * slot.PER_LEAD + N_HEIGHTS + N_INTERVALS + N_LOGS
    shared += N_CLUSTERS * slot.N_CLUSTER_SLOTS + slot.N_PENDING_SLOTS + N_FEATURES + slot.N_NUMBERS
    memory = np.zeros(shared + n_leads * per_lead)
    counts = memory[: slot.N_COUNTS].view(np.int64)
    counts[slot.LAST_AT] = counts[slot.LAST_FAMILY] = NO_BEAT
    return memory
