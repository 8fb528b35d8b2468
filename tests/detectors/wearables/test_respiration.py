"""Breathing: drawn, and of the BIDMC records."""

import numpy as np
import pytest

from detectors.runner import annotate
from detectors.wearables.crests import CrestFinder
from detectors.wearables.respiration import BREATHING, Respiration
from signal_processing.values import Block, Channel, Signal, settled

FS_HZ = 25.0


def signal(fs_hz=FS_HZ):
    return Signal("chest", "resp", fs_hz, 0, (Channel("RESP", "Ohm"),))


def breathing(*parts):
    """Parts (seconds, breaths a minute, depth) in turn, with heart beats over them."""
    rates = np.concatenate([np.full(round(s * FS_HZ), rate / 60) for s, rate, _ in parts])
    depths = np.concatenate([np.full(round(s * FS_HZ), depth) for s, _, depth in parts])
    t_s = np.arange(len(rates)) / FS_HZ
    wave = depths * np.sin(2 * np.pi * np.cumsum(rates) / FS_HZ) + 0.04 * np.sin(2 * np.pi * 1.2 * t_s)
    return Block(0, wave[:, None])


def spans(block):
    return settled(annotate(Respiration(), signal(), [block]))


@pytest.mark.parametrize(("seconds", "n"), [(8, 0), (16, 1), (40, 1)])
def test_an_apnoea_lasts_ten_seconds_without_a_breath(seconds, n):
    found = spans(breathing((80, 15, 1.0), (seconds, 15, 0.0), (60, 15, 1.0)))
    assert [a.label for a in found] == ["APNEA"] * n
    for one in found:
        assert (one.start / FS_HZ, one.end / FS_HZ) == pytest.approx((80, 80 + seconds), abs=2.5)
        assert one.channel == "RESP"


def test_shallow_breaths_are_none_and_a_belt_that_is_off_is_no_apnoea():
    (found,) = spans(breathing((80, 15, 1.0), (40, 15, 0.1), (60, 15, 1.0)))
    assert found.figures["duration_s"] == pytest.approx(40, abs=4)
    off = np.array(breathing((80, 15, 1.0), (40, 15, 0.0), (60, 15, 1.0)).samples)
    off[80 * 25 : 120 * 25] = off[80 * 25]
    assert spans(Block(0, off)) == []
    off[80 * 25 : 120 * 25] = np.nan
    assert spans(Block(0, off)) == []


@pytest.mark.parametrize(("rate", "label"), [(30, "TACHYPNEA"), (6, "BRADYPNEA"), (16, None)])
def test_fast_and_slow_breathing_is_said_with_its_rate(rate, label):
    found = spans(breathing((60, 15, 1.0), (120, rate, 1.0), (60, 15, 1.0)))
    assert [a.label for a in found] == ([label] if label else [])
    for one in found:
        assert one.figures["rate_bpm"] == pytest.approx(rate, rel=0.2)
        assert (one.start / FS_HZ, one.end / FS_HZ) == pytest.approx((60, 180), abs=20)


def rate_per_min(breaths_s, start_s, end_s):
    inside = breaths_s[(breaths_s >= start_s) & (breaths_s < end_s)]
    return 60 * (len(inside) - 1) / (inside[-1] - inside[0])


@pytest.mark.data
@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_rate_of_breathing_is_that_of_two_annotators(data_dir, number):
    stem = data_dir / "bidmc-csv" / f"bidmc_{number:02}"
    waves = np.genfromtxt(f"{stem}_Signals.csv", delimiter=",", names=True, autostrip=True)
    marks = np.genfromtxt(f"{stem}_Breaths.csv", delimiter=",", skip_header=1) / 125.0
    annotators = [marks[~np.isnan(marks[:, k]), k] for k in (0, 1)]
    said = annotate(CrestFinder(BREATHING, "breaths", "1"), signal(125.0), [Block(0, waves["RESP"][:, None])])
    found = np.array([a.start for a in said]) / 125.0
    errors = []
    for start_s in range(0, 480 - 60 + 1, 30):
        window = (start_s, start_s + 60)
        reference = np.mean([rate_per_min(marks_s, *window) for marks_s in annotators])
        errors.append(abs(rate_per_min(found, *window) - reference))
    assert np.mean(errors) < 0.1
