"""Causal filters for streams: their design, and the one way to run them that does not feel the cuts between blocks.

Second-order sections with carried state are bit-identical under any cutting of the signal, which neither FIR `lfilter`
nor a running sum is (measured: `lfilter(b, [1.0], x)` changes its order of summation with the length of the block).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Filtered(NamedTuple):
    """A filtered block (n_samples, n_channels) and the state (n_sections, 2, n_channels) to go on with."""

    samples: NDArray[np.float64]
    state: NDArray[np.float64]


def butterworth(
    kind: Literal["lowpass", "highpass"], cutoff_hz: float, *, order: int, fs_hz: float
) -> NDArray[np.float64]:
    """Second-order sections, (n_sections, 6), of a Butterworth filter.

    Raises
    ------
    InvalidValueError : if the cut-off does not lie within (0, fs_hz / 2).
    """
    from scipy.signal import butter

    if not 0.0 < cutoff_hz < fs_hz / 2:
        msg = f"cut-off must lie between 0 and half the sampling rate, {fs_hz / 2:g} Hz, got {cutoff_hz!r}"
        raise InvalidValueError(msg)
    return np.asarray(butter(order, cutoff_hz, kind, fs=fs_hz, output="sos"), dtype=np.float64)


def settled_on(sos: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
    """The state of a filter that has seen `first` (n_channels,) for ever, so that a stream begins without a step."""
    from scipy.signal import sosfilt_zi

    unit: NDArray[np.float64] = sosfilt_zi(sos)
    return unit[:, :, np.newaxis] * first


def run_filter(sos: NDArray[np.float64], samples: NDArray[np.float64], state: NDArray[np.float64]) -> Filtered:
    """Filter a block (n_samples, n_channels), possibly empty; neither samples nor state are written to."""
    from scipy.signal import sosfilt

    if not len(samples):
        return Filtered(samples.astype(np.float64), state)
    filtered, after = sosfilt(sos, samples, axis=0, zi=state)
    return Filtered(filtered, after)
