"""Skin temperature: raised for a while, and a sensor that is off.

A minute's temperature is the mean of its readings. It is raised (FEVER) from 38.0 degrees Celsius, the usual limit of
fever, or where it stands 2 degrees above the median of the last six hours and reaches 36.5, for at least ten minutes;
skin is cooler than the body and follows the room, so this is a reason to look and no fever by itself. Below 28 degrees
the sensor lies beside the skin (LEAD_OFF): skin of the trunk and wrist is 30 to 36 degrees warm indoors. The limits are
chosen, not fitted: no recording with fever was at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from detectors.protocol import Step
from detectors.spans import OpenSpan
from detectors.wearables.frames import Frames, mean_of_valid, take
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPERATURE_NAMES = ("TEMP", "SKT", "TSKIN")
"""Beginnings of the names of channels that are temperatures of the skin."""

CELSIUS = ("Cel", "degC", "C", "\N{DEGREE SIGN}C")
"""Units of degrees Celsius, UCUM's first."""

MINUTE_S = 60.0


@dataclass(frozen=True)
class TemperatureConfig:
    """Limits in degrees Celsius; durations in minutes, s and h."""

    fever_c: float = 38.0
    above_baseline_c: float = 2.0
    least_raised_c: float = 36.5
    hysteresis_c: float = 0.3
    off_c: float = 28.0
    min_raised: int = 10
    min_off: int = 2
    baseline_minutes: int = 360
    min_baseline_minutes: int = 60
    repeat_s: float = 600.0


@dataclass
class TemperatureState:
    """The minute in progress, minutes of the baseline, and the span in progress with its label and minutes."""

    fs_hz: float
    i_channel: int
    channel: str
    frames: Frames = field(default_factory=Frames)
    minutes: list[float] = field(default_factory=list)
    label: str = ""
    span: OpenSpan = field(default_factory=OpenSpan)
    n_minutes: int = 0
    highest_c: float = 0.0
    lowest_c: float = 0.0
    baseline_c: float = 0.0


@dataclass(frozen=True)
class Temperature:
    """The detector "temperature": the first temperature of a group."""

    config: TemperatureConfig = field(default_factory=TemperatureConfig)
    name: str = "temperature"
    version: str = "1"
    latency_s: float = 2 * MINUTE_S + 1.0

    @property
    def state_type(self) -> type[TemperatureState]:
        """The state."""
        return TemperatureState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group with a channel in degrees Celsius whose name says that it is a temperature, a reading a minute."""
        return signal.fs_hz * MINUTE_S >= 1.0 and bool(temperature_channels(signal))

    def initial(self, signal: Signal) -> TemperatureState:
        """No reading yet."""
        i_channel = temperature_channels(signal)[0]
        return TemperatureState(signal.fs_hz, i_channel, signal.channels[i_channel].name)

    def step(self, state: TemperatureState, block: Block) -> Step[TemperatureState]:
        """Each minute that the block completes."""
        said: list[Annotation] = []
        for start, frame in take(state.frames, block, [state.i_channel], _minute(state)):
            said.extend(self._take(state, start, mean_of_valid(frame)))
        return Step(state, said)

    def finish(self, state: TemperatureState) -> list[Annotation]:
        """Close what is open."""
        return list(self._close(state))

    def _take(self, state: TemperatureState, start: int, mean_c: float | None) -> Iterator[Annotation]:
        label = "" if mean_c is None else self._judged(state, mean_c)
        if label != state.label:
            yield from self._close(state)
        if mean_c is None:
            return
        if not label:
            state.minutes.append(mean_c)
            del state.minutes[: -self.config.baseline_minutes]
            return
        if not state.span.is_open:
            state.label, state.n_minutes = label, 0
            state.highest_c = state.lowest_c = mean_c
            state.span.open(start, start)
        state.span.grow(start + _minute(state))
        state.n_minutes += 1
        state.highest_c, state.lowest_c = max(state.highest_c, mean_c), min(state.lowest_c, mean_c)
        if self._is_long(state) and state.span.is_due(round(self.config.repeat_s * state.fs_hz)):
            yield self._annotation(state, ongoing=True)

    def _judged(self, state: TemperatureState, mean_c: float) -> str:
        config = self.config
        if not mean_c >= config.off_c:
            return "LEAD_OFF"
        limit_c = config.fever_c
        if len(state.minutes) >= config.min_baseline_minutes:
            if state.label != "FEVER":
                state.baseline_c = median(state.minutes)
            limit_c = min(limit_c, max(state.baseline_c + config.above_baseline_c, config.least_raised_c))
        if state.label == "FEVER":
            limit_c -= config.hysteresis_c
        return "FEVER" if mean_c >= limit_c else ""

    def _is_long(self, state: TemperatureState) -> bool:
        return state.n_minutes >= (self.config.min_raised if state.label == "FEVER" else self.config.min_off)

    def _close(self, state: TemperatureState) -> Iterator[Annotation]:
        if state.span.is_open and self._is_long(state):
            yield self._annotation(state, ongoing=False)
        state.span.close()
        state.label = ""

    def _annotation(self, state: TemperatureState, *, ongoing: bool) -> Annotation:
        is_fever = state.label == "FEVER"
        extreme_c = state.highest_c if is_fever else state.lowest_c
        limit_c = self.config.fever_c if is_fever else self.config.off_c
        figures = {"highest_c" if is_fever else "lowest_c": extreme_c}
        if is_fever and len(state.minutes) >= self.config.min_baseline_minutes:
            figures["baseline_c"] = state.baseline_c
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label=state.label,
            channel=state.channel,
            annotator=self.annotators[0],
            confidence=min(max(0.6 + 0.2 * (extreme_c - limit_c) * (1 if is_fever else -1), 0.3), 0.95),
            figures={"duration_s": (state.span.end - state.span.start) / state.fs_hz, **figures},
            ongoing=ongoing,
        )


def temperature_channels(signal: Signal) -> list[int]:
    """The channels that are temperatures of the skin."""
    return [
        i
        for i, channel in enumerate(signal.channels)
        if channel.unit in CELSIUS and channel.name.upper().startswith(TEMPERATURE_NAMES)
    ]


def _minute(state: TemperatureState) -> int:
    return max(round(MINUTE_S * state.fs_hz), 1)
