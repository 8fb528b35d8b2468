"""Causal filters with carried state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import sosfilt

from signal_processing.errors import InvalidValueError
from signal_processing.filters import butterworth, run_filter, settled_on

SAMPLES = np.random.default_rng(3).normal(size=(400, 3)).cumsum(axis=0)
SOS = butterworth("highpass", 0.7, order=2, fs_hz=250.0)


@given(cuts=st.lists(st.integers(0, len(SAMPLES)), max_size=6))
def test_filter_gives_the_same_bits_when_the_signal_is_cut_anywhere(cuts):
    state = settled_on(SOS, SAMPLES[0])
    whole = run_filter(SOS, SAMPLES, state).samples
    parts = []
    for part in np.split(SAMPLES, sorted(cuts)):
        filtered, state = run_filter(SOS, part, state)
        parts.append(filtered)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_filter_agrees_with_scipy_over_the_whole_signal():
    state = settled_on(SOS, np.zeros(3))
    np.testing.assert_allclose(run_filter(SOS, SAMPLES, state).samples, sosfilt(SOS, SAMPLES, axis=0), rtol=1e-12)


def test_filter_begins_without_a_step_when_it_is_settled_on_the_first_sample():
    constant = np.full((50, 1), 7.0)
    np.testing.assert_allclose(run_filter(SOS, constant, settled_on(SOS, constant[0])).samples, 0.0, atol=1e-9)


def test_filter_leaves_its_inputs_alone():
    samples, state = SAMPLES.copy(), settled_on(SOS, SAMPLES[0])
    kept = state.copy()
    run_filter(SOS, samples, state)
    np.testing.assert_array_equal(samples, SAMPLES)
    np.testing.assert_array_equal(state, kept)


@pytest.mark.parametrize("cutoff_hz", [0.0, -1.0, 125.0, float("nan")])
def test_filter_is_refused_when_its_cutoff_is_not_below_half_the_rate(cutoff_hz):
    with pytest.raises(InvalidValueError, match="cut-off must lie between 0 and half the sampling rate, 125 Hz"):
        butterworth("lowpass", cutoff_hz, order=2, fs_hz=250.0)
