"""What the patient's beats have lately been like, against a plain account of it."""

import itertools

import numpy as np
import pytest

from detectors.beats.detector import measured_beats
from detectors.beats.lately import EARLY, FIRST, INTERVAL, N_RHYTHM_BEATS, N_WAVE_BEATS, NEAR_EARLY, SAME, STEP, WAVES
from detectors.beats.rhythm import IRREGULAR, PREMATURE
from tests.detectors.signals import ecg

HELD = FIRST + 5


@pytest.fixture(scope="module")
def beats():
    case = ecg(duration_s=120.0)
    return measured_beats(case.signal, case.block)[:, 1:]


def fading_mean(values, n_beats):
    """The mean of all so far, of the last n_beats or so once there are more."""
    means, mean = [], 0.0
    for n, value in enumerate(values, start=1):
        mean += max(1 / n, 1 / n_beats) * (value - mean)
        means.append(mean)
    return means


def test_means_are_those_of_the_beats_so_far(beats):
    steps, early = abs(beats[:, STEP]), beats[:, EARLY]
    of_rhythm = [steps, steps > IRREGULAR, early < PREMATURE, early > -PREMATURE]
    for k, values in enumerate(of_rhythm):
        assert beats[:, FIRST + k] == pytest.approx(fading_mean(values, N_RHYTHM_BEATS), abs=1e-12)
    for k, column in enumerate(WAVES):
        assert beats[:, FIRST + 6 + k] == pytest.approx(fading_mean(beats[:, column], N_WAVE_BEATS), abs=1e-12)
    assert beats[:, FIRST + 4] == pytest.approx(early - beats[:, NEAR_EARLY], abs=1e-12)
    assert 0.0 < beats[-1, FIRST + 2] < 0.5  # there are early beats, and most are not


def test_a_rhythm_has_held_as_long_as_the_intervals_before_are_the_same(beats):
    for i in range(2, len(beats)):
        before = beats[1:i, INTERVAL][::-1]
        same = list(itertools.takewhile(lambda one, now=beats[i, INTERVAL]: abs(one - now) < SAME, before))
        assert beats[i, HELD] == min(len(same), 60)
    assert np.ptp(beats[:, HELD]) > 5
