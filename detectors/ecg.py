"""All that is said of an ECG's rhythm, in one pass: beats, ventricular runs, rates and gaps, atrial fibrillation."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import msgspec
import numpy as np

from detectors.beats.detector import BeatDetector, ecg_leads
from detectors.beats.plan import Ints
from detectors.chain import AnyChainState, Chain
from detectors.protocol import Step
from detectors.quality.stillness import StillnessState, forget, still_samples, watch
from signal_processing.vocabulary import LabelKind, label

if TYPE_CHECKING:
    from signal_processing.values import Annotation, Annotator, Block, Signal

GAPS = frozenset({"PAUSE", "ASYSTOLE"})

MAX_STILL_SHARE = 0.5
"""A gap between beats is not said while more than this share of it had no signal to see a beat in."""

NOWHERE = -1

ChainStateT = TypeVar("ChainStateT")


@dataclass
class EcgState(Generic[ChainStateT]):
    """The chain's state; where the leads stood still; the gap that was said and so must be said to its end."""

    chain: ChainStateT
    fs_hz: float
    leads: Ints
    stillness: StillnessState = field(default_factory=StillnessState)
    said_gap: int = NOWHERE


AnyEcgState = EcgState[Any]


@dataclass(frozen=True)
class Ecg:
    """A chain behind a guard: no pause or asystole is said of a time in which no lead had a signal.

    A gap that was begun to be said before the signal went is said to its end, with less confidence and the figure
    `no_signal_s`. Missed beats in noise are not guarded against: compare with the spans of "quality".
    """

    chain: Chain
    name: str = "ecg"
    version: str = "3"

    @property
    def latency_s(self) -> float:
        """The chain's, s."""
        return self.chain.latency_s

    @cached_property
    def state_type(self) -> type[AnyEcgState]:
        """`EcgState` of the chain's own type."""
        declared: Any = EcgState
        return cast("type[AnyEcgState]", declared[self.chain.state_type])

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """The chain's."""
        return self.chain.annotators

    def accepts(self, signal: Signal) -> bool:
        """What the beat detector accepts."""
        return self.chain.accepts(signal)

    def initial(self, signal: Signal) -> AnyEcgState:
        """The chain before the first block."""
        state: EcgState[AnyChainState] = EcgState(self.chain.initial(signal), signal.fs_hz, np.array(ecg_leads(signal)))
        return state

    def step(self, state: AnyEcgState, block: Block) -> Step[AnyEcgState]:
        """The chain's, less the gaps without a signal."""
        watch(state.stillness, block.start, block.samples, state.leads, state.fs_hz)
        state.chain, said = self.chain.step(state.chain, block)
        return Step(state, _guarded(state, said))

    def finish(self, state: AnyEcgState) -> list[Annotation]:
        """The chain's, less the gaps without a signal."""
        return _guarded(state, self.chain.finish(state.chain))


def ecg() -> Ecg:
    """The detector "ecg" as it runs in production."""
    from detectors.rhythms.afib import Afib
    from detectors.rhythms.conduction import Conduction
    from detectors.rhythms.ectopy import supraventricular, ventricular
    from detectors.rhythms.rates import Rates

    followers = (ventricular(), supraventricular(), Conduction(), Rates(), Afib())
    return Ecg(Chain("ecg-chain", "2", BeatDetector(), followers))


def _guarded(state: AnyEcgState, said: list[Annotation]) -> list[Annotation]:
    if not said:
        return said
    kept = []
    newest_beat = NOWHERE
    for annotation in said:
        if annotation.label not in GAPS:
            kept.append(annotation)
            if label(annotation.label).kind is LabelKind.BEAT:
                newest_beat = annotation.start
        elif (guarded := _gap(state, annotation)) is not None:
            kept.append(guarded)
    if newest_beat != NOWHERE:
        forget(state.stillness, newest_beat)
    return kept


def _gap(state: AnyEcgState, gap: Annotation) -> Annotation | None:
    still = still_samples(state.stillness, gap.start, gap.end, state.fs_hz)
    share = still / max(gap.end - gap.start, 1)
    if share > MAX_STILL_SHARE and gap.start != state.said_gap:
        return None
    state.said_gap = gap.start
    if not still:
        return gap
    return msgspec.structs.replace(
        gap,
        confidence=(1.0 if gap.confidence is None else gap.confidence) * (1 - share),
        figures={**gap.figures, "no_signal_s": still / state.fs_hz},
    )
