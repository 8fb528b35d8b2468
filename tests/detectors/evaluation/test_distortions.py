"""Distortions change what they say and nothing else, and marks find back to the original."""

import numpy as np
import pytest

from detectors.evaluation.distortions import (
    DISTORTIONS,
    Distorted,
    Lost,
    on_original,
    resampled,
    scaled,
    swapped,
    with_hum,
    with_losses,
    without_lost,
)
from detectors.evaluation.marks import Mark

FS_HZ = 360.0


def leads(n=3600):
    t = np.arange(n) / FS_HZ
    return np.column_stack([np.sin(2 * np.pi * 5 * t), np.cos(2 * np.pi * 3 * t)])


def test_no_distortion_writes_to_its_input():
    x = leads()
    x.flags.writeable = False
    for distort in DISTORTIONS.values():
        distort(x, FS_HZ)


def test_swapped_leads_come_in_the_opposite_order_and_scaled_ones_at_another_size():
    x = leads()
    assert np.array_equal(swapped(x, FS_HZ).samples[:, 0], x[:, 1])
    assert np.array_equal(scaled(0.1)(x, FS_HZ).samples, x * 0.1)
    assert np.array_equal(DISTORTIONS["inverted"](x, FS_HZ).samples, -x)


@pytest.mark.parametrize("to_hz", [125.0, 250.0, 500.0, 1000.0])
def test_another_sampling_rate_keeps_the_wave_and_its_time(to_hz):
    found = resampled(to_hz)(leads(), FS_HZ)
    t = np.arange(len(found.samples)) / to_hz
    inner = (t > 0.5) & (t < 9.5)
    assert found.fs_hz == to_hz
    assert np.allclose(found.samples[inner, 0], np.sin(2 * np.pi * 5 * t[inner]), atol=0.01)


def test_missing_samples_do_not_spread_when_the_rate_changes():
    x = leads()
    x[1000, 0] = np.nan
    assert np.isfinite(resampled(250.0)(x, FS_HZ).samples).all()


def test_hum_adds_its_frequency_alone():
    x = leads()
    added = with_hum(50.0, amplitude_mv=0.3)(x, FS_HZ).samples - x
    spectrum = np.abs(np.fft.rfft(added[:, 1])) * 2 / len(x)
    assert np.argmax(spectrum) == 500
    assert spectrum[500] == pytest.approx(0.3, rel=1e-6)
    assert np.delete(spectrum, 500).max() < 1e-9


def test_losses_are_a_tenth_of_the_blocks_and_the_same_ones_each_time():
    x = np.zeros((1000 * 360, 2))
    found = with_losses()(x, FS_HZ)
    n_lost = sum(lost.end - lost.start for lost in found.lost)
    assert n_lost / len(x) == pytest.approx(0.1, abs=0.02)
    assert found.lost == with_losses()(x, FS_HZ).lost
    assert all(lost.start % 360 == 0 for lost in found.lost)
    blocks = found.blocks()
    assert sum(len(block) for block in blocks) == len(x) - n_lost
    assert not {block.start for block in blocks} & {lost.start for lost in found.lost}


def test_lost_blocks_can_be_missing_samples_of_a_signal_that_goes_on():
    x = leads(36_000)
    x.flags.writeable = False
    gaps, holes = with_losses()(x, FS_HZ), with_losses(is_gap=False)(x, FS_HZ)
    (block,) = holes.blocks()
    missing = np.isnan(block.samples).all(axis=1)
    assert holes.lost == gaps.lost
    assert missing.sum() == sum(lost.end - lost.start for lost in gaps.lost) > 0
    assert np.array_equal(block.samples[~missing], x[~missing])


def test_what_comes_around_a_loss_lies_where_it_was():
    x = np.arange(10.0)[:, np.newaxis]
    blocks = Distorted(x, 1.0, (Lost(0, 2), Lost(5, 6), Lost(9, 10))).blocks()
    assert [(block.start, block.samples[:, 0].tolist()) for block in blocks] == [(2, [2, 3, 4]), (6, [6, 7, 8])]


def test_marks_go_back_to_the_clock_of_the_original():
    distorted = Distorted(np.zeros((1000, 1)), 1000.0)
    assert on_original([Mark(500, "V")], distorted, 360.0) == [Mark(180, "V")]


def test_beats_that_nobody_could_see_are_not_asked_for():
    marks = [Mark(4, "N"), Mark(5, "V"), Mark(5, "+", 0, "(N"), Mark(6, "N")]
    assert without_lost(marks, [Lost(0, 2), Lost(5, 6)]) == [marks[0], *marks[2:]]
    assert without_lost(marks, []) == marks
