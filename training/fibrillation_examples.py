"""Windows of recordings: what the fibrillation detector measures of them and what a reference calls them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.fibrillation.detector import measured_windows
from detectors.fibrillation.plan import WINDOW_S
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.values import Block

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from formats.mit_annotations import Mark

NEITHER, TACHYCARDIA, FIBRILLATION, UNKNOWN = 0, 1, 2, -1

RHYTHMS = {"(VF": FIBRILLATION, "(VFL": FIBRILLATION, "(VFIB": FIBRILLATION, "(VT": TACHYCARDIA}

DATABASES = {"vfdb": 2, "cudb": 1, "mitdb": 14, "svdb": 25, "nstdb": 4}
"""Which are read, and every how many windows one is learned from: those without fibrillation are long."""

WITHOUT_LABELS = "nstdb"
"""Noise, and a recording in sinus rhythm with noise."""


class Windows(NamedTuple):
    """One row a window of one lead.

    Parameters
    ----------
    features : (n, n_features).
    classes : `NEITHER`, `TACHYCARDIA`, `FIBRILLATION`; `UNKNOWN` where it is of two kinds, or nobody said.
    records : "database/record"; one patient each.
    leads, seconds : the lead, and the second that the window ends at.
    """

    features: NDArray[np.float64]
    classes: NDArray[np.int64]
    records: NDArray[np.str_]
    leads: NDArray[np.int64]
    seconds: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> Windows:
        """The named rows."""
        columns: list[Any] = [column[rows] for column in self]
        return Windows(*columns)


def read_windows(data_dir: Path) -> Windows:
    """Every window of every lead of `DATABASES`, in order of record."""
    parts = [
        part
        for database in DATABASES
        for record in (data_dir / database / "RECORDS").read_text(encoding="ascii").split()
        for part in _of_record(data_dir / database, record)
    ]
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Windows(*columns)


def sample_classes(database: str, marks: list[Mark], n: int) -> NDArray[np.int64]:
    """The class of each of n samples by rhythm marks and by `[` and `]`."""
    classes = np.full(n, UNKNOWN if database == "vfdb" else NEITHER)
    changes = [
        (mark.sample, mark.aux.strip("\0 ")) for mark in marks if mark.symbol == "+" and mark.aux.startswith("(")
    ]
    for (start, rhythm), (end, _) in pairwise([*changes, (n, "")]):
        classes[start:end] = RHYTHMS.get(rhythm, NEITHER)
    begun = None
    for mark in marks:
        if mark.symbol == "[":
            begun = mark.sample
        elif mark.symbol == "]" and begun is not None:
            classes[begun : mark.sample] = FIBRILLATION
            begun = None
    if begun is not None:
        classes[begun:] = FIBRILLATION
    return classes


def _of_record(folder: Path, record: str) -> Iterator[Windows]:
    header = read_header(folder / record, t0_us=0)
    digital = np.concatenate([block.samples for block in read_blocks(header)])
    physical = header.signal.physical(Block(0, digital))
    has_labels = folder.name != WITHOUT_LABELS
    marks = read_marks(folder / record, "atr") if has_labels else []
    of_samples = sample_classes(folder.name, marks, header.n_samples)
    measured, second_samples = measured_windows(header.signal, physical)
    edges = np.arange(len(measured)) * second_samples
    spans = [of_samples[edge : edge + WINDOW_S * second_samples] for edge in edges]
    classes = np.array([span[0] if (span == span[0]).all() else UNKNOWN for span in spans])
    for lead in range(measured.shape[1]):
        n = len(measured)
        name = np.full(n, f"{folder.name}/{record}")
        yield Windows(measured[:, lead], classes, name, np.full(n, lead), np.arange(n) + WINDOW_S)
