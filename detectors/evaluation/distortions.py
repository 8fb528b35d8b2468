"""What happens to a recording between the body and a detector: swapped leads, other gains and rates, hum, lost blocks.

Each takes samples and gives new ones; the marks that a detector then makes are put back on the clock of the original
(`on_original`), so that its scores can be compared with those of the recording as it was.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from signal_processing.values import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from detectors.evaluation.marks import Mark

    Floats = NDArray[np.float64]

HUM_MV = 0.2
"""Amplitude of mains hum, mV: four times what IEC 60601-2-47 lets a recorder add of its own (50 uV)."""

LOST_SHARE = 0.10
LOST_BLOCK_S = 1.0
SEED = 5
_MAX_RATIO = 1000


class Lost(NamedTuple):
    """Samples [start, end) that never come."""

    start: int
    end: int


class Distorted(NamedTuple):
    """A recording as a detector meets it.

    Parameters
    ----------
    samples : (n_samples, n_channels), in the units of the original.
    fs_hz : their rate.
    lost : in samples of `samples`; in order.
    is_gap : whether nothing comes in their place.
    """

    samples: Floats
    fs_hz: float
    lost: tuple[Lost, ...] = ()
    is_gap: bool = True

    def blocks(self) -> list[Block]:
        """What comes: one block up to each loss, and the rest; all in one where losses are no gaps."""
        if not self.is_gap:
            return [Block(0, self.samples)]
        edges = [0, *(edge for lost in self.lost for edge in lost), len(self.samples)]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [Block(start, self.samples[start:end]) for start, end in pairs if end > start]


def swapped(samples: Floats, fs_hz: float) -> Distorted:
    """The channels in the opposite order, under the names of before."""
    return Distorted(np.ascontiguousarray(samples[:, ::-1]), fs_hz)


def inverted(samples: Floats, fs_hz: float) -> Distorted:
    """Electrodes the wrong way round."""
    return Distorted(-samples, fs_hz)


def scaled(factor: float) -> Callable[[Floats, float], Distorted]:
    """Another gain."""
    return lambda samples, fs_hz: Distorted(samples * factor, fs_hz)


def resampled(to_hz: float) -> Callable[[Floats, float], Distorted]:
    """Another sampling rate, without what it cannot carry; missing samples are taken for the last value before them."""

    def distort(samples: Floats, fs_hz: float) -> Distorted:
        from scipy.signal import resample_poly

        ratio = Fraction(to_hz / fs_hz).limit_denominator(_MAX_RATIO)
        other = resample_poly(_filled(samples), ratio.numerator, ratio.denominator, axis=0, padtype="line")
        return Distorted(np.ascontiguousarray(other), to_hz)

    return distort


def with_hum(hum_hz: float, *, amplitude_mv: float = HUM_MV) -> Callable[[Floats, float], Distorted]:
    """Mains hum in all leads, which are in mV; where the rate cannot carry it, it comes out as its alias."""

    def distort(samples: Floats, fs_hz: float) -> Distorted:
        hum = amplitude_mv * np.sin(2.0 * np.pi * hum_hz / fs_hz * np.arange(len(samples)))
        return Distorted(samples + hum[:, np.newaxis], fs_hz)

    return distort


def with_losses(
    *, share: float = LOST_SHARE, block_s: float = LOST_BLOCK_S, seed: int = SEED, is_gap: bool = True
) -> Callable[[Floats, float], Distorted]:
    """Every block is lost with this probability, whatever happened to the one before; the same ones at every call.

    A lost block is a gap; or, when `is_gap` is False, samples that are missing (NaN) in a signal that goes on.
    """

    def distort(samples: Floats, fs_hz: float) -> Distorted:
        n = max(round(block_s * fs_hz), 1)
        is_lost = np.random.default_rng(seed).random(-(-len(samples) // n)) < share
        edges = np.flatnonzero(np.diff(is_lost.astype(np.int8), prepend=0, append=0)) * n
        ends = np.minimum(edges, len(samples)).reshape(-1, 2).tolist()
        lost = tuple(Lost(start, end) for start, end in ends)
        return Distorted(samples if is_gap else _holed(samples, lost), fs_hz, lost, is_gap=is_gap)

    return distort


DISTORTIONS: dict[str, Callable[[Floats, float], Distorted]] = {
    "as it is": Distorted,
    "leads swapped": swapped,
    "inverted": inverted,
    **{f"{factor:g} times the size": scaled(factor) for factor in (0.1, 0.3, 3.0, 10.0)},
    **{f"resampled to {to_hz:g} Hz": resampled(to_hz) for to_hz in (125.0, 250.0, 500.0, 1000.0)},
    **{f"mains hum of {hum_hz:g} Hz, {HUM_MV:g} mV": with_hum(hum_hz) for hum_hz in (50.0, 60.0)},
    f"{100 * LOST_SHARE:g} % of blocks of {LOST_BLOCK_S:g} s missing": with_losses(),
    f"{100 * LOST_SHARE:g} % of blocks of {LOST_BLOCK_S:g} s as missing samples": with_losses(is_gap=False),
}
"""By what people read; the first changes nothing."""


def on_original(marks: Iterable[Mark], distorted: Distorted, fs_hz: float) -> list[Mark]:
    """Marks of the distorted recording at the samples of the original, which has `fs_hz`."""
    return [mark._replace(sample=round(mark.sample * fs_hz / distorted.fs_hz)) for mark in marks]


def without_lost(marks: Iterable[Mark], lost: Sequence[Lost]) -> list[Mark]:
    """Marks of the original without those of beats that nobody could see; what is no beat stays."""
    starts = np.array([one.start for one in lost], dtype=np.int64)
    kept = []
    for mark in marks:
        i = int(np.searchsorted(starts, mark.sample, side="right")) - 1
        if i < 0 or mark.sample >= lost[i].end or mark.symbol in "+~[]":
            kept.append(mark)
    return kept


def _holed(samples: Floats, lost: Sequence[Lost]) -> Floats:
    out = np.array(samples)
    for one in lost:
        out[one.start : one.end] = np.nan
    return out


def _filled(samples: Floats) -> Floats:
    missing = ~np.isfinite(samples)
    if not missing.any():
        return samples
    at = np.where(missing, 0, np.arange(len(samples))[:, np.newaxis])
    return np.nan_to_num(np.take_along_axis(samples, np.maximum.accumulate(at, axis=0), axis=0))
