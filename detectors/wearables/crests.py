"""Crests of a wave that comes again and again, pulses or breaths, each at its highest sample.

The loop is `crest_loop`; what one kind of wave is like (how fast, how far apart) is a `WaveKind`. Slow waves are heard
at a lower rate: every k-th sample, counted from the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.protocol import Step, as_compiled
from detectors.wearables.channels import acceleration_axes
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class WaveKind:
    """What one kind of wave is like.

    Parameters
    ----------
    names : beginnings of the names of its channels.
    fs_range_hz : slowest and fastest sampling rate that it is read at.
    heard_at_hz : a slower rate that is enough; faster signals are heard at this rate or up to twice as fast.
    band_hz : pass band; what is slower or faster is no part of the wave.
    apart_s : least distance of two crests.
    wait_s : how long a crest waits for the wave to come down; then it is taken for one as it is.
    bin_s : an eighth of the recent time that tells how large waves are at most.
    before_s, after_s : the shape of a wave, around its crest.
    settle_s : what is heard before the first crest is said: how large waves are is not known before.
    weights : of the confidence: bias, likeness, width, likeness of late, unevenness of late, turns of late.
    """

    names: tuple[str, ...]
    fs_range_hz: tuple[float, float]
    heard_at_hz: float
    band_hz: tuple[float, float]
    apart_s: float
    wait_s: float
    bin_s: float
    before_s: float
    after_s: float
    settle_s: float
    weights: tuple[float, ...]

    def channels(self, signal: Signal) -> list[int]:
        """The channels of a group that are such waves."""
        return [i for i, channel in enumerate(signal.channels) if channel.name.upper().startswith(self.names)]


class Plan(NamedTuple):
    """What follows from the sampling rate: filters (2, 6), widths in samples (as `crest_loop` has them), weights."""

    sos: NDArray[np.float64]
    widths: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass
class CrestState:
    """What the loop needs between blocks.

    Parameters
    ----------
    stride : every which sample is heard.
    n_taken : samples taken, heard or not.
    columns : the wave, then the axes of an accelerometer; `scale` turns these into m/s2.
    z : filter states (2, 2).
    counts, levels, rings : as `crest_loop` has them.
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
    stride: int = 1
    n_taken: int = 0
    origin: int = -1


@dataclass(frozen=True)
class CrestFinder:
    """Says each crest of the first wave of its kind in a group as PULSE."""

    kind: WaveKind
    name: str
    version: str

    @property
    def latency_s(self) -> float:
        """That of the first crests, or of one that waits for what follows it, s, and what rounding takes."""
        return max(self.kind.settle_s, self.kind.wait_s + self.kind.after_s) + 0.3

    @property
    def state_type(self) -> type[CrestState]:
        """The state."""
        return CrestState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group with a channel whose name says that it is such a wave."""
        low_hz, high_hz = self.kind.fs_range_hz
        return low_hz <= signal.fs_hz <= high_hz and bool(self.kind.channels(signal))

    def initial(self, signal: Signal) -> CrestState:
        """No sample yet."""
        from detectors.wearables.crest_loop import BEFORE_LAST, LAST, N_COUNTS, N_LEVELS, REFERENCE

        i_channel = self.kind.channels(signal)[0]
        counts = np.zeros(N_COUNTS, dtype=np.int64)
        counts[LAST] = counts[BEFORE_LAST] = -1
        counts[1] = 1  # it is rising, so that the first crest is one
        levels = np.zeros(N_LEVELS)
        levels[REFERENCE] = np.nan
        stride = max(int(signal.fs_hz / self.kind.heard_at_hz), 1)
        rings = np.zeros((2, round((self.kind.settle_s + 1.0) * signal.fs_hz / stride)))
        axes = acceleration_axes(signal)
        return CrestState(
            signal.fs_hz,
            signal.channels[i_channel].name,
            np.array([i_channel, *axes]),
            np.array(list(axes.values()), dtype=np.float64),
            np.zeros((2, 2)),
            counts,
            levels,
            rings,
            stride,
        )

    def step(self, state: CrestState, block: Block) -> Step[CrestState]:
        """Find the pulses that the block completes."""
        if state.origin < 0 and len(block):
            state.origin = block.start
        heard = block.samples if state.stride == 1 else block.samples[-state.n_taken % state.stride :: state.stride]
        state.n_taken += len(block)
        return Step(state, self._find(state, heard, is_end=False) if len(heard) else [])

    def finish(self, state: CrestState) -> list[Annotation]:
        """The pulses that wait for what follows them."""
        if state.origin < 0:
            return []
        return self._find(state, np.empty((0, int(state.columns.max()) + 1)), is_end=True)

    def _find(self, state: CrestState, samples: NDArray[np.float64], *, is_end: bool) -> list[Annotation]:
        from detectors.wearables.crest_loop import run_block

        plan = _plan(self.kind, state.fs_hz / state.stride)
        found = _room(len(samples), plan)
        n = run_block(
            as_compiled(samples), state.columns, state.scale, plan.sos, plan.weights, plan.widths,
            state.z, state.counts, state.levels, state.rings, found, is_end,
        )  # fmt: skip
        return self._say(state, found[:n]) if n else []

    def _say(self, state: CrestState, found: Iterable[NDArray[np.float64]]) -> list[Annotation]:
        said = []
        for offset, confidence in found:
            sample = state.origin + int(offset) * state.stride
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


@lru_cache(maxsize=32)
def _plan(kind: WaveKind, fs_hz: float) -> Plan:
    from signal_processing.filters import butterworth

    high = butterworth("highpass", kind.band_hz[0], order=1, fs_hz=fs_hz)
    low = butterworth("lowpass", kind.band_hz[1], order=2, fs_hz=fs_hz)
    lengths_s = (kind.apart_s, kind.wait_s, kind.bin_s, kind.before_s, kind.after_s, kind.settle_s, 1.0)
    widths = np.array([max(round(length_s * fs_hz), 1) for length_s in lengths_s], dtype=np.int64)
    return Plan(np.ascontiguousarray(np.vstack([high, low])), widths, np.array(kind.weights))


def _room(n_samples: int, plan: Plan) -> NDArray[np.float64]:
    """For all pulses that n samples can complete: those of the first seconds come together, two wait."""
    apart, settle = int(plan.widths[0]), int(plan.widths[5])
    return np.empty(((n_samples + settle) // apart + 4, 2))
