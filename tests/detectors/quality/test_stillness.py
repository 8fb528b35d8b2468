"""Where no lead had a signal, found without a look at most of the samples."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.quality.stillness import StillnessState, still_samples, watch

LEADS = np.array([2, 0])
VALUES = st.sampled_from([0.0, 1.0, np.nan])
RUNS = st.lists(st.tuples(VALUES, VALUES, st.integers(1, 12)), min_size=1, max_size=20)


def stretches(samples, start, min_still):
    """Sample by sample: (complete stretches, where the one in progress began)."""
    found, since = [], start
    for i in range(1, len(samples)):
        if any(here != there and not np.isnan(here) for here, there in zip(samples[i], samples[i - 1], strict=True)):
            if start + i - since >= min_still:
                found.append((since, start + i))
            since = start + i
    return found, since


@settings(max_examples=300, deadline=None)
@given(runs=RUNS, cuts=st.lists(st.floats(0, 1), max_size=6), fs_hz=st.sampled_from([1.0, 4.0, 9.0]))
def test_still_stretches_are_those_that_are_seen_sample_by_sample(runs, cuts, fs_hz):
    samples = np.array([[one, 5.0 * i, other] for i, (one, other, n) in enumerate(runs) for _ in range(n)])
    state, start = StillnessState(), 1000
    edges = sorted({0, len(samples), *(round(cut * len(samples)) for cut in cuts)})
    for low, high in pairwise(edges):
        watch(state, start + low, samples[low:high], LEADS, fs_hz)
    found, since = stretches(samples[:, LEADS], start, int(fs_hz))
    assert list(zip(state.starts, state.ends, strict=True)) == found
    assert (state.since, state.seen) == (since, start + len(samples))


@pytest.mark.parametrize(("start", "end", "n"), [(0, 20, 20), (5, 30, 25), (0, 3, 0), (25, 60, 15)])
def test_still_samples_count_what_lies_within(start, end, n):
    state = StillnessState()
    watch(state, 0, np.zeros((40, 1)), np.array([0]), 4.0)
    assert still_samples(state, start, end, 4.0) == n
