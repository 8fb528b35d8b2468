"""Drawn signals of each kind, for the laws; everything follows from a seed."""

from dataclasses import dataclass

import numpy as np

from signal_processing.values import Block, Channel, Signal

START = 1234
"""Index of the first sample: no detector may think that a stream begins at 0."""


@dataclass(frozen=True)
class Case:
    signal: Signal
    block: Block

    def with_samples(self, samples):
        return Block(self.block.start, samples)


def wave(times_s, at_s, *, width_s, size):
    """Bumps of one width at several times."""
    return size * np.exp(-(((times_s[:, None] - at_s[None, :]) / width_s) ** 2) / 2).sum(axis=1)


def beat_times(duration_s, seed):
    """(times, early) of a sinus rhythm with an early wide beat now and then, and a pause."""
    rng = np.random.default_rng(seed)
    times, early, at_s = [], [], 0.4
    while at_s < duration_s:
        times.append(at_s)
        early.append(bool(rng.random() < 0.12))
        at_s += 0.5 if early[-1] else rng.normal(0.8, 0.03)
        if 20.0 < at_s < 20.8:
            at_s += 3.2
    return np.array(times), np.array(early)


def ecg(*, fs_hz=250.0, duration_s=40.0, n_leads=2, seed=1, noise_mv=0.02):
    """P, QRS and T of narrow beats, wide early ones, wander and noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    at, early = beat_times(duration_s, seed)
    leads = []
    for i in range(n_leads):
        gain = 1.0 / (1 + 0.2 * i)
        x = wave(t, at[~early], width_s=0.010, size=gain) - wave(t, at[~early] + 0.03, width_s=0.012, size=0.3 * gain)
        x += wave(t, at[~early] - 0.16, width_s=0.025, size=0.12 * gain)
        x += wave(t, at + 0.28, width_s=0.05, size=0.25 * gain) - wave(t, at[early], width_s=0.04, size=-1.3 * gain)
        leads.append(x + 0.1 * np.sin(2 * np.pi * 0.25 * t) + rng.normal(0, noise_mv, len(t)))
    names = ("II", "V1", "V5", "I", "III", "aVR", "aVL", "aVF", "V2", "V3", "V4", "V6")[:n_leads]
    signal = Signal("drawn", "ecg", fs_hz, 0, tuple(Channel(name, "mV", 200.0) for name in names))
    return Case(signal, Block(START, np.column_stack(leads)))


def ppg(*, fs_hz=125.0, duration_s=40.0, seed=2):
    """Pulses with a dicrotic wave, wander and noise, in arbitrary units."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    at, _ = beat_times(duration_s, seed)
    x = wave(t, at + 0.25, width_s=0.09, size=1.0) + wave(t, at + 0.55, width_s=0.08, size=0.3)
    x += 0.2 * np.sin(2 * np.pi * 0.2 * t) + rng.normal(0, 0.01, len(t))
    signal = Signal("drawn", "ppg", fs_hz, 0, (Channel("PLETH", "1", 1000.0),))
    return Case(signal, Block(START, x[:, None]))


def oxygen(*, duration_s=900.0, seed=3):
    """Saturation at 1 Hz with two dips."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s))
    x = 96.0 - wave(t.astype(float), np.array([300.0, 600.0]), width_s=25.0, size=9.0)
    signal = Signal("drawn", "numerics", 1.0, 0, (Channel("SpO2", "%"),))
    return Case(signal, Block(START, np.round(x + rng.normal(0, 0.3, len(t)))[:, None]))


def breathing(*, fs_hz=25.0, duration_s=240.0, seed=6):
    """Breaths at 15/min, then at 30, then none for a while, with heart beats over them."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    rate_hz = np.where(t < 80, 0.25, 0.5)
    x = np.where((t > 160) & (t < 190), 0.0, np.sin(2 * np.pi * np.cumsum(rate_hz) / fs_hz))
    x += 0.05 * np.sin(2 * np.pi * 1.2 * t) + rng.normal(0, 0.02, len(t))
    signal = Signal("drawn", "resp", fs_hz, 0, (Channel("RESP", "Ohm"),))
    return Case(signal, Block(START, x[:, None]))


def moving(*, fs_hz=25.0, duration_s=60.0, seed=7):
    """Gravity, a walk, and a fall with stillness after it."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    walk = np.where((t > 5) & (t < 25), 0.4 * np.sin(2 * np.pi * 2 * t), 0.0)
    up = np.where((t > 39.6) & (t < 40), 0.2, 1.0 + walk) + np.where(np.abs(t - 40.1) < 0.05, 4.0, 0.0)
    axes = np.column_stack([0.3 * walk, 0.0 * t, up]) + rng.normal(0, 0.005, (len(t), 3))
    signal = Signal("drawn", "acc", fs_hz, 0, tuple(Channel(f"ACC_{axis}", "[g]", 1000.0) for axis in "XYZ"))
    return Case(signal, Block(START, axes))


def warmth(*, duration_s=9000.0, seed=8):
    """Skin temperature at 0.2 Hz that rises for half an hour, then a sensor that is off."""
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, duration_s, 5.0)
    x = 33.0 + wave(t, np.array([5500.0]), width_s=600.0, size=5.5) + rng.normal(0, 0.05, len(t))
    signal = Signal("drawn", "temp", 0.2, 0, (Channel("TEMP", "Cel"),))
    return Case(signal, Block(START, np.where(t > 8000, 24.0, x)[:, None]))


def conductance(*, fs_hz=8.0, duration_s=90.0, seed=9):
    """Level and responses that rise in two seconds and fall slowly."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    since = np.maximum(t[:, None] - np.arange(8.0, duration_s, 14.0)[None, :], 0.0)
    x = 5.0 + 0.001 * t + 0.6 * (np.exp(-since / 4.0) - np.exp(-since / 0.75)).sum(axis=1)
    signal = Signal("drawn", "eda", fs_hz, 0, (Channel("EDA", "uS", 1000.0),))
    return Case(signal, Block(START, (x + rng.normal(0, 0.001, len(t)))[:, None]))


def fibrillation(*, fs_hz=250.0, duration_s=40.0, seed=4):
    """A rhythm, and from 12 to 30 s coarse fibrillation: waves of 4 to 6 Hz that drift in frequency and height."""
    rng = np.random.default_rng(seed)
    case = ecg(fs_hz=fs_hz, duration_s=duration_s, n_leads=2, seed=seed)
    t = np.arange(len(case.block)) / fs_hz
    within = (t >= 12) & (t < 30)
    x = np.array(case.block.samples)
    for lead in range(x.shape[1]):
        waves = np.zeros(len(t))
        for size, hz in ((0.5, 4.4), (0.35, 5.2), (0.2, 5.9)):
            drift = 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 0.3) * t + rng.uniform(0, 6))
            waves += size * np.sin(2 * np.pi * np.cumsum(hz + drift) / fs_hz + rng.uniform(0, 6))
        x[within, lead] = (waves + rng.normal(0, 0.02, len(t)))[within]
    return Case(case.signal, case.with_samples(x))


def cases_for(detector):
    """The drawn signals that a detector accepts."""
    duration_s = 14.0 if detector.name == "waves" else 40.0  # its networks take longer than all others together
    of_one_lead = ecg(fs_hz=360.0, n_leads=1, seed=5, noise_mv=0.1, duration_s=duration_s)
    drawn = [ecg(duration_s=duration_s), of_one_lead, ppg(), oxygen(), breathing(), moving(), warmth(), conductance()]
    if detector.name == "vf":
        drawn.append(fibrillation())
    return [case for case in drawn if detector.accepts(case.signal)]
