"""The verdict on twelve leads: what spoils a lead is found and named, and bad input is refused."""

import numpy as np
import pytest

from detectors.strips.acceptable import check
from signal_processing.errors import InvalidSignalError
from signal_processing.values import Block, Channel, Signal

FS_HZ = 500.0
NAMES = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def signal_of(n_leads=12, fs_hz=FS_HZ, unit="mV"):
    return Signal("s", "g", fs_hz, 0, tuple(Channel(name, unit) for name in NAMES[:n_leads]))


def twelve_leads(seconds=10.0, fs_hz=FS_HZ, seed=0):
    """Beats at 75/min in every lead, each of its own size, with some noise, (n_samples, 12), mV."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(round(seconds * fs_hz)) / fs_hz
    phase = (t_s + 0.3) % 0.8
    qrs = np.exp(-(((phase - 0.3) / 0.012) ** 2))
    t_wave = 0.25 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
    p_wave = 0.1 * np.exp(-(((phase - 0.14) / 0.025) ** 2))
    sizes = np.array([0.7, 1.0, 0.5, -0.8, 0.4, 0.7, -0.6, -0.9, 0.8, 1.2, 1.1, 0.8])
    return (qrs + t_wave + p_wave)[:, None] * sizes + rng.normal(0.0, 0.008, (len(t_s), 12))


def verdict(samples, **signal):
    return check(signal_of(**signal), Block(0, samples))


def test_clean_leads_are_acceptable_and_have_no_fault():
    found = verdict(twelve_leads())
    assert found.acceptable
    assert found.probability > 0.9
    assert found.faults == ()


def test_a_recording_in_microvolt_gets_the_same_verdict():
    assert verdict(1e3 * twelve_leads(), unit="uV").probability == pytest.approx(verdict(twelve_leads()).probability)


def test_leads_that_all_stand_still_are_unacceptable():
    found = verdict(np.zeros((5000, 12)))
    assert not found.acceptable
    assert {(fault.kind, fault.seconds) for fault in found.faults} == {("flat", 10)}


@pytest.mark.parametrize(
    ("spoil", "kind", "seconds"),
    [
        (lambda lead, _: np.where(np.arange(len(lead)) < 1500, np.nan, lead), "missing", 3),
        (lambda lead, _: np.zeros_like(lead), "flat", 10),
        (lambda lead, rng: lead + rng.normal(0.0, 0.4, len(lead)), "noise", 10),
        (lambda lead, _: lead + 1.5 * np.sin(2 * np.pi * np.arange(len(lead)) / 4000), "wander", 10),
        (lambda lead, _: 0.02 * lead, "low", 10),
        (
            lambda lead, _: (
                lead + 4.0 * (np.arange(len(lead)) // 100 % 2) * (np.abs(np.arange(len(lead)) - 2500) < 500)
            ),
            "off the paper",
            2,
        ),
    ],
)
def test_what_is_wrong_with_a_lead_is_named(spoil, kind, seconds):
    samples = twelve_leads()
    samples[:, 8] = spoil(samples[:, 8], np.random.default_rng(1))
    [fault] = verdict(samples).faults
    assert (fault.lead, fault.kind, fault.seconds) == ("V3", kind, seconds)


def test_the_more_leads_are_noise_the_less_a_recording_is_acceptable():
    chances = []
    for n_noisy in (0, 6, 12):
        samples = twelve_leads()
        samples[:, :n_noisy] += np.random.default_rng(2).normal(0.0, 3.0, (5000, n_noisy))
        chances.append(verdict(samples).probability)
    assert chances[0] > 0.9
    assert chances[0] > chances[1] >= chances[2]
    assert chances[2] < 0.5


@pytest.mark.parametrize(
    ("samples", "signal", "reason"),
    [
        (np.zeros((5000, 8)), {"n_leads": 8}, "must have 12 ECG leads, got 8"),
        (np.zeros((500, 12)), {"fs_hz": 50.0}, r"within \[100, 1000\] Hz, got 50"),
        (np.zeros((2500, 12)), {}, r"within \[8, 30\] s long, got 5.0 s"),
        (np.zeros((20000, 12)), {}, r"within \[8, 30\] s long, got 40.0 s"),
    ],
)
def test_what_cannot_be_checked_is_refused(samples, signal, reason):
    with pytest.raises(InvalidSignalError, match=reason):
        verdict(samples, **signal)


def test_missing_everywhere_is_unacceptable_and_says_so():
    found = verdict(np.full((5000, 12), np.nan))
    assert not found.acceptable
    assert {fault.kind for fault in found.faults} == {"missing"}
