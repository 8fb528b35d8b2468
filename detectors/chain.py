"""One source detector and its followers as one detector: each beat is found once and read by all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from detectors.protocol import NEVER_MIND, AnyDetector, Follower, Step
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

TICK_S = 0.5
"""Followers hear at least this often that time passes, s. The ticks count from the first sample, so that what several
followers say about passing time comes in one order however the signal is cut."""

SourceStateT = TypeVar("SourceStateT")
FollowerStatesT = TypeVar("FollowerStatesT", bound="tuple[Any, ...]")


@dataclass
class ChainState(Generic[SourceStateT, FollowerStatesT]):
    """The states of the parts.

    Parameters
    ----------
    source : of the source detector.
    followers : of each follower, in their order.
    fs_hz : sampling rate, Hz.
    end : one past the last sample taken; -1 before the first.
    tick : the next tick, a sample index; -1 before the first sample.
    quiet_until : before this sample, no tick changes anything in a follower.
    """

    source: SourceStateT
    followers: FollowerStatesT
    fs_hz: float
    end: int = -1
    tick: int = -1
    quiet_until: int = -1


AnyChainState = ChainState[Any, Any]


@dataclass(frozen=True)
class Chain:
    """A detector made of one that finds beats (or pulses) and followers that read them.

    Parameters
    ----------
    name, version : of the whole; annotations carry those of the part that says them.
    source : finds points, said in order of sample.
    followers : at least one.
    """

    name: str
    version: str
    source: AnyDetector
    followers: tuple[Follower[Any], ...]

    @property
    def latency_s(self) -> float:
        """The source's, a tick, and that of the slowest follower, s."""
        return self.source.latency_s + TICK_S + max(follower.latency_s for follower in self.followers)

    @cached_property
    def state_type(self) -> type[AnyChainState]:
        """`ChainState` of the parts' own types, so that msgspec loads each as what it is."""
        followers = GenericAlias(tuple, tuple(follower.state_type for follower in self.followers))
        declared: Any = ChainState
        return cast("type[AnyChainState]", declared[self.source.state_type, followers])

    @cached_property
    def annotators(self) -> tuple[Annotator, ...]:
        """The source's, then one for each follower."""
        followers = (Annotator("machine", follower.name, follower.version) for follower in self.followers)
        return (*self.source.annotators, *followers)

    def accepts(self, signal: Signal) -> bool:
        """What the source accepts."""
        return self.source.accepts(signal)

    def initial(self, signal: Signal) -> AnyChainState:
        """The parts before the first block."""
        followers = tuple(follower.initial(signal) for follower in self.followers)
        return ChainState(self.source.initial(signal), followers, signal.fs_hz)

    def step(self, state: AnyChainState, block: Block) -> Step[AnyChainState]:
        """The source over the block, then the followers over what it found."""
        if state.tick < 0 and len(block):
            state.tick = block.start + _tick_samples(state.fs_hz)
        state.source, found = self.source.step(state.source, block)
        state.end = block.end
        settled_until = math.floor(block.end - self.source.latency_s * state.fs_hz)
        said = self._follow(state, found)
        self._pass_time(state, settled_until, said)
        return Step(state, said)

    def finish(self, state: AnyChainState) -> list[Annotation]:
        """What the source still finds, and what all have left to say."""
        said = self._follow(state, self.source.finish(state.source))
        for follower, follower_state in zip(self.followers, state.followers, strict=True):
            said.extend(follower.finish(follower_state, end=state.end))
        return said

    def _follow(self, state: AnyChainState, found: Sequence[Annotation]) -> list[Annotation]:
        said: list[Annotation] = []
        for point in found:
            # the points come in order, so that none before this one is still to come
            self._pass_time(state, point.start, said)
            said.append(point)
            self._tell(state, point, said)
        return said

    def _pass_time(self, state: AnyChainState, settled_until: int, said: list[Annotation]) -> None:
        if not 0 <= state.tick <= settled_until:
            return
        every = _tick_samples(state.fs_hz)
        while state.tick <= settled_until:
            if state.tick < state.quiet_until:  # most ticks: pass over those that would change nothing
                until = min(settled_until + 1, state.quiet_until)
                state.tick += -((state.tick - until) // every) * every
            else:
                for follower, own in zip(self.followers, state.followers, strict=True):
                    follower.pass_time(own, state.tick, said)
                state.quiet_until = min(map(_quiet_until, self.followers, state.followers))
                state.tick += every

    def _tell(self, state: AnyChainState, point: Annotation, said: list[Annotation]) -> None:
        """As a step of each follower with this point: the time up to it, the point, and the time at it."""
        at = point.start
        is_due = at >= state.quiet_until
        quiet_until = NEVER_MIND
        for follower, own in zip(self.followers, state.followers, strict=True):
            if is_due:
                follower.pass_time(own, at, said)
            follower.take(own, point, said)
            quiet = follower.quiet_until(own)
            if quiet <= at:
                follower.pass_time(own, at, said)
                quiet = follower.quiet_until(own)
            quiet_until = min(quiet_until, quiet)
        state.quiet_until = quiet_until


def _quiet_until(follower: Follower[Any], state: Any) -> int:
    return follower.quiet_until(state)


def _tick_samples(fs_hz: float) -> int:
    # one less than half a second holds, for the rounding of settled_until to whole samples
    return max(int(TICK_S * fs_hz) - 1, 1)
