"""Learn the trees of `detectors/beats/qrs.npz`: which peaks that pass the thresholds are no QRS complexes.

`python -m training.qrs` writes the file; with `--cross-validate` it writes nothing and prints how many peaks are
withdrawn of records that were held out. Data, licences and figures stand in docs/training.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

import detectors.beats
from detectors.beats.accept import DOUBT, OFFSET
from detectors.beats.detector import ecg_leads, judged_peaks
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.values import Block
from training.beat_examples import AAMI, DATABASES, FLUTTER, MATCH_S, only, records_of, view_name
from training.trees import write_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

N_FOLDS = 5
LEFT_OUT = ("207",)
"""Its ventricular flutter has waves instead of complexes, which are marked as none."""
EVERY_BEAT = 8
"""Of the peaks that are beats, one in so many is learned from, and counts for all of them."""
FIRST_CUE = 2
N_NEAR = 4
"""Peaks on either side of a reference beat among which the one that is it is looked for."""


class Peaks(NamedTuple):
    """One row a peak that the thresholds took for a QRS complex: cues (n, N_CUES), whether it is one, record, leads."""

    cues: Floats
    is_beat: NDArray[np.bool_]
    records: NDArray[np.str_]
    views: NDArray[np.str_]


def read_peaks(data_dir: Path) -> Peaks:
    """Of every record of the databases, with both leads and with each alone."""
    parts = [
        part
        for database in DATABASES
        for record in records_of(data_dir, database)
        if record not in LEFT_OUT
        for part in _of_record(data_dir / database, record)
    ]
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Peaks(*columns)


def _of_record(folder: Path, record: str) -> Iterator[Peaks]:
    header = read_header(folder / record, t0_us=0)
    digital = np.concatenate([block.samples for block in read_blocks(header)])
    physical = header.signal.physical(Block(0, digital))
    marks = [mark.sample for mark in read_marks(folder / record, "atr") if AAMI.get(mark.symbol, FLUTTER) != FLUTTER]
    leads = ecg_leads(header.signal)
    for view in (leads, *([lead] for lead in leads)):
        peaks = judged_peaks(only(header.signal, view), Block(0, physical.samples[:, view]))
        is_beat = _matched(peaks, np.array(marks), header.signal.fs_hz)
        taken = peaks[:, 1] == 1.0
        n = int(taken.sum())
        name = f"{folder.name}/{record}"
        yield Peaks(peaks[taken, FIRST_CUE:], is_beat[taken], np.full(n, name), np.full(n, view_name(view)))


def _matched(peaks: Floats, marks: NDArray[np.int64], fs_hz: float) -> NDArray[np.bool_]:
    """Of each peak, whether it is the nearest to a reference beat, by its fiducial point, and near it."""
    at = peaks[:, 0] + peaks[:, FIRST_CUE + OFFSET] * fs_hz
    is_beat = np.zeros(len(at), np.bool_)
    for mark in marks.tolist():
        here = int(np.searchsorted(peaks[:, 0], mark))
        first = max(here - N_NEAR, 0)
        away = np.abs(at[first : here + N_NEAR] - mark)
        if len(away) and away.min() <= MATCH_S * fs_hz:
            is_beat[first + int(away.argmin())] = True
    return is_beat


def learner() -> Any:
    """The learner, untrained. Figures hold still from run to run: the seed is fixed."""
    return HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.12,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=5,
        max_features=0.4,
        early_stopping=False,
        random_state=0,
    )


def learned(peaks: Peaks, rows: NDArray[np.intp]) -> Any:
    """Trained on these rows: all that are no beats, and a share of those that are."""
    is_beat = peaks.is_beat[rows]
    kept = ~is_beat | (np.cumsum(is_beat) % EVERY_BEAT == 0)
    weights = np.where(is_beat[kept], float(EVERY_BEAT), 1.0)
    return learner().fit(peaks.cues[rows[kept]], is_beat[kept], weights)


def main() -> int:
    """Train and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.qrs", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="five folds by record; writes nothing")
    parser.add_argument("--output", type=Path, default=Path(detectors.beats.__path__[0]) / "qrs.npz")
    arguments = parser.parse_args()
    peaks = read_peaks(Path(os.environ.get("RHYTHMARK_DATA", "../shared/data")))
    if not arguments.cross_validate:
        write_trees(arguments.output, learned(peaks, np.arange(len(peaks.is_beat))))
        return 0
    odds = np.empty(len(peaks.is_beat))
    folds = GroupKFold(N_FOLDS, shuffle=True, random_state=0)
    for seen, held_out in folds.split(peaks.cues, groups=peaks.records):
        odds[held_out] = learned(peaks, seen).decision_function(peaks.cues[held_out])
    for database in DATABASES:
        for view in np.unique(peaks.views).tolist():
            rows = (peaks.views == view) & (np.char.find(peaks.records, database) == 0)
            false, withdrawn = rows & ~peaks.is_beat, rows & (odds < DOUBT)
            told = f"{(withdrawn & false).sum()} of {false.sum()} false peaks withdrawn"
            print(f"{database}, {view}: {told}, {(withdrawn & ~false).sum()} of {(rows & ~false).sum()} beats")
    return 0


if __name__ == "__main__":
    sys.exit(main())
