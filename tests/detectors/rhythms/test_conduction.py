"""R-on-T and dropped beats: intervals drawn by hand."""

import numpy as np
import pytest

from detectors.rhythms.conduction import Conduction
from signal_processing.values import settled


def beats_of(intervals, labels=None):
    """Beats (time in s, label): the first at 1 s."""
    times = 1 + np.r_[0.0, np.cumsum(intervals)]
    return list(zip(times.tolist(), labels or ["N"] * len(times), strict=True))


def steady(n, interval_s=0.8, seed=0):
    return list(interval_s + np.random.default_rng(seed).normal(0, 0.01, n))


def said_of(script, intervals, labels=None):
    return settled(script.run(Conduction(), beats_of(intervals, labels), duration_s=sum(intervals) + 60))


def test_conduction_says_r_on_t_of_a_ventricular_beat_within_the_expected_qt_interval(script):
    labels = ["N"] * 11 + ["V"] + ["N"] * 6
    (early,) = said_of(script, [*[0.8] * 10, 0.32, 1.2, *[0.8] * 5], labels)
    assert (early.label, early.start, early.end) == ("RONT", round(9 * script.fs_hz), round(9.32 * script.fs_hz) + 1)
    assert early.figures == {"coupling_s": 0.32, "qt_expected_s": pytest.approx(0.4 * 0.8**0.5)}
    assert 0.5 < early.confidence < 1.0
    assert said_of(script, [*[0.8] * 10, 0.45, 1.2, *[0.8] * 5], labels) == []


def test_conduction_says_r_on_t_of_the_first_beat_of_a_run_only(script):
    labels = ["N"] * 11 + ["V"] * 4 + ["N"] * 5
    said = said_of(script, [*[0.8] * 10, 0.3, 0.3, 0.3, 0.3, 1.2, *[0.8] * 4], labels)
    assert [a.label for a in said] == ["RONT"]


def test_conduction_tells_dropped_beats_by_pauses_of_two_steady_intervals(script):
    intervals = [*steady(12), 1.6, *steady(8, seed=1), 1.58, *steady(8, seed=2), 1.62, *steady(12, seed=3)]
    (block,) = said_of(script, intervals)
    times = [t_s for t_s, _ in beats_of(intervals)]
    assert (block.label, block.figures) == ("BII", {"n_dropped": 3})
    assert (block.start, block.end) == (round(times[12] * script.fs_hz), round(times[31] * script.fs_hz))
    assert block.confidence < 0.6


@pytest.mark.parametrize(
    "intervals",
    [
        [*steady(12), 1.6, *steady(30)],  # one, which a missed beat looks like too
        [*steady(12), 1.6, *steady(40), 1.6, *steady(20)],  # two that have nothing to do with each other
        [*steady(12), 0.5, 1.6, *steady(8), 0.5, 1.6, *steady(12)],  # after an early beat
        [*steady(12), 1.6, 0.6, *steady(8), 1.6, 0.6, *steady(12)],  # the rhythm does not go on as it was
        [*steady(12), 1.25, *steady(8), 1.25, *steady(12)],  # not long enough
    ],
)
def test_conduction_says_nothing_of_other_pauses(script, intervals):
    assert said_of(script, intervals) == []


def test_conduction_tells_wenckebach_periods(script):
    intervals = [*steady(10), *[0.95, 0.87, 0.83, 1.35] * 5, *steady(10)]
    (block,) = said_of(script, intervals)
    assert block.label == "BII"
    assert 4 <= block.figures["n_dropped"] <= 5


@pytest.mark.parametrize(
    "intervals",
    [
        [0.8, 0.8, 0.5, 1.05] * 30,  # early beats with a pause after them
        list(np.random.default_rng(1).uniform(0.4, 0.9, 3000)),  # fibrillation
        list(0.85 + 0.12 * np.sin(np.arange(600) * 2 * np.pi / 4.5)),  # breathing
    ],
)
def test_conduction_says_nothing_of_what_only_resembles_wenckebach_periods(script, intervals):
    assert said_of(script, intervals) == []


def test_conduction_closes_what_is_open_where_beats_cease(script):
    intervals = [*steady(12), 1.6, *steady(8, seed=1), 1.6, *steady(4, seed=2)]
    said = script.run(Conduction(), beats_of(intervals), duration_s=sum(intervals) + 3)
    assert [(a.label, a.ongoing) for a in said] == [("BII", False)]
