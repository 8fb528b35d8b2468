"""Pulses of a photoplethysmogram, each at its systolic peak, and how sure each one is.

The wave is followed up and down: it turns where it comes back by a share of the usual rise, and a crest whose rise from
the trough before it is large enough for its time is a pulse. It is a streaming relative of the peak and trough finders
that fare best in comparisons (Charlton et al., Physiol Meas 43:085007, 2022); a pulse that comes before it is due needs
a larger rise, which leaves dicrotic waves out, and a small early one is withdrawn for a larger one right after it. The
usual rise and interval are medians of the newest eight; the rise is never taken for more than what was lately seen.

Confidence (Li and Clifford, Physiol Meas 33:1491, 2012; Orphanidou et al., IEEE JBHI 19:832, 2015, for the idea of
likeness with the usual shape): a logistic function of likeness, width, evenness of the rise and turns of the wave
between pulses. Regularity takes no part, or fibrillation would be unreadable. Motion of an accelerometer in the same
group lowers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.protocol import Step, as_compiled
from detectors.wearables.motion_axes import acceleration_axes
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from detectors.chain import Chain

BAND_HZ = (0.3, 8.0)
"""Pass band, Hz: what breathes is left out, what pulses stays."""

MIN_APART_S = 0.28
"""Least distance of two pulses, s: 214/min."""

WAIT_S = 0.45
"""How long a crest waits for the wave to come down, s; then it is taken for one as it is."""

BIN_S = 0.25
"""A part of the recent range, s: the whole is two seconds."""

BEFORE_S, AFTER_S = 0.25, 0.45
"""The shape of a pulse, around its crest, s."""

SETTLE_S = 2.0
"""What is heard before the first pulse is said, s: how large pulses are is not known before."""

RING_S = 3.0
MIN_FS_HZ, MAX_FS_HZ = 20.0, 2000.0
PPG_NAMES = ("PLETH", "PPG", "BVP")
"""Beginnings of the names of channels that are photoplethysmograms."""

WEIGHTS = (-2.05, 1.32, -0.27, 3.99, -0.57, -4.20)
"""Of the confidence: bias, likeness, width, likeness of late, unevenness of late, turns of late (its logarithm).

Fitted by logistic regression to 24,000 pulses of 3 BIDMC and 100 CinC 2015 records, against beats of the ECG; area
under the curve 0.81 with a fifth of the records left out in turn."""


class Plan(NamedTuple):
    """What follows from the sampling rate: filters (2, 6), widths in samples (as `ppg_loop` has them), weights."""

    sos: NDArray[np.float64]
    widths: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass
class PulseState:
    """What the loop needs between blocks.

    Parameters
    ----------
    columns : the photoplethysmogram, then the axes of an accelerometer; `scale` turns these into m/s2.
    z : filter states (2, 2).
    counts, levels, rings : as `ppg_loop` has them.
    origin : the first sample; -1 before it.
    """

    fs_hz: float
    channel: str
    columns: NDArray[np.int64]
    scale: NDArray[np.float64]
    z: NDArray[np.float64]
    counts: NDArray[np.int64]
    levels: NDArray[np.float64]
    rings: NDArray[np.float64]
    origin: int = -1


@dataclass(frozen=True)
class PulseDetector:
    """The detector "ppg-pulses": the first photoplethysmogram of a group."""

    name: str = "ppg-pulses"
    version: str = "2"
    latency_s: float = SETTLE_S + 0.3

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
        from detectors.wearables.ppg_loop import BEFORE_LAST, LAST, N_COUNTS, N_LEVELS, REFERENCE

        i_channel = ppg_channels(signal)[0]
        counts = np.zeros(N_COUNTS, dtype=np.int64)
        counts[LAST] = counts[BEFORE_LAST] = -1
        counts[1] = 1  # it is rising, so that the first crest is one
        levels = np.zeros(N_LEVELS)
        levels[REFERENCE] = np.nan
        rings = np.zeros((2, round(RING_S * signal.fs_hz)))
        axes = acceleration_axes(signal)
        return PulseState(
            signal.fs_hz,
            signal.channels[i_channel].name,
            np.array([i_channel, *axes]),
            np.array(list(axes.values()), dtype=np.float64),
            np.zeros((2, 2)),
            counts,
            levels,
            rings,
        )

    def step(self, state: PulseState, block: Block) -> Step[PulseState]:
        """Find the pulses that the block completes."""
        if not len(block):
            return Step(state, [])
        from detectors.wearables.ppg_loop import run_block

        if state.origin < 0:
            state.origin = block.start
        plan = _plan(state.fs_hz)
        found = _room(len(block), plan)
        n = run_block(
            as_compiled(block.samples), state.columns, state.scale, plan.sos, plan.weights, plan.widths,
            state.z, state.counts, state.levels, state.rings, found,
        )  # fmt: skip
        return Step(state, self._say(state, found[:n]) if n else [])

    def finish(self, state: PulseState) -> list[Annotation]:
        """The pulses that wait for what follows them."""
        if state.origin < 0:
            return []
        from detectors.wearables.ppg_loop import end_run

        plan = _plan(state.fs_hz)
        found = _room(0, plan)
        n = end_run(plan.weights, plan.widths, state.counts, state.levels, state.rings, found)
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


def ppg() -> Chain:
    """The detector "ppg" as it runs in production: pulses, where they cannot be read, and rhythms read from them."""
    from detectors.chain import Chain
    from detectors.rhythms.afib import Afib
    from detectors.rhythms.rates import Rates
    from detectors.wearables.from_pulses import FromPulses
    from detectors.wearables.readable import Readable

    rates = FromPulses(Rates(), frozenset({"BRADY", "TACHY"}), "pulse-rates")
    afib = FromPulses(Afib(), frozenset({"AFIB"}), "pulse-afib")
    return Chain("ppg", "1", PulseDetector(), (Readable(), rates, afib))


def ppg_channels(signal: Signal) -> list[int]:
    """The channels that are photoplethysmograms."""
    return [i for i, channel in enumerate(signal.channels) if channel.name.upper().startswith(PPG_NAMES)]


@lru_cache(maxsize=16)
def _plan(fs_hz: float) -> Plan:
    from signal_processing.filters import butterworth

    high = butterworth("highpass", BAND_HZ[0], order=1, fs_hz=fs_hz)
    low = butterworth("lowpass", BAND_HZ[1], order=2, fs_hz=fs_hz)
    widths = [max(round(s * fs_hz), 1) for s in (MIN_APART_S, WAIT_S, BIN_S, BEFORE_S, AFTER_S, SETTLE_S, 1.0)]
    return Plan(np.ascontiguousarray(np.vstack([high, low])), np.array(widths, dtype=np.int64), np.array(WEIGHTS))


def _room(n_samples: int, plan: Plan) -> NDArray[np.float64]:
    """For all pulses that n samples can complete: those of the first seconds come together, two wait."""
    apart, settle = int(plan.widths[0]), int(plan.widths[5])
    return np.empty(((n_samples + settle) // apart + 4, 2))
