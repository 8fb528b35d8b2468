"""Which label a beat has, by its numbers: gradient-boosted trees over N, S and V.

Trained with scikit-learn's HistGradientBoostingClassifier on all 24 development records of the MIT-BIH Arrhythmia
Database and 39 of the MIT-BIH Supraventricular Arrhythmia Database, each with both leads and with each alone, by
`training.beat_labels` (figures in docs/training.md); the trees stand in `model.npz` (`detectors.loops.trees`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.beats.plan import N_SAID
from detectors.loops.compiled import compiled, inner
from detectors.loops.trees import BATCH, Trees, add_scores, load_trees, packed

if TYPE_CHECKING:
    from detectors.beats.plan import Floats, Int

CLASSES = ("N", "S", "V")


class Verdict(NamedTuple):
    """A beat's label and the model's probability of it."""

    label: str
    confidence: float


@cache
def trees() -> Trees:
    """The trained trees."""
    return load_trees("detectors.beats")


@cache
def forest() -> Floats:
    """The trained trees as they are walked."""
    return packed(trees())


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
        add_scores(forest, rows[i, N_SAID:], places, scores)
        best = 0
        for k in range(1, n_classes):
            if scores[k] > scores[best]:
                best = k
        odds = 0.0
        for k in range(n_classes):
            odds += np.exp(scores[k] - scores[best])
        rows[i, 1] = best
        rows[i, 2] = 1.0 / odds
