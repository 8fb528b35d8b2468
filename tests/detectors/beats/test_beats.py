"""The beat detector: on drawn signals, and on the reference recordings by EC57."""

import numpy as np
import pytest
import wfdb

from detectors import laws
from detectors.beats.detector import BeatDetector, ecg_leads, measured_beats
from detectors.ecg import ecg as ecg_chain
from detectors.evaluation.beats import compare, gross
from detectors.evaluation.marks import Mark
from detectors.runner import annotate
from signal_processing.values import Block, Channel, Signal
from tests.detectors.signals import START, beat_times, ecg

DETECTOR = BeatDetector()
LEARNED_S = 2.5


def said(case):
    return annotate(DETECTOR, case.signal, [case.block])


def found_s(case):
    return np.array([a.start - START for a in said(case)]) / case.signal.fs_hz


def group(*channels, fs_hz=250.0):
    return Signal("s", "g", fs_hz, 0, tuple(Channel(name, unit) for name, unit in channels))


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 200.0, 250.0, 257.3, 360.0, 500.0, 1000.0])
@pytest.mark.parametrize("n_leads", [1, 2, 12])
def test_every_beat_is_found_at_its_peak_at_any_rate_and_number_of_leads(fs_hz, n_leads):
    case = ecg(fs_hz=fs_hz, n_leads=n_leads, duration_s=20.0)
    drawn, _ = beat_times(20.0, 1)
    found = found_s(case)
    assert found[found > LEARNED_S] == pytest.approx(drawn[drawn > LEARNED_S], abs=0.02)


def test_early_wide_beats_are_called_ventricular():
    case = ecg(duration_s=120.0)
    drawn, early = beat_times(120.0, 1)
    labels = np.array([a.label for a in said(case)])[: len(drawn)]
    late = (drawn > 10.0)[: len(labels)]  # by then it knows what is usual here
    early = early[: len(labels)]
    assert np.mean(labels[late & early] == "V") > 0.9
    assert np.mean(labels[late & ~early] != "V") > 0.95


@pytest.mark.parametrize("bpm", [35, 60, 120, 180, 220])
def test_every_beat_is_found_at_adult_and_paediatric_rates(bpm):
    fs_hz = 250.0
    t = np.arange(round(60 * fs_hz)) / fs_hz
    drawn = np.arange(1.0, 59.0, 60.0 / bpm)
    x = np.exp(-(((t[:, None] - drawn) / 0.010) ** 2) / 2).sum(axis=1)
    found = annotate(DETECTOR, group(("II", "mV")), [Block(0, x[:, None])])
    assert np.array([a.start for a in found]) / fs_hz == pytest.approx(drawn, abs=0.02)


@pytest.mark.parametrize("bad", [0.0, np.nan, 5.0], ids=["flat", "missing", "saturated"])
def test_lead_is_left_out_while_it_is_bad_and_taken_back(bad):
    case = ecg(duration_s=60.0)
    samples = np.array(case.block.samples)
    samples[20 * 250 : 40 * 250, 0] = bad
    drawn, _ = beat_times(60.0, 1)
    marks = annotate(DETECTOR, case.signal, [Block(START, samples)])
    found = np.array([a.start - START for a in marks]) / 250.0
    missed = [at for at in drawn if np.min(np.abs(found - at)) > 0.15]
    extra = [at for at in found if np.min(np.abs(drawn - at)) > 0.15]
    assert len(missed) <= 1
    assert len(extra) <= 2


def test_nothing_is_found_in_silence_and_in_the_noise_of_an_amplifier():
    noise = np.random.default_rng(4).normal(0, 0.003, (250 * 60, 1))
    assert annotate(DETECTOR, group(("II", "mV")), [Block(0, noise)]) == []


def test_units_are_told_from_the_signal():
    case = ecg(duration_s=20.0)
    microvolts = Signal("s", "g", 250.0, 0, tuple(Channel(c.name, "uV") for c in case.signal.channels))
    scaled = annotate(DETECTOR, microvolts, [case.with_samples(case.block.samples * 1000.0)])
    assert [a.label for a in scaled] == [a.label for a in said(case)]


def test_detector_accepts_ecg_and_nothing_else():
    assert DETECTOR.accepts(group(("II", "mV"), ("PLETH", "mV")))
    assert ecg_leads(group(("PLETH", "mV"), ("II", "mV"))) == [1]
    assert not DETECTOR.accepts(group(("PLETH", "1")))
    assert not DETECTOR.accepts(group(("ABP", "mmHg")))
    assert not DETECTOR.accepts(group(("II", "mV"), fs_hz=50.0))
    assert not DETECTOR.accepts(group(("II", "mV"), fs_hz=2000.0))


def scored(folder, record, leads):
    data = wfdb.rdrecord(str(folder / record), channels=leads)
    signal = group(*[(f"{i}:{name}", "mV") for i, name in enumerate(data.sig_name)], fs_hz=float(data.fs))
    found = annotate(DETECTOR, signal, [Block(0, data.p_signal)])
    atr = wfdb.rdann(str(folder / record), "atr")
    reference = [Mark(*each) for each in zip(atr.sample, atr.symbol, atr.subtype, strict=True)]
    return compare(reference, [Mark(a.start, a.label) for a in found], fs_hz=float(data.fs), end=data.sig_len)


@pytest.mark.data
@pytest.mark.parametrize("leads", [None, [0]], ids=["all leads", "channel 0"])
def test_beats_of_the_arrhythmia_database_are_found_as_ec57_asks(data_dir, leads):
    folder = data_dir / "mitdb"
    total = gross([scored(folder, record, leads) for record in (folder / "RECORDS").read_text().split()])
    assert total.qrs.sensitivity.percent >= 99.8
    assert total.qrs.predictivity.percent >= 99.75
    assert total.veb.f1_percent >= 92.0


@pytest.mark.data
@pytest.mark.parametrize("record", ["208", "203"])  # ventricular runs; noise and fibrillation
def test_laws_hold_on_real_recordings(data_dir, record):
    data = wfdb.rdrecord(str(data_dir / "mitdb" / record), sampfrom=60_000, sampto=60_000 + 120 * 360)
    signal = group(*[(name, "mV") for name in data.sig_name], fs_hz=360.0)
    block = Block(START, data.p_signal)
    n = len(block)
    laws.check_cuts(ecg_chain(), signal, block, [0, 1, 1, 359, 5000, n // 2, n - 1, n])
    laws.check_cuts(ecg_chain(), signal, block, range(7, n, 97))
    laws.check_resume(ecg_chain(), signal, block, n // 3)
    laws.check_latency(ecg_chain(), signal, block, piece_samples=360)


def test_what_a_label_rests_on_is_relative_to_the_patient():
    case = ecg(duration_s=60.0)
    plain = measured_beats(case.signal, case.block)
    louder = measured_beats(case.signal, case.with_samples(case.block.samples * 4.0))
    assert len(plain) > 40
    assert louder == pytest.approx(plain, rel=1e-6, abs=1e-6)


def test_beats_that_come_early_are_measured_as_early_and_the_interval_after_as_longer():
    case = ecg(duration_s=60.0)
    drawn, wide = beat_times(60.0, 1)  # the beat after a wide one comes early
    measured = measured_beats(case.signal, case.block)
    at_s = (measured[:, 0]) / case.signal.fs_hz
    nearest = np.array([np.argmin(np.abs(drawn - at)) for at in at_s])
    is_early = wide[np.maximum(nearest - 1, 0)] & ~wide[nearest] & (at_s > 10.0)
    before, after = measured[:, 1], measured[:, 61]
    assert is_early.any()
    assert (before[is_early] < -0.12).all()
    assert (after[is_early] > before[is_early]).all()
