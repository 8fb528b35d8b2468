"""Waves of drawn beats whose bounds are known, and of marked recordings."""

import dataclasses
import itertools

import numpy as np
import pytest

from detectors.runner import DetectorRun, annotate
from detectors.waves.decode import P, waves_of
from detectors.waves.detector import WaveDetector
from detectors.waves.intervals import peak_of
from formats.wave_marks import waves_in
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.values import Block, Channel, Signal

# bounds and size of each wave, s before or after the peak of QRS, mV
DRAWN = {"PWAVE": (-0.20, -0.10, 0.15), "QRS": (-0.045, 0.045, 1.2), "TWAVE": (0.16, 0.36, 0.35)}
RR_S = 0.85
START = 777


def hump(t, low, high):
    """A wave that begins and ends where it is said to, at once and softly."""
    inside = (t >= low) & (t <= high)
    return np.where(inside, np.sin(np.pi * (t - low) / (high - low)) ** 2, 0.0)


def drawn(*, fs_hz=250.0, duration_s=12.0, gains=(1.0,), without=(), noise_mv=0.005, seed=4):
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    beats = np.arange(0.6, duration_s, RR_S)
    x = np.zeros(len(t))
    for at in beats:
        for label, (low, high, size) in DRAWN.items():
            if label not in without:
                x += size * hump(t - at, low, high)
        x -= 0.25 * hump(t - at, 0.02, 0.045) + 0.1 * hump(t - at, -0.045, -0.025)
    rng = np.random.default_rng(seed)
    leads = np.column_stack([gain * x + rng.normal(0, noise_mv, len(t)) for gain in gains])
    names = ("II", "V1", "V5")[: len(gains)]
    signal = Signal("drawn", "ecg", fs_hz, 0, tuple(Channel(name, "mV", 200.0) for name in names))
    return signal, Block(START, leads), beats


def found(signal, block, label):
    return [wave for wave in annotate(WaveDetector(), signal, [block]) if wave.label == label]


def bounds_s(waves, fs_hz):
    return np.array([[(wave.start - START) / fs_hz, (wave.end - START) / fs_hz] for wave in waves])


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 360.0, 1000.0])
def test_waves_begin_and_end_where_they_were_drawn(fs_hz):
    signal, block, beats = drawn(fs_hz=fs_hz)
    inner = beats[(beats > 1) & (beats < 11)]
    said = annotate(WaveDetector(), signal, [block])
    # a soft beginning is seen a little later, and a soft end a little earlier
    for label, tolerance_s in (("PWAVE", 0.03), ("QRS", 0.02), ("TWAVE", 0.05)):
        bounds = bounds_s([wave for wave in said if wave.label == label], fs_hz)
        for at in inner:
            near = bounds[(bounds.mean(axis=1) > at - 0.3) & (bounds.mean(axis=1) < at + 0.4)]
            assert len(near) == 1, (label, at)
            assert np.abs(near[0] - at - DRAWN[label][:2]).max() < tolerance_s, (label, at)


def test_peak_of_a_wave_is_where_it_was_drawn():
    signal, block, beats = drawn()
    peaks = [(peak_of(wave, 250.0) - START) / 250.0 for wave in found(signal, block, "QRS")]
    assert all(min(abs(peak - at) for peak in peaks) <= 0.008 for at in beats[1:-1])
    peaks = [(peak_of(wave, 250.0) - START) / 250.0 for wave in found(signal, block, "TWAVE")]
    assert all(min(abs(peak - at - 0.26) for peak in peaks) <= 0.02 for at in beats[1:-1])


def test_beats_without_a_p_wave_have_none():
    signal, block, beats = drawn(without=("PWAVE",))
    assert len(found(signal, block, "QRS")) >= len(beats) - 2
    assert len(found(signal, block, "PWAVE")) <= 1


def test_a_p_wave_stands_alone_only_where_it_is_certain():
    chances = np.zeros((1024, 4), np.float32)
    for at in (200, 400, 600, 800):
        chances[at : at + 25, 2] = 1
    for at, chance in ((150, 0.7), (350, 0.9)):
        chances[at : at + 20, 1] = chance
    shape, there = np.zeros((1024, 1), np.float32), np.zeros(1024, bool)
    assert [wave.onset > 300 for wave in waves_of(chances, shape, there) if wave.kind == P] == [True]
    for at in (550, 750):
        chances[at : at + 20, 1] = 0.7
    assert sum(wave.kind == P for wave in waves_of(chances, shape, there)) == 4


def test_waves_of_one_lead_follow_each_other_without_overlap():
    signal, block, _ = drawn(noise_mv=0.05)
    said = annotate(WaveDetector(), signal, [block])
    assert len(said) > 30
    assert all(before.end < after.start for before, after in itertools.pairwise(said))
    assert all(wave.start < peak_of(wave, 250.0) < wave.end for wave in said)


def test_waves_of_several_leads_are_those_of_each():
    one = drawn()
    three = drawn(gains=(1.0, 0.6, -0.8))
    alone, together = (bounds_s(found(*case[:2], "QRS"), 250.0) for case in (one, three))
    assert len(alone) == len(together)
    assert np.abs(alone - together).max() < 0.016


@pytest.mark.parametrize("spoilt", ["flat", "missing", "noise"])
def test_a_lead_without_a_signal_does_not_hide_the_waves_of_the_others(spoilt):
    signal, block, _ = drawn(gains=(1.0, 0.7, 1.0))
    samples = block.samples.copy()
    samples[:, 2] = {"flat": 0.3, "missing": np.nan, "noise": np.random.default_rng(1).normal(0, 0.3, len(samples))}[
        spoilt
    ]
    expected = bounds_s(found(signal, block, "QRS"), 250.0)
    bounds = bounds_s(found(signal, Block(START, samples), "QRS"), 250.0)
    assert len(bounds) == len(expected)
    assert np.abs(bounds - expected).max() < 0.03


def test_nothing_is_said_of_flat_leads_nor_where_samples_are_missing():
    signal, block, _ = drawn()
    assert annotate(WaveDetector(), signal, [Block(START, np.full_like(block.samples, 0.7))]) == []
    samples = block.samples.copy()
    samples[1000:1500] = np.nan
    said = annotate(WaveDetector(), signal, [Block(START, samples)])
    assert said
    assert not [wave for wave in said if wave.end >= START + 1000 and wave.start < START + 1500]


def test_one_missing_sample_hides_the_wave_that_it_is_in_and_no_other():
    signal, block, _ = drawn()
    whole = found(signal, block, "TWAVE")
    samples = block.samples.copy()
    samples[(whole[5].start + whole[5].end) // 2 - START] = np.nan
    left = found(signal, Block(START, samples), "TWAVE")
    assert [wave.start for wave in left] == pytest.approx([w.start for w in whole if w is not whole[5]], abs=3)


def test_volts_and_microvolts_are_the_same_waves():
    signal, block, _ = drawn()
    said = annotate(WaveDetector(), signal, [block])
    micro = Signal("drawn", "ecg", 250.0, 0, (Channel("II", "uV", 0.2),))
    in_micro = annotate(WaveDetector(), micro, [Block(START, block.samples * 1000)])
    assert [(w.label, w.start, w.end) for w in in_micro] == [(w.label, w.start, w.end) for w in said]


@pytest.mark.parametrize(
    ("fs_hz", "unit", "name"), [(99.0, "mV", "II"), (1001.0, "mV", "II"), (250.0, "1", "II"), (250.0, "mV", "ABP")]
)
def test_what_is_no_ecg_of_100_to_1000_hz_is_not_accepted(fs_hz, unit, name):
    assert not WaveDetector().accepts(Signal("x", "g", fs_hz, 0, (Channel(name, unit),)))
    assert WaveDetector().accepts(Signal("x", "g", 100.0, 0, (Channel("II", "mV"),)))


def test_state_does_not_grow_with_the_stream():
    signal, block, _ = drawn()
    run, sizes = DetectorRun(WaveDetector(), signal), []
    for turn in range(3):
        run.feed(Block(START + turn * len(block), block.samples))
        sizes.append(len(run.checkpoint()))
    assert sizes[2] < 1.5 * sizes[0]
    assert dataclasses.is_dataclass(WaveDetector().state_type)


@pytest.mark.data
def test_bounds_are_as_near_to_the_experts_as_they_were_when_learned(data_dir):
    """Records that the network has learned from: no figure of what to expect, but one that a fault would change."""
    # sinus rhythm, a block of each bundle branch, fibrillation, a pacemaker
    folder, errors_ms, counts = data_dir / "ludb" / "data", {}, {}
    for name in ("3", "23", "51", "93", "107", "141"):
        header = read_header(folder / name)
        fs_hz, column = header.signal.fs_hz, [c.name for c in header.signal.channels].index("ii")
        signal = Signal(name, "ecg", fs_hz, 0, (header.signal.channels[column],))
        digital = np.concatenate([block.samples for block in read_blocks(header)])[:, [column]]
        said = annotate(WaveDetector(), signal, [signal.physical(Block(0, digital))])
        marked = waves_in(read_marks(folder / name, "ii"))
        first, last = min(w.onset for w in marked), max(w.end for w in marked)
        for code in ("PWAVE", "QRS", "TWAVE"):
            own = [w for w in said if w.label == code and first <= peak_of(w, fs_hz) <= last]
            reference = [w for w in marked if w.code == code]
            pairs = [(m, w) for m in reference for w in own if abs(w.start - m.onset) < 0.15 * fs_hz]
            counts[code] = counts.get(code, 0) + abs(len(own) - len(reference))
            errors_ms.setdefault(code, []).extend(
                (1e3 * (w.start - m.onset) / fs_hz, 1e3 * (w.end - m.end) / fs_hz) for m, w in pairs
            )
    assert counts["QRS"] <= 2
    assert counts["PWAVE"] <= 3
    for code, limits_ms in (("PWAVE", (10, 12)), ("QRS", (12, 12)), ("TWAVE", (30, 25))):
        assert (np.std(errors_ms[code], axis=0) < limits_ms).all(), code
