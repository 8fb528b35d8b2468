"""The compiled loop of the beat detector: a block in, beats and what their labels rest on out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.beats import slots as slot
from detectors.beats.accept import cues, is_doubtful
from detectors.beats.decide import accept, drop_first, is_audible, is_qrs, learn, reject
from detectors.beats.features import USUAL, add_next, measure, remember, tell_last
from detectors.beats.front import (
    HEAR_SLOW,
    add_candidate,
    box_means,
    find_candidate,
    follow_noise,
    hear,
    mean_activity,
    relate,
    weigh,
)
from detectors.beats.memory import arrays_of, plan_of
from detectors.beats.model import judge_rows
from detectors.beats.plan import N_ACTIVITY, N_CUES, N_FEATURES, N_SAID
from detectors.beats.shape import fiducial, lead_weights
from detectors.loops.compiled import compiled, inlined, inner

if TYPE_CHECKING:
    from detectors.beats.plan import Arrays, Floats, Int, Ints, Plan

FIRST_INTERVAL_S = 0.8
LEAST_INTERVAL_S = 0.05


@inner
def _say(plan: Plan, state: Arrays, out: Floats) -> None:
    pending = state.pending
    n = state.counts[slot.N_SAID]
    out[n, 0] = pending[slot.BEAT_AT] * plan.step - plan.lowpass_delay
    for k in range(N_FEATURES):
        out[n, N_SAID + k] = pending[slot.N_PENDING_SLOTS + k]
    state.counts[slot.PENDING] = 0
    state.counts[slot.N_SAID] = n + 1


@inlined
def _take_beat(plan: Plan, state: Arrays, out: Floats) -> None:
    """The first candidate is a QRS: label the beat before it, and let it wait for its own label."""
    weights = lead_weights(state)
    at = fiducial(plan, state, weights, int(state.candidates[0, slot.AT]) - plan.qrs_delay)
    interval_s = FIRST_INTERVAL_S
    if state.counts[slot.N_ACCEPTED]:
        interval_s = max((at - state.numbers[slot.LAST_FIDUCIAL]) / plan.slow_hz, LEAST_INTERVAL_S)
    limit = np.log((plan.label - plan.decide) / plan.slow_hz)
    features = state.pending[slot.N_PENDING_SLOTS :]
    if state.counts[slot.PENDING]:
        add_next(features, np.log(interval_s), limit)
        _say(plan, state, out)
    usual = features[USUAL]
    measure(plan, state, at, interval_s, features)
    tell_last(state, min(np.log(interval_s), limit) - usual)
    if state.counts[slot.N_ACCEPTED]:
        remember(state, features)
    state.pending[slot.BEAT_AT] = at
    state.counts[slot.PENDING] = 1
    state.counts[slot.N_ACCEPTED] += 1
    state.numbers[slot.LAST_FIDUCIAL] = at
    accept(state, 0)


@inlined
def _write_judged(plan: Plan, state: Arrays, is_beat: bool, values: Floats, judged: Floats) -> None:  # noqa: FBT001 - compiled
    """Where they are asked for: the centre of a candidate's slopes, what the thresholds said, its cues."""
    n = state.counts[slot.N_JUDGED]
    if n < judged.shape[0] and is_audible(state, 0):
        at = state.candidates[0, slot.AT]
        judged[n, 0] = (at - plan.qrs_delay) * plan.step - plan.lowpass_delay
        judged[n, 1] = 1.0 if is_beat else 0.0
        for k in range(N_CUES):
            judged[n, 2 + k] = values[k]
        state.counts[slot.N_JUDGED] = n + 1


@inner
def _decide(plan: Plan, state: Arrays, wait: Int, out: Floats, doubts: Floats, judged: Floats) -> None:
    counts, values = state.counts, np.empty(N_CUES)
    while counts[slot.N_WAITING] and state.candidates[0, slot.AT] + wait <= counts[slot.SLOW]:
        is_beat = is_qrs(plan, state, 0)
        if is_beat or judged.shape[0]:
            cues(plan, state, np.int64(0), values)
            _write_judged(plan, state, is_beat, values, judged)
            is_beat = is_beat and not is_doubtful(doubts, values)
        if is_beat:
            _take_beat(plan, state, out)
        else:
            reject(plan, state, 0)
        drop_first(state)
    if counts[slot.PENDING] and counts[slot.SLOW] - state.pending[slot.BEAT_AT] >= plan.label:
        _give_up(plan, state, out)


@inner
def _give_up(plan: Plan, state: Arrays, out: Floats) -> None:
    """Label the beat that waits without one after it."""
    limit = np.log((plan.label - plan.decide) / plan.slow_hz)
    add_next(state.pending[slot.N_PENDING_SLOTS :], limit, limit)
    _say(plan, state, out)


@compiled
def run_block(  # noqa: PLR0913, PLR0917 - compiled
    numbers: Floats,
    memory: Floats,
    samples: Floats,
    columns: Ints,
    to_mv: Floats,
    forest: Floats,
    out: Floats,
    ends: bool,  # noqa: FBT001 - compiled
    doubts: Floats,
    judged: Floats,
) -> int:
    """Take samples (n_samples, n_channels), write beats into `out` (n, N_SAID + N_FEATURES), and give how many.

    `numbers` is the plan and `memory` the state, as `beats.plan` packs them; the leads stand in `columns` (n_leads,) of
    the samples, which `to_mv` (n_leads,) turns into millivolt; `forest` is what labels the beats, `doubts` what
    withdraws them. Where the signal `ends` with these samples, decide all that still waits. Candidates are written into
    `judged` (n, 2 + N_CUES), as far as it reaches, to learn from; an empty one costs nothing.
    """
    n_samples, n_leads = samples.shape[0], columns.shape[0]
    plan = plan_of(numbers)
    state = arrays_of(memory, n_leads, plan.ring)
    heard, activity = np.empty((n_leads, HEAR_SLOW)), np.empty((n_leads, HEAR_SLOW))
    noise, weights = np.empty((n_leads, HEAR_SLOW)), np.empty((n_leads, HEAR_SLOW))
    state.counts[slot.N_SAID] = state.counts[slot.N_JUDGED] = 0
    zeros_until = state.counts[slot.SLOW] - plan.keep if state.counts[slot.LEARNED] else 0
    start = 0
    while start < n_samples:
        end = min(start + HEAR_SLOW * plan.step, n_samples)
        before = state.counts[slot.SAMPLES]
        n_slow = -(-(before + end - start) // plan.step) - -(-before // plan.step)
        for lead in range(n_leads):
            hear(plan, state, lead, samples[start:end, columns[lead]], to_mv[lead], heard[lead])
            box_means(state.rings[slot.SLOPE, lead], state.counts[slot.SLOW], plan.box, activity[lead, :n_slow])
        follow_noise(state.leads, heard, activity, plan.slow_hz, noise, n_slow)
        state.counts[slot.SAMPLES] = before + end - start
        k = 0
        while k < n_slow and state.counts[slot.LEARNED] == 0:
            _learn_on(plan, state, heard, activity, noise, k, out, doubts, judged)
            k += 1
        while k < n_slow:
            k = _run_slow(plan, state, heard, activity, noise, weights, k, n_slow, out, doubts, judged)
        start = end
    if ends and state.counts[slot.SLOW]:
        _run_out(plan, state, out, doubts, judged)
    if state.counts[slot.LEARNED]:
        _forget(plan, state, zeros_until)
    judge_rows(forest, out, state.counts[slot.N_SAID])
    return state.counts[slot.N_SAID]


@inner
def _forget(plan: Plan, state: Arrays, first: int) -> None:
    """Put zeros where nobody looks any more, from slow sample `first` on: what lies before it is zero already.

    They stand for what would come after the last sample, too.
    """
    ring = plan.ring
    end = state.counts[slot.SLOW] - plan.keep
    first = max(first, end + plan.keep - ring)
    for i in range(slot.N_RINGS):
        for lead in range(state.leads.shape[0]):
            values = state.rings[i, lead]
            at = first % ring
            for _ in range(end - first):
                values[at] = 0.0
                at = at + 1 if at + 1 < ring else 0


@inner
def _learn_on(  # noqa: PLR0913, PLR0917 - compiled
    plan: Plan,
    state: Arrays,
    heard: Floats,
    activity: Floats,
    noise: Floats,
    k: int,
    out: Floats,
    doubts: Floats,
    judged: Floats,
) -> None:
    """Take slow sample k of those that were heard at once, in the learning period."""
    counts = state.counts
    weigh(state.leads, activity, heard, noise, k)
    state.activity[counts[slot.SLOW] % N_ACTIVITY] = mean_activity(state.leads, activity, k)
    at = find_candidate(state.activity, state.numbers, counts, plan.apart)
    if at >= 0:
        add_candidate(plan, state, at)
    if counts[slot.SLOW] >= plan.learn:
        learn(plan, state)
        _decide(plan, state, plan.decide, out, doubts, judged)
    counts[slot.SLOW] += 1


@inner
def _run_slow(  # noqa: PLR0913, PLR0917 - compiled
    plan: Plan,
    state: Arrays,
    heard: Floats,
    activity: Floats,
    noise: Floats,
    weights: Floats,
    k: int,
    n_slow: int,
    out: Floats,
    doubts: Floats,
    judged: Floats,
) -> int:
    """Take slow samples from number k on of n_slow, up to the next beat, which changes the leads' scales.

    The tables are (n_leads, `HEAR_SLOW`). Gives the number of the first that it did not take.
    """
    counts, first = state.counts, k
    related = np.empty(n_slow - k)
    relate(state.leads, heard, activity, noise, weights, k, related)
    n_beats = counts[slot.N_ACCEPTED]
    while k < n_slow and counts[slot.N_ACCEPTED] == n_beats:
        now = counts[slot.SLOW]
        state.activity[now % N_ACTIVITY] = related[k - first]
        at = find_candidate(state.activity, state.numbers, counts, plan.apart)
        is_due = counts[slot.N_WAITING] > 0 and state.candidates[0, slot.AT] + plan.decide <= now
        is_due = is_due or (counts[slot.PENDING] == 1 and now - state.pending[slot.BEAT_AT] >= plan.label)
        if at >= 0 or is_due or k + 1 == n_slow:
            for lead in range(weights.shape[0]):
                state.leads[lead, slot.WEIGHT] = weights[lead, k]
        if at >= 0:
            add_candidate(plan, state, at)
        if is_due:
            _decide(plan, state, plan.decide, out, doubts, judged)
        counts[slot.SLOW] = now + 1
        k += 1
    return k


@inlined
def _run_out(plan: Plan, state: Arrays, out: Floats, doubts: Floats, judged: Floats) -> None:
    counts = state.counts
    counts[slot.SLOW] -= 1  # the newest slow sample, as within `_run_slow`
    top_at = counts[slot.TOP_AT]
    if 0 < top_at < counts[slot.SLOW] and state.activity[(top_at - 1) % N_ACTIVITY] < state.numbers[slot.TOP]:
        add_candidate(plan, state, top_at)
    if counts[slot.LEARNED] == 0:
        learn(plan, state)
    _decide(plan, state, np.int64(0), out, doubts, judged)
    if counts[slot.PENDING]:
        _give_up(plan, state, out)
