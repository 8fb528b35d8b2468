"""Clock: sample index to microseconds and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal_processing.clock import SampleClock
from signal_processing.errors import InvalidSignalError

RATES_HZ = st.one_of(
    st.integers(25, 2000).map(float),
    st.floats(25, 2000).map(lambda fs: round(fs, 4)),
    st.sampled_from([128.0, 250.0, 360.0, 62.4725, 999.9999]),
)
SAMPLES = st.integers(-(10**10), 10**10)
ORIGINS_US = st.integers(-(10**15), 4 * 10**15)


@given(RATES_HZ, ORIGINS_US, SAMPLES)
def test_clock_round_trip_is_exact_up_to_1e10_samples(fs_hz, t0_us, sample):
    clock = SampleClock(fs_hz, t0_us)
    assert clock.sample_at(clock.us_at(sample)) == sample


@given(RATES_HZ, ORIGINS_US, st.lists(SAMPLES, min_size=1, max_size=5))
def test_clock_arrays_agree_with_scalars(fs_hz, t0_us, samples):
    clock = SampleClock(fs_hz, t0_us)
    times = clock.us_at(np.array(samples, np.int64))
    assert times.tolist() == [clock.us_at(sample) for sample in samples]
    assert clock.sample_at(times).tolist() == samples


def test_clock_agrees_with_exact_fractions_where_floats_do_not():
    assert SampleClock(360.0).us_at(10**10) == 27_777_777_777_778
    assert SampleClock(128.0, 7).us_at(1) == 7 + 7813  # 7812.5 us, half up


@pytest.mark.parametrize("fs_hz", [0.0, -1.0, float("nan"), float("inf"), 1e6])
def test_clock_refuses_a_rate_that_no_recording_has(fs_hz):
    with pytest.raises(InvalidSignalError, match="sampling rate must be within"):
        SampleClock(fs_hz)
