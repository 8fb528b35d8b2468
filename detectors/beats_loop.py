"""The compiled loop of the beat detector: a block in, beats and what their labels rest on out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors import beats_slots as slot
from detectors.beats_decide import accept, drop_first, is_qrs, learn, reject, usual_interval
from detectors.beats_features import add_next, measure
from detectors.beats_front import (
    HEAR_SLOW,
    MAX_RELATIVE,
    add_candidate,
    find_candidate,
    hear,
    mean_activity,
    relative_activity,
    weigh,
)
from detectors.beats_shape import fiducial, lead_weights
from detectors.compiled import compiled, inlined, inner

if TYPE_CHECKING:
    from detectors.beats_plan import Arrays, Floats, Int, Plan

FIRST_INTERVAL_S = 0.8


@inner
def _say(plan: Plan, state: Arrays, following: float, out: Floats) -> None:
    pending = state.pending
    n = state.counts[slot.N_SAID]
    features = pending[slot.N_PENDING_SLOTS :]
    limit = float(plan.label - plan.decide)
    add_next(features, pending[slot.BEAT_INTERVAL], following, pending[slot.BEAT_USUAL], limit)
    out[n, 0] = pending[slot.BEAT_AT] * plan.step - plan.lowpass_delay
    for k in range(features.shape[0]):
        out[n, 1 + k] = features[k]
    state.counts[slot.PENDING] = 0
    state.counts[slot.N_SAID] = n + 1


@inlined
def _take_beat(plan: Plan, state: Arrays, out: Floats) -> None:
    """The first candidate is a QRS: label the beat before it, and let it wait for its own label."""
    weights = lead_weights(state)
    at = fiducial(plan, state, weights, int(state.candidates[0, slot.AT]) - plan.qrs_delay)
    interval = FIRST_INTERVAL_S * plan.slow_hz
    if state.counts[slot.N_ACCEPTED]:
        interval = max(at - state.numbers[slot.LAST_FIDUCIAL], 1.0)
    if state.counts[slot.PENDING]:
        _say(plan, state, interval, out)
    measure(plan, state, at, interval, state.pending[slot.N_PENDING_SLOTS :])
    state.pending[slot.BEAT_AT] = at
    state.pending[slot.BEAT_INTERVAL] = interval
    state.pending[slot.BEAT_USUAL] = usual_interval(plan, state)
    state.counts[slot.PENDING] = 1
    state.counts[slot.N_ACCEPTED] += 1
    state.numbers[slot.LAST_FIDUCIAL] = at
    accept(state, 0)


@inner
def _decide(plan: Plan, state: Arrays, wait: Int, out: Floats) -> None:
    counts = state.counts
    while counts[slot.N_WAITING] and state.candidates[0, slot.AT] + wait <= counts[slot.SLOW]:
        if is_qrs(plan, state, 0):
            _take_beat(plan, state, out)
        else:
            reject(plan, state, 0)
        drop_first(state)
    if counts[slot.PENDING] and counts[slot.SLOW] - state.pending[slot.BEAT_AT] >= plan.label:
        _say(plan, state, float(plan.label), out)


@compiled
def run_block(plan: Plan, state: Arrays, samples: Floats, out: Floats, ends: bool) -> int:  # noqa: FBT001 - compiled
    """Take samples (n_leads, n_samples), write beats into `out` (n, 1 + N_FEATURES), and give how many.

    Where the signal `ends` with these samples, decide all that still waits.
    """
    n_leads, n_samples = samples.shape
    heard = np.zeros((HEAR_SLOW, n_leads, 2))
    state.counts[slot.N_SAID] = 0
    start = 0
    while start < n_samples:
        end = min(start + HEAR_SLOW * plan.step, n_samples)
        before = state.counts[slot.SAMPLES]
        for lead in range(n_leads):
            hear(plan, state, lead, samples[lead, start:end], heard)
        state.counts[slot.SAMPLES] = before + end - start
        n_slow = -(-state.counts[slot.SAMPLES] // plan.step) - -(-before // plan.step)
        _run_slow(plan, state, heard, n_slow, out)
        start = end
    if ends and state.counts[slot.SLOW]:
        _run_out(plan, state, out)
    return state.counts[slot.N_SAID]


@inlined
def _run_slow(plan: Plan, state: Arrays, heard: Floats, n_slow: int, out: Floats) -> None:
    counts, leads, rings, activity = state.counts, state.leads, state.rings[slot.ACTIVITY], state.activity
    ring = activity.shape[0]
    here = np.zeros(leads.shape[0])
    for k in range(n_slow):
        now = counts[slot.SLOW] % ring
        for lead in range(here.shape[0]):
            here[lead] = rings[lead, now]
        weigh(leads, here, heard[k], counts[slot.LEARNED])
        if counts[slot.LEARNED]:
            activity[now] = relative_activity(leads, here, MAX_RELATIVE)
        else:
            activity[now] = mean_activity(leads, here)
        at = find_candidate(activity, state.numbers, counts, plan.apart)
        if at >= 0:
            add_candidate(plan, state, at)
        if counts[slot.LEARNED] == 0 and counts[slot.SLOW] >= plan.learn:
            learn(plan, state)
        if counts[slot.LEARNED] and (counts[slot.N_WAITING] or counts[slot.PENDING]):
            _decide(plan, state, plan.decide, out)
        counts[slot.SLOW] += 1


@inlined
def _run_out(plan: Plan, state: Arrays, out: Floats) -> None:
    counts = state.counts
    counts[slot.SLOW] -= 1  # the newest slow sample, as within `_run_slow`
    top_at = counts[slot.TOP_AT]
    if (
        0 < top_at < counts[slot.SLOW]
        and state.activity[(top_at - 1) % state.activity.shape[0]] < state.numbers[slot.TOP]
    ):
        add_candidate(plan, state, top_at)
    if counts[slot.LEARNED] == 0:
        learn(plan, state)
    _decide(plan, state, np.int64(0), out)
    if counts[slot.PENDING]:
        _say(plan, state, float(plan.label), out)
