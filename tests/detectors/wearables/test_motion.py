"""Motion and falls, drawn."""

import numpy as np
import pytest

from detectors.runner import annotate
from detectors.wearables.motion import Motion
from signal_processing.values import Block, Channel, Signal, settled

FS_HZ = 50.0
T_S = np.arange(40 * 50) / FS_HZ


def signal(unit="g", names=("ACC_X", "ACC_Y", "ACC_Z")):
    return Signal("wrist", "acc", FS_HZ, 0, tuple(Channel(name, unit) for name in names))


def spans(up_g, unit="g", factor=1.0):
    noise = np.random.default_rng(3).normal(0, 0.004, (len(up_g), 3))
    axes = (np.stack([0 * up_g, 0.6 * up_g, 0.8 * up_g], axis=1) + noise) * factor
    return settled(annotate(Motion(), signal(unit), [Block(0, axes)]))


def fall(*, light_g=0.25, light_s=0.4, impact_g=4.0, after_g=0.0):
    up = np.ones_like(T_S) + np.where((T_S > 5) & (T_S < 15), 0.3 * np.sin(2 * np.pi * 2 * T_S), 0.0)
    up[(T_S >= 20) & (20 + light_s > T_S)] = light_g
    up[(20 + light_s <= T_S) & (20.06 + light_s > T_S)] = impact_g
    return up + np.where(T_S > 21.5, after_g * np.sin(2 * np.pi * 2 * T_S), 0.0)


def test_motion_is_said_from_its_first_to_its_last_second_with_how_much():
    (walk, *_) = (a for a in spans(fall()) if a.label == "MOTION")
    assert (walk.start / FS_HZ, walk.end / FS_HZ) == pytest.approx((5, 15), abs=1)
    assert walk.figures["motion_g"] == pytest.approx(0.3 * 2 / np.pi, rel=0.1)


@pytest.mark.parametrize(("unit", "factor"), [("g", 1.0), ("m/s2", 9.80665), ("m/s^2", 9.80665), ("mg", 1000.0)])
def test_a_fall_is_lightness_impact_and_stillness_in_whatever_unit(unit, factor):
    (found,) = (a for a in spans(fall(), unit, factor) if a.label == "FALL")
    assert found.start / FS_HZ == pytest.approx(20, abs=0.05)
    assert found.figures["impact_g"] == pytest.approx(4, abs=0.1)
    assert found.figures["light_s"] == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    "drawn",
    [
        {"impact_g": 2.0},  # sat down hard
        {"light_s": 0.05},  # knocked against something
        {"light_g": 0.8},
        {"after_g": 0.4},  # jumped, and walked on
    ],
)
def test_what_lacks_one_of_the_three_is_no_fall(drawn):
    assert [a for a in spans(fall(**drawn)) if a.label == "FALL"] == []


def test_stillness_in_any_position_is_no_motion():
    for turned in ([1.0, 0, 0], [0, -1.0, 0], [0.6, 0, -0.8]):
        axes = np.tile(turned, (2000, 1)) + np.random.default_rng(1).normal(0, 0.01, (2000, 3))
        assert annotate(Motion(), signal(), [Block(0, axes)]) == []


def test_motion_asks_for_three_axes_in_a_unit_of_acceleration():
    assert Motion().accepts(signal())
    assert not Motion().accepts(signal(unit="mV"))
    assert not Motion().accepts(signal(names=("ACC_X", "ACC_Y")))
