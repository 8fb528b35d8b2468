"""The heart-rate trend of the overview."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from signal_processing.vocabulary import LABELS, LabelKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storage.beats import Beats
    from storage.catalogue import GroupRow

BEAT_NUMBERS = np.array([entry.number for entry in LABELS if entry.kind is LabelKind.BEAT])
LONGEST_RR_S = 3.0
"""Above it a beat was missed or the recording has a gap: no rate is told from it."""


def rate_trend(found: Beats, group: GroupRow, *, n_bins: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Bin edges in samples (n_bins + 1,), and each bin's median heart rate, bpm, NaN where none (n_bins,)."""
    edges = np.linspace(group.first_sample, max(group.next_sample, group.first_sample + 1), n_bins + 1).astype(np.int64)
    rates = np.full(n_bins, np.nan)
    samples = found.samples[np.isin(found.numbers, BEAT_NUMBERS)]
    rr_s = np.diff(samples) / group.signal.fs_hz
    kept = (rr_s > 0) & (rr_s <= LONGEST_RR_S)
    at, bpm = samples[1:][kept], 60.0 / rr_s[kept]
    cuts = np.searchsorted(at, edges)
    for i_bin in np.flatnonzero(cuts[1:] > cuts[:-1]):
        rates[i_bin] = np.median(bpm[cuts[i_bin] : cuts[i_bin + 1]])
    return edges, rates
