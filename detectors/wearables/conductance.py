"""Skin conductance responses of electrodermal activity.

A response is a rise of at least 0.05 microsiemens between its onset and its peak (Boucsein et al., Psychophysiology
49:1017, 2012: 0.01 to 0.05 is usual), found in means over a quarter of a second: the onset is where the conductance
begins to rise by more than 0.02 microsiemens a second, the peak where it no longer does. A rise slower than that is the
level, one faster than any gland an electrode that moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from detectors.protocol import Step
from detectors.spans import NOWHERE
from detectors.wearables.frames import Frames, mean_of_valid, take
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

EDA_NAMES = ("EDA", "GSR", "SC")
"""Beginnings of the names of channels that are conductances of the skin."""

MICROSIEMENS = ("uS", "\N{MICRO SIGN}S", "\N{GREEK SMALL LETTER MU}S")
"""Units, UCUM's first."""

FRAME_S = 0.25
MIN_FS_HZ = 4.0


@dataclass(frozen=True)
class ConductanceConfig:
    """Limits, in microsiemens and s."""

    min_amplitude_us: float = 0.05
    slope_us_per_s: float = 0.02
    max_slope_us_per_s: float = 8.0
    min_rise_s: float = 0.5
    max_rise_s: float = 10.0


@dataclass
class ConductanceState:
    """The frame in progress, smoothed means, and the rise in progress: its onset, highest value, and steepness."""

    fs_hz: float
    i_channel: int
    channel: str
    frames: Frames = field(default_factory=Frames)
    newest: list[float] = field(default_factory=list)
    onset: int = NOWHERE
    onset_us: float = 0.0
    steepest: float = 0.0


@dataclass(frozen=True)
class Conductance:
    """The detector "skin-conductance": the first conductance of a group."""

    config: ConductanceConfig = field(default_factory=ConductanceConfig)
    name: str = "skin-conductance"
    version: str = "1"
    latency_s: float = 1.5

    @property
    def state_type(self) -> type[ConductanceState]:
        """The state."""
        return ConductanceState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group with a channel in microsiemens whose name says that it is the skin's, at 4 Hz or more."""
        return signal.fs_hz >= MIN_FS_HZ and bool(conductance_channels(signal))

    def initial(self, signal: Signal) -> ConductanceState:
        """No sample yet."""
        i_channel = conductance_channels(signal)[0]
        return ConductanceState(signal.fs_hz, i_channel, signal.channels[i_channel].name)

    def step(self, state: ConductanceState, block: Block) -> Step[ConductanceState]:
        """Each quarter of a second that the block completes."""
        said: list[Annotation] = []
        for start, frame in take(state.frames, block, [state.i_channel], _frame(state)):
            said.extend(self._take(state, start, mean_of_valid(frame)))
        return Step(state, said)

    def finish(self, state: ConductanceState) -> list[Annotation]:
        """A rise whose peak was not heard is none."""
        del state
        return []

    def _take(self, state: ConductanceState, start: int, mean_us: float | None) -> Iterator[Annotation]:
        if mean_us is None:  # nothing goes on over what is missing
            state.newest.clear()
            state.onset = NOWHERE
            return
        state.newest.append(mean_us)
        del state.newest[:-4]
        if len(state.newest) < 4:  # noqa: PLR2004 - two means of three, one frame apart
            return
        before, now = sum(state.newest[:3]) / 3, sum(state.newest[1:]) / 3
        frame_s = _frame(state) / state.fs_hz
        slope = (now - before) / frame_s
        at = start - _frame(state)  # the middle of the newest three
        if slope > self.config.slope_us_per_s:
            if state.onset == NOWHERE:
                state.onset, state.onset_us, state.steepest = at - _frame(state) // 2, before, 0.0
            state.steepest = max(state.steepest, slope)
        elif state.onset != NOWHERE:
            yield from self._peak(state, at - _frame(state), before)
            state.onset = NOWHERE

    def _peak(self, state: ConductanceState, at: int, peak_us: float) -> Iterator[Annotation]:
        amplitude_us, rise_s = peak_us - state.onset_us, (at - state.onset) / state.fs_hz
        config = self.config
        if not amplitude_us >= config.min_amplitude_us or not config.min_rise_s <= rise_s <= config.max_rise_s:
            return
        if state.steepest > config.max_slope_us_per_s:
            return
        yield Annotation(
            start=state.onset,
            end=at,
            label="SCR",
            channel=state.channel,
            annotator=self.annotators[0],
            confidence=min(amplitude_us / (amplitude_us + config.min_amplitude_us), 0.95),
            figures={"amplitude_us": amplitude_us, "rise_s": rise_s, "level_us": state.onset_us},
        )


def conductance_channels(signal: Signal) -> list[int]:
    """The channels that are conductances of the skin."""
    return [
        i
        for i, channel in enumerate(signal.channels)
        if channel.unit in MICROSIEMENS and channel.name.upper().startswith(EDA_NAMES)
    ]


def _frame(state: ConductanceState) -> int:
    return max(round(FRAME_S * state.fs_hz), 1)
