"""The composite over real and doctored signals, and what runs in production."""

import subprocess
import sys

import numpy as np
import pytest

from detectors.ecg import Ecg
from detectors.registry import production_for, registered
from detectors.rhythms.rates import Rates
from detectors.runner import DetectorRun, annotate
from signal_processing.values import Block, Channel, Signal, settled

GAPS = {"PAUSE", "ASYSTOLE"}


def guarded(script, samples):
    beats = [(t_s, "N") for t_s in np.arange(1.0, 20.0, 0.8)] + [(t_s, "N") for t_s in np.arange(32.0, 40.0, 0.8)]
    detector = Ecg(script.chain([Rates()], beats))
    said = annotate(detector, script.signal, [Block(0, samples[:, np.newaxis])])
    return [annotation for annotation in said if annotation.label in GAPS]


def living(script, duration_s=40.0):
    return np.random.default_rng(0).normal(0, 0.01, round(duration_s * script.fs_hz))


def test_ecg_says_asystole_where_the_signal_lives(script):
    assert [a.label for a in settled(guarded(script, living(script)))] == ["ASYSTOLE"]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_ecg_says_no_asystole_of_a_time_without_a_signal(script, value):
    samples = living(script)
    samples[round(20.5 * script.fs_hz) : round(31.5 * script.fs_hz)] = value
    assert guarded(script, samples) == []


def test_ecg_says_an_asystole_to_its_end_when_the_signal_goes_in_its_course(script):
    samples = living(script)
    samples[round(24.5 * script.fs_hz) : round(31.5 * script.fs_hz)] = 0.0
    first, *_, last = guarded(script, samples)
    assert first.ongoing
    assert not last.ongoing
    assert last.confidence < first.confidence
    assert last.figures["no_signal_s"] == pytest.approx(7.0, abs=0.1)


def test_ecg_guard_does_not_feel_the_cuts_between_blocks(script):
    samples = living(script)
    samples[round(24.5 * script.fs_hz) : round(31.5 * script.fs_hz)] = 0.0
    whole = guarded(script, samples)
    beats = [(t_s, "N") for t_s in np.arange(1.0, 20.0, 0.8)] + [(t_s, "N") for t_s in np.arange(32.0, 40.0, 0.8)]
    run = DetectorRun(Ecg(script.chain([Rates()], beats)), script.signal)
    said = []
    for start in range(0, len(samples), 33):
        said += run.feed(Block(start, samples[start : start + 33, np.newaxis]))
        run = DetectorRun.resume(run.detector, script.signal, run.checkpoint())
    said += run.finish()
    assert [a for a in said if a.label in GAPS] == whole


@pytest.mark.parametrize(
    ("channels", "fs_hz", "names"),
    [
        ([("II", "mV"), ("V5", "mV")], 250.0, ["ecg", "quality"]),
        ([("PLETH", "1")], 125.0, ["ppg"]),
        ([("SpO2", "%")], 1.0, ["desaturation"]),
        ([("II", "mV"), ("PLETH", "1")], 250.0, ["ecg", "quality", "ppg"]),
        ([("RESP", "Ohm")], 125.0, ["respiration"]),
        ([("GLUCOSE", "mg/dL")], 1.0, []),
    ],
)
def test_production_runs_what_has_something_to_say(channels, fs_hz, names):
    signal = Signal("s", "g", fs_hz, 0, tuple(Channel(name, unit) for name, unit in channels))
    assert [detector.name for detector in production_for(signal)] == names


def test_registered_names_every_detector_once():
    assert all(name == detector.name for name, detector in registered().items())
    assert {"beats", "ecg", "quality", "ppg-pulses", "desaturation"} <= set(registered())


def test_registered_detectors_come_without_heavy_libraries():
    code = "import sys, detectors.registry as r; r.registered(); print({'numba', 'scipy'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
