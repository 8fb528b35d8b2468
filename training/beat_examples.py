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
NO_BEAT = "O"
FLUTTER = "!"
AAMI = {
    **dict.fromkeys("NLRB", "N"),
    **dict.fromkeys("aJASejn", "S"),
    **dict.fromkeys("VEr", "V"),
    "F": "F",
    **dict.fromkeys("/fQ?", "Q"),
    FLUTTER: FLUTTER,
}
"""As WFDB's program bxb, which counts escape beats as supraventricular."""


class Examples(NamedTuple):
    """One row a beat, of one view of one record.

    Parameters
    ----------
    features : (n, n_features).
    labels : N, S, V, F or Q; `FLUTTER`; `NO_BEAT` where the reference has none.
    records : name of the record; one patient each.
    databases : name of the database.
    views : which leads were seen, "lead 0" or "leads 0, 1".
    samples : where the beat was found.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.str_]
    records: NDArray[np.str_]
    databases: NDArray[np.str_]
    views: NDArray[np.str_]
    samples: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Examples:
        """The named rows."""
        columns: list[Any] = [column[rows] for column in self]
        return Examples(*columns)


def records_of(data_dir: Path, database: str) -> list[str]:
    """Names of the records of a database, each a patient."""
    return (data_dir / database / "RECORDS").read_text(encoding="ascii").split()


def read_examples(data_dir: Path) -> Examples:
    """Every beat of every record of `DATABASES` that the detector finds, in order of record.

    Each record is seen three times: with both leads, and with each alone, as wearables have but one.
    """
    parts = [
        part
        for database in DATABASES
        for record in records_of(data_dir, database)
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
        found = measured_beats(only(header.signal, view), Block(0, physical.samples[:, view]))
        nearest = np.array([np.argmin(np.abs(samples - at)) for at in found[:, 0]])
        near = np.abs(samples[nearest] - found[:, 0]) <= MATCH_S * header.signal.fs_hz
        n = len(found)
        yield Examples(
            found[:, 1:],
            np.where(near, labels[nearest], NO_BEAT),
            np.full(n, record),
            np.full(n, folder.name),
            np.full(n, view_name(view)),
            np.maximum(np.round(found[:, 0]), 0).astype(np.int64),
        )


def view_name(view: Sequence[int]) -> str:
    """How a choice of leads is called."""
    return f"lead{'s' * (len(view) > 1)} {', '.join(map(str, view))}"


def only(signal: Signal, view: Sequence[int]) -> Signal:
    """The signal with these channels alone."""
    return Signal(signal.stream, signal.group, signal.fs_hz, signal.t0_us, tuple(signal.channels[i] for i in view))
