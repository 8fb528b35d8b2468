"""Oxygen desaturation, drawn second by second."""

import numpy as np
import pytest

from detectors import laws
from detectors.runner import annotate
from detectors.wearables.oxygen import Desaturation, OxygenConfig
from signal_processing.values import Block, Channel, Signal, settled


def signal(fs_hz=1.0, name="SpO2", unit="%"):
    return Signal("night", "spo2", fs_hz, 0, (Channel("PULSE", "/min"), Channel(name, unit)))


def block(*runs, per_second=1):
    """Runs (seconds, percent) of an oximeter."""
    percent = np.concatenate([np.full(seconds * per_second, float(value)) for seconds, value in runs])
    return Block(0, np.stack([np.full(len(percent), 70.0), percent], axis=1))


def spans(drawn, config=None, fs_hz=1.0):
    detector = Desaturation(config) if config else Desaturation()
    return settled(annotate(detector, signal(fs_hz), [drawn]))


def test_desaturation_reaches_from_the_first_low_reading_to_recovery():
    (found,) = spans(block((60, 97), (20, 92), (60, 97)))  # too early for an index
    assert (found.label, found.start, found.end, found.channel) == ("DESAT", 60, 80, "SpO2")
    assert found.figures == {"nadir_percent": 92, "drop_percent": 5, "baseline_percent": 97, "duration_s": 20}
    assert not found.ongoing


@pytest.mark.parametrize(("seconds", "n"), [(9, 0), (10, 1)])
def test_desaturation_lasts_ten_seconds(seconds, n):
    assert len(spans(block((60, 97), (seconds, 93), (60, 97)))) == n


@pytest.mark.parametrize(("percent", "n"), [(95, 0), (94, 1)])
def test_desaturation_drops_three_points(percent, n):
    assert len(spans(block((60, 97), (30, percent), (60, 97)))) == n


def test_desaturation_of_three_points_is_none_where_four_are_asked_for():
    assert spans(block((60, 97), (30, 94), (60, 97)), OxygenConfig(drop_percent=4.0)) == []


def test_desaturation_is_said_while_it_lasts():
    said = annotate(Desaturation(), signal(), [block((60, 97), (35, 90), (30, 97))])
    assert [(a.ongoing, a.end - a.start) for a in said] == [(True, 10), (True, 20), (True, 30), (False, 35)]


def test_desaturation_ignores_a_probe_that_falls_off():
    assert spans(block((60, 97), (20, 0), (60, 97))) == []
    assert spans(block((60, 97), (20, np.nan), (60, 97))) == []


def test_desaturation_ends_where_readings_stop():
    (found,) = spans(block((60, 97), (20, 90), (60, np.nan)))
    assert (found.start, found.end) == (60, 80)


def test_a_reading_that_jumps_is_the_sensors_and_neither_begins_nor_deepens_a_desaturation():
    assert spans(block((60, 97), (15, 80), (60, 97))) == []
    (found,) = spans(block((60, 97), (10, 92), (3, 70), (10, 92), (60, 97)))
    assert found.figures["nadir_percent"] == 92
    fall = [(2, percent) for percent in range(95, 74, -2)]
    (found,) = spans(block((60, 97), *fall, *fall[::-1], (60, 97)))
    assert found.figures["nadir_percent"] == 75


def test_a_saturation_that_stays_low_becomes_the_baseline_after_three_minutes():
    found = spans(block((120, 97), (400, 92), (20, 88.5), (60, 92)))
    assert [(a.start, a.end) for a in found if a.label == "DESAT"] == [(120, 300), (520, 540)]


def test_desaturations_of_the_last_hour_are_counted():
    dips = [part for _ in range(100) for part in ((60, 97), (20, 92))]
    found = spans(block(*dips, (60, 97)))
    assert len(found) == 100
    assert "odi_per_hour" not in found[2].figures
    assert found[-1].figures["odi_per_hour"] == pytest.approx(3600 / 80, abs=1)


@pytest.mark.parametrize(("seconds", "n"), [(59, 0), (61, 1)])
def test_low_saturation_lasts_a_minute_from_88_percent_until_90(seconds, n):
    drawn = block((100, 94), (20, 89), (seconds // 2, 87), (seconds - seconds // 2, 89), (60, 93))
    found = [a for a in spans(drawn) if a.label == "HYPOXEMIA"]
    assert [(a.start, a.end, a.figures["nadir_percent"]) for a in found] == [(120, 120 + seconds, 87)] * n


def test_desaturation_needs_a_baseline():
    assert spans(block((3, 97), (60, 90))) == []


def test_desaturation_of_a_faster_signal_is_the_same():
    (found,) = spans(block((60, 97), (20, 92), (60, 97), per_second=4), fs_hz=4.0)
    assert (found.start, found.end) == (240, 320)


def test_desaturation_accepts_saturations_only():
    assert Desaturation().accepts(signal())
    assert not Desaturation().accepts(signal(name="FiO2"))
    assert not Desaturation().accepts(signal(unit="1"))


def test_desaturation_obeys_the_laws():
    drawn, detector = block((60, 97), (20, 92), (30, 97), (4, np.nan), (15, 91), (40, 96)), Desaturation()
    laws.check_cuts(detector, signal(), drawn, range(0, len(drawn), 7))
    laws.check_resume(detector, signal(), drawn, 70)
    laws.check_latency(detector, signal(), drawn, piece_samples=1)
    laws.check_output(detector, signal(), drawn)
