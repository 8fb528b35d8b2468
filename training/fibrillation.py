"""Learn the trees of `detectors/fibrillation/model.npz`: which window is fibrillation, which is tachycardia.

`python -m training.fibrillation` writes the file; with `--cross-validate DIR` it writes none, but what the detector
would say of held-out records of vfdb and cudb, first lead: DIR/4.csv, 5.csv and 8.csv, a row a window of that length
(database, record, start in s, share of it within a span). Data, licences and figures stand in docs/training.md.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import detectors.fibrillation
from detectors.fibrillation.detector import FibrillationDetector
from detectors.fibrillation.features import RANGE_MV
from detectors.fibrillation.loop import MIN_RANGE_MV
from detectors.fibrillation.plan import N_SAID, Said
from formats.wfdb_files import read_header
from training.fibrillation_examples import DATABASES, FIBRILLATION, TACHYCARDIA, UNKNOWN, Windows, read_windows
from training.trees import write_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

N_FOLDS = 4
SEED = 0
SCORED = ("vfdb", "cudb")
LENGTHS_S = (4, 5, 8)
USUAL_WINDOWS = 600
"""A record of more windows than this weighs less a window: by the root of how many more."""


def learner() -> Any:
    """The learner, untrained. Figures hold still from run to run: the seed is fixed."""
    return HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.12,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=10,
        max_features=0.4,
        early_stopping=False,
        random_state=SEED,
    )


def learned(windows: Windows) -> Any:
    """Trained on the windows that are of one kind, have a swing, and are the so-many-th of their record."""
    every = np.array([DATABASES[record.split("/")[0]] for record in windows.records])
    rows = (windows.classes != UNKNOWN) & (windows.features[:, RANGE_MV] > np.log(MIN_RANGE_MV))
    rows &= (windows.seconds + windows.leads) % every == 0  # not so of NaN, which cannot be read
    windows = windows.take(rows)
    _, record, counts = np.unique(windows.records, return_inverse=True, return_counts=True)
    weights = np.sqrt(USUAL_WINDOWS / np.maximum(counts[record], USUAL_WINDOWS / 4))
    return learner().fit(windows.features, windows.classes, sample_weight=weights)


def folds(records: NDArray[np.str_]) -> NDArray[np.int64]:
    """The fold of each window: the records of each database are dealt out in turn, in a fixed disorder."""
    random = np.random.default_rng(SEED)
    fold: dict[str, int] = {}
    for database in DATABASES:
        names = [name for name in np.unique(records).tolist() if name.startswith(f"{database}/")]
        fold |= {names[k]: i % N_FOLDS for i, k in enumerate(random.permutation(len(names)))}
    return np.array([fold[record] for record in records.tolist()])


def cross_validated(windows: Windows) -> NDArray[np.float64]:
    """What is said of each window (n, N_SAID), of one lead, by a model that has seen no window of its record."""
    said = np.zeros((len(windows.classes), N_SAID))
    fold = folds(windows.records)
    readable = ~np.isnan(windows.features[:, RANGE_MV])
    swings = readable & (windows.features[:, RANGE_MV] >= np.log(MIN_RANGE_MV))
    for k in range(N_FOLDS):
        rows = (fold == k) & swings
        probabilities = learned(windows.take(fold != k)).predict_proba(windows.features[rows])
        said[rows, Said.FIBRILLATION] = probabilities[:, FIBRILLATION]
        said[rows, Said.TACHYCARDIA] = probabilities[:, TACHYCARDIA]
    said[readable, Said.N_LEADS] = 1.0
    return said


def answers(data_dir: Path, windows: Windows, said: NDArray[np.float64], length_s: int) -> Iterator[tuple[Any, ...]]:
    """Of each window of so many seconds of the first lead, the share that lies within a span."""
    detector = FibrillationDetector()
    for record in np.unique(windows.records).tolist():
        database, name = record.split("/")
        if database not in SCORED:
            continue
        header = read_header(data_dir / record, t0_us=0)
        rows = (windows.records == record) & (windows.leads == 0)
        within = np.zeros(header.n_samples)
        for span in detector.of_windows(header.signal, said[rows], header.n_samples):
            within[span.start : span.end] = 1.0
        n = round(length_s * header.signal.fs_hz)
        for i in range(len(within) // n):
            yield database, name, i * length_s, round(float(within[i * n : (i + 1) * n].mean()), 4)


def main() -> int:
    """Train and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.fibrillation", description=__doc__)
    parser.add_argument("--cross-validate", type=Path, metavar="DIR", help="by record; writes answers, no model")
    parser.add_argument("--output", type=Path, default=Path(detectors.fibrillation.__path__[0]) / "model.npz")
    arguments = parser.parse_args()
    data_dir = Path(os.environ.get("RHYTHMARK_DATA", "../shared/data"))
    windows = read_windows(data_dir)
    if not arguments.cross_validate:
        write_trees(arguments.output, learned(windows))
        return 0
    said = cross_validated(windows)
    arguments.cross_validate.mkdir(parents=True, exist_ok=True)
    for length_s in LENGTHS_S:
        with (arguments.cross_validate / f"{length_s}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(answers(data_dir, windows, said, length_s))
    return 0


if __name__ == "__main__":
    sys.exit(main())
