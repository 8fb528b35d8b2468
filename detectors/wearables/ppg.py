"""Pulses of a photoplethysmogram, each at its systolic peak.

The two moving averages of Elgendi, Norton, Brearley, Abbott and Schuurmans, PLoS ONE 8:e76585, 2013: the band-passed
signal, clipped at zero and squared, is averaged over a peak (111 ms) and over a beat (667 ms); where the first
exceeds the second by an offset lies a block of interest. It departs from the paper where a stream demands it: the
band-pass is causal instead of forward and backward, so that the peak is then sought in the signal itself, and the
offset rests on a running mean instead of that of the whole record. Blocks end after 0.7 s at the latest, and pulses
are at least 0.3 s apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.protocol import Step
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable

BAND_HZ = (0.5, 8.0)
"""Pass band, Hz (Elgendi 2013)."""

PEAK_S, BEAT_S = 0.111, 0.667
"""Windows of the two averages, s (Elgendi 2013)."""

OFFSET = 0.02
"""Offset of the threshold, as a share of the mean square (Elgendi 2013)."""

MAX_BLOCK_S = 0.7
"""Where a block of interest ends at the latest, s: the beat window, so that latency has a bound."""

REACH_S = 0.15
"""How far from the band-passed maximum the raw one is sought, s: the delay of the causal filter is below it."""

MIN_APART_S = 0.3
"""Least distance of two pulses, s: 200/min."""

RING_S = 2.0
MIN_FS_HZ, MAX_FS_HZ = 20.0, 2000.0
PPG_NAMES = ("PLETH", "PPG", "BVP")
"""Beginnings of the names of channels that are photoplethysmograms."""


class Plan(NamedTuple):
    """What follows from the sampling rate: filters (2, 6), widths in samples, weight of the running mean."""

    sos: NDArray[np.float64]
    widths: NDArray[np.int64]
    mean_weight: float


@dataclass
class PulseState:
    """Filter states (2, 2), counters, levels and rings as `ppg_blocks` has them; `origin` is the first sample or -1."""

    fs_hz: float
    i_channel: int
    channel: str
    z: NDArray[np.float64]
    counts: NDArray[np.int64]
    levels: NDArray[np.float64]
    rings: NDArray[np.float64]
    origin: int = -1


@dataclass(frozen=True)
class PulseDetector:
    """The detector "ppg-pulses": the first photoplethysmogram of a group."""

    name: str = "ppg-pulses"
    version: str = "1"
    latency_s: float = 1.6

    @property
    def state_type(self) -> type[PulseState]:
        """The state."""
        return PulseState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group with a channel whose name says that it is a photoplethysmogram."""
        return MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ and bool(ppg_channels(signal))

    def initial(self, signal: Signal) -> PulseState:
        """No sample yet."""
        from detectors.wearables.ppg_blocks import N_COUNTS, N_LEVELS

        i_channel = ppg_channels(signal)[0]
        counts = np.full(N_COUNTS, -1, dtype=np.int64)
        counts[0] = 0
        levels = np.zeros(N_LEVELS)
        levels[0] = np.nan
        rings = np.zeros((3, round(RING_S * signal.fs_hz)))
        name = signal.channels[i_channel].name
        return PulseState(signal.fs_hz, i_channel, name, np.zeros((2, 2)), counts, levels, rings)

    def step(self, state: PulseState, block: Block) -> Step[PulseState]:
        """Find the pulses that the block completes."""
        if not len(block):
            return Step(state, [])
        from detectors.wearables.ppg_blocks import run_block

        if state.origin < 0:
            state.origin = block.start
        plan = _plan(state.fs_hz)
        samples = np.array(block.samples[:, state.i_channel], dtype=np.float64)  # a copy: compiled for writable ones
        found = np.empty((len(samples) // int(plan.widths[0]) + 2, 2))  # a pulse is at least a peak's width
        n = run_block(
            samples, plan.sos, plan.widths, OFFSET, plan.mean_weight,
            state.z, state.counts, state.levels, state.rings, found,
        )  # fmt: skip
        return Step(state, self._say(state, found[:n]))

    def finish(self, state: PulseState) -> list[Annotation]:
        """The pulse whose block is in progress."""
        if state.origin < 0:
            return []
        from detectors.wearables.ppg_blocks import COUNT, end_block

        plan = _plan(state.fs_hz)
        found = np.empty((1, 2))
        end = int(state.counts[COUNT]) - int(plan.widths[1]) // 2
        n = end_block(plan.widths, state.counts, state.levels, state.rings, end, found[0])
        return self._say(state, found[:n])

    def _say(self, state: PulseState, found: Iterable[NDArray[np.float64]]) -> list[Annotation]:
        said = []
        for offset, confidence in found:
            sample = state.origin + int(offset)
            said.append(
                Annotation(
                    start=sample,
                    end=sample,
                    label="PULSE",
                    channel=state.channel,
                    annotator=self.annotators[0],
                    confidence=float(confidence),
                )
            )
        return said


def ppg_channels(signal: Signal) -> list[int]:
    """The channels that are photoplethysmograms."""
    return [i for i, channel in enumerate(signal.channels) if channel.name.upper().startswith(PPG_NAMES)]


@lru_cache(maxsize=16)
def _plan(fs_hz: float) -> Plan:
    from detectors.wearables.ppg_blocks import MEAN_S
    from signal_processing.filters import butterworth

    high = butterworth("highpass", BAND_HZ[0], order=2, fs_hz=fs_hz)
    low = butterworth("lowpass", BAND_HZ[1], order=2, fs_hz=fs_hz)
    widths = [max(round(width_s * fs_hz), 1) for width_s in (PEAK_S, BEAT_S, MAX_BLOCK_S, REACH_S, MIN_APART_S)]
    return Plan(np.ascontiguousarray(np.vstack([high, low])), np.array(widths, dtype=np.int64), 1 / (MEAN_S * fs_hz))
