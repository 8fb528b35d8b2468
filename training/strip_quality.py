"""Learn the trees of `detectors/strips/quality.npz`: whether ten seconds of twelve leads are acceptable.

`python -m training.strip_quality` writes the file; with `--cross-validate` it writes nothing and prints figures of
recordings that were held out. Data, licences and figures stand in docs/training.md.
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
from detectors.strips.acceptable import measured
from formats.wfdb_files import read_blocks, read_header
from signal_processing.values import Block
from training.trees import write_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DATABASE = "challenge-2011"
N_FOLDS, N_TIMES = 10, 6
"""So few recordings that one division into folds says little: the mean of some."""
EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)


class Recordings(NamedTuple):
    """One row a recording: inputs (n, n_features), and whether experts called it acceptable (n,)."""

    rows: Floats
    acceptable: NDArray[np.bool_]


def read_recordings(data_dir: Path) -> Recordings:
    """Every recording of the database, in the order of its reference."""
    folder = data_dir / DATABASE
    with (folder / "REFERENCE.csv").open(encoding="ascii") as file:
        reference = {name: label == "1" for name, label in csv.reader(file)}
    rows = []
    for name in reference:
        header = read_header(folder / name, t0_us=0)
        digital = np.concatenate([block.samples for block in read_blocks(header)])
        rows.append(measured(header.signal.physical(Block(0, digital)).samples, header.signal.fs_hz)[0])
    return Recordings(np.array(rows), np.array(list(reference.values())))


def learner() -> Any:
    """The learner, untrained. Figures hold still from run to run: the seed is fixed."""
    return HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=3,
        min_samples_leaf=8,
        l2_regularization=5,
        max_features=0.2,
        early_stopping=False,
        random_state=0,
    )


def cross_validated(recordings: Recordings, seed: int) -> Floats:
    """Of each recording, the probability (n,) that it is acceptable by a model that has not seen it."""
    chances = np.empty(len(recordings.rows))
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for seen, held_out in folds.split(recordings.rows, recordings.acceptable):
        model = learner().fit(recordings.rows[seen], recordings.acceptable[seen])
        chances[held_out] = model.predict_proba(recordings.rows[held_out])[:, 1]
    return chances


def figures(recordings: Recordings, chances: Floats) -> str:
    """Accuracy, and the sensitivity and specificity to unacceptable recordings, %."""
    said, truth = chances >= 0.5, recordings.acceptable  # noqa: PLR2004 - more probable than not
    bad, good = np.mean(~said[~truth]), np.mean(said[truth])
    return f"accuracy {100 * np.mean(said == truth):.2f}, Se {100 * bad:.2f}, Sp {100 * good:.2f} of {len(truth)}"


def reliability(recordings: Recordings, chances: Floats) -> Iterator[str]:
    """Lines: of recordings called acceptable with a probability in a bin, how many are."""
    for k in range(len(EDGES) - 1):
        rows = (chances >= EDGES[k]) & (chances < EDGES[k + 1])
        if rows.any():
            mean, share = chances[rows].mean(), recordings.acceptable[rows].mean()
            yield f"said {100 * mean:.1f} %: acceptable {100 * share:.1f} % of {rows.sum()}"


def main() -> int:
    """Train and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.strip_quality", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="folds of recordings; writes nothing")
    parser.add_argument("--output", type=Path, default=Path(detectors.strips.__path__[0]) / "quality.npz")
    arguments = parser.parse_args()
    recordings = read_recordings(Path(os.environ.get("RHYTHMARK_DATA", "../shared/data")))
    if arguments.cross_validate:
        said = np.array([cross_validated(recordings, seed) for seed in range(N_TIMES)])
        print(
            f"held-out recordings, {N_FOLDS} folds, {N_TIMES} times",
            *(figures(recordings, one) for one in said),
            sep="\n",
        )
        print(f"mean accuracy {100 * np.mean((said >= 0.5) == recordings.acceptable):.2f}")  # noqa: PLR2004 - as above
        print(*reliability(recordings, said.mean(axis=0)), sep="\n")
        return 0
    model = learner().fit(recordings.rows, recordings.acceptable)
    write_trees(arguments.output, model)
    print("in sample", figures(recordings, model.predict_proba(recordings.rows)[:, 1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
