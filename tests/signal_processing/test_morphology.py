"""Families of beats by shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal_processing.beat_windows import N_BEFORE, N_POINTS, N_REACH, POINT_HZ, BeatWindows, beat_windows, margins
from signal_processing.morphology import CHUNK_BEATS, MAX_FAMILIES, OTHER, FamiliesRun
from signal_processing.values import Block, Channel, Signal

FS_HZ = 250.0
RR = 200
LEADS = (Channel("II", "mV", 200.0), Channel("V5", "mV", 100.0))
SIGNAL = Signal("test", "ecg", FS_HZ, 0, LEADS)


def narrow(at_s):
    return np.exp(-0.5 * (at_s / 0.012) ** 2) + 0.2 * np.exp(-0.5 * ((at_s - 0.25) / 0.04) ** 2)


def wide(at_s):
    return 1.5 * np.exp(-0.5 * (at_s / 0.05) ** 2) - 0.6 * np.exp(-0.5 * ((at_s - 0.22) / 0.06) ** 2)


def notched(at_s):
    return narrow(at_s) - 1.2 * np.exp(-0.5 * ((at_s - 0.06) / 0.02) ** 2)


SHAPES = (narrow, wide, notched)


def recording(kinds, *, sizes=None, jitter=None, noise_mv=0.02, fs_hz=FS_HZ, seed=0):
    """A digital block with a beat of each kind every 0.8 s, and the samples of the beats."""
    rr = round(0.8 * fs_hz)
    beats = rr + np.arange(len(kinds)) * rr
    sizes = np.ones(len(kinds)) if sizes is None else sizes
    jitter = np.zeros(len(kinds), int) if jitter is None else jitter
    time_s = np.arange((len(kinds) + 2) * rr) / fs_hz
    trace = np.random.default_rng(seed).normal(0, noise_mv, (len(time_s), 2))
    for kind, size, shift, beat in zip(kinds, sizes, jitter, beats, strict=True):
        around = slice(beat - rr // 2, beat + rr // 2)
        wave = size * SHAPES[kind](time_s[around] - (beat + shift) / fs_hz)
        trace[around] += np.stack([wave, -0.5 * wave], axis=1)
    return Block(0, np.round(trace * [200.0, 100.0]).astype(np.int16)), beats


def windows_of(kinds, **how):
    block, beats = recording(kinds, **how)
    return beat_windows(SIGNAL, (0, 1), block, beats)


def artefacts(n_beats):
    noise = np.random.default_rng(5).normal(0, 1, (n_beats, 2, N_POINTS + 2 * N_REACH)).astype(np.float32)
    return BeatWindows(noise, np.ones((n_beats, 2), bool))


def families_of(windows):
    run = FamiliesRun(2)
    run.add(windows)
    return run.families()


def same(one, other):
    np.testing.assert_array_equal(one.numbers, other.numbers)
    np.testing.assert_array_equal(one.similarities, other.similarities)
    for mine, theirs in zip(one.families, other.families, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


KINDS = np.random.default_rng(1).choice(3, size=2 * CHUNK_BEATS + 150, p=(0.8, 0.15, 0.05))
WHOLE = windows_of(KINDS)


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, len(KINDS)), max_size=5), asked=st.booleans(), dumped=st.booleans())
def test_families_are_the_same_however_the_beats_are_cut_asked_for_or_dumped(cuts, asked, dumped):
    run = FamiliesRun(2)
    for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), len(KINDS)], strict=True):
        run.add(WHOLE.at(slice(low, high)))
        if asked:
            run.families()
        if dumped:
            run = FamiliesRun.load(run.dump())
    same(run.families(), families_of(WHOLE))


def test_each_shape_is_a_family_of_its_own_the_largest_first():
    told = families_of(WHOLE)
    assert [family.n_members for family in told.families] == sorted(np.bincount(KINDS), reverse=True)
    for family in told.families:
        assert len(np.unique(KINDS[told.numbers == family.number])) == 1


@given(kinds=st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=40))
@settings(max_examples=15, deadline=None)
def test_every_beat_is_counted_once(kinds):
    told = families_of(windows_of(kinds))
    assert sum(family.n_members for family in told.families) == len(kinds)
    numbers, counts = np.unique(told.numbers, return_counts=True)
    assert dict(zip(numbers.tolist(), counts.tolist(), strict=True)) == {f.number: f.n_members for f in told.families}


def test_a_template_is_the_mean_of_its_members_and_the_spread_their_deviation():
    told = families_of(windows_of([1] * 60, noise_mv=0.05))
    (family,) = told.families
    at_s = (np.arange(N_POINTS) - N_BEFORE) / POINT_HZ
    expected = wide(at_s)
    np.testing.assert_allclose(family.template[0] - family.template[0].mean(), expected - expected.mean(), atol=0.05)
    # a point is the mean of two samples
    assert family.spread[0].mean() == pytest.approx(0.05 / np.sqrt(2), rel=0.2)
    np.testing.assert_allclose(family.waveforms.mean(axis=0), family.template, atol=0.05)


def test_beats_that_are_marked_within_40_ms_of_the_founders_place_join_all_the_same():
    jitter = np.concatenate([[0], np.random.default_rng(2).integers(-9, 10, 79)])
    told = families_of(windows_of([0] * 80, jitter=jitter, noise_mv=0.0))
    assert len(told.families) == 1
    assert told.families[0].template[0].max() > 0.8  # aligned: otherwise the peak would be smeared


def test_a_beat_of_half_the_height_is_of_another_family():
    sizes = np.where(np.arange(60) % 3 == 0, 0.5, 1.0)
    told = families_of(windows_of([0] * 60, sizes=sizes))
    assert [family.n_members for family in told.families] == [40, 20]


@pytest.mark.parametrize("gain", [-100.0, 400.0])
def test_families_do_not_depend_on_how_a_device_writes_its_samples(gain):
    signal = Signal("test", "ecg", FS_HZ, 0, tuple(Channel(c.name, "mV", c.gain * gain, 7.0) for c in LEADS))
    block, beats = recording(KINDS[:100])
    digital = Block(0, (block.samples * gain + 7).astype(np.int32))
    told = families_of(beat_windows(signal, (0, 1), digital, beats))
    np.testing.assert_array_equal(told.numbers, families_of(WHOLE.at(slice(100))).numbers)


def test_the_same_hearts_families_are_found_at_another_rate():
    signal = Signal("test", "ecg", 500.0, 0, LEADS)
    block, beats = recording(KINDS[:100], fs_hz=500.0)
    told = families_of(beat_windows(signal, (0, 1), block, beats))
    np.testing.assert_array_equal(told.numbers, families_of(WHOLE.at(slice(100))).numbers)


def test_a_beat_is_compared_by_the_leads_that_it_has():
    block, beats = recording([0, 1] * 20)
    samples = block.samples.copy()
    samples[beats[20] - 100 :, 1] = -32768  # the second lead falls off half-way
    told = families_of(beat_windows(SIGNAL, (0, 1), Block(0, samples), beats))
    assert [family.n_members for family in told.families] == [20, 20]
    assert np.isnan(told.families[0].waveforms[-1, 1]).all()


def test_a_beat_without_samples_around_it_is_in_no_family():
    block, beats = recording([0] * 10)
    windows = beat_windows(SIGNAL, (0, 1), block, np.concatenate([[3], beats, [len(block) - 2]]))
    told = families_of(windows)
    assert told.numbers.tolist() == [OTHER, *[told.families[0].number] * 10, OTHER]


def test_the_most_unlike_member_has_the_lowest_similarity():
    block, beats = recording([0] * 50)
    samples = block.samples.copy()
    samples[beats[30] + 10 : beats[30] + 20, 0] += 60  # 0.3 mV beside the peak
    told = families_of(beat_windows(SIGNAL, (0, 1), Block(0, samples), beats))
    assert len(told.families) == 1
    assert int(told.similarities.argmin()) == 30


def test_what_is_too_rare_to_be_kept_apart_is_the_most_unlike_of_the_family_that_it_is_most_like():
    block, beats = recording([0] * 50)
    samples = block.samples.copy()
    samples[beats[49] + 12 : beats[49] + 24, 0] += 130  # 0.65 mV beside the peak: a family of its own
    run = FamiliesRun(2)
    run.add(beat_windows(SIGNAL, (0, 1), Block(0, samples), beats))
    assert [family.n_members for family in run.families().families] == [49, 1]
    run.add(artefacts(2 * MAX_FAMILIES))
    told = run.families()
    assert told.numbers[49] == told.numbers[0] != OTHER
    assert told.similarities[:50].argmin() == 49
    assert told.families[0].n_members == 50


def test_artefacts_do_not_take_the_room_of_shapes_that_come_back():
    late = windows_of([2] * 30)
    run = FamiliesRun(2)
    for part in (windows_of([0] * 50), artefacts(3 * MAX_FAMILIES), late):
        run.add(part)
    told = run.families()
    assert [family.n_members for family in told.families[:2]] == [50, 30]
    assert len(told.families) <= MAX_FAMILIES


def test_no_beats_are_no_families():
    told = FamiliesRun(2).families()
    assert (told.families, len(told.numbers)) == ((), 0)


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 360.0, 1000.0])
def test_a_window_needs_the_samples_that_margins_says(fs_hz):
    before, after = margins(fs_hz)
    signal = Signal("test", "ecg", fs_hz, 0, LEADS)
    block = Block(0, np.zeros((before + after + 1, 2), np.int16))
    assert beat_windows(signal, (0,), block, np.array([before])).usable.all()
    for shorter in (block.between(1, len(block)), block.between(0, len(block) - 1)):
        assert not beat_windows(signal, (0,), shorter, np.array([before])).usable.any()


@given(start=st.integers(0, 150))
def test_a_window_is_the_same_whatever_block_it_is_cut_from(start):
    block, beats = recording([0, 1])
    whole = beat_windows(SIGNAL, (0, 1), block, beats[1:])
    part = beat_windows(SIGNAL, (0, 1), block.between(start, len(block)), beats[1:])
    np.testing.assert_array_equal(whole.points, part.points)
    assert whole.points.shape[2] == N_POINTS + 2 * N_REACH
