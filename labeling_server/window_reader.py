"""Windows of beats, read from storage: those near each other together, a stretch of signal a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from signal_processing.beat_windows import BeatWindows, beat_windows, joined, margins
from signal_processing.values import Block
from storage import waveforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from storage.catalogue import GroupRow
    from storage.database import Database

PIECE_S = 600
"""Signal that is read in one transaction."""
APART_S = 30
"""Beats further apart are read one by one: what lies between them would be read for nothing."""


class WindowReader(NamedTuple):
    """Reads windows of one group; `leads` are positions of its channels."""

    database: Database
    group: GroupRow
    leads: Sequence[int]

    def of(self, samples: NDArray[np.int64]) -> BeatWindows:
        """Windows of beats in ascending order; a beat on the edge of a gap is not usable."""
        return joined([windows for _, windows in self.pieces(samples)], len(self.leads))

    def pieces(self, samples: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], BeatWindows]]:
        """The same a stretch of signal at a time: the beats in it, and their windows."""
        for stretch in _cut(samples, samples // self.group.signal.clock.n_samples(PIECE_S), 0):
            with self.database.transaction() as conn:
                near = _cut(stretch, stretch, self.group.signal.clock.n_samples(APART_S))
                parts = [self._read(conn, part) for part in near]
            yield stretch, joined(parts, len(self.leads))

    def _read(self, conn: Any, samples: NDArray[np.int64]) -> BeatWindows:
        signal = self.group.signal
        before, after = margins(signal.fs_hz)
        runs = waveforms.read_window(conn, self.group, int(samples[0]) - before, int(samples[-1]) + after + 1)
        # beats between two runs go with the one before, in which their windows do not lie
        cuts = np.searchsorted(samples, [run.start for run in runs[1:]])
        own = np.split(samples, cuts)
        runs = runs or [Block(0, np.empty((0, signal.n_channels), signal.sample_format.dtype))]
        parts = [beat_windows(signal, self.leads, run, part) for run, part in zip(runs, own, strict=True)]
        return joined(parts, len(self.leads))


def _cut(samples: NDArray[np.int64], values: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    """Samples in groups within which neighbouring values differ by so much at most."""
    return [part for part in np.split(samples, np.flatnonzero(np.diff(values) > most) + 1) if len(part)]
