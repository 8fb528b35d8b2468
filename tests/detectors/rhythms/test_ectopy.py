"""Runs and patterns of ectopic beats, drawn as letters."""

import pytest

from detectors.rhythms.ectopy import supraventricular, ventricular
from signal_processing.values import settled


def beats(letters, interval_s=0.5):
    return [(1 + interval_s * i, letter) for i, letter in enumerate(letters)]


def found(script, letters, interval_s=0.5, follower=None):
    """(label, index of the first beat, index of the last) of each span."""
    spans = script.spans(settled(script.run(follower or ventricular(), beats(letters, interval_s))))
    return [(label, round((start - 1) / interval_s), round((end - 1) / interval_s)) for label, start, end in spans]


@pytest.mark.parametrize(
    ("letters", "spans"),
    [
        ("NNNNNNNN", []),
        ("NNNVNNNN", []),
        ("NNVVNNNN", [("VCOUPLET", 2, 3)]),
        ("NNVVVNNN", [("VT", 2, 4)]),
        ("NNVVVVVVNN", [("VT", 2, 7)]),
        ("NVNVNVNN", [("VB", 1, 5)]),
        ("NVNVNNN", []),
        ("NVNNVNNVNNN", [("VTRI", 1, 7)]),
        ("NVNVNVNNVNNVNNN", [("VB", 1, 5), ("VTRI", 5, 11)]),
        ("NVNNNVNNNVNNN", []),
        ("VVVV", [("VT", 0, 3)]),
        ("VV", [("VCOUPLET", 0, 1)]),
        ("NNE!rNN", [("VT", 2, 4)]),
        ("NNVFVNN", []),
        ("SSVSVSVSS", [("VB", 2, 6)]),
    ],
)
def test_ventricular_finds_spans_from_the_first_beat_to_the_last(script, letters, spans):
    assert found(script, letters) == spans


def test_ventricular_calls_a_run_below_100_a_minute_idioventricular(script):
    assert found(script, "NNVVVVNN", interval_s=0.7) == [("IVR", 2, 5)]
    assert found(script, "NNVVVVNN", interval_s=0.6) == [("VT", 2, 5)]


def test_ventricular_span_bounds_are_sample_exact(script):
    (run,) = settled(script.run(ventricular(), beats("NNVVVNN")))
    assert (run.start, run.end) == (round(2.0 * script.fs_hz), round(3.0 * script.fs_hz) + 1)
    assert run.figures == {"n_beats": 3, "rate_bpm": pytest.approx(120.0)}


def test_ventricular_says_a_run_at_its_third_beat_and_again_as_it_grows(script):
    said = script.run(ventricular(), beats("NN" + "V" * 50 + "NN"))
    assert [(a.figures["n_beats"], a.ongoing) for a in said] == [(3, True), (23, True), (43, True), (50, False)]


def test_ventricular_turns_to_tachycardia_when_an_idioventricular_run_speeds_up(script):
    times = [(1 + 0.8 * i, "V") for i in range(5)]
    times += [(times[-1][0] + 0.4 * i, "V") for i in range(1, 6)]
    slow, fast = settled(script.run(ventricular(), times))
    assert (slow.label, fast.label) == ("IVR", "VT")
    assert fast.end == round(times[-1][0] * script.fs_hz) + 1
    assert slow.end > fast.start  # they share the beats at which the rate turned


def test_ventricular_ends_a_run_where_beats_cease(script):
    drawn = [(1 + 0.5 * i, "V") for i in range(4)]
    said = script.run(ventricular(), drawn, duration_s=20.0)
    assert [(a.label, a.ongoing) for a in said] == [("VT", True), ("VT", False)]
    assert said[-1].end == round(2.5 * script.fs_hz) + 1


def test_ventricular_does_not_join_beats_over_a_long_gap(script):
    assert settled(script.run(ventricular(), [(1, "V"), (1.5, "V"), (8, "V"), (8.5, "N")]))[0].label == "VCOUPLET"


@pytest.mark.parametrize(
    ("letters", "interval_s", "spans"),
    [
        ("NNANNAANNN", 0.5, [("SVCOUPLET", 5, 6)]),
        ("NNAAAANN", 0.5, [("SVTA", 2, 5)]),
        ("NNaJSNN", 0.5, [("SVTA", 2, 4)]),
        ("NNAAAANN", 0.7, []),
        ("NANANANN", 0.5, [("AB", 1, 5)]),
        ("NANNANNANNN", 0.5, []),
        ("NNVVVNN", 0.5, []),
    ],
)
def test_supraventricular_tells_couplets_fast_runs_and_bigeminy_only(script, letters, interval_s, spans):
    assert found(script, letters, interval_s, supraventricular()) == spans


def test_supraventricular_tachycardia_begins_where_a_slow_run_becomes_fast(script):
    times = [(1 + 0.8 * i, "S") for i in range(5)]
    times += [(times[-1][0] + 0.4 * i, "S") for i in range(1, 6)]
    (fast,) = settled(script.run(supraventricular(), times))
    assert (fast.label, fast.start) == ("SVTA", round(times[3][0] * script.fs_hz))
    assert fast.end == round(times[-1][0] * script.fs_hz) + 1
