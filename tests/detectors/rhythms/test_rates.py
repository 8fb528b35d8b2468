"""Bradycardia, tachycardia, pause, asystole, from beats drawn by hand."""

import pytest

from detectors.rhythms.rates import Rates, RatesConfig
from signal_processing.values import settled


def regular(n, interval_s, start_s=0.0):
    return [(start_s + interval_s * i, "N") for i in range(1, n + 1)]


def then(beats, n, interval_s):
    return beats + regular(n, interval_s, beats[-1][0])


def test_rates_say_nothing_of_seventy_a_minute(script):
    assert script.run(Rates(), regular(60, 60 / 70)) == []


def test_rates_find_bradycardia_from_its_first_slow_interval_to_its_last(script):
    beats = then(then(regular(10, 0.8), 12, 1.5), 12, 0.8)
    (brady,) = settled(script.run(Rates(), beats))
    # a median of 8 turns at the fifth slow interval, so that the span starts up to 4 intervals early
    assert brady.label == "BRADY"
    assert brady.start / script.fs_hz == pytest.approx(8.0, abs=4 * 0.8)
    assert brady.end / script.fs_hz == pytest.approx(8.0 + 12 * 1.5)
    assert brady.figures["rate_bpm"] == pytest.approx(43, abs=5)


def test_rates_find_tachycardia_once_it_has_lasted_ten_seconds(script):
    beats = then(regular(10, 0.8), 40, 0.4)
    said = script.run(Rates(), beats)
    assert said[0].label == "TACHY"
    assert said[0].ongoing
    assert said[0].end - said[0].start >= 10 * script.fs_hz
    assert settled(said)[0].end / script.fs_hz == pytest.approx(8 + 40 * 0.4)


def test_rates_ignore_eight_fast_beats_that_last_too_short(script):
    assert script.run(Rates(), then(then(regular(10, 0.8), 12, 0.4), 20, 0.8)) == []


def test_rates_keep_one_tachycardia_through_a_rate_within_the_hysteresis(script):
    beats = then(then(then(regular(5, 0.8), 40, 0.5), 10, 60 / 98), 40, 0.5)
    assert len(settled(script.run(Rates(), beats))) == 1


def test_rates_are_not_moved_by_one_missed_beat(script):
    beats = regular(60, 0.8)
    del beats[30]
    assert script.run(Rates(), beats) == []


def test_rates_find_a_pause_of_two_seconds_and_none_below(script):
    assert script.run(Rates(), then(then(regular(10, 0.8), 1, 1.99), 9, 0.8)) == []
    (pause,) = script.run(Rates(), then(then(regular(10, 0.8), 1, 2.0), 9, 0.8))
    assert (pause.label, pause.figures) == ("PAUSE", {"duration_s": 2.0})
    assert script.spans([pause]) == [("PAUSE", 8.0, 10.0)]


def test_rates_doubt_a_pause_of_twice_the_usual_interval(script):
    (doubtful,) = script.run(Rates(), then(then(regular(10, 1.1), 1, 2.2), 9, 1.1))
    (sure,) = script.run(Rates(), then(then(regular(10, 0.8), 1, 2.2), 9, 0.8))
    assert doubtful.confidence < sure.confidence


def test_rates_say_asystole_while_it_lasts_and_its_end_at_the_next_beat(script):
    said = script.run(Rates(), then(then(regular(10, 0.8), 1, 26.0), 9, 0.8))
    assert [(a.label, a.ongoing, a.figures["duration_s"]) for a in said] == [
        ("ASYSTOLE", True, 4.0),
        ("ASYSTOLE", True, 14.0),
        ("ASYSTOLE", True, 24.0),
        ("ASYSTOLE", False, 26.0),
    ]
    assert {a.start for a in said} == {round(8.0 * script.fs_hz)}


def test_rates_close_an_asystole_where_the_signal_ends(script):
    said = script.run(Rates(), regular(10, 0.8), duration_s=15.0)
    assert [(a.ongoing, a.end / script.fs_hz) for a in said] == [(True, 12.0), (False, 15.0)]


def test_rates_say_no_pause_at_the_end_where_a_beat_may_still_come(script):
    assert script.run(Rates(), regular(10, 0.8), duration_s=11.0) == []


def test_rates_begin_anew_after_an_asystole(script):
    beats = then(then(regular(40, 0.4), 1, 10.0), 40, 0.4)
    labels = [(a.label, a.end / script.fs_hz) for a in settled(script.run(Rates(), beats))]
    assert labels == [("TACHY", pytest.approx(16.0)), ("ASYSTOLE", 26.0), ("TACHY", pytest.approx(42.0))]


def test_rates_take_their_limits_from_the_configuration(script):
    beats = then(then(regular(10, 0.8), 1, 2.5), 9, 0.8)
    assert script.run(Rates(RatesConfig(pause_s=3.0)), beats) == []
