"""Oxygen desaturation from pulse oximetry at about 1 Hz.

A desaturation is a drop of at least 3 percentage points from the baseline for at least 10 s (AASM Manual for the
Scoring of Sleep, rule 1A of hypopnoea: 3 %, rule 1B: 4 %, set by `drop_percent`). The baseline is the median of the
last 120 s of readings outside of desaturations, so that single readings move nothing. A span reaches from the first
reading below to the one at which two thirds of the drop are made up for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from detectors.protocol import Step
from detectors.spans import REPEAT_S, OpenSpan
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

SPO2_NAMES = ("SPO2", "SAO2", "O2SAT", "SP02")
"""Beginnings of the names of channels that are oxygen saturations (the last is a common misprint)."""

READING_S = 1.0
"""One reading a second is taken from faster signals, s: oximeters average over several seconds."""

LOWEST_PERCENT, HIGHEST_PERCENT = 40.0, 100.5
"""Readings outside are no saturations: oximeters are not calibrated below (ISO 80601-2-61 asks for 70 to 100 %)."""

MIN_BASELINE_READINGS = 10
"""Readings before there is a baseline."""

SURE_DROP_SHARE = 2.0
"""A drop of this many times the least one is certain."""


@dataclass(frozen=True)
class OxygenConfig:
    """What counts as a desaturation."""

    drop_percent: float = 3.0
    recovery_percent: float = 1.0
    min_duration_s: float = 10.0
    baseline_s: float = 120.0
    max_missing_s: float = 30.0
    repeat_s: float = REPEAT_S


@dataclass
class OxygenState:
    """The newest readings of the baseline, and the desaturation in progress.

    Parameters
    ----------
    start : first sample of the run; -1 before it.
    n_taken, held : samples of the reading in progress, and the newest valid one among them.
    baseline_percent : what the one in progress dropped from.
    n_missing : readings missing since the newest valid one.
    """

    fs_hz: float
    i_channel: int
    channel: str
    position: int = -1
    n_taken: int = 0
    held: float | None = None
    readings: list[float] = field(default_factory=list)
    span: OpenSpan = field(default_factory=OpenSpan)
    baseline_percent: float = 0.0
    nadir_percent: float = 0.0
    n_missing: int = 0


@dataclass(frozen=True)
class Desaturation:
    """The detector "desaturation": the first oxygen saturation of a group."""

    config: OxygenConfig = field(default_factory=OxygenConfig)
    name: str = "desaturation"
    version: str = "1"

    @property
    def latency_s(self) -> float:
        """The longest that a span waits for readings that might prolong it, and a reading more, s."""
        return self.config.max_missing_s + 2 * READING_S + 0.1

    @property
    def state_type(self) -> type[OxygenState]:
        """The state."""
        return OxygenState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group with a channel in percent whose name says that it is an oxygen saturation, at 1 Hz or more."""
        return signal.fs_hz * READING_S >= 1.0 and bool(oxygen_channels(signal))

    def initial(self, signal: Signal) -> OxygenState:
        """No reading yet."""
        i_channel = oxygen_channels(signal)[0]
        return OxygenState(signal.fs_hz, i_channel, signal.channels[i_channel].name)

    def step(self, state: OxygenState, block: Block) -> Step[OxygenState]:
        """Each reading in turn."""
        if state.position < 0:
            state.position = block.start
        per_reading = _per_reading(state)
        said: list[Annotation] = []
        for value in block.samples[:, state.i_channel].tolist():
            if LOWEST_PERCENT <= value <= HIGHEST_PERCENT:
                state.held = value
            state.n_taken += 1
            if state.n_taken == per_reading:
                said.extend(self._take(state, state.held))
                state.position += per_reading
                state.n_taken, state.held = 0, None
        return Step(state, said)

    def finish(self, state: OxygenState) -> list[Annotation]:
        """Close what is open."""
        return list(self._close(state))

    def _take(self, state: OxygenState, percent: float | None) -> Iterator[Annotation]:
        if percent is None:
            state.n_missing += 1
            if state.n_missing >= self.config.max_missing_s / _reading_s(state):
                yield from self._close(state)
            return
        state.n_missing = 0
        if state.span.is_open:
            yield from self._continue(state, percent)
        elif self._is_low(state, percent):
            state.nadir_percent = percent
            state.span.open(state.position, state.position + _per_reading(state))
        else:
            state.readings.append(percent)
            del state.readings[: -round(self.config.baseline_s / _reading_s(state))]

    def _is_low(self, state: OxygenState, percent: float) -> bool:
        if len(state.readings) < MIN_BASELINE_READINGS:
            return False
        state.baseline_percent = median(state.readings)
        return percent <= state.baseline_percent - self.config.drop_percent

    def _continue(self, state: OxygenState, percent: float) -> Iterator[Annotation]:
        if percent >= state.baseline_percent - self.config.recovery_percent:
            yield from self._close(state)
            state.readings.append(percent)
            return
        state.span.grow(state.position + _per_reading(state))
        state.nadir_percent = min(state.nadir_percent, percent)
        if self._is_long(state) and state.span.is_due(round(self.config.repeat_s * state.fs_hz)):
            yield self._annotation(state, ongoing=True)

    def _is_long(self, state: OxygenState) -> bool:
        return state.span.end - state.span.start >= self.config.min_duration_s * state.fs_hz

    def _close(self, state: OxygenState) -> Iterator[Annotation]:
        if state.span.is_open and self._is_long(state):
            yield self._annotation(state, ongoing=False)
        state.span.close()

    def _annotation(self, state: OxygenState, *, ongoing: bool) -> Annotation:
        drop_percent = state.baseline_percent - state.nadir_percent
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label="DESAT",
            channel=state.channel,
            annotator=self.annotators[0],
            confidence=min(drop_percent / (SURE_DROP_SHARE * self.config.drop_percent), 1.0),
            figures={
                "nadir_percent": state.nadir_percent,
                "drop_percent": drop_percent,
                "baseline_percent": state.baseline_percent,
                "duration_s": (state.span.end - state.span.start) / state.fs_hz,
            },
            ongoing=ongoing,
        )


def oxygen_channels(signal: Signal) -> list[int]:
    """The channels that are oxygen saturations."""
    return [
        i
        for i, channel in enumerate(signal.channels)
        if channel.unit == "%" and channel.name.upper().startswith(SPO2_NAMES)
    ]


def _per_reading(state: OxygenState) -> int:
    return max(round(READING_S * state.fs_hz), 1)


def _reading_s(state: OxygenState) -> float:
    return _per_reading(state) / state.fs_hz
