"""Oxygen desaturation and low saturation from pulse oximetry at about 1 Hz.

A desaturation is a drop of at least 3 percentage points from the baseline for at least 10 s (AASM Manual for the
Scoring of Sleep, rule 1A of hypopnoea: 3 %, rule 1B: 4 %, set by `drop_percent`). The baseline is the median of the
last 120 s of readings outside of desaturations, so that single readings move nothing. A span reaches from the first
reading below to the one that comes back to within a point of the baseline; what does not within 3 minutes has become
the new baseline. The figure `odi_per_hour` is the oxygen desaturation index of the last hour.

A low saturation (HYPOXEMIA) begins at 88 % (the limit below which oxygen is prescribed: CMS NCD 240.2) and lasts while
readings are below 90 %, for at least a minute.

A jump of more than 10 points from one second to the next is the sensor's, not the blood's: such readings count as
missing (oximeters average over several seconds; Taha et al., Sleep 20:991, 1997, take 4 points a second for artefact).
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

MAX_JUMP_PERCENT = 10.0
"""Change from one reading to the next above which the new one is an artefact, percentage points."""

ODI_S, MIN_ODI_S = 3600.0, 600.0
"""Time over which desaturations are counted, and the least that an index is told of, s."""

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
    max_duration_s: float = 180.0
    low_percent: float = 88.0
    low_until_percent: float = 90.0
    low_min_duration_s: float = 60.0
    repeat_s: float = REPEAT_S


@dataclass
class OxygenState:
    """The newest readings of the baseline, and the desaturation in progress.

    Parameters
    ----------
    start : first sample of the run; -1 before it.
    n_taken, held : samples of the reading in progress, and the newest valid one among them.
    baseline_percent : what the one in progress dropped from.
    n_missing : readings missing since the newest valid one; `newest` is that one, None after a long time without.
    first : the first sample; `ends` are those of the desaturations of the last hour.
    low : the time of low saturation in progress; `low_nadir_percent`, `low_sum`, `n_low` of its readings.
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
    newest: float | None = None
    first: int = -1
    ends: list[int] = field(default_factory=list)
    low: OpenSpan = field(default_factory=OpenSpan)
    low_nadir_percent: float = 0.0
    low_sum: float = 0.0
    n_low: int = 0


@dataclass(frozen=True)
class Desaturation:
    """The detector "desaturation": the first oxygen saturation of a group."""

    config: OxygenConfig = field(default_factory=OxygenConfig)
    name: str = "desaturation"
    version: str = "2"

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
            state.position = state.first = block.start
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
        return [*self._close(state), *self._close_low(state)]

    def _take(self, state: OxygenState, percent: float | None) -> Iterator[Annotation]:
        if percent is None or (state.newest is not None and abs(percent - state.newest) > MAX_JUMP_PERCENT):
            state.n_missing += 1
            if state.n_missing >= self.config.max_missing_s / _reading_s(state):
                state.newest = None
                yield from self._close(state)
                yield from self._close_low(state)
            return
        state.n_missing, state.newest = 0, percent
        yield from self._take_low(state, percent)
        if state.span.is_open:
            yield from self._continue(state, percent)
        elif self._is_low(state, percent):
            state.nadir_percent = percent
            state.span.open(state.position, state.position + _per_reading(state))
        else:
            state.readings.append(percent)
            del state.readings[: -round(self.config.baseline_s / _reading_s(state))]

    def _take_low(self, state: OxygenState, percent: float) -> Iterator[Annotation]:
        if not state.low.is_open:
            if percent > self.config.low_percent:
                return
            state.low.open(state.position, state.position)
            state.low_nadir_percent, state.low_sum, state.n_low = percent, 0.0, 0
        elif percent >= self.config.low_until_percent:
            yield from self._close_low(state)
            return
        state.low.grow(state.position + _per_reading(state))
        state.low_nadir_percent = min(state.low_nadir_percent, percent)
        state.low_sum += percent
        state.n_low += 1
        if self._is_long_low(state) and state.low.is_due(round(self.config.repeat_s * state.fs_hz)):
            yield self._low_annotation(state, ongoing=True)

    def _is_long_low(self, state: OxygenState) -> bool:
        return state.low.end - state.low.start >= self.config.low_min_duration_s * state.fs_hz

    def _close_low(self, state: OxygenState) -> Iterator[Annotation]:
        if state.low.is_open and self._is_long_low(state):
            yield self._low_annotation(state, ongoing=False)
        state.low.close()

    def _low_annotation(self, state: OxygenState, *, ongoing: bool) -> Annotation:
        duration_s = (state.low.end - state.low.start) / state.fs_hz
        return Annotation(
            start=state.low.start,
            end=state.low.end,
            label="HYPOXEMIA",
            channel=state.channel,
            annotator=self.annotators[0],
            confidence=state.n_low * _reading_s(state) / duration_s,  # the share of readings that there are
            figures={
                "nadir_percent": state.low_nadir_percent,
                "mean_percent": state.low_sum / state.n_low,
                "duration_s": duration_s,
            },
            ongoing=ongoing,
        )

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
        if state.span.end - state.span.start >= self.config.max_duration_s * state.fs_hz:
            yield from self._close(state)
            state.readings.clear()  # what was low for so long is usual now
            return
        if self._is_long(state) and state.span.is_due(round(self.config.repeat_s * state.fs_hz)):
            yield self._annotation(state, ongoing=True)

    def _is_long(self, state: OxygenState) -> bool:
        return state.span.end - state.span.start >= self.config.min_duration_s * state.fs_hz

    def _close(self, state: OxygenState) -> Iterator[Annotation]:
        if state.span.is_open and self._is_long(state):
            state.ends = [end for end in state.ends if end > state.span.end - ODI_S * state.fs_hz]
            state.ends.append(state.span.end)
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
                **({} if ongoing else _index(state)),
            },
            ongoing=ongoing,
        )


def _index(state: OxygenState) -> dict[str, float]:
    """Desaturations an hour, the one that has just ended among them; nothing of the first minutes."""
    heard_s = min((state.span.end - state.first) / state.fs_hz, ODI_S)
    return {"odi_per_hour": len(state.ends) * ODI_S / heard_s} if heard_s >= MIN_ODI_S else {}


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
