"""Gradient-boosted trees that were learned elsewhere, walked in compiled code.

Friedman, Annals of Statistics 29:1189, 2001.

A model is a file of plain arrays beside the room that uses it, written by `training.trees`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.loops.compiled import compiled, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Int = int | np.int64

BATCH = 8
"""Trees that are walked side by side."""


class Trees(NamedTuple):
    """Nodes of all trees in a row. Tree i adds to class `i % n_classes`.

    `feature` is -1 at a leaf, whose `threshold` is its value; NaN goes left where `nan_goes_left`, else right.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    nan_goes_left: NDArray[np.bool_]
    baseline: NDArray[np.float64]


def load_trees(room: str, name: str = "model.npz") -> Trees:
    """The trees of a file in a room, named as its package is: "detectors.beats"."""
    with files(room).joinpath(name).open("rb") as file, np.load(file) as arrays:
        return Trees(*(arrays[field] for field in Trees._fields))


def packed(own: Trees) -> Floats:
    """The trees as they are walked, packed into one array.

    From a leaf one comes to the leaf again; so all trees of a batch go as many steps as the deepest of them, side by
    side and without a branch to be guessed. The array: the number of classes, of trees and of batches of `BATCH`; the
    baseline of each class; the place of each tree's root; the steps of each batch; and of each node a pair, its
    threshold (a leaf: what it adds) and, as int64, from the lowest bits on, the places to go on with at or below the
    threshold and above it, 16 bits each, the feature, and whether NaN goes right.
    """
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
    words |= np.where(own.nan_goes_left, 0, 1) << 48
    table[:, 1] = words.view(np.float64)
    return np.concatenate([head, own.baseline, first + 2 * own.roots, depths, table.ravel()]).astype(np.float64)


def probabilities(forest: Floats, features: Floats) -> Floats:
    """The probability of each class, (n, n_classes), by features (n, n_features); NaN is a value too.

    Of a model of two classes, which has one score only, that of the second: (n, 1).
    """
    scores = np.empty((len(features), int(forest[0])))
    _score_all(forest, np.ascontiguousarray(features, dtype=np.float64), scores)
    if scores.shape[1] == 1:
        return np.asarray(1.0 / (1.0 + np.exp(-scores)))
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


@compiled
def _score_all(forest: Floats, features: Floats, scores: Floats) -> None:
    places = np.empty(BATCH, np.int64)
    for i in range(features.shape[0]):
        add_scores(forest, features[i], places, scores[i])


@inner
def add_scores(forest: Floats, features: Floats, places: NDArray[np.int64], scores: Floats) -> None:
    """Write what the trees say of one row of features into `scores` (n_classes,); `places` (BATCH,) is a work space."""
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
                value = features[(word >> 32) & 0xFFFF]
                is_above = np.int64(value > forest[place]) | (np.int64(np.isnan(value)) & (word >> 48))
                places[k] = (word >> (16 * is_above)) & 0xFFFF
        for k in range(n):  # in the order of the trees: the sum is the same to the bit
            scores[(first + k) % n_classes] += forest[places[k]]
