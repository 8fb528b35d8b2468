"""What each channel says of the seconds before an alarm: beats of each ECG lead, pulses of each pressure or light wave.

Each lead is read by itself, and all together, so that one that fell off contradicts none of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from detectors.beats.detector import MAX_FS_HZ, MIN_FS_HZ, BeatDetector, ecg_leads
from detectors.runner import annotate
from detectors.wearables.ppg import PPG, PulseDetector
from signal_processing.errors import InvalidSignalError
from signal_processing.values import Block, Channel, Signal, settled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WINDOW_S = 16.0
"""Of the signal before an alarm, what is looked at: ten seconds in which it must be raised, and what led to it."""
PRESSURES = ("ABP", "ART", "PAP")
PULSE_NAMES = (*PPG.names, *PRESSURES)
"""Beginnings of the names of channels whose waves are pulses."""
N_RATE, N_FAST_RATE = 5, 17
"""Beats in a row that a rate is of: the definitions of the Computing in Cardiology Challenge 2015."""
N_FEW = 3
IRREGULAR = 9.0
"""What stands for the variation of too few intervals."""
TOGETHER_S = 0.15


class Reading(NamedTuple):
    """What one channel, or all leads together, had in the last `WINDOW_S` before an alarm.

    Parameters
    ----------
    name : of the channel; "ECG" of all leads together.
    at_s : (n,) times of beats or pulses, s from the beginning of the window.
    ventricular : (n,) whether a beat is ventricular; never so of pulses.
    confidence : mean confidence of what was found, 0 where nothing was.
    span : highest less lowest sample, in the channel's unit; of all leads, the largest.
    before_s : time of the last beat or pulse before the window, at most 0; NaN where there is none.
    """

    name: str
    at_s: Floats
    ventricular: NDArray[np.bool_]
    confidence: float
    span: float
    before_s: float

    @property
    def longest_gap_s(self) -> float:
        """The longest time without a beat or pulse within the window."""
        return float(np.diff(np.concatenate([[0.0], self.at_s, [WINDOW_S]])).max())

    @property
    def variation(self) -> float:
        """Standard deviation of the intervals over their mean; `IRREGULAR` where there are too few."""
        at = self.at_s if np.isnan(self.before_s) else np.concatenate([[self.before_s], self.at_s])
        intervals = np.diff(at)
        return float(intervals.std() / intervals.mean()) if len(intervals) >= N_FEW else IRREGULAR

    def rates_bpm(self, n: int = N_RATE) -> Floats:
        """The rate over each n beats or pulses in a row, /min."""
        if len(self.at_s) < n:
            return np.empty(0)
        return np.asarray(60.0 * (n - 1) / (self.at_s[n - 1 :] - self.at_s[: 1 - n]))

    def longest_run(self) -> int:
        """Ventricular beats in a row, at most."""
        longest = run = 0
        for is_ventricular in self.ventricular.tolist():
            run = run + 1 if is_ventricular else 0
            longest = max(longest, run)
        return longest

    def latest(self, seconds: float) -> Reading:
        """The same of the last seconds of the window alone."""
        rows = self.at_s >= WINDOW_S - seconds
        return self._replace(at_s=self.at_s[rows], ventricular=self.ventricular[rows])


class Readings(NamedTuple):
    """All channels: each ECG lead alone, all of them together (None without any), and each wave of pulses."""

    leads: tuple[Reading, ...]
    together: Reading | None
    pulses: tuple[Reading, ...]


def readings(signal: Signal, block: Block) -> Readings:
    """Read a recording, in physical units, that ends with an alarm; detectors learn from what lies before the window.

    Raises
    ------
    InvalidSignalError : if it is shorter than 16 s, its rate is not within [100, 1000] Hz, or it has neither an ECG
        lead nor a wave of pulses.
    """
    duration_s = len(block) / signal.fs_hz
    if duration_s < WINDOW_S:
        msg = f"the signal before an alarm must be at least {WINDOW_S:g} s long, got {duration_s:.1f} s"
        raise InvalidSignalError(msg)
    if not MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ:
        msg = f"sampling rate must be within [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}] Hz, got {signal.fs_hz:g}"
        raise InvalidSignalError(msg)
    leads = ecg_leads(signal)
    waves = [i for i, channel in enumerate(signal.channels) if channel.name.upper().startswith(PULSE_NAMES)]
    if not leads and not waves:
        names = ", ".join(channel.name for channel in signal.channels)
        msg = f"there must be an ECG lead in mV, uV or V or a wave of pulses ({', '.join(PULSE_NAMES)}), got {names}"
        raise InvalidSignalError(msg)
    alone = tuple(_beats(signal, block, [lead], signal.channels[lead].name) for lead in leads)
    together = _beats(signal, block, leads, "ECG") if leads else None
    return Readings(alone, together, tuple(_pulses(signal, block, wave) for wave in waves))


def _beats(signal: Signal, block: Block, columns: list[int], name: str) -> Reading:
    own = replace(signal, channels=tuple(signal.channels[i] for i in columns))
    said = settled(annotate(BeatDetector(), own, [Block(0, block.samples[:, columns])]))
    ends_s = len(block) / signal.fs_hz
    found = [(one.start / signal.fs_hz - ends_s + WINDOW_S, one.label == "V", one.confidence or 0.0) for one in said]
    return _reading(name, found, block.samples[-round(WINDOW_S * signal.fs_hz) :, columns])


def _pulses(signal: Signal, block: Block, column: int) -> Reading:
    own = replace(signal, channels=(Channel(PPG.names[0], "1"),))
    said = settled(annotate(PulseDetector(), own, [Block(0, block.samples[:, [column]])]))
    ends_s = len(block) / signal.fs_hz
    found = [(one.start / signal.fs_hz - ends_s + WINDOW_S, False, one.confidence or 0.0) for one in said]
    return _reading(signal.channels[column].name, found, block.samples[-round(WINDOW_S * signal.fs_hz) :, [column]])


def _reading(name: str, found: list[tuple[float, bool, float]], window: Floats) -> Reading:
    within = [one for one in found if one[0] >= 0.0]
    before = [at_s for at_s, _, _ in found if at_s < 0.0]
    confidence = float(np.mean([sure for _, _, sure in within])) if within else 0.0
    there = [lead[np.isfinite(lead)] for lead in window.T]
    span = max((float(np.ptp(lead)) for lead in there if len(lead)), default=0.0)
    at_s = np.array([at_s for at_s, _, _ in within], np.float64)
    ventricular = np.array([is_ventricular for _, is_ventricular, _ in within], np.bool_)
    return Reading(name, at_s, ventricular, confidence, span, before[-1] if before else float("nan"))


def n_together(one: Reading, other: Reading) -> int:
    """How many ventricular beats of one lead are ventricular in the other as well."""
    theirs = other.at_s[other.ventricular]
    return sum(bool(np.any(np.abs(theirs - at_s) < TOGETHER_S)) for at_s in one.at_s[one.ventricular].tolist())
