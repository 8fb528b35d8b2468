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
from training.beat_examples import NO_BEAT, Examples, read_examples
from training.beat_scores import reliability, scores
from training.trees import write_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_FOLDS = 5
SEED = 0
EVERY_N = 8
"""Of the beats that are N, one in so many is learned from, and counts for all of them."""
EVENNESS = 0.5
"""Beats of a class in a record count together as their number to the power of one less this: one patient with
thousands of ectopic beats shall not outweigh all others."""


def learner() -> Any:
    """The learner, untrained. Figures hold still from run to run: the seed is fixed."""
    return HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.08,
        max_leaf_nodes=8,
        min_samples_leaf=120,
        l2_regularization=20,
        max_features=0.3,
        early_stopping=False,
        random_state=SEED,
    )


def learned(examples: Examples) -> Any:
    """Trained on the beats that are N, S or V; what is no beat at all shall be called N rather than ectopic."""
    labels = np.where(examples.labels == NO_BEAT, "N", examples.labels)
    is_normal = labels == "N"
    kept = np.isin(labels, CLASSES) & (~is_normal | (np.cumsum(is_normal) % EVERY_N == 0))
    weights = np.where(is_normal, float(EVERY_N), 1.0)
    for label in CLASSES:
        weights[kept & (labels == label)] *= _evened(examples.records[kept & (labels == label)])
    model = learner().fit(examples.features[kept], labels[kept], weights[kept])
    if tuple(model.classes_) != CLASSES:
        msg = f"there must be examples of {', '.join(CLASSES)}, got {', '.join(model.classes_)}"
        raise ValueError(msg)
    return model


def _evened(records: NDArray[np.str_]) -> NDArray[np.float64]:
    """What each beat of one class counts by its record (n,), 1 on average."""
    _, record, counts = np.unique(records, return_inverse=True, return_counts=True)
    weights = counts[record] ** -EVENNESS
    return np.asarray(weights / weights.mean())


def cross_validated(examples: Examples) -> NDArray[np.float64]:
    """The probabilities of `CLASSES` for each beat by a model that has seen no beat of its record."""
    said = np.empty((len(examples.labels), len(CLASSES)))
    folds = GroupKFold(N_FOLDS, shuffle=True, random_state=SEED)
    for seen, held_out in folds.split(examples.features, groups=examples.records):
        said[held_out] = learned(examples.take(seen)).predict_proba(examples.features[held_out])
    return said


def main() -> int:
    """Train and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.beat_labels", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="five folds by record; writes nothing")
    parser.add_argument("--output", type=Path, default=Path(detectors.beats.__path__[0]) / "model.npz")
    arguments = parser.parse_args()
    data_dir = Path(os.environ.get("RHYTHMARK_DATA", "../shared/data"))
    examples = read_examples(data_dir)
    if arguments.cross_validate:
        odds = cross_validated(examples)
        said = np.array(CLASSES)[odds.argmax(axis=1)]
        print(f"held-out records, {N_FOLDS} folds", *scores(data_dir, examples, said), sep="\n")
        print("calibration, held-out records, lead 0", *reliability(examples, said, odds.max(axis=1)), sep="\n")
        return 0
    model = learned(examples)
    write_trees(arguments.output, model)
    print("in sample", *scores(data_dir, examples, model.predict(examples.features)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
