"""Compile all that the production detectors need, before a first recording waits for it: `python -m detectors.warm_up`.

What is compiled is kept on disk: where NUMBA_CACHE_DIR says, else beside the modules, else in the user's cache folder;
a later process with the same code, numba and processor finds it there.
"""

from __future__ import annotations

import numpy as np

from detectors.physical import PhysicalUnits
from detectors.registry import production_for
from detectors.runner import annotate
from signal_processing.values import Block, Channel, Signal

ECG = Signal("warm-up", "ecg", 250.0, 0, (Channel("I", "mV"), Channel("II", "mV")))
PULSES = Signal("warm-up", "ppg", 125.0, 0, (Channel("PLETH", "NU"), Channel("SpO2", "%"), Channel("RESP", "Ohm")))
MOTION = Signal(
    "warm-up", "body", 25.0, 0,
    (*(Channel(f"ACC_{axis}", "g") for axis in "XYZ"), Channel("TEMP", "Cel"), Channel("EDA", "uS")),
)  # fmt: skip
DURATION_S = 8.0


def warm_up() -> list[str]:
    """Feed each production detector a few drawn beats, as one block; gives the names of those that ran."""
    warm = []
    for signal in (ECG, PULSES, MOTION):
        block = _beats(signal)
        PhysicalUnits(signal)(Block(0, np.zeros((1, signal.n_channels), np.int16)))
        for detector in production_for(signal):
            annotate(detector, signal, [block])
            warm.append(detector.name)
    return warm


def _beats(signal: Signal) -> Block:
    """A narrow wave each 0.8 s in every channel."""
    t = np.arange(round(DURATION_S * signal.fs_hz)) / signal.fs_hz
    beats = np.exp(-((((t + 0.4) % 0.8 - 0.4) / 0.012) ** 2))
    return Block(0, np.repeat(beats[:, np.newaxis], signal.n_channels, axis=1))


if __name__ == "__main__":
    warm_up()
