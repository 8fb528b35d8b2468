"""The sample loop of `physical`, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.loops.compiled import compiled
from signal_processing.values import INVALID_SAMPLE

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def convert(
    digital: NDArray[np.int16], offset: NDArray[np.float64], gain: NDArray[np.float64], samples: NDArray[np.float64]
) -> None:
    """Write digital samples (n, n_channels) in physical units into `samples`, NaN for `INVALID_SAMPLE`."""
    for i in range(digital.shape[0]):
        for c in range(digital.shape[1]):
            value = digital[i, c]
            samples[i, c] = np.nan if value == INVALID_SAMPLE else (value - offset[c]) / gain[c]
