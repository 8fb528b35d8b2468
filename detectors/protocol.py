"""What a detector is: state in, state out, as `scipy.signal.sosfilt(sos, x, zi=zi)` does it.

A detector is a frozen configuration. Batch is one block, a stream is many; the laws in `detectors.laws` hold for every
registered detector, above all that the cuts between blocks change nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from signal_processing.values import Annotation, Annotator, Block, Signal

StateT = TypeVar("StateT")


class Step(NamedTuple, Generic[StateT]):
    """What one step gives: the state to go on with, and what can be said by now."""

    state: StateT
    annotations: list[Annotation]


class Detector(Protocol[StateT]):
    """One algorithm over one channel group.

    Annotations come out in a fixed order that does not depend on the cuts between blocks. A span that has not ended is
    said as `ongoing` and said again, with the same start and label, when it has grown or ended; each time at a sample
    that the signal alone determines.
    """

    @property
    def name(self) -> str:
        """Short name, lower case with dashes: the annotator."""

    @property
    def version(self) -> str:
        """Raised whenever the same signal may be annotated differently."""

    @property
    def latency_s(self) -> float:
        """Bound: what ends (or, ongoing, is known to reach) at time t is out once the signal has come to t + this."""

    @property
    def state_type(self) -> type[StateT]:
        """The dataclass of the state; `detectors.state_codec` dumps and loads it."""

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Everyone whom its annotations name as annotator; its own for most, each part's for a composite."""

    def accepts(self, signal: Signal) -> bool:
        """Whether the detector has something to say about such a channel group."""

    def initial(self, signal: Signal) -> StateT:
        """The state before the first block (whatever sample index that block starts at)."""

    def step(self, state: StateT, block: Block) -> Step[StateT]:
        """Take one block in physical units, (n_samples, n_channels) float64, NaN where there is no sample.

        Blocks follow each other without a gap; `detectors.runner` sees to that. The caller gives `state` up: its
        arrays may be reused in the new one. The block's samples are never written to.
        """

    def finish(self, state: StateT) -> list[Annotation]:
        """What remains to be said when no more samples come; nothing in it is `ongoing`."""


AnyDetector = Detector[Any]


_FLOAT64 = np.dtype(np.float64)


def as_compiled(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The samples in the one form that loops are compiled for: row by row, float64, not to be written to.

    The array itself where it is so already, as a block's is: any other form would be compiled anew, for seconds.
    """
    flags = samples.flags
    if flags.c_contiguous and not flags.writeable and samples.dtype is _FLOAT64:
        return samples  # the usual case
    plain = np.ascontiguousarray(samples, dtype=np.float64)
    if plain.flags.writeable:
        plain = plain.view()
        plain.flags.writeable = False
    return plain


NEVER_MIND = 1 << 62
"""A sample that no stream comes to."""


class Follower(Protocol[StateT]):
    """A detector of the second line: reads what a first one found (beats, pulses) instead of samples."""

    @property
    def name(self) -> str:
        """As of a `Detector`."""

    @property
    def version(self) -> str:
        """As of a `Detector`."""

    @property
    def latency_s(self) -> float:
        """Beyond that of the detector it follows."""

    @property
    def state_type(self) -> type[StateT]:
        """As of a `Detector`."""

    def initial(self, signal: Signal) -> StateT:
        """The state before the first beat."""

    def step(self, state: StateT, beats: Sequence[Annotation], *, settled_until: int) -> Step[StateT]:
        """Take the beats found since the last step, in order of sample.

        No beat before sample `settled_until` is still to come; that is how a pause is noticed. The cuts between steps
        must change nothing.
        """

    def take(self, state: StateT, beat: Annotation, said: list[Annotation]) -> None:
        """Add what one beat gives to `said`; the time up to it has passed. Changes the state in place, as `step` does.

        A step is `pass_time` up to each beat and `take` for it, then `pass_time` up to where it is settled.
        """

    def pass_time(self, state: StateT, until: int, said: list[Annotation]) -> None:
        """Add what is known because no beat that is still to come is before sample `until`."""

    def quiet_until(self, state: StateT) -> int:
        """A step without beats, settled until any sample before this one, says nothing and changes nothing.

        `NEVER_MIND` where only a beat can; 0 from who cannot tell.
        """

    def finish(self, state: StateT, *, end: int) -> list[Annotation]:
        """What remains to be said when the signal ends before sample `end`."""
