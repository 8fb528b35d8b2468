"""Respiration from a channel of breathing (impedance, belt, flow): its rate, and where it stops.

Breaths are crests of a slow wave (`crests`). Fast and slow breathing are rates of at least 25 and at most 8 a minute
(the limits that score highest in the National Early Warning Score, NEWS2, Royal College of Physicians 2017), each
sustained for 30 s; apnoea: see `apnoea`. Nothing is said of a time in which the channel stands still: a belt that is
off is no apnoea.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from detectors.chain import AnyChainState, Chain
from detectors.protocol import Step
from detectors.quality.stillness import StillnessState, forget, still_samples, watch
from detectors.rhythms.rates import Rates, RatesConfig
from detectors.spans import NOWHERE
from detectors.wearables.apnoea import Apnoea
from detectors.wearables.crests import CrestFinder, WaveKind
from detectors.wearables.from_pulses import FromPulses

if TYPE_CHECKING:
    from signal_processing.values import Annotation, Annotator, Block, Signal

BREATHING = WaveKind(
    names=("RESP", "RIP", "THOR", "ABDO", "FLOW", "IMPEDANCE"),
    fs_range_hz=(4.0, 2000.0),
    heard_at_hz=12.5,
    band_hz=(0.05, 0.7),
    apart_s=0.9,  # 67/min
    wait_s=3.0,
    bin_s=8.0,  # so that 72 s without breath are not forgotten
    before_s=0.8,
    after_s=1.5,
    settle_s=10.0,
    weights=(0.0, 1.5, -0.3, 3.0, -0.6, -1.5),
)
"""Breathing. The weights of its confidence are set by hand, after those of pulses: three records fit nothing."""

LIMITS = RatesConfig(
    brady_bpm=8.0,
    tachy_bpm=25.0,
    hysteresis_bpm=1.0,
    min_duration_s=30.0,
    close_after_s=20.0,
    pause_s=1e6,
    asystole_s=60.0,  # after a minute without a breath, rates begin anew
)

MAX_STILL_SHARE = 0.5
"""Nothing is said of an apnoea while more than this share of it had no signal to see a breath in."""

InnerT = TypeVar("InnerT")


@dataclass
class RespirationState(Generic[InnerT]):
    """The chain's state, where the channel stood still, the apnoea that was said and so is said to its end."""

    chain: InnerT
    fs_hz: float
    columns: NDArray[np.int64]
    stillness: StillnessState = field(default_factory=StillnessState)
    said_apnoea: int = NOWHERE


AnyState = RespirationState[Any]


@dataclass(frozen=True)
class Respiration:
    """The detector "respiration": the first channel of breathing in a group."""

    name: str = "respiration"
    version: str = "1"

    @cached_property
    def chain(self) -> Chain:
        """Breaths and who reads them; the breaths themselves are not said."""
        rates = FromPulses(
            BREATHING,
            Rates(LIMITS),
            (("BRADY", "BRADYPNEA"), ("TACHY", "TACHYPNEA")),
            "respiration-rates",
            note="",
            is_of_heart=False,
        )
        return Chain("breaths", "1", CrestFinder(BREATHING, "breaths", "1"), (rates, Apnoea(BREATHING)))

    @property
    def latency_s(self) -> float:
        """The chain's, s."""
        return self.chain.latency_s

    @cached_property
    def state_type(self) -> type[AnyState]:
        """`RespirationState` of the chain's own type."""
        declared: Any = RespirationState
        return cast("type[AnyState]", declared[self.chain.state_type])

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Those of the chain that say something."""
        return self.chain.annotators[1:]

    def accepts(self, signal: Signal) -> bool:
        """A group with a channel whose name says that it is breathing."""
        return self.chain.accepts(signal)

    def initial(self, signal: Signal) -> AnyState:
        """No sample yet."""
        columns = np.array(BREATHING.channels(signal)[:1])
        state: RespirationState[AnyChainState] = RespirationState(self.chain.initial(signal), signal.fs_hz, columns)
        return state

    def step(self, state: AnyState, block: Block) -> Step[AnyState]:
        """The chain's, less its breaths and what is said of a channel that stands still."""
        watch(state.stillness, block.start, block.samples, state.columns, state.fs_hz)
        state.chain, said = self.chain.step(state.chain, block)
        return Step(state, self._guarded(state, said))

    def finish(self, state: AnyState) -> list[Annotation]:
        """What is left of the same."""
        return self._guarded(state, self.chain.finish(state.chain))

    def _guarded(self, state: AnyState, said: list[Annotation]) -> list[Annotation]:
        kept = []
        newest_breath = NOWHERE
        for one in said:
            if one.label == "PULSE":
                newest_breath = one.start
            elif one.label != "APNEA" or self._is_seen(state, one):
                kept.append(one)
        if newest_breath != NOWHERE:
            forget(state.stillness, newest_breath)
        return kept

    @staticmethod
    def _is_seen(state: AnyState, apnoea: Annotation) -> bool:
        if apnoea.start != state.said_apnoea:
            still = still_samples(state.stillness, apnoea.start, apnoea.end, state.fs_hz)
            if still > MAX_STILL_SHARE * (apnoea.end - apnoea.start):
                return False
        state.said_apnoea = apnoea.start
        return True
