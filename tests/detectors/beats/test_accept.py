"""The second look at peaks that pass the thresholds: what it is told, and that it leaves a clean rhythm alone."""

import numpy as np
import pytest

from detectors.beats.accept import OFFSET
from detectors.beats.detector import judged_peaks, measured_beats
from detectors.beats.plan import N_CUES
from signal_processing.values import Block, Channel, Signal
from tests.detectors.signals import beat_times, ecg

FIRST = 2
HEIGHT, SINCE, NEXT, LIKE = 0, 6, 9, 21


def test_every_peak_of_a_clean_rhythm_that_passes_stays_a_beat():
    case = ecg(duration_s=60.0)
    peaks = judged_peaks(case.signal, case.block)
    assert peaks.shape[1] == FIRST + N_CUES
    taken = peaks[peaks[:, 1] == 1.0]
    beats = measured_beats(case.signal, case.block)
    assert abs(len(taken) - len(beats)) <= 2  # those that the end of the signal decides
    at = taken[:, 0] + taken[:, FIRST + OFFSET] * case.signal.fs_hz
    assert at[5:40] == pytest.approx(beats[5:40, 0], abs=1.0)


def test_cues_say_how_a_peak_compares_with_the_beats_around_it():
    case = ecg(duration_s=60.0)
    taken = judged_peaks(case.signal, case.block)
    taken = taken[taken[:, 1] == 1.0]
    drawn, early = beat_times(60.0, 1)
    usual = ~early[10:40] & ~early[9:39]
    cues = taken[10:40, FIRST:]
    assert np.median(np.abs(cues[usual, HEIGHT])) < 0.2
    assert np.median(cues[usual, LIKE]) > 0.95
    assert cues[usual, SINCE] == pytest.approx(np.diff(drawn)[9:39][usual], abs=0.1)
    assert (cues[usual, NEXT] < 0.0).all()  # nothing as high follows within 0.36 s


def test_cues_are_relative_to_the_patient():
    case = ecg(duration_s=30.0)
    plain = judged_peaks(case.signal, case.block)
    louder = judged_peaks(case.signal, case.with_samples(case.block.samples * 3.0))
    assert louder == pytest.approx(plain, rel=1e-6, abs=1e-6)


def test_a_tall_t_wave_is_no_beat():
    fs_hz = 250.0
    t_s = np.arange(round(60 * fs_hz)) / fs_hz
    phase = t_s % 0.9
    qrs = np.exp(-(((phase - 0.2) / 0.014) ** 2)) - 0.35 * np.exp(-(((phase - 0.235) / 0.014) ** 2))
    t_wave = 0.9 * np.exp(-(((phase - 0.5) / 0.05) ** 2))
    samples = (qrs + t_wave + np.random.default_rng(0).normal(0, 0.01, len(t_s)))[:, None]
    found = measured_beats(Signal("s", "g", fs_hz, 0, (Channel("II", "mV"),)), Block(0, samples))[:, 0] / fs_hz
    assert (found[3:] % 0.9) == pytest.approx(np.full(len(found) - 3, 0.2), abs=0.05)
