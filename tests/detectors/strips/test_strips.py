"""Verdicts on whole strips: drawn ones, real ones, and ones that cannot be read."""

import csv

import numpy as np
import pytest
from scipy.signal import resample_poly

from detectors.strips.classify import CLASSES, classify
from detectors.strips.features import NAMES, measured
from formats.wfdb_files import read_blocks, read_header
from signal_processing.errors import InvalidSignalError
from signal_processing.values import Block, Channel, Signal

FS_HZ = 300.0
DURATION_S = 30.0


def wave(at_s, centre_s, width_s, height):
    return height * np.exp(-0.5 * ((at_s - centre_s) / width_s) ** 2)


def drawn(beats_s, *, p_wave=True, fibrillates=False, wide=(), seed=5):
    """A strip with a beat at each time: P wave, QRS complex (wide in some), T wave, a little noise; mV."""
    random = np.random.default_rng(seed)
    at_s = np.arange(round(DURATION_S * FS_HZ)) / FS_HZ
    trace = random.normal(0, 0.01, len(at_s))
    for i, beat_s in enumerate(beats_s):
        is_wide = i in wide
        if p_wave and not is_wide:
            trace += wave(at_s, beat_s - 0.16, 0.022, 0.12)
        trace += wave(at_s, beat_s, 0.035 if is_wide else 0.011, 1.5 if is_wide else 1.0)
        trace -= wave(at_s, beat_s + (0.08 if is_wide else 0.028), 0.012, 0.2)
        trace += wave(at_s, beat_s + 0.28, 0.045, -0.3 if is_wide else 0.25)
    if fibrillates:
        trace += 0.05 * np.sin(2 * np.pi * np.cumsum(6.0 + random.normal(0, 8.0, len(at_s))) / FS_HZ)
    return trace


def regular(rr_s=0.85, spread_s=0.015):
    return np.cumsum(np.random.default_rng(1).normal(rr_s, spread_s, round(DURATION_S / rr_s) - 1))


def irregular(mean_s=0.65):
    return np.cumsum(np.random.default_rng(2).uniform(0.55 * mean_s, 1.5 * mean_s, round(DURATION_S / mean_s) - 2))


def verdict_on(samples, fs_hz=FS_HZ, unit="mV"):
    signal = Signal("drawn", "ecg", fs_hz, 0, (Channel("ECG", unit),))
    return classify(signal, Block(0, np.asarray(samples, float)[:, None]))


def test_regular_beats_with_p_waves_are_normal():
    verdict = verdict_on(drawn(regular()))
    assert verdict.label == "N"
    assert verdict.figures["rate_bpm"] == pytest.approx(60 / 0.85, rel=0.03)
    assert sum(verdict.probabilities.values()) == pytest.approx(1.0)


def test_irregular_beats_without_p_waves_are_fibrillation():
    verdict = verdict_on(drawn(irregular(), p_wave=False, fibrillates=True))
    assert verdict.label == "A"
    assert verdict.figures["irregularity"] > 0.15


def test_early_wide_beats_with_pauses_are_another_rhythm():
    beats_s = regular(spread_s=0.008)
    early = tuple(range(3, len(beats_s), 4))
    beats_s[list(early)] -= 0.33
    assert verdict_on(drawn(beats_s, wide=early)).label == "O"


def test_noise_alone_is_too_noisy():
    random = np.random.default_rng(3)
    noise = np.convolve(random.normal(0, 1, round(DURATION_S * FS_HZ)), np.ones(12) / 12, "same")
    assert verdict_on(noise * (1 + 4 * (np.arange(len(noise)) % 1900 < 500))).label == "~"


def test_every_beat_of_a_drawn_strip_is_found_where_it_is():
    beats_s = irregular()
    beats_s = beats_s[beats_s < DURATION_S - 0.5]
    found = measured(drawn(beats_s), FS_HZ).beats.at / FS_HZ
    assert len(found) == len(beats_s)
    assert np.std(found - beats_s) < 0.004


@pytest.mark.parametrize("factor", [-1.0, 0.1, 10.0])
def test_neither_polarity_nor_gain_change_the_figures(factor):
    trace = drawn(irregular())
    found, changed = measured(trace, FS_HZ), measured(factor * trace, FS_HZ)
    assert changed.row == pytest.approx(found.row, rel=1e-6, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize(("up", "down"), [(1, 3), (5, 12), (5, 3), (10, 3)])
def test_the_rate_of_sampling_changes_no_verdict(up, down):
    for trace in (drawn(regular()), drawn(irregular(), p_wave=False, fibrillates=True)):
        expected = verdict_on(trace)
        found = verdict_on(resample_poly(trace, up, down), FS_HZ * up / down)
        assert found.label == expected.label
        assert found.figures["rate_bpm"] == pytest.approx(expected.figures["rate_bpm"], rel=0.02)


def test_the_same_strip_has_the_same_verdict_to_the_bit():
    trace = drawn(irregular())
    assert verdict_on(trace) == verdict_on(trace.copy())
    assert verdict_on(trace * 1000, unit="uV").label == verdict_on(trace).label


def test_what_cannot_be_read_is_too_noisy_for_a_reason():
    trace = drawn(regular())
    missing = np.where(np.arange(len(trace)) % 10 < 6, np.nan, trace)
    cases = {"too short": trace[:1400], "flat": np.full(9000, 0.3), "missing": missing, "too short: 0.0 s": trace[:0]}
    for reason, samples in cases.items():
        verdict = verdict_on(samples)
        assert (verdict.label, verdict.probabilities["~"]) == ("~", 1.0)
        assert verdict.reason.startswith(reason)


def test_a_beat_that_is_missing_with_its_samples_is_no_pause():
    beats_s = regular()
    trace = drawn(beats_s)
    at = round(beats_s[7] * FS_HZ)
    trace[at - 30 : at + 30] = np.nan
    found = measured(trace, FS_HZ)
    assert len(found.beats.at) == len(beats_s) - 1
    assert found.figures["rr_max"] < 1.1
    assert verdict_on(trace).label == "N"


@pytest.mark.parametrize("n_beats", [0, 1, 2, 3])
def test_a_strip_of_next_to_no_beats_has_a_verdict(n_beats):
    verdict = verdict_on(drawn([4.0 * (i + 1) for i in range(n_beats)]))
    assert verdict.label in CLASSES
    assert all(np.isfinite(list(verdict.probabilities.values())))


def test_what_is_no_strip_is_refused():
    with pytest.raises(InvalidSignalError, match=r"within \[100, 1000\] Hz, got 64"):
        verdict_on(np.zeros(640), 64.0)
    with pytest.raises(InvalidSignalError, match=r"at most 120 s long, got 200\.0 s"):
        verdict_on(np.zeros(60_000))
    signal = Signal("drawn", "pulse", 300.0, 0, (Channel("PLETH", "1"),))
    with pytest.raises(InvalidSignalError, match=r"must have an ECG lead in mV, uV or V, got PLETH \(1\)"):
        classify(signal, Block(0, np.zeros((9000, 1))))


def test_every_figure_is_measured_once():
    assert len(set(NAMES)) == len(NAMES)
    assert set(measured(drawn(regular()), FS_HZ).figures) == set(NAMES)


@pytest.fixture(scope="module")
def real(data_dir):
    """Some strips of each class with what the experts called them."""
    folder = data_dir / "challenge-2017"
    with (folder / "REFERENCE-v3.csv").open() as file:
        reference = list(csv.reader(file))
    chosen = [row for label in CLASSES for row in [row for row in reference if row[1] == label][:6]]
    strips = []
    for name, label in chosen:
        header = read_header(folder / name)
        digital = np.concatenate([block.samples for block in read_blocks(header)])
        strips.append((label, header.signal.physical(Block(0, digital)).samples[:, 0]))
    return strips


@pytest.mark.data
def test_strips_that_were_learned_from_are_known(real):
    said = [verdict_on(samples).label == label for label, samples in real]
    assert np.mean(said) > 0.9


@pytest.mark.data
@pytest.mark.parametrize("change", [(-0.1, 1, 1), (1.0, 5, 12), (1.0, 5, 3)], ids=str)
def test_real_strips_are_called_the_same_inverted_scaled_and_resampled(real, change):
    factor, up, down = change
    same = [
        verdict_on(samples).label == verdict_on(resample_poly(factor * samples, up, down), FS_HZ * up / down).label
        for _, samples in real
    ]
    assert np.mean(same) >= (0.9 if up != down else 1.0)
