"""The detector "vf": ventricular fibrillation and flutter, one span over all leads, streaming, 100 to 1000 Hz.

Each second the last four are measured in each lead (`detectors.fibrillation.features`) and judged by trees; the mean
over the leads counts, for fibrillation is in all of them and noise seldom is. What is said of a second is the mean over
the windows that hold it. A span begins where that passes one limit and ends where it falls below a lower one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.beats.detector import MAX_FS_HZ, MIN_FS_HZ, MV_PER, ecg_leads
from detectors.fibrillation.plan import N_SAID, WINDOW_S, Of, Said, new_memory, plan_for, waves_for
from detectors.protocol import Step, as_compiled
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan
from signal_processing.values import Annotation, Annotator

if TYPE_CHECKING:
    from collections.abc import Callable

    from signal_processing.values import Block, Signal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LABEL = "VFIB"
"""Flutter included: where one ends and the other begins is not agreed upon, and both are treated alike."""


@dataclass(frozen=True)
class FibrillationConfig:
    """Limits of a second's probability, the shortest span and gap, and how often a growing span is said again.

    Parameters
    ----------
    enter, leave : a span begins at or above `enter` and ends below `leave`.
    min_s : a shorter span is not said.
    bridge_s : so many seconds below `leave` end a span.
    repeat_s : a growing span is said again each time it has grown by this.
    """

    enter: float = 0.5
    leave: float = 0.35
    min_s: int = 4
    bridge_s: int = 2
    repeat_s: float = REPEAT_S


@dataclass
class FibrillationState:
    """Where the run stands, and the span in progress.

    Parameters
    ----------
    leads, to_mv : the columns of a block that are leads, and what turns them into millivolt.
    memory : as `plan.new_memory` lays it out.
    origin : index of the first sample; `NOWHERE` before it.
    n_samples, n_judged : samples taken, and seconds that were judged.
    recent : what was said of the newest windows (`plan.Said`), at most `WINDOW_S` of them.
    n_below : seconds below `leave` since the span last grew.
    n_seconds, sums : seconds of the span, and the sums of what was said of them.
    """

    fs_hz: float
    leads: Ints
    to_mv: Floats
    memory: Floats
    origin: int = NOWHERE
    n_samples: int = 0
    n_judged: int = 0
    recent: list[list[float]] = field(default_factory=list)
    span: OpenSpan = field(default_factory=OpenSpan)
    n_below: int = 0
    n_seconds: int = 0
    sums: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class FibrillationDetector:
    """The detector "vf"."""

    config: FibrillationConfig = field(default_factory=FibrillationConfig)
    name: str = "vf"
    version: str = "1"

    @property
    def latency_s(self) -> float:
        """The windows that hold a second, the shortest span or the gap that ends one, and the rounding, s."""
        return WINDOW_S + max(self.config.min_s, self.config.bridge_s) + 1.1

    @property
    def state_type(self) -> type[FibrillationState]:
        """The state."""
        return FibrillationState

    @cached_property
    def annotator(self) -> Annotator:
        """Who says the spans."""
        return Annotator("machine", self.name, self.version)

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (self.annotator,)

    def accepts(self, signal: Signal) -> bool:
        """ECG: 100 to 1000 Hz, and at least one channel in volts that is no other sensor's."""
        return MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ and bool(ecg_leads(signal))

    def initial(self, signal: Signal) -> FibrillationState:
        """No sample yet."""
        leads = ecg_leads(signal)
        to_mv = np.array([MV_PER[signal.channels[i].unit] for i in leads])
        return FibrillationState(signal.fs_hz, np.array(leads), to_mv, new_memory(_kit(signal.fs_hz).plan, len(leads)))

    def step(self, state: FibrillationState, block: Block) -> Step[FibrillationState]:
        """Judge the windows that the block completes, and of each the second that no later one holds."""
        n = len(block)
        if not n:
            return Step(state, [])
        if state.origin == NOWHERE:
            state.origin = block.start
        state.n_samples += n
        kit, code = _kit(state.fs_hz), _compiled()
        windows = np.empty((n // kit.second_samples + 1, N_SAID))
        features = np.empty((1, len(state.leads), code.n_features))
        n_windows = code.take(
            as_compiled(block.samples), state.leads, state.to_mv, kit.plan, kit.waves, code.forest,
            state.memory, features, windows,
        )  # fmt: skip
        return Step(state, self._judge(state, windows[:n_windows].tolist()))

    def finish(self, state: FibrillationState) -> list[Annotation]:
        """Judge the last seconds by the windows there are; a span that reaches the last of them reaches the end."""
        said: list[Annotation] = []
        if state.recent:
            for k in range(1, WINDOW_S):
                # the first of four has left the second that is judged next behind
                self._judge_next(state, state.recent[max(len(state.recent) - WINDOW_S + k, 0) :], said)
        if state.span.is_open:
            if not state.n_below:
                state.span.grow(state.origin + state.n_samples)
            self._close(state, said)
        return said

    def of_windows(self, signal: Signal, windows: Floats, n_samples: int) -> list[Annotation]:
        """What is said of a whole recording whose windows (n, N_SAID) others have judged: held-out models, say."""
        state = self.initial(signal)
        state.origin, state.n_samples = 0, n_samples
        return self._judge(state, windows.tolist()) + self.finish(state)

    def _judge(self, state: FibrillationState, windows: list[list[float]]) -> list[Annotation]:
        said: list[Annotation] = []
        for window in windows:
            if len(state.recent) == WINDOW_S:
                del state.recent[0]
            state.recent.append(window)
            self._judge_next(state, state.recent, said)
        return said

    def _judge_next(self, state: FibrillationState, windows: list[list[float]], said: list[Annotation]) -> None:
        """The second after those that were judged, by the windows that hold it."""
        second = _kit(state.fs_hz).second_samples
        start = state.origin + state.n_judged * second
        state.n_judged += 1
        probability = sum(window[Said.FIBRILLATION] for window in windows) / len(windows)
        span, config = state.span, self.config
        if not span.is_open:
            if probability < config.enter:
                return
            span.open(start, start)
            state.n_seconds, state.sums = 0, [0.0] * N_SAID
        elif probability < config.leave:
            state.n_below += 1
            if state.n_below >= config.bridge_s:
                self._close(state, said)
            return
        state.n_below = 0
        state.n_seconds += 1
        for k in range(N_SAID):
            state.sums[k] += sum(window[k] for window in windows) / len(windows)
        span.grow(start + second)
        if self._may_say(state) and span.is_due(round(config.repeat_s * state.fs_hz)):
            said.append(self._annotation(state, ongoing=True))

    def _may_say(self, state: FibrillationState) -> bool:
        return state.span.end - state.span.start >= self.config.min_s * _kit(state.fs_hz).second_samples

    def _close(self, state: FibrillationState, said: list[Annotation]) -> None:
        if self._may_say(state):
            said.append(self._annotation(state, ongoing=False))
        state.span.close()
        state.n_below = 0

    def _annotation(self, state: FibrillationState, *, ongoing: bool) -> Annotation:
        means = [total / state.n_seconds for total in state.sums]
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label=LABEL,
            annotator=self.annotator,
            confidence=min(max(means[Said.FIBRILLATION], 0.0), 1.0),
            figures={
                "duration_s": (state.span.end - state.span.start) / state.fs_hz,
                "peak_hz": means[Said.PEAK_HZ],
                "range_mv": means[Said.RANGE_MV],
                "n_leads": means[Said.N_LEADS],
                "vt_probability": means[Said.TACHYCARDIA],
            },
            ongoing=ongoing,
        )


def measured_windows(signal: Signal, block: Block) -> tuple[Floats, int]:
    """The features of each window of each lead, (n, n_leads, N_FEATURES), NaN where it cannot be read; and a second.

    Of one block that is the whole recording, in physical units; a window ends each second, from the fourth on. A second
    is a whole number of averages, as the samples that are given last.
    """
    leads = ecg_leads(signal)
    kit = _kit(signal.fs_hz)
    n = len(block) // kit.second_samples + 1
    from detectors.fibrillation.features import N_FEATURES  # not `_compiled`, which needs the model
    from detectors.fibrillation.loop import take

    features, said = np.full((n, len(leads), N_FEATURES), np.nan), np.empty((n, N_SAID))
    memory = new_memory(kit.plan, len(leads))
    to_mv = np.array([MV_PER[signal.channels[i].unit] for i in leads])
    n = take(
        as_compiled(block.samples), np.array(leads), to_mv, kit.plan, kit.waves, _no_trees(), memory, features, said
    )
    return features[:n], kit.second_samples


def _no_trees() -> Floats:
    """A forest of one leaf, to measure with."""
    return np.array([3, 1, 1, 0.0, 0, 0, 8, 0, 0, 0])


class _Kit(NamedTuple):
    plan: Floats
    waves: Floats
    second_samples: int


@cache
def _kit(fs_hz: float) -> _Kit:
    plan = plan_for(fs_hz)
    return _Kit(plan, waves_for(plan), int(plan[Of.STEP]) * int(plan[Of.PER_SECOND]))


class _Code(NamedTuple):
    take: Callable[..., int]
    n_features: int
    forest: Floats


@cache
def _compiled() -> _Code:
    """What takes seconds to import, and is not looked up again at each block."""
    from detectors.fibrillation.features import N_FEATURES
    from detectors.fibrillation.loop import take
    from detectors.fibrillation.model import forest

    return _Code(take, N_FEATURES, forest())
