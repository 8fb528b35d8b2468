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

from detectors.compiled import compiled, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.beats_plan import Floats

CLASSES = ("N", "S", "V")
BATCH = 8
"""Trees that are walked side by side."""


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


class Forest(NamedTuple):
    """The trees as they are walked: from a leaf one comes to the leaf again.

    So all trees of a batch go as many steps as the deepest of them, side by side and without a branch to be guessed.

    Parameters
    ----------
    roots : node of each tree, (n_trees,).
    depths : steps of each batch of `BATCH` trees.
    feature, threshold : of each node; whatever at a leaf.
    children : (2 n_nodes,), the nodes to go on with at or below the threshold and above it.
    values : what a leaf adds.
    baseline : of each class.
    """

    roots: NDArray[np.int64]
    depths: NDArray[np.int64]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float64]
    children: NDArray[np.int16]
    values: NDArray[np.float64]
    baseline: NDArray[np.float64]


@cache
def forest() -> Forest:
    """The trained trees as they are walked."""
    own = trees()
    is_leaf = own.feature < 0
    nodes = np.arange(len(own.feature))
    children = np.column_stack([np.where(is_leaf, nodes, own.left), np.where(is_leaf, nodes, own.right)])
    n_batches = -(-len(own.roots) // BATCH)
    roots = np.full(n_batches * BATCH, own.roots[0])
    roots[: len(own.roots)] = own.roots
    depths = np.zeros(n_batches, np.int64)
    here = roots.reshape(n_batches, BATCH, 1)
    while not (ends := is_leaf[here].all(axis=(1, 2))).all():
        depths += ~ends
        here = np.unique(children[here].reshape(n_batches, BATCH, -1), axis=2)
    return Forest(
        own.roots.astype(np.int64),
        depths,
        np.where(is_leaf, 0, own.feature).astype(np.int16),
        own.threshold,
        children.ravel().astype(np.int16),
        np.where(is_leaf, own.threshold, 0.0),
        own.baseline,
    )


def judge(found: Floats) -> list[Verdict]:
    """Label beats by their features, which follow their sample in each row of (n, 1 + N_FEATURES)."""
    verdicts = np.empty((len(found), 2))
    _judge(forest(), found, verdicts)
    return [Verdict(CLASSES[int(best)], round(probability, 3)) for best, probability in verdicts.tolist()]


@compiled
def _judge(forest: Forest, found: Floats, verdicts: Floats) -> None:
    """Write the number of the best class of each beat and its probability."""
    scores, nodes = np.empty(forest.baseline.shape[0]), np.empty(BATCH, np.int64)
    for i in range(found.shape[0]):
        _score(forest, found[i, 1:], nodes, scores)
        best = 0
        for k in range(1, scores.shape[0]):
            if scores[k] > scores[best]:
                best = k
        odds = 0.0
        for k in range(scores.shape[0]):
            odds += np.exp(scores[k] - scores[best])
        verdicts[i, 0] = best
        verdicts[i, 1] = 1.0 / odds


@inner
def _score(forest: Forest, features: Floats, nodes: NDArray[np.int64], scores: Floats) -> None:
    n_trees, n_classes = forest.roots.shape[0], scores.shape[0]
    for k in range(n_classes):
        scores[k] = forest.baseline[k]
    for batch in range(forest.depths.shape[0]):
        first = batch * BATCH
        n = min(BATCH, n_trees - first)
        for k in range(n):
            nodes[k] = forest.roots[first + k]
        for _ in range(forest.depths[batch]):
            for k in range(n):
                node = nodes[k]
                is_above = not features[forest.feature[node]] <= forest.threshold[node]
                nodes[k] = forest.children[2 * node + np.int64(is_above)]
        for k in range(n):  # in the order of the trees: the sum is the same to the bit
            scores[(first + k) % n_classes] += forest.values[nodes[k]]
