"""Beats of recordings with what the detector measures of them and what a reference annotator calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.beats.detector import ecg_leads, measured_beats
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.values import Block, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

DATABASES = ("mitdb", "svdb")
MATCH_S = 0.150
AAMI = {
    **dict.fromkeys("NLRBejn", "N"),
    **dict.fromkeys("aJAS", "S"),
    **dict.fromkeys("VEr", "V"),
    "F": "F",
    **dict.fromkeys("/fQ?", "Q"),
}


class Examples(NamedTuple):
    """One row a beat, of one view of one record.

    Parameters
    ----------
    features : (n, n_features).
    labels : N, S, V, F or Q.
    records : name of the record; one patient each.
    databases : name of the database.
    both_leads : whether all leads were seen, and not one alone.
    times_s : from the beginning of the record.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.str_]
    records: NDArray[np.str_]
    databases: NDArray[np.str_]
    both_leads: NDArray[np.bool_]
    times_s: NDArray[np.float64]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Examples:
        """The named rows."""
        columns: list[Any] = [column[rows] for column in self]
        return Examples(*columns)


def read_examples(data_dir: Path) -> Examples:
    """Every beat of every record of `DATABASES` that the detector finds and the reference has, in order of record.

    Each record is seen three times: with both leads, and with each alone, as wearables have but one.
    """
    parts = [
        part
        for database in DATABASES
        for record in (data_dir / database / "RECORDS").read_text(encoding="ascii").split()
        for part in _of_record(data_dir / database, record)
    ]
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Examples(*columns)


def _of_record(folder: Path, record: str) -> Iterator[Examples]:
    header = read_header(folder / record, t0_us=0)
    digital = np.concatenate([block.samples for block in read_blocks(header)])
    physical = header.signal.physical(Block(0, digital))
    marks = [mark for mark in read_marks(folder / record, "atr") if mark.symbol in AAMI]
    samples, labels = np.array([mark.sample for mark in marks]), np.array([AAMI[mark.symbol] for mark in marks])
    leads = ecg_leads(header.signal)
    for view in (leads, *([lead] for lead in leads)):
        found = measured_beats(_only(header.signal, view), Block(0, physical.samples[:, view]))
        nearest = np.array([np.argmin(np.abs(samples - at)) for at in found[:, 0]])
        near = np.abs(samples[nearest] - found[:, 0]) <= MATCH_S * header.signal.fs_hz
        n = int(near.sum())
        yield Examples(
            found[near, 1:],
            labels[nearest[near]],
            np.full(n, record),
            np.full(n, folder.name),
            np.full(n, len(view) > 1),
            found[near, 0] / header.signal.fs_hz,
        )


def _only(signal: Signal, view: Sequence[int]) -> Signal:
    return Signal(signal.stream, signal.group, signal.fs_hz, signal.t0_us, tuple(signal.channels[i] for i in view))
