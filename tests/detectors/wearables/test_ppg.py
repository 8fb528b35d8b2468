"""Pulses of a photoplethysmogram: drawn, and of the BIDMC records."""

import numpy as np
import pytest

from detectors import laws
from detectors.runner import annotate
from detectors.wearables.ppg import PulseDetector
from signal_processing.values import Block, Channel, Signal

DETECTOR = PulseDetector()


def signal(fs_hz=125.0):
    return Signal("finger", "ppg", fs_hz, 0, (Channel("PLETH", "1"),))


def drawn(peaks_s, *, fs_hz=125.0, duration_s=30.0, dicrotic=0.25):
    """Pulses of 0.1 s width at `peaks_s`, each with a dicrotic wave 0.3 s later, on a breathing baseline."""
    t_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    wave = 0.3 * np.sin(2 * np.pi * 0.25 * t_s)
    for peak_s in peaks_s:
        wave += np.exp(-(((t_s - peak_s) / 0.1) ** 2)) + dicrotic * np.exp(-(((t_s - peak_s - 0.3) / 0.08) ** 2))
    return Block(0, wave[:, np.newaxis])


def pulses_s(block, fs_hz=125.0):
    return np.array([a.start for a in annotate(DETECTOR, signal(fs_hz), [block])]) / fs_hz


@pytest.mark.parametrize("fs_hz", [25.0, 64.0, 125.0, 300.0])
@pytest.mark.parametrize("interval_s", [0.45, 0.8, 1.4])
def test_pulses_are_found_at_their_peaks_once_each(fs_hz, interval_s):
    peaks = np.arange(1.0, 29.0, interval_s)
    found = pulses_s(drawn(peaks, fs_hz=fs_hz), fs_hz)
    settled_peaks, settled_found = peaks[peaks > 3], found[found > 3 - interval_s / 2]
    assert len(settled_found) == pytest.approx(len(settled_peaks), abs=1)
    nearest = np.abs(settled_found[:, np.newaxis] - peaks).min(axis=1)
    assert nearest.max() <= 0.03 + 1 / fs_hz


def test_pulses_are_not_invented_on_a_flat_line():
    flat = Block(0, np.zeros((3000, 1)))
    assert len(pulses_s(flat)) == 0


def test_pulses_carry_on_after_missing_samples():
    block = drawn(np.arange(1.0, 29.0, 0.8))
    samples = np.array(block.samples)
    samples[1250:1500] = np.nan
    found = pulses_s(Block(0, samples))
    assert np.sum(found > 14) == pytest.approx(np.sum(np.arange(1.0, 29.0, 0.8) > 14), abs=1)


def test_pulses_obey_the_laws():
    block = drawn(np.arange(1.0, 29.0, 0.7))
    laws.check_cuts(DETECTOR, signal(), block, range(0, len(block), 11))
    laws.check_resume(DETECTOR, signal(), block, 1234)
    laws.check_shift(DETECTOR, signal(), block, 999)
    laws.check_latency(DETECTOR, signal(), block, piece_samples=25)
    laws.check_gain(DETECTOR, signal(), block, 8.0)


@pytest.mark.data
@pytest.mark.parametrize("number", [1, 2, 3])
def test_pulses_keep_the_rate_that_the_bedside_monitor_read(data_dir, number):
    stem = data_dir / "bidmc-csv" / f"bidmc_{number:02}"
    waves = np.genfromtxt(f"{stem}_Signals.csv", delimiter=",", names=True, autostrip=True)
    monitor = np.genfromtxt(f"{stem}_Numerics.csv", delimiter=",", names=True, autostrip=True)
    found = pulses_s(Block(0, waves["PLETH"][:, np.newaxis]))
    rate_bpm = 60 * (len(found) - 1) / (found[-1] - found[0])
    assert rate_bpm == pytest.approx(np.nanmean(monitor["PULSE"]), rel=0.015)
