"""Rhythms read from pulses: a follower of beats, handed pulses instead.

What is read from pulses says so: its annotator and note do, it concerns the photoplethysmogram's channel alone, and it
is as sure as the pulses are. An unlikely pulse is handed on as an ectopic beat is, for an interval beside it says
nothing; three in a row end what is in progress. Beside an ECG in the same group
nothing is said of the heart: the beats are better.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import msgspec

from detectors.beats.detector import ecg_leads
from detectors.protocol import NEVER_MIND, Follower, Step
from detectors.wearables.crests import WaveKind
from detectors.wearables.readable import IN_A_ROW, is_likely
from signal_processing.values import Annotation, Annotator, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

SURENESS_WEIGHT = 0.05
"""Weight of the newest pulse in how sure pulses are of late."""

UNLIKELY = "V"
"""What an unlikely pulse is handed on as."""

InnerT = TypeVar("InnerT")


@dataclass
class FromPulsesState(Generic[InnerT]):
    """The state of the follower within, and that before the first pulse.

    Parameters
    ----------
    n_unlikely : unlikely pulses in a row.
    sureness : mean confidence of the pulses of late.
    is_silent : beside an ECG.
    """

    inner: InnerT
    fresh: InnerT
    channel: str
    is_silent: bool
    n_unlikely: int = 0
    sureness: float = 1.0


AnyState = FromPulsesState[Any]


@dataclass(frozen=True)
class FromPulses:
    """A follower of pulses made of one of beats.

    Parameters
    ----------
    kind : of the waves that the pulses are crests of.
    follower : reads beats.
    labels : what it says, and what that is called of pulses. The rest is not said: no asystole, for that a pulse is
        missing proves none.
    name, version : of what is said.
    """

    kind: WaveKind
    follower: Follower[Any]
    labels: tuple[tuple[str, str], ...]
    name: str
    version: str = "1"
    note: str = "read from pulses"
    is_of_heart: bool = True

    @property
    def latency_s(self) -> float:
        """That of the follower."""
        return self.follower.latency_s

    @cached_property
    def state_type(self) -> type[AnyState]:
        """`FromPulsesState` of the follower's own type."""
        declared: Any = FromPulsesState
        return cast("type[AnyState]", declared[self.follower.state_type])

    @cached_property
    def _called(self) -> dict[str, str]:
        return dict(self.labels)

    def initial(self, signal: Signal) -> AnyState:
        """No pulse yet."""
        channel = signal.channels[self.kind.channels(signal)[0]].name
        first, fresh = self.follower.initial(signal), self.follower.initial(signal)
        return FromPulsesState(first, fresh, channel, is_silent=self.is_of_heart and bool(ecg_leads(signal)))

    def step(self, state: AnyState, beats: Sequence[Annotation], *, settled_until: int) -> Step[AnyState]:
        """Each pulse in turn, each preceded by the time that passed without one."""
        said: list[Annotation] = []
        for beat in beats:
            self.pass_time(state, beat.start, said)
            self.take(state, beat, said)
        self.pass_time(state, settled_until, said)
        return Step(state, said)

    def take(self, state: AnyState, beat: Annotation, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        if state.is_silent:
            return
        heard: list[Annotation] = []
        confidence = 1.0 if beat.confidence is None else beat.confidence
        state.sureness += SURENESS_WEIGHT * (confidence - state.sureness)
        if is_likely(beat):
            state.n_unlikely = 0
            self.follower.take(state.inner, beat, heard)
        else:
            state.n_unlikely += 1
            if state.n_unlikely == IN_A_ROW:
                heard.extend(self.follower.finish(state.inner, end=beat.start))
                state.inner = deepcopy(state.fresh)
            elif state.n_unlikely < IN_A_ROW:
                self.follower.take(state.inner, msgspec.structs.replace(beat, label=UNLIKELY), heard)
        self._say(state, heard, said)

    def pass_time(self, state: AnyState, until: int, said: list[Annotation]) -> None:
        """As of a `Follower`."""
        if state.is_silent:
            return
        heard: list[Annotation] = []
        self.follower.pass_time(state.inner, until, heard)
        self._say(state, heard, said)

    def quiet_until(self, state: AnyState) -> int:
        """As of the follower."""
        return NEVER_MIND if state.is_silent else self.follower.quiet_until(state.inner)

    def finish(self, state: AnyState, *, end: int) -> list[Annotation]:
        """What the follower has left to say."""
        said: list[Annotation] = []
        if not state.is_silent:
            self._say(state, self.follower.finish(state.inner, end=end), said)
        return said

    def _say(self, state: AnyState, heard: Sequence[Annotation], said: list[Annotation]) -> None:
        said.extend(
            msgspec.structs.replace(
                one,
                label=self._called[one.label],
                annotator=Annotator("machine", self.name, self.version),
                channel=state.channel,
                confidence=state.sureness * (1.0 if one.confidence is None else one.confidence),
                note=self.note,
            )
            for one in heard
            if one.label in self._called
        )
