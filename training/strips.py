"""Learn the trees of `detectors/strips/model.npz`: whether a short strip is normal, AF, another rhythm, or too noisy.

`python -m training.strips` writes the file; with `--cross-validate` it writes nothing and prints figures of strips that
were held out. Data, licences and figures stand in docs/training.md.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

import detectors.strips
from detectors.strips.classify import CLASSES
from detectors.strips.features import measured
from formats.wfdb_files import read_blocks, read_header
from signal_processing.values import Block
from training.trees import write_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DATABASE = "challenge-2017"
N_FOLDS = 5
SEED = 0
N_BINS = 5
"""Of the reliability of probabilities."""


class Strips(NamedTuple):
    """One row a strip; each is of one patient, as far as is known.

    Parameters
    ----------
    rows : (n, n_features) as `detectors.strips.features` measures them.
    labels : (n,) number of the class in `CLASSES`.
    """

    rows: Floats
    labels: NDArray[np.int64]


def read_strips(data_dir: Path) -> Strips:
    """Every strip of the database, in the order of its reference."""
    folder = data_dir / DATABASE
    with (folder / "REFERENCE-v3.csv").open(encoding="ascii") as file:
        reference = dict(csv.reader(file))
    rows = []
    for name in reference:
        header = read_header(folder / name, t0_us=0)
        digital = np.concatenate([block.samples for block in read_blocks(header)])
        physical = header.signal.physical(Block(0, digital))
        rows.append(measured(physical.samples[:, 0], header.signal.fs_hz).row)
    return Strips(np.array(rows), np.array([CLASSES.index(label) for label in reference.values()]))


def learner() -> Any:
    """The learner, untrained. Figures hold still from run to run: the seed is fixed."""
    return HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.06,
        max_leaf_nodes=12,
        min_samples_leaf=20,
        l2_regularization=5,
        max_features=0.25,
        early_stopping=False,
        random_state=SEED,
    )


def cross_validated(strips: Strips) -> Floats:
    """Probabilities (n, n_classes) of each strip by a model that has not seen it."""
    chances = np.empty((len(strips.labels), len(CLASSES)))
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED)
    for seen, held_out in folds.split(strips.rows, strips.labels):
        model = learner().fit(strips.rows[seen], strips.labels[seen])
        chances[held_out] = model.predict_proba(strips.rows[held_out])
    return chances


def figures(labels: NDArray[np.int64], chances: Floats) -> Iterator[str]:
    """Lines: F1 of each class and the challenge's score (the mean of those of N, A and O), and how true chances are."""
    said = chances.argmax(axis=1)
    f1 = []
    for k, name in enumerate(CLASSES):
        hits = int(np.sum((said == k) & (labels == k)))
        f1.append(2 * hits / max(int(np.sum(said == k) + np.sum(labels == k)), 1))
        yield f"F1 {name} {f1[-1]:.4f}"
    yield f"score {np.mean(f1[:3]):.4f} of {len(labels)} strips"
    best = chances.max(axis=1)
    edges = np.quantile(best, np.linspace(0, 1, N_BINS + 1))
    bins = np.clip(np.searchsorted(edges, best, side="right") - 1, 0, N_BINS - 1)
    for k in range(N_BINS):
        rows = bins == k
        yield f"certainty {best[rows].mean():.3f}: right {np.mean(said[rows] == labels[rows]):.3f} of {rows.sum()}"


def main() -> int:
    """Train and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.strips", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="folds of strips; writes nothing")
    parser.add_argument("--output", type=Path, default=Path(detectors.strips.__path__[0]) / "model.npz")
    arguments = parser.parse_args()
    strips = read_strips(Path(os.environ.get("RHYTHMARK_DATA", "../shared/data")))
    if arguments.cross_validate:
        print(f"held-out strips, {N_FOLDS} folds", *figures(strips.labels, cross_validated(strips)), sep="\n")
        return 0
    model = learner().fit(strips.rows, strips.labels)
    write_trees(arguments.output, model)
    print("in sample", *figures(strips.labels, model.predict_proba(strips.rows)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
