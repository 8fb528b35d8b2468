"""The verdict on ten seconds of twelve leads: acceptable for reading or to be taken again, and which lead is why.

The question of the Computing in Cardiology Challenge 2011 (Silva, Moody and Celi, CinC 38:273, 2011). What is measured
stands in `detectors.strips.leads`; gradient-boosted trees weigh it (`quality.npz`, learned by `training.strip_quality`,
figures in docs/training.md).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.beats.detector import MV_PER, ecg_leads
from detectors.strips.leads import AWAY_MV, LOUD_MV, LOW_MV, STILL, Seconds, filled, row_of, seconds_of
from signal_processing.errors import InvalidSignalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from signal_processing.values import Block, Signal

    Floats = NDArray[np.float64]

N_LEADS = 12
MIN_FS_HZ, MAX_FS_HZ = 100.0, 1000.0
MIN_S, MAX_S = 8.0, 30.0
MAX_MISSING = 0.2
"""Share of a lead that may be missing before that is its fault."""
DRIFT_MV = 1.5


class Fault(NamedTuple):
    """What is wrong with a lead: flat, missing, off, leaps, noise, wander or low; and in how many seconds."""

    lead: str
    kind: str
    seconds: int

    def __str__(self) -> str:
        return f"{self.lead}: {self.kind} ({self.seconds} s)"


class Quality(NamedTuple):
    """Whether a recording can be read.

    Parameters
    ----------
    acceptable : whether that is more probable than not.
    probability : that experts would call it acceptable.
    faults : of its leads, the worst first; there may be some in an acceptable one, too.
    """

    acceptable: bool
    probability: float
    faults: tuple[Fault, ...]


def check(signal: Signal, block: Block) -> Quality:
    """The verdict on a recording of twelve leads, in physical units, NaN where samples are missing.

    Raises
    ------
    InvalidSignalError : if it has fewer than 12 ECG leads, its rate is not within [100, 1000] Hz, or its length not
        within [8, 30] s.
    """
    leads = ecg_leads(signal)
    if len(leads) < N_LEADS:
        msg = f"a recording to be checked must have {N_LEADS} ECG leads, got {len(leads)}"
        raise InvalidSignalError(msg)
    if not MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ:
        msg = f"sampling rate must be within [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}] Hz, got {signal.fs_hz:g}"
        raise InvalidSignalError(msg)
    duration_s = len(block) / signal.fs_hz
    if not MIN_S <= duration_s <= MAX_S:
        msg = f"a recording to be checked must be within [{MIN_S:g}, {MAX_S:g}] s long, got {duration_s:.1f} s"
        raise InvalidSignalError(msg)
    to_mv = np.array([MV_PER[signal.channels[i].unit] for i in leads])
    given = np.asarray(block.samples[:, leads], np.float64) * to_mv
    row, seconds = measured(given, signal.fs_hz)
    from detectors.loops.trees import probabilities

    probability = float(probabilities(_forest(), row[None, :])[0, 0])
    names = [signal.channels[i].name for i in leads]
    second = round(signal.fs_hz)
    missing = [~np.isfinite(given[i : i + second]) for i in range(0, len(seconds.span) * second, second)]
    shares = np.array([part.mean(axis=0) for part in missing])
    faults = sorted(_faults(names, seconds, shares), key=lambda fault: -fault.seconds)
    return Quality(probability >= 0.5, probability, tuple(faults))  # noqa: PLR2004 - more probable than not


def measured(samples: Floats, fs_hz: float) -> tuple[Floats, Seconds]:
    """The inputs of the model, (n_features,), and the seconds they count, of samples (n_samples, 12), mV."""
    whole = filled(samples)
    seconds = seconds_of(whole, fs_hz)
    return row_of(seconds, whole, fs_hz), seconds


def _faults(names: list[str], seconds: Seconds, missing: Floats) -> Iterator[Fault]:
    """The gravest kind of fault that a lead has in any second; low and wander are of a whole lead."""
    n = len(seconds.span)
    kinds = (
        ("missing", missing > MAX_MISSING),
        ("flat", seconds.still > STILL),
        ("off the paper", (seconds.away > AWAY_MV) & (seconds.span > AWAY_MV)),
        ("leaps", seconds.leaps),
        ("noise", seconds.muscle > LOUD_MV),
        ("wander", np.tile(seconds.drift > DRIFT_MV, (n, 1))),
        ("low", np.tile(seconds.usual_swing < LOW_MV, (n, 1))),
    )
    for lead, name in enumerate(names):
        for kind, rows in kinds:
            if rows[:, lead].any():
                yield Fault(name, kind, int(rows[:, lead].sum()))
                break


@cache
def _forest() -> Floats:
    """The learned trees as they are walked."""
    from detectors.loops.trees import load_trees, packed

    return packed(load_trees("detectors.strips", "quality.npz"))
