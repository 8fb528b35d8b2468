"""The verdict on a short strip of one lead: normal (N), AF (A), another rhythm (O), or too noisy (~).

A whole-strip judgement, not a detector of streams: a pure function of all its samples. What is measured stands in
`detectors.strips.features`; gradient-boosted trees weigh it (`model.npz`, learned by `training.strips`, figures in
docs/training.md).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.beats.detector import ecg_leads
from detectors.strips.features import measured
from signal_processing.errors import InvalidSignalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from signal_processing.values import Block, Signal

    Floats = NDArray[np.float64]

CLASSES = ("N", "A", "O", "~")
NOISY = "~"
MIN_FS_HZ, MAX_FS_HZ = 100.0, 1000.0
MIN_S, MAX_S = 5.0, 120.0
"""Shorter ones are not read; longer ones are no strips: `rhythmark annotate` reads them."""
MAX_MISSING = 0.5
MAX_FLAT = 0.9
"""Shares of a strip that may be missing, and that may stand still."""

TOLD = {
    "n_rr": "n_intervals",
    "rate_bpm": "rate_bpm",
    "rr_step_median": "irregularity",
    "p_likeness_median": "p_wave_likeness",
    "likeness_median": "beat_likeness",
    "atrial_size": "atrial_activity",
    "readable_share": "readable_share",
}
"""The figures that are told, by their names in the model."""


class Verdict(NamedTuple):
    """What a strip is.

    Parameters
    ----------
    label : one of `CLASSES`, the most probable.
    probabilities : of each class.
    figures : those that readers can check; NaN where there was too little to measure.
    reason : why the strip was not read, "" where it was.
    """

    label: str
    probabilities: Mapping[str, float]
    figures: Mapping[str, float]
    reason: str = ""


def classify(signal: Signal, block: Block) -> Verdict:
    """The verdict on a strip, in physical units, by its first ECG lead.

    Raises
    ------
    InvalidSignalError : if it has no ECG lead, its rate is not within [100, 1000] Hz, or it is longer than 120 s.
    """
    leads = ecg_leads(signal)
    if not leads:
        units = ", ".join(f"{channel.name} ({channel.unit})" for channel in signal.channels)
        msg = f"a strip must have an ECG lead in mV, uV or V, got {units}"
        raise InvalidSignalError(msg)
    if not MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ:
        msg = f"sampling rate of a strip must be within [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}] Hz, got {signal.fs_hz:g}"
        raise InvalidSignalError(msg)
    duration_s = len(block) / signal.fs_hz
    if duration_s > MAX_S:
        msg = f"a strip must be at most {MAX_S:g} s long, got {duration_s:.1f} s"
        raise InvalidSignalError(msg)
    samples = np.asarray(block.samples[:, leads[0]], np.float64)
    reason = unreadable(samples, signal.fs_hz)
    if reason:
        return Verdict(NOISY, {name: float(name == NOISY) for name in CLASSES}, {}, reason)
    found = measured(samples, signal.fs_hz)
    chances = _chances(found.row[None, :])[0]
    figures = found.figures | {"rate_bpm": 60.0 / found.figures["rr_median"]}
    told = {told: figures[name] for name, told in TOLD.items()}
    probabilities = dict(zip(CLASSES, chances.tolist(), strict=True))
    return Verdict(CLASSES[int(np.argmax(chances))], probabilities, told)


def unreadable(samples: Floats, fs_hz: float) -> str:
    """Why a strip of samples (n,) cannot be read at all, "" where it can."""
    duration_s = len(samples) / fs_hz
    if duration_s < MIN_S:
        return f"too short: {duration_s:.1f} s, at least {MIN_S:g} s are needed"
    is_there = np.isfinite(samples)
    if is_there.mean() < 1 - MAX_MISSING:
        return f"missing: {1 - is_there.mean():.0%} of the samples"
    from detectors.strips.strip import share_of_plateaus

    flat = share_of_plateaus(samples[is_there], fs_hz)
    return f"flat: {flat:.0%} of the samples stand still" if flat > MAX_FLAT else ""


def _chances(rows: Floats) -> Floats:
    """Probabilities (n, n_classes) of rows of the model's inputs (n, n_features)."""
    from detectors.loops.trees import probabilities

    return probabilities(_forest(), rows)


@cache
def _forest() -> Floats:
    """The learned trees as they are walked."""
    from detectors.loops.trees import load_trees, packed

    return packed(load_trees("detectors.strips"))
