"""Alarms by channels drawn by hand: what refutes each, what does not, and that without trust all stand."""

import numpy as np
import pytest

from detectors.alarms.channels import WINDOW_S, Reading, Readings, n_together, readings
from detectors.alarms.rules import ALARMS, verified, verify, vt_inputs, vt_probability
from signal_processing.errors import InvalidSignalError
from signal_processing.values import Block, Channel, Signal


def reading(name="PLETH", rate_bpm=80.0, confidence=0.95, until_s=WINDOW_S, ventricular=(), span=1.0):
    at_s = np.arange(0.3, until_s, 60.0 / rate_bpm)
    is_ventricular = np.isin(np.arange(len(at_s)), list(ventricular))
    return Reading(name, at_s, is_ventricular, confidence, span, 0.3 - 60.0 / rate_bpm)


def silent(name="II"):
    return Reading(name, np.empty(0), np.empty(0, np.bool_), 0.0, 0.0, float("nan"))


def found(lead=None, *pulses):
    return Readings((lead,) if lead else (), lead, pulses)


@pytest.mark.parametrize(
    ("alarm", "pulse"),
    [
        ("ASYSTOLE", reading()),
        ("VFIB", reading()),
        ("BRADY", reading(rate_bpm=60)),
        ("TACHY", reading(rate_bpm=90)),
    ],
)
def test_a_trusted_pulse_that_says_the_contrary_rejects(alarm, pulse):
    verdict = verified(alarm, found(silent(), pulse))
    assert not verdict.stands
    assert verdict.probability == pytest.approx(0.05)
    assert verdict.reason.startswith("PLETH: ")


@pytest.mark.parametrize(
    ("alarm", "pulse"),
    [
        ("ASYSTOLE", reading(until_s=9.0)),  # it stops with the heart
        ("VFIB", reading(until_s=9.0)),
        ("BRADY", reading(rate_bpm=38)),
        ("TACHY", reading(rate_bpm=150)),
        *((alarm, reading(rate_bpm=75, confidence=0.3)) for alarm in ("ASYSTOLE", "VFIB", "BRADY", "TACHY")),
    ],
)
def test_a_pulse_that_agrees_or_cannot_be_trusted_rejects_nothing(alarm, pulse):
    verdict = verified(alarm, found(silent(), pulse))
    assert verdict.stands
    assert verdict.probability == 1.0


@pytest.mark.parametrize("alarm", [alarm for alarm in ALARMS if alarm != "VT"])
def test_a_steady_lead_rejects_where_there_is_no_pulse(alarm):
    assert not verified(alarm, found(reading("II", rate_bpm=80))).stands


@pytest.mark.parametrize("alarm", ALARMS)
def test_without_anything_to_be_trusted_every_alarm_stands(alarm):
    assert verified(alarm, found(None, silent("PLETH"))).stands


def test_a_run_of_ventricular_beats_makes_tachycardia_more_probable_and_motion_less():
    run = found(reading("II", rate_bpm=150, ventricular=range(10, 22)), reading(rate_bpm=75, confidence=0.4))
    none = found(reading("II", rate_bpm=90), reading(rate_bpm=90))
    moved = found(reading("II", rate_bpm=150, ventricular=range(10, 22), span=12.0), reading(rate_bpm=75))
    assert vt_probability(run) > 0.9
    assert vt_probability(none) < 0.1
    assert vt_probability(moved) < vt_probability(run)
    verdict = verified("VT", run)
    assert verdict.stands
    assert "12 in a row" in verdict.reason


def test_inputs_of_ventricular_tachycardia_are_what_they_say():
    two = Readings((reading("II", ventricular=[8, 9, 10]), reading("V", ventricular=[9, 10], span=0.5)), None, ())
    together, run, _, size = vt_inputs(two)
    assert (together, run, size) == (2.0, 3.0, pytest.approx(np.log(0.6)))
    assert n_together(two.leads[1], two.leads[0]) == 2


def signal_of(*channels, fs_hz=250.0):
    return Signal("s", "g", fs_hz, 0, tuple(Channel(*channel) for channel in channels))


def test_an_electrode_that_falls_off_is_no_asystole_and_a_heart_that_stops_is():
    t_s = np.arange(60 * 250) / 250
    beats = 1.2 * np.exp(-0.5 * (((t_s % 0.8) - 0.4) / 0.012) ** 2) + np.random.default_rng(0).normal(0, 0.01, len(t_s))
    waves = 0.5 + 0.4 * np.sin(2 * np.pi * (t_s / 0.8 - 0.2)) + 0.15 * np.sin(4 * np.pi * (t_s / 0.8 - 0.2))
    off = t_s > 52
    signal = signal_of(("II", "mV"), ("PLETH", "NU"))
    fell = np.column_stack([np.where(off, 0.0, beats), waves])
    verdict = verify("ASYSTOLE", signal, Block(0, fell))
    assert not verdict.stands
    assert verdict.figures["II_gap_s"] > 7
    assert verdict.figures["PLETH_gap_s"] < 1
    stopped = np.column_stack([np.where(off, 0.0, beats), np.where(off, 0.5, waves)])
    assert verify("ASYSTOLE", signal, Block(0, stopped)).stands


def test_missing_samples_are_nothing_to_be_trusted():
    signal = signal_of(("II", "mV"), ("ABP", "mmHg"))
    assert verify("VFIB", signal, Block(0, np.full((5000, 2), np.nan))).stands


@pytest.mark.parametrize(
    ("alarm", "signal", "n", "reason"),
    [
        ("SVT", signal_of(("II", "mV")), 5000, "must be one of ASYSTOLE, BRADY, TACHY, VT, VFIB, got 'SVT'"),
        ("VT", signal_of(("II", "mV")), 2500, "at least 16 s long, got 10.0 s"),
        ("VT", signal_of(("RESP", "NU")), 5000, r"wave of pulses \(PLETH, PPG, BVP, ABP, ART, PAP\), got RESP"),
        ("VT", signal_of(("II", "mV"), fs_hz=50.0), 5000, r"within \[100, 1000\] Hz, got 50"),
    ],
)
def test_what_cannot_be_verified_is_refused(alarm, signal, n, reason):
    with pytest.raises(InvalidSignalError, match=reason):
        verify(alarm, signal, Block(0, np.zeros((n, signal.n_channels))))


def test_channels_are_read_each_alone():
    block = Block(0, np.zeros((5000, 3)))
    read = readings(signal_of(("II", "mV"), ("V", "mV"), ("PLETH", "NU")), block)
    assert [lead.name for lead in read.leads] == ["II", "V"]
    assert [pulse.name for pulse in read.pulses] == ["PLETH"]
    assert read.leads[0].longest_gap_s == WINDOW_S
