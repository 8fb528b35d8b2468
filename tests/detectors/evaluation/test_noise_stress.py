"""Noise is added as WFDB's `nst` adds it."""

import numpy as np
import pytest

from detectors.evaluation.marks import Mark
from detectors.evaluation.noise_stress import gains, mixed, noise_levels, qrs_amplitudes
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.errors import InvalidValueError

FS_HZ = 100.0


def drawn():
    """Ten minutes: spikes of 2 and 1 mV a second, and a sine as noise."""
    t = np.arange(round(600 * FS_HZ))
    ecg = np.zeros((len(t), 2))
    ecg[50::100] = [2.0, 1.0]
    noise = np.sin(2 * np.pi * 10 * t / FS_HZ)[:, np.newaxis]
    return ecg, noise, [Mark(int(at), "N") for at in t[50::100]]


def test_the_power_of_what_is_added_is_as_far_below_the_signal_as_asked():
    ecg, noise, marks = drawn()
    for snr_db in (-6.0, 0.0, 12.0):
        added = mixed(ecg, noise, gains(ecg, marks, noise, snr_db=snr_db, fs_hz=FS_HZ), fs_hz=FS_HZ) - ecg
        noisy = added[round(300 * FS_HZ) : round(420 * FS_HZ)]
        signal_power = np.array([2.0, 1.0]) ** 2 / 8
        assert 10 * np.log10(signal_power / (noisy**2).mean(axis=0)) == pytest.approx([snr_db] * 2, abs=1e-6)


def test_two_noisy_minutes_alternate_with_two_clean_ones_after_the_fifth():
    ecg, noise, _ = drawn()
    added = np.abs(mixed(ecg, noise, np.ones(2), fs_hz=FS_HZ) - ecg).max(axis=1)
    minutes = added.reshape(10, -1).max(axis=1) > 0
    assert minutes.tolist() == [False] * 5 + [True, True, False, False, True]


def test_noise_that_is_too_short_begins_anew():
    ecg, noise, _ = drawn()
    short = noise[:1000]
    assert np.allclose(mixed(ecg, short, np.ones(2), fs_hz=FS_HZ), mixed(ecg, noise, np.ones(2), fs_hz=FS_HZ))


def test_a_lead_without_beats_or_noise_is_refused():
    ecg, noise, marks = drawn()
    for reference, added in (([Mark(1, "V")], noise), (marks, noise * 0)):
        with pytest.raises(InvalidValueError, match="must have normal beats and noise"):
            gains(ecg, reference, added, snr_db=6.0, fs_hz=FS_HZ)


@pytest.mark.data
def test_amplitudes_are_those_that_sigamp_measures(data_dir):
    def digital(path):
        header = read_header(path, t0_us=0)
        return np.concatenate([block.samples for block in read_blocks(header, end=360 * 400)]).astype(float)

    ecg, noise = digital(data_dir / "mitdb" / "118"), digital(data_dir / "nstdb" / "em")
    marks = [Mark(mark.sample, mark.symbol) for mark in read_marks(data_dir / "mitdb" / "118", "atr")]
    # `sigamp -r 118 -a atr` and `sigamp -r em` of WFDB 10.7
    assert qrs_amplitudes(ecg, marks, fs_hz=360.0) == pytest.approx([548.619, 440.211], abs=5e-4)
    # which cuts the decimals off each deviation, 0.05 and 0.17 dB in all; here they are kept
    assert noise_levels(noise, fs_hz=360.0) == pytest.approx([65.4789, 20.3516], rel=0.021)
    windows = noise[: 300 * 360].reshape(300, 360, 2)
    deviations = np.trunc(windows - windows.mean(axis=1, keepdims=True))
    cut = np.sort(np.sqrt((deviations**2).mean(axis=1)), axis=0)[15:-15].mean(axis=0)
    assert cut == pytest.approx([65.4789, 20.3516], abs=5e-4)
