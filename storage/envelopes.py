"""Minimum and maximum per display bin, from stored envelopes of 256 samples or from samples; free of any database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from signal_processing.values import INVALID_SAMPLE
from signal_processing.waveform_codec import ENVELOPE_BIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from signal_processing.values import Block

_NO_LOW = np.iinfo(np.int16).max
_NO_HIGH = np.iinfo(np.int16).min


class Envelope(NamedTuple):
    """Minimum and maximum of the digital samples in each bin.

    Parameters
    ----------
    edges : (n_bins + 1,) int64 sample indices, strictly increasing.
    low, high : (n_bins, n_channels) int16, masked where no valid sample is.
    """

    edges: NDArray[np.int64]
    low: np.ma.MaskedArray[Any, np.dtype[np.int16]]
    high: np.ma.MaskedArray[Any, np.dtype[np.int16]]


def even_edges(first: int, last: int, n_bins: int) -> NDArray[np.int64]:
    """(n_bins + 1,) integers from `first` to `last`, as even as integers can be; needs last - first >= n_bins."""
    return first + (np.arange(n_bins + 1, dtype=np.int64) * (last - first)) // n_bins


def of_samples(runs: Sequence[Block], start: int, end: int, n_bins: int, n_channels: int) -> Envelope:
    """The envelope of runs within [start, end), at most one bin a sample."""
    n_bins = min(n_bins, end - start)
    edges = even_edges(start, end, n_bins)
    low, high = _nothing(n_bins, n_channels)
    for run in runs:
        bins = np.searchsorted(edges, np.arange(run.start, run.end), side="right") - 1
        firsts = np.flatnonzero(np.r_[True, bins[1:] != bins[:-1]])
        at = bins[firsts]
        valid = np.where(run.samples == INVALID_SAMPLE, np.int16(_NO_LOW), run.samples)
        low[at] = np.minimum(low[at], np.minimum.reduceat(valid, firsts, axis=0))
        high[at] = np.maximum(high[at], np.maximum.reduceat(run.samples, firsts, axis=0))
    return _masked(edges, low, high)


def of_stored(
    rows: Sequence[tuple[Any, ...]],
    first: int,
    last: int,
    n_bins: int,
    n_channels: int,
) -> Envelope:
    """The envelope over the 256-sample bins [first, last), from rows of (start_sample, n_samples, envelope bytes)."""
    low, high = _nothing(last - first, n_channels)
    if rows:
        stored = np.frombuffer(b"".join(row[2] for row in rows), "<i2").reshape(-1, n_channels, 2)
        starts = np.array([row[0] for row in rows], np.int64)
        ends = starts + np.array([row[1] for row in rows], np.int64)
        begins = starts // ENVELOPE_BIN
        counts = -(-ends // ENVELOPE_BIN) - begins
        # index of every stored bin: each row's bins follow its first one
        bins = np.repeat(begins - np.r_[0, np.cumsum(counts)[:-1]], counts) + np.arange(len(stored)) - first
        inside = (bins >= 0) & (bins < last - first)
        _lay(low, high, bins[inside], stored[inside])
    edges = even_edges(first, last, n_bins)
    low = np.minimum.reduceat(low, edges[:-1] - first, axis=0)
    high = np.maximum.reduceat(high, edges[:-1] - first, axis=0)
    return _masked(edges * ENVELOPE_BIN, low, high)


def _lay(low: NDArray[np.int16], high: NDArray[np.int16], bins: NDArray[np.int64], stored: NDArray[np.int16]) -> None:
    """Put stored minima and maxima into their bins; two runs on both sides of a gap may share one."""
    if (np.diff(bins) > 0).all():  # the usual case, ten times as fast
        low[bins], high[bins] = stored[..., 0], stored[..., 1]
    else:
        np.minimum.at(low, bins, stored[..., 0])
        np.maximum.at(high, bins, stored[..., 1])


def _nothing(n_bins: int, n_channels: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    return np.full((n_bins, n_channels), _NO_LOW, np.int16), np.full((n_bins, n_channels), _NO_HIGH, np.int16)


def _masked(edges: NDArray[np.int64], low: NDArray[np.int16], high: NDArray[np.int16]) -> Envelope:
    nothing = low > high
    return Envelope(edges, np.ma.masked_array(low, nothing), np.ma.masked_array(high, nothing))
