"""Motion and falls from an accelerometer of three axes.

Motion of a second is the mean amplitude deviation of the length of the acceleration (Vaha-Ypya et al., Clin Physiol
Funct Imaging 35:64, 2015): the mean distance from its mean, which gravity and the sensor's position take no part in.
Walking has about 0.1 g and more.

A fall is a time of lightness, an impact within a second of it, and stillness after it (thresholds after Bourke, O'Brien
and Lyons, Gait Posture 26:194, 2007, and Kangas et al., Gait Posture 28:285, 2008, of sensors at trunk and waist). No
recording of a fall was at hand: it is tested on drawn signals only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.protocol import Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan
from detectors.wearables.channels import G_MS2, acceleration_axes
from detectors.wearables.frames import Frames, take
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MIN_FS_HZ = 10.0
STILL_FROM, STILL_UNTIL = 2, 4
"""Seconds after that of the impact which are still after a fall, both included."""


@dataclass(frozen=True)
class MotionConfig:
    """Limits, g and s.

    Parameters
    ----------
    enter_g, leave_g, min_motion_s : motion begins and ends; the shortest that is said.
    light_g, min_light_s : below it for as long, the body falls.
    impact_g, max_fall_s : at least that hard, as soon after lightness.
    still_g : motion below which a second is still.
    """

    enter_g: float = 0.1
    leave_g: float = 0.05
    min_motion_s: float = 2.0
    light_g: float = 0.6
    min_light_s: float = 0.1
    impact_g: float = 2.5
    max_fall_s: float = 1.0
    still_g: float = 0.1
    repeat_s: float = REPEAT_S


@dataclass
class MotionState:
    """The second in progress, the motion in progress, and what may become a fall.

    Parameters
    ----------
    columns, scale : the axes, and what turns them into g.
    sum_g : of the motion in progress, over its seconds.
    light_start, light_end : newest time of lightness long enough, `NOWHERE` before one.
    run_start : where the acceleration became light; `NOWHERE` while it is not.
    fall_start, impact_g, n_since : a fall that waits for stillness: its start, its hardest impact, seconds since.
    """

    fs_hz: float
    columns: list[int]
    scale: list[float]
    frames: Frames = field(default_factory=Frames)
    span: OpenSpan = field(default_factory=OpenSpan)
    sum_g: float = 0.0
    light_start: int = NOWHERE
    light_end: int = NOWHERE
    run_start: int = NOWHERE
    fall_start: int = NOWHERE
    impact_g: float = 0.0
    n_since: int = 0


class _Second(NamedTuple):
    start: int
    end: int
    length_g: NDArray[np.float64]
    motion_g: float


@dataclass(frozen=True)
class Motion:
    """The detector "motion"."""

    config: MotionConfig = field(default_factory=MotionConfig)
    name: str = "motion"
    version: str = "1"
    latency_s: float = 3.2

    @property
    def state_type(self) -> type[MotionState]:
        """The state."""
        return MotionState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group with three axes of an accelerometer, in m/s2 or g."""
        return signal.fs_hz >= MIN_FS_HZ and bool(acceleration_axes(signal))

    def initial(self, signal: Signal) -> MotionState:
        """No sample yet."""
        axes = acceleration_axes(signal)
        return MotionState(signal.fs_hz, list(axes), [per / G_MS2 for per in axes.values()])

    def step(self, state: MotionState, block: Block) -> Step[MotionState]:
        """Each second that the block completes."""
        said: list[Annotation] = []
        for start, frame in take(state.frames, block, state.columns, round(state.fs_hz)):
            second = _measured(start, frame * state.scale)
            said.extend(self._move(state, second))
            said.extend(self._fall(state, second))
        return Step(state, said)

    def finish(self, state: MotionState) -> list[Annotation]:
        """Close what is open; a fall whose stillness was not heard is none."""
        return list(self._close(state))

    def _move(self, state: MotionState, second: _Second) -> Iterator[Annotation]:
        limit_g = self.config.leave_g if state.span.is_open else self.config.enter_g
        if not second.motion_g > limit_g:
            yield from self._close(state)
            return
        if not state.span.is_open:
            state.span.open(second.start, second.start)
            state.sum_g = 0.0
        state.span.grow(second.end)
        state.sum_g += second.motion_g
        if self._is_long(state) and state.span.is_due(round(self.config.repeat_s * state.fs_hz)):
            yield self._motion(state, ongoing=True)

    def _is_long(self, state: MotionState) -> bool:
        n_seconds = (state.span.end - state.span.start) // round(state.fs_hz)
        return n_seconds >= self.config.min_motion_s

    def _close(self, state: MotionState) -> Iterator[Annotation]:
        if state.span.is_open and self._is_long(state):
            yield self._motion(state, ongoing=False)
        state.span.close()

    def _motion(self, state: MotionState, *, ongoing: bool) -> Annotation:
        mean_g = state.sum_g * round(state.fs_hz) / (state.span.end - state.span.start)
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label="MOTION",
            annotator=self.annotators[0],
            confidence=min(mean_g / (2 * self.config.enter_g), 1.0),
            figures={"motion_g": mean_g, "duration_s": (state.span.end - state.span.start) / state.fs_hz},
            ongoing=ongoing,
        )

    def _fall(self, state: MotionState, second: _Second) -> Iterator[Annotation]:
        if state.fall_start != NOWHERE:
            state.n_since += 1
            if state.n_since >= STILL_FROM and not second.motion_g < self.config.still_g:
                state.fall_start = NOWHERE
            elif state.n_since == STILL_UNTIL:
                yield self._said_fall(state, second.end)
                state.fall_start = NOWHERE
        is_light = second.length_g < self.config.light_g
        is_hard = second.length_g >= self.config.impact_g
        if state.run_start == NOWHERE and not is_light.any() and not is_hard.any():
            return  # the usual case
        matters = is_light | is_hard
        matters[1:] |= is_light[:-1]  # where lightness ends
        matters[0] = True
        for i in np.flatnonzero(matters).tolist():
            self._feel(state, second.start + i, float(second.length_g[i]), is_light=bool(is_light[i]))

    def _feel(self, state: MotionState, at: int, length_g: float, *, is_light: bool) -> None:
        if is_light:
            state.run_start = at if state.run_start == NOWHERE else state.run_start
            if at + 1 - state.run_start >= self.config.min_light_s * state.fs_hz:
                state.light_start, state.light_end = state.run_start, at + 1
            return
        state.run_start = NOWHERE
        if length_g < self.config.impact_g or state.light_end == NOWHERE:
            return
        if at - state.light_end <= self.config.max_fall_s * state.fs_hz:
            if state.fall_start == NOWHERE:
                state.impact_g = 0.0
            state.fall_start, state.n_since = state.light_start, 0
            state.impact_g = max(state.impact_g, length_g)

    def _said_fall(self, state: MotionState, end: int) -> Annotation:
        light_s = (state.light_end - state.light_start) / state.fs_hz
        return Annotation(
            start=state.fall_start,
            end=end,
            label="FALL",
            annotator=self.annotators[0],
            confidence=min(0.4 + 0.1 * (state.impact_g - self.config.impact_g) + 0.5 * min(light_s, 0.6), 0.9),
            figures={"impact_g": state.impact_g, "light_s": light_s},
        )


def _measured(start: int, axes_g: NDArray[np.float64]) -> _Second:
    with np.errstate(over="ignore", invalid="ignore"):
        length_g = np.sqrt((axes_g * axes_g).sum(axis=1))
    valid = length_g[np.isfinite(length_g)]
    motion_g = 0.0
    if 2 * len(valid) >= len(length_g):
        motion_g = float(np.abs(valid / len(valid) - valid.sum() / len(valid) / len(valid)).sum())
    heard = np.where(np.isfinite(length_g), length_g, 1.0)  # what is missing is neither light nor hard
    return _Second(start, start + len(axes_g), heard, motion_g if np.isfinite(motion_g) else 0.0)
