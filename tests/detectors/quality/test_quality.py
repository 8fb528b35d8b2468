"""Signal quality: drawn faults, the noise schedule of nstdb 118e06, and clean mitdb records."""

import numpy as np
import pytest

from detectors import laws
from detectors.quality.detector import Quality
from detectors.runner import annotate
from formats.wfdb_files import read_blocks, read_header
from signal_processing.values import Block, Channel, Signal, settled

FS_HZ = 250
SIGNAL = Signal("drawn", "ecg", FS_HZ, 0, (Channel("I", "mV", 200.0, 1024.0), Channel("II", "mV", 200.0, 1024.0)))


def ecg(duration_s=40, seed=0):
    """Two leads of QRS and T waves with 10 uV of noise, in steps of 5 uV."""
    t_s = np.arange(duration_s * FS_HZ) / FS_HZ
    since_s = (t_s + 0.4) % 0.8 - 0.4
    wave = 1.2 * np.exp(-((since_s / 0.012) ** 2)) + 0.25 * np.exp(-(((since_s - 0.25) / 0.05) ** 2))
    noise = np.random.default_rng(seed).normal(0, 0.01, (len(t_s), 2))
    return np.round((wave[:, np.newaxis] * [1.0, 0.8] + noise) * 200) / 200


def spans(samples):
    said = settled(annotate(Quality(), SIGNAL, [Block(0, samples)]))
    return [(a.label, a.channel, a.start / FS_HZ, a.end / FS_HZ) for a in said]


def test_quality_says_nothing_of_a_clean_signal():
    assert spans(ecg()) == []


def test_quality_says_flat_of_the_one_lead_that_is():
    samples = ecg()
    samples[10 * FS_HZ : 20 * FS_HZ, 1] = 0.1
    assert [span for span in spans(samples) if span[0] == "FLAT"] == [("FLAT", "II", 10.0, 20.0)]
    assert all(channel == "II" for _, channel, _, _ in spans(samples))


def test_quality_says_lead_off_where_samples_are_missing():
    samples = ecg()
    samples[10 * FS_HZ : 15 * FS_HZ, 0] = np.nan
    assert ("LEAD_OFF", "I", 10.0, 15.0) in spans(samples)


def test_quality_says_lead_off_of_a_lead_that_stands_at_a_rail():
    samples = ecg()
    samples[10 * FS_HZ : 20 * FS_HZ, 0] = (2047 - 1024) / 200
    assert ("LEAD_OFF", "I", 10.0, 20.0) in spans(samples)


def test_quality_says_saturated_where_waves_are_cut_off_at_the_rail():
    samples = ecg()
    part = slice(10 * FS_HZ, 20 * FS_HZ)
    swing = 4.0 * np.sin(2 * np.pi * 1.5 * np.arange(10 * FS_HZ) / FS_HZ)
    samples[part, 0] = np.clip(2.5 + swing, -5.12, (2047 - 1024) / 200)
    assert ("SATURATED", "I", 10.0, 20.0) in spans(samples)


def test_quality_says_noisy_of_motion_and_of_muscle_noise():
    rng = np.random.default_rng(1)
    moved, tense = ecg(), ecg()
    walk = np.cumsum(rng.normal(0, 0.08, 15 * FS_HZ))
    moved[12 * FS_HZ : 27 * FS_HZ, 0] += walk - walk.mean()
    tense[12 * FS_HZ : 27 * FS_HZ, 1] += rng.normal(0, 0.4, 15 * FS_HZ)
    for samples, lead in ((moved, "I"), (tense, "II")):
        noisy = [span for span in spans(samples) if span[0] == "NOISY"]
        assert {channel for _, channel, _, _ in noisy} == {lead}
        assert min(start for *_, start, _ in noisy) == pytest.approx(12, abs=3)
        assert max(end for *_, end in noisy) == pytest.approx(27, abs=3)


def kinds_of_noise(samples):
    return {a.note for a in annotate(Quality(), SIGNAL, [Block(0, samples)]) if a.label == "NOISY"}


def test_quality_says_of_which_kind_noise_is():
    rng = np.random.default_rng(1)
    moved, tense = ecg(), ecg()
    moved[12 * FS_HZ : 27 * FS_HZ, 0] += np.cumsum(rng.normal(0, 0.08, 15 * FS_HZ))
    tense[12 * FS_HZ : 27 * FS_HZ, 0] += rng.normal(0, 0.4, 15 * FS_HZ)
    assert kinds_of_noise(moved) == {"motion or electrode"}
    assert kinds_of_noise(tense) == {"muscle"}


@pytest.mark.parametrize("hum_hz", [49.8, 60.2])
def test_quality_says_mains_of_a_hum_and_not_of_muscle_noise(hum_hz):
    samples, part = ecg(), slice(12 * FS_HZ, 27 * FS_HZ)
    samples[part, 1] += 0.2 * np.sin(2 * np.pi * hum_hz * np.arange(15 * FS_HZ) / FS_HZ)
    (found,) = spans(samples)
    assert found[:2] == ("MAINS", "II")
    assert found[2:] == pytest.approx((12, 27), abs=3)
    weak, tense = ecg(), ecg()
    weak[part, 1] += 0.02 * np.sin(2 * np.pi * hum_hz * np.arange(15 * FS_HZ) / FS_HZ)
    tense[part, 1] += np.random.default_rng(1).normal(0, 0.3, 15 * FS_HZ)
    assert "MAINS" not in {label for samples in (weak, tense) for label, *_ in spans(samples)}


def test_quality_says_wander_where_the_baseline_goes_far_and_the_beats_are_clear():
    samples, part = ecg(), slice(10 * FS_HZ, 30 * FS_HZ)
    samples[part, 0] += 1.3 * np.sin(2 * np.pi * 0.2 * np.arange(20 * FS_HZ) / FS_HZ)
    found = [span for span in spans(samples) if span[0] == "WANDER"]
    assert {channel for _, channel, _, _ in found} == {"I"}
    assert sum(end - start for *_, start, end in found) == pytest.approx(20, abs=6)
    samples = ecg()
    samples[part, 0] += 0.5 * np.sin(2 * np.pi * 0.2 * np.arange(20 * FS_HZ) / FS_HZ)
    assert spans(samples) == []


def test_quality_accepts_leads_and_no_other_sensor():
    assert Quality().accepts(SIGNAL)
    assert not Quality().accepts(Signal("finger", "ppg", 125.0, 0, (Channel("PLETH", "1"),)))


def test_quality_obeys_the_laws():
    samples = ecg()
    samples[5 * FS_HZ : 9 * FS_HZ, 1] = 0.1
    samples[12 * FS_HZ : 27 * FS_HZ, 0] += np.random.default_rng(2).normal(0, 0.5, 15 * FS_HZ)
    samples[30 * FS_HZ : 33 * FS_HZ] = np.nan
    block = Block(500, samples)
    laws.check_cuts(Quality(), SIGNAL, block, range(0, len(block), 37))
    laws.check_resume(Quality(), SIGNAL, block, 20 * FS_HZ + 17)
    laws.check_shift(Quality(), SIGNAL, block, 777)
    laws.check_latency(Quality(), SIGNAL, block, piece_samples=50)
    laws.check_output(Quality(), SIGNAL, block)


def noisy_seconds(path):
    """Whether each second of each lead was said to be noisy, (n_seconds, n_leads)."""
    header = read_header(path)
    signal = header.signal
    second = round(signal.fs_hz)
    noisy = np.zeros((header.n_samples // second, signal.n_channels), dtype=bool)
    names = [channel.name for channel in signal.channels]
    for span in settled(annotate(Quality(), signal, map(signal.physical, read_blocks(header)))):
        if span.label == "NOISY":
            noisy[span.start // second : span.end // second, names.index(span.channel)] = True
    return noisy


@pytest.mark.data
def test_quality_finds_the_noise_that_was_added_to_118e06(data_dir):
    noisy = noisy_seconds(data_dir / "nstdb" / "118e06")
    # nst adds noise from 5 min on, 2 min with and 2 min without (nst(1), WFDB Applications Guide)
    seconds = np.arange(len(noisy))
    added = (seconds >= 300) & ((seconds - 300) // 120 % 2 == 0)
    assert noisy[added].mean() >= 0.97
    assert noisy[~added].mean() <= 0.05


@pytest.mark.data
@pytest.mark.parametrize("record", ["101", "115", "122", "220", "230"])
def test_quality_finds_little_noise_in_clean_records(data_dir, record):
    assert noisy_seconds(data_dir / "mitdb" / record).mean() <= 0.05
