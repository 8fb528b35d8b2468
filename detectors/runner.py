"""Runs one detector over one channel group, batch or stream; holds the state between blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from detectors.state_codec import dump_state, load_state
from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from detectors.protocol import AnyDetector
    from signal_processing.values import Annotation, Block, Signal


class _Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    next_sample: int | None
    state: bytes


class DetectorRun:
    """One detector on one channel group.

    A gap (a block that does not start where the last one ended) finishes the run so far and begins a new one, so a gap
    equals two runs. Blocks that start before the end of the last one are an error of the caller.
    """

    def __init__(self, detector: AnyDetector, signal: Signal) -> None:
        self.detector = detector
        self.signal = signal
        self.next_sample: int | None = None
        self._state: Any = detector.initial(signal)

    def feed(self, block: Block) -> list[Annotation]:
        """Take the next block, in physical units, and give what can be said by now.

        Raises
        ------
        InvalidValueError : if the block starts before the end of what was fed already.
        """
        said: list[Annotation] = []
        if self.next_sample is not None and block.start != self.next_sample:
            if block.start < self.next_sample:
                msg = f"blocks must follow each other: next sample is {self.next_sample}, got one from {block.start}"
                raise InvalidValueError(msg)
            said = self.finish()
        self._state, annotations = self.detector.step(self._state, block)
        self.next_sample = block.end
        return said + annotations

    def finish(self) -> list[Annotation]:
        """What remains to be said; after it the run is as new."""
        if self.next_sample is None:
            return []
        said = self.detector.finish(self._state)
        self._state = self.detector.initial(self.signal)
        self.next_sample = None
        return said

    def checkpoint(self) -> bytes:
        """All that `resume` needs to go on from here."""
        return msgspec.msgpack.encode(_Checkpoint(self.next_sample, dump_state(self._state)))

    @classmethod
    def resume(cls, detector: AnyDetector, signal: Signal, checkpoint: bytes) -> DetectorRun:
        """A run that goes on where `checkpoint` was taken.

        Raises
        ------
        InvalidValueError : if the bytes are no checkpoint of this detector.
        """
        try:
            saved = msgspec.msgpack.decode(checkpoint, type=_Checkpoint)
        except msgspec.DecodeError as error:
            msg = f"checkpoint of {len(checkpoint)} bytes cannot be read: {error}"
            raise InvalidValueError(msg) from error
        run = cls(detector, signal)
        run.next_sample = saved.next_sample
        run._state = load_state(detector.state_type, saved.state)
        return run


def annotate(detector: AnyDetector, signal: Signal, blocks: Iterable[Block]) -> list[Annotation]:
    """All that a detector says about blocks in physical units, in the order it says it."""
    run = DetectorRun(detector, signal)
    said = [annotation for block in blocks for annotation in run.feed(block)]
    return said + run.finish()
