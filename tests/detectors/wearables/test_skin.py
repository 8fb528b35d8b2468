"""Skin temperature and conductance, drawn."""

import numpy as np
import pytest

from detectors.runner import annotate
from detectors.wearables.conductance import Conductance
from detectors.wearables.temperature import Temperature
from signal_processing.values import Block, Channel, Signal, settled


def warmth(*parts):
    """Parts (minutes, degrees Celsius), a reading in five seconds."""
    samples = np.concatenate([np.full(minutes * 12, float(celsius)) for minutes, celsius in parts])
    signal = Signal("wrist", "temp", 0.2, 0, (Channel("SKT", "Cel"),))
    said = settled(annotate(Temperature(), signal, [Block(0, samples[:, None])]))
    return [(a.label, a.start / 12, a.end / 12) for a in said]


@pytest.mark.parametrize(("minutes", "n"), [(9, 0), (10, 1), (60, 1)])
def test_raised_temperature_lasts_ten_minutes(minutes, n):
    found = warmth((90, 33.5), (minutes, 38.2), (60, 33.5))
    assert found == [("FEVER", 90, 90 + minutes)] * n


def test_raised_is_two_degrees_above_the_baseline_once_there_is_one():
    assert warmth((30, 34.0), (30, 36.8), (30, 34.0)) == []
    assert warmth((90, 34.0), (30, 36.8), (30, 34.0)) == [("FEVER", 90, 120)]
    assert warmth((90, 33.0), (30, 36.0), (30, 33.0)) == []  # warm hands are no fever


def test_a_sensor_beside_the_skin_is_off_and_missing_readings_are_nothing():
    assert warmth((20, 33.5), (15, 24.0), (20, 33.5)) == [("LEAD_OFF", 20, 35)]
    assert warmth((20, 33.5), (15, np.nan), (20, 33.5)) == []


def responses(onsets_s, amplitudes_us, *, fs_hz=8.0, duration_s=80.0, drift_us=0.3):
    """Bi-exponential responses on a level that drifts; gives (onset, peak, amplitude) of those found."""
    t_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    eda = 4.0 + drift_us * t_s / duration_s
    for onset_s, amplitude_us in zip(onsets_s, amplitudes_us, strict=True):
        since = np.maximum(t_s - onset_s, 0.0)
        shape = np.exp(-since / 4.0) - np.exp(-since / 0.75)
        eda += amplitude_us * shape / shape.max()
    signal = Signal("wrist", "eda", fs_hz, 0, (Channel("EDA", "uS"),))
    said = annotate(Conductance(), signal, [Block(0, eda[:, None])])
    return [(a.start / fs_hz, a.end / fs_hz, a.figures["amplitude_us"]) for a in said]


@pytest.mark.parametrize("fs_hz", [4.0, 8.0, 64.0])
def test_responses_are_found_with_onset_peak_and_amplitude(fs_hz):
    found = responses([10, 30, 33.5, 50], [0.1, 0.5, 0.3, 2.0], fs_hz=fs_hz)
    assert [onset for onset, _, _ in found] == pytest.approx([10, 30, 33.5, 50], abs=0.5)
    assert [peak - onset for onset, peak, _ in found] == pytest.approx([1.5, 1.5, 1.5, 1.5], abs=0.6)
    assert found[1][2] == pytest.approx(0.5, rel=0.15)
    assert found[3][2] == pytest.approx(2.0, rel=0.15)


def test_small_rises_drift_and_steps_of_an_electrode_are_no_responses():
    assert responses([10, 30], [0.04, 0.03]) == []
    assert responses([], [], drift_us=1.5) == []
    t_s = np.arange(640) / 8.0
    signal = Signal("wrist", "eda", 8.0, 0, (Channel("EDA", "uS"),))
    step = np.where((t_s > 30) & (t_s < 50), 9.0, 2.0)
    assert annotate(Conductance(), signal, [Block(0, step[:, None])]) == []
