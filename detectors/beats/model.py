"""Which label a beat has, by its numbers: gradient-boosted trees over N, S and V.

Trained with scikit-learn's HistGradientBoostingClassifier on all 24 development records of the MIT-BIH Arrhythmia
Database and 39 of the MIT-BIH Supraventricular Arrhythmia Database, each with both leads and with each alone, by
`training.beat_labels` (figures in docs/training.md); the trees stand in `beats.model.npz` as plain arrays. Friedman,
Annals of Statistics 29:1189, 2001.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.beats.plan import N_SAID
from detectors.loops.compiled import compiled, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.beats.plan import Floats, Int

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
    with files("detectors.beats").joinpath("model.npz").open("rb") as file, np.load(file) as arrays:
        return Trees(*(arrays[name] for name in Trees._fields))


@cache
def forest() -> Floats:
    """The trained trees as they are walked, packed into one array.

    From a leaf one comes to the leaf again; so all trees of a batch go as many steps as the deepest of them, side by
    side and without a branch to be guessed. The array: the number of classes, of trees and of batches of `BATCH`; the
    baseline of each class; the place of each tree's root; the steps of each batch; and of each node a pair, its
    threshold (a leaf: what it adds) and, as int64, from the lowest bits on, the places to go on with at or below the
    threshold and above it, 16 bits each, and the feature.
    """
    own = trees()
    is_leaf = own.feature < 0
    nodes = np.arange(len(own.feature))
    left, right = np.where(is_leaf, nodes, own.left), np.where(is_leaf, nodes, own.right)
    n_batches = -(-len(own.roots) // BATCH)
    roots = np.full(n_batches * BATCH, own.roots[0])
    roots[: len(own.roots)] = own.roots
    depths = np.zeros(n_batches, np.int64)
    here = roots.reshape(n_batches, BATCH, 1)
    children = np.column_stack([left, right])
    while not (ends := is_leaf[here].all(axis=(1, 2))).all():
        depths += ~ends
        here = np.unique(children[here].reshape(n_batches, BATCH, -1), axis=2)
    head = [len(own.baseline), len(own.roots), n_batches]
    first = len(head) + len(own.baseline) + len(own.roots) + n_batches
    table = np.empty((len(nodes), 2))
    table[:, 0] = own.threshold
    feature = np.where(is_leaf, 0, own.feature).astype(np.int64)
    words = (first + 2 * left.astype(np.int64)) | (first + 2 * right.astype(np.int64)) << 16 | feature << 32
    table[:, 1] = words.view(np.float64)
    return np.concatenate([head, own.baseline, first + 2 * own.roots, depths, table.ravel()]).astype(np.float64)


def verdict(best: float, probability: float) -> Verdict:
    """What `judge_rows` wrote, in words."""
    return Verdict(CLASSES[int(best)], round(probability, 3))


def judge(features: Floats) -> list[Verdict]:
    """Label beats by their features, (n, N_FEATURES)."""
    rows = np.column_stack([np.zeros((len(features), N_SAID)), features])
    judge_all(forest(), rows)
    return [verdict(best, probability) for best, probability in rows[:, 1:N_SAID].tolist()]


@compiled
def judge_all(forest: Floats, rows: Floats) -> None:
    """`judge_rows` of all rows."""
    judge_rows(forest, rows, rows.shape[0])


@inner
def judge_rows(forest: Floats, rows: Floats, n: Int) -> None:
    """Write the number of the best class and its probability into each of n rows: beat, those two, its features."""
    n_classes = int(forest[0])
    scores, places = np.empty(n_classes), np.empty(BATCH, np.int64)
    for i in range(n):
        _score(forest, rows[i, N_SAID:], places, scores)
        best = 0
        for k in range(1, n_classes):
            if scores[k] > scores[best]:
                best = k
        odds = 0.0
        for k in range(n_classes):
            odds += np.exp(scores[k] - scores[best])
        rows[i, 1] = best
        rows[i, 2] = 1.0 / odds


@inner
def _score(forest: Floats, features: Floats, places: NDArray[np.int64], scores: Floats) -> None:
    n_classes, n_trees, n_batches = int(forest[0]), int(forest[1]), int(forest[2])
    roots = 3 + n_classes
    depths = roots + n_trees
    words = forest.view(np.int64)
    for k in range(n_classes):
        scores[k] = forest[3 + k]
    for batch in range(n_batches):
        first = batch * BATCH
        n = min(BATCH, n_trees - first)
        for k in range(n):
            places[k] = int(forest[roots + first + k])
        for _ in range(int(forest[depths + batch])):
            for k in range(n):
                place = places[k]
                word = words[place + 1]
                is_above = not features[word >> 32] <= forest[place]
                places[k] = (word >> (16 * np.int64(is_above))) & 0xFFFF
        for k in range(n):  # in the order of the trees: the sum is the same to the bit
            scores[(first + k) % n_classes] += forest[places[k]]
