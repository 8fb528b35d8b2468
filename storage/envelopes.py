"""Minimum and maximum per display bin, from stored envelopes of 256 samples or from samples; free of any database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from signal_processing.sample_types import SAMPLE_FORMATS, invalid_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from signal_processing.sample_types import SampleType
    from signal_processing.values import Block


class Envelope(NamedTuple):
    """Minimum and maximum of the digital samples in each bin.

    Parameters
    ----------
    edges : (n_bins + 1,) int64 sample indices, strictly increasing.
    low, high : (n_bins, n_channels) of the type of the samples, masked where no valid sample is.
    """

    edges: NDArray[np.int64]
    low: np.ma.MaskedArray[Any, Any]
    high: np.ma.MaskedArray[Any, Any]

    def of_channel(self, channel: int) -> Envelope:
        """That of one channel, by its position: (n_bins, 1) each."""
        return Envelope(self.edges, self.low[:, channel : channel + 1], self.high[:, channel : channel + 1])


class StoredBins(NamedTuple):
    """The bins, of one size, that a run of samples touches, as a row holds them.

    Parameters
    ----------
    start, n_samples : the run.
    envelope : little-endian (bins, channels, 2), minimum and maximum.
    """

    start: int
    n_samples: int
    envelope: bytes


def even_edges(first: int, last: int, n_bins: int) -> NDArray[np.int64]:
    """(n_bins + 1,) integers from `first` to `last`, as even as integers can be; needs last - first >= n_bins."""
    return first + (np.arange(n_bins + 1, dtype=np.int64) * (last - first)) // n_bins


def of_samples(
    runs: Sequence[Block],
    start: int,
    end: int,
    n_bins: int,
    n_channels: int,
    sample_type: SampleType = "int16",
) -> Envelope:
    """The envelope of runs within [start, end), at most one bin a sample."""
    n_bins = min(n_bins, end - start)
    edges = even_edges(start, end, n_bins)
    low, high = _nothing(n_bins, n_channels, sample_type)
    for run in runs:
        bins = np.searchsorted(edges, np.arange(run.start, run.end), side="right") - 1
        firsts = np.flatnonzero(np.r_[True, bins[1:] != bins[:-1]])
        at = bins[firsts]
        invalid = invalid_mask(run.samples)
        lows, highs = (np.where(invalid, none, run.samples) for none in _none(sample_type))
        low[at] = np.minimum(low[at], np.minimum.reduceat(lows, firsts, axis=0))
        high[at] = np.maximum(high[at], np.maximum.reduceat(highs, firsts, axis=0))
    return _masked(edges, low, high)


def of_bins(low: NDArray[Any], high: NDArray[Any], first: int, bin_size: int, n_bins: int) -> Envelope:
    """The envelope of stored bins, bin `first` and those that follow it, taken together to `n_bins` display bins."""
    edges = even_edges(first, first + len(low), n_bins)
    low = np.minimum.reduceat(low, edges[:-1] - first, axis=0)
    high = np.maximum.reduceat(high, edges[:-1] - first, axis=0)
    return _masked(edges * bin_size, low, high)


def laid(
    rows: Sequence[StoredBins],
    first: int,
    last: int,
    bin_size: int,
    n_channels: int,
    sample_type: SampleType = "int16",
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Minimum and maximum in each of the bins [first, last) of `bin_size` samples; low > high where there is nothing.

    Returns
    -------
    Two arrays (last - first, n_channels).
    """
    low, high = _nothing(last - first, n_channels, sample_type)
    if rows:
        stored = np.frombuffer(b"".join(row.envelope for row in rows), low.dtype).reshape(-1, n_channels, 2)
        starts = np.array([row.start for row in rows], np.int64)
        ends = starts + np.array([row.n_samples for row in rows], np.int64)
        begins = starts // bin_size
        counts = -(-ends // bin_size) - begins
        # index of every stored bin: each row's bins follow its first one
        bins = np.repeat(begins - np.r_[0, np.cumsum(counts)[:-1]], counts) + np.arange(len(stored)) - first
        inside = (bins >= 0) & (bins < last - first)
        _lay(low, high, bins[inside], stored[inside])
    return low, high


def _lay(low: NDArray[Any], high: NDArray[Any], bins: NDArray[np.int64], stored: NDArray[Any]) -> None:
    """Put stored minima and maxima into their bins; two runs on both sides of a gap may share one."""
    if (np.diff(bins) > 0).all():  # the usual case, ten times as fast
        low[bins], high[bins] = stored[..., 0], stored[..., 1]
    else:
        np.minimum.at(low, bins, stored[..., 0])
        np.maximum.at(high, bins, stored[..., 1])


def _none(sample_type: SampleType) -> tuple[Any, Any]:
    """The minimum and the maximum of no samples: no sample is above the one or below the other."""
    known = SAMPLE_FORMATS[sample_type]
    return known.dtype.type(known.highest), known.dtype.type(known.lowest)


def _nothing(n_bins: int, n_channels: int, sample_type: SampleType) -> tuple[NDArray[Any], NDArray[Any]]:
    low, high = _none(sample_type)
    return np.full((n_bins, n_channels), low), np.full((n_bins, n_channels), high)


def _masked(edges: NDArray[np.int64], low: NDArray[Any], high: NDArray[Any]) -> Envelope:
    nothing = low > high
    return Envelope(edges, np.ma.masked_array(low, nothing), np.ma.masked_array(high, nothing))
