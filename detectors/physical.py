"""Digital blocks in physical units, once for all detectors of a group, without what numpy takes for a small block."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from signal_processing.values import Block

if TYPE_CHECKING:
    from collections.abc import Callable

    from signal_processing.values import Signal


class PhysicalUnits:
    """`signal.physical`, to the bit, for a stream of blocks: what does not change from one to the next is kept.

    Parameters
    ----------
    signal : whose blocks it takes.
    """

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self._gain = np.array([channel.gain for channel in signal.channels])
        self._offset = np.array([channel.offset for channel in signal.channels])

    def __call__(self, block: Block) -> Block:
        """The digital block in physical units: float64, NaN where "no sample" stands.

        Raises
        ------
        InvalidSignalError : if the block's dtype is none of a digital sample.
        """
        digital = block.samples
        if digital.dtype != np.int16 or not digital.flags.c_contiguous or digital.shape[1] != len(self._gain):
            return self.signal.physical(block)
        samples = np.empty(digital.shape)
        _compiled()(digital, self._offset, self._gain, samples)
        return Block(block.start, samples)


@cache
def _compiled() -> Callable[..., None]:
    """What takes seconds to import, and is not looked up again at each block."""
    from detectors.loops.physical import convert

    return convert
