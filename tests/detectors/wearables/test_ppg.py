"""Pulses of a photoplethysmogram: drawn, and of the BIDMC records."""

import numpy as np
import pytest

from detectors import laws
from detectors.runner import annotate
from detectors.wearables.ppg import PulseDetector, ppg
from signal_processing.values import Block, Channel, Signal, settled

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
    found = found[found < peaks[-1] + 0.1]  # nothing follows the last dicrotic wave that could tell it from a pulse
    assert len(found) == len(peaks)  # the first one too
    assert np.abs(found - peaks).max() <= 0.03 + 1 / fs_hz


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


def test_a_weak_early_pulse_is_found_and_a_dicrotic_wave_is_none():
    peaks = np.arange(1.0, 29.0, 0.8)
    t_s = np.arange(30 * 125) / 125.0
    wave = np.array(drawn(peaks, dicrotic=0.3).samples)[:, 0]
    wave += 0.5 * np.exp(-(((t_s - 15.95) / 0.1) ** 2))  # 0.55 s after the pulse at 15.4 s
    found = pulses_s(Block(0, wave[:, None]))
    assert np.abs(found - 15.95).min() < 0.05
    assert len(found) == len(peaks) + 1


def test_pulses_are_found_again_after_they_have_shrunk_to_a_tenth():
    peaks = np.arange(1.0, 59.0, 0.8)
    samples = np.array(drawn(peaks, duration_s=60.0).samples)
    samples[30 * 125 :] *= 0.1
    found = pulses_s(Block(0, samples))
    assert np.sum(found > 34) == np.sum(peaks > 34)


def noisy(*, seed=0, loud_s=(20, 40), duration_s=60.0):
    """Pulses with a movement of the hand over them, as large as they are and as fast."""
    rng = np.random.default_rng(seed)
    samples = np.array(drawn(np.arange(1.0, duration_s, 0.8), duration_s=duration_s).samples)
    here = slice(round(loud_s[0] * 125), round(loud_s[1] * 125))
    samples[here, 0] += np.convolve(rng.normal(0, 1.0, here.stop - here.start), np.ones(15) / 4, mode="same")
    return Block(0, samples)


def test_pulses_under_noise_are_less_sure_than_others():
    said = annotate(DETECTOR, signal(), [noisy()])
    loud = [a.confidence for a in said if 22 * 125 < a.start < 40 * 125]
    quiet = [a.confidence for a in said if a.start < 19 * 125]
    assert min(quiet) > 0.5 > 2 * np.median(loud)


def test_pulses_are_less_sure_while_an_accelerometer_in_the_group_moves():
    block = drawn(np.arange(1.0, 29.0, 0.8))
    t_s = np.arange(len(block)) / 125.0
    moving = np.where((t_s > 10) & (t_s < 20), 1.5 * np.sin(2 * np.pi * 2 * t_s), 0.0)
    axes = np.stack([block.samples[:, 0], moving, 0 * t_s, 1 + 0 * t_s], axis=1)
    names = (("PLETH", "1"), ("ACC_X", "g"), ("ACC_Y", "g"), ("ACC_Z", "g"))
    group = Signal("wrist", "ppg", 125.0, 0, tuple(Channel(*name) for name in names))
    said = annotate(DETECTOR, group, [Block(0, axes)])
    still = annotate(DETECTOR, signal(), [block])
    assert [a.start for a in said] == [a.start for a in still]
    doubt = [b.confidence - a.confidence for a, b in zip(said, still, strict=True)]
    assert min(d for d, a in zip(doubt, said, strict=True) if 12 < a.start / 125 < 20) > 0.1
    assert max(abs(d) for d, a in zip(doubt, said, strict=True) if a.start / 125 < 9) < 0.01


def spans(block, label):
    return [a for a in settled(annotate(ppg(), signal(), [block])) if a.label == label]


def test_a_photoplethysmogram_is_unreadable_where_it_is_noise_and_where_it_stands_still():
    (found,) = spans(noisy(), "UNREADABLE")
    assert (found.start / 125, found.end / 125) == pytest.approx((20, 40), abs=3)
    assert found.channel == "PLETH"
    still = np.array(drawn(np.arange(1.0, 60.0, 0.8), duration_s=60.0).samples)
    still[20 * 125 : 30 * 125] = still[20 * 125]
    (found,) = spans(Block(0, still), "UNREADABLE")
    assert (found.start / 125, found.end / 125) == pytest.approx((20, 30), abs=1.5)


def test_rhythms_are_read_from_pulses_and_say_so():
    rng = np.random.default_rng(8)
    slow = np.arange(1.0, 60.0, 1.5)
    fast = 60.0 + np.cumsum(rng.uniform(0.38, 0.8, 150))
    block = drawn([*slow, *fast], duration_s=float(fast[-1]))
    (brady,) = spans(block, "BRADY")
    assert (brady.end / 125, brady.channel, brady.note) == (pytest.approx(60, abs=3), "PLETH", "read from pulses")
    assert brady.figures["rate_bpm"] == pytest.approx(40, abs=1)
    (afib,) = spans(block, "AFIB")
    assert afib.start / 125 == pytest.approx(60, abs=15)
    assert afib.annotator.name == "pulse-afib"


def test_no_rhythm_is_read_from_pulses_beside_an_ecg_nor_a_pause_from_missing_ones():
    block = drawn(np.arange(1.0, 60.0, 1.5), duration_s=60.0)
    both = Signal("both", "all", 125.0, 0, (Channel("PLETH", "1"), Channel("II", "mV")))
    said = annotate(ppg(), both, [Block(0, np.repeat(block.samples, 2, axis=1))])
    assert {a.label for a in said} == {"PULSE"}
    paused = drawn([*np.arange(1.0, 20.0, 0.8), *np.arange(26.0, 50.0, 0.8)], duration_s=50.0)
    assert {a.label for a in annotate(ppg(), signal(), [paused])} == {"PULSE", "UNREADABLE"}


@pytest.mark.data
@pytest.mark.parametrize("number", [1, 2, 3])
def test_pulses_keep_the_rate_that_the_bedside_monitor_read(data_dir, number):
    stem = data_dir / "bidmc-csv" / f"bidmc_{number:02}"
    waves = np.genfromtxt(f"{stem}_Signals.csv", delimiter=",", names=True, autostrip=True)
    monitor = np.genfromtxt(f"{stem}_Numerics.csv", delimiter=",", names=True, autostrip=True)
    found = pulses_s(Block(0, waves["PLETH"][:, np.newaxis]))
    rate_bpm = 60 * (len(found) - 1) / (found[-1] - found[0])
    assert rate_bpm == pytest.approx(np.nanmean(monitor["PULSE"]), rel=0.015)
