"""Which label a beat has, by its numbers: gradient-boosted trees over N, S and V.

Trained with scikit-learn's HistGradientBoostingClassifier on all 24 development records of the MIT-BIH Arrhythmia
Database and 39 of the MIT-BIH Supraventricular Arrhythmia Database, each with both leads and with each alone, by
`training.beat_labels` (figures in docs/training.md); the trees stand in `beats_model.npz` as plain arrays. Friedman,
Annals of Statistics 29:1189, 2001.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.beats_plan import Floats

CLASSES = ("N", "S", "V")


class Trees(NamedTuple):
    """Nodes of all trees in a row. Tree i adds to class `i % 3`; `feature` is -1 at a leaf, `threshold` its value."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    baseline: NDArray[np.float64]


class Verdict(NamedTuple):
    """A beat's label and the model's probability of it."""

    label: str
    confidence: float


@cache
def trees() -> Trees:
    """The trained trees."""
    with files("detectors").joinpath("beats_model.npz").open("rb") as file, np.load(file) as arrays:
        return Trees(*(arrays[name] for name in Trees._fields))


def judge(features: Floats) -> Verdict:
    """Label one beat by its features, (N_FEATURES,)."""
    scores = _scores(trees(), np.ascontiguousarray(features))
    odds = np.exp(scores - scores.max())
    best = int(odds.argmax())
    return Verdict(CLASSES[best], round(float(odds[best] / odds.sum()), 3))


@compiled
def _scores(trees: Trees, features: Floats) -> Floats:
    scores = trees.baseline.copy()
    for i in range(trees.roots.shape[0]):
        node = trees.roots[i]
        while trees.feature[node] >= 0:
            goes_left = features[trees.feature[node]] <= trees.threshold[node]
            node = trees.left[node] if goes_left else trees.right[node]
        scores[i % scores.shape[0]] += trees.threshold[node]
    return scores
