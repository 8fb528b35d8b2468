"""Learn the trees of `detectors/beats/model.npz`: which beat is N, S or V.

`python -m training.beat_labels` writes the file and prints in-sample figures; with `--cross-validate` it writes nothing
and prints figures of records that were held out. Data, licences and figures stand in docs/training.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

import detectors.beats
from detectors.beats.model import CLASSES
from training.beat_examples import DATABASES, Examples, read_examples
from training.trees import write_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

N_FOLDS = 5
SEED = 0
LEARNING_S = 300.0
"""Not counted in the figures, as in EC57; the learner sees it."""


def learner() -> Any:
    """The learner, untrained. Figures hold still from run to run: the seed is fixed."""
    return HistGradientBoostingClassifier(
        max_iter=80,
        learning_rate=0.1,
        max_leaf_nodes=10,
        min_samples_leaf=150,
        l2_regularization=10,
        random_state=SEED,
    )


def learned(examples: Examples) -> Any:
    """Trained on the beats that are N, S or V."""
    known = examples.take(np.isin(examples.labels, CLASSES))
    model = learner().fit(known.features, known.labels)
    if tuple(model.classes_) != CLASSES:
        msg = f"there must be examples of {', '.join(CLASSES)}, got {', '.join(model.classes_)}"
        raise ValueError(msg)
    return model


def cross_validated(examples: Examples) -> NDArray[np.str_]:
    """The label of each beat by a model that has seen no beat of its record."""
    said = np.empty(len(examples.labels), "U1")
    folds = GroupKFold(N_FOLDS, shuffle=True, random_state=SEED)
    for seen, held_out in folds.split(examples.features, groups=examples.records):
        said[held_out] = learned(examples.take(seen)).predict(examples.features[held_out])
    return said


def scores(examples: Examples, said: NDArray[np.str_]) -> Iterator[str]:
    """Lines of sensitivity and predictivity of V and S, among beats that were found; F and Q called V are no error."""
    for database in DATABASES:
        for both, view in ((True, "both leads"), (False, "one lead")):
            rows = (examples.databases == database) & (examples.both_leads == both) & (examples.times_s > LEARNING_S)
            yield f"{database}, {view}: {_score(examples.labels[rows], said[rows])}"


def _score(labels: NDArray[np.str_], said: NDArray[np.str_]) -> str:
    parts = []
    for label in "VS":
        hits = int(np.sum((labels == label) & (said == label)))
        total = int(np.sum(labels == label))
        wrong = int(np.sum((said == label) & (labels != label) & np.isin(labels, CLASSES)))
        sensitivity, predictivity = 100 * hits / total, 100 * hits / (hits + wrong)
        parts.append(f"{label} Se {sensitivity:.2f} +P {predictivity:.2f} F1 {200 * hits / (total + hits + wrong):.2f}")
    return ", ".join(parts)


def main() -> int:
    """Train and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.beat_labels", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="five folds by record; writes nothing")
    parser.add_argument("--output", type=Path, default=Path(detectors.beats.__path__[0]) / "model.npz")
    arguments = parser.parse_args()
    examples = read_examples(Path(os.environ.get("RHYTHMARK_DATA", "../shared/data")))
    if arguments.cross_validate:
        print(f"held-out records, {N_FOLDS} folds", *scores(examples, cross_validated(examples)), sep="\n")
        return 0
    model = learned(examples)
    write_trees(arguments.output, model)
    print("in sample", *scores(examples, model.predict(examples.features)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
