"""How good each reader is, and what is true, both estimated from answers alone.

Dawid and Skene, Applied Statistics 28:20, 1979: each reader has a matrix of how often they give which answer to which
truth; truth and matrices are estimated in turn (EM), from the majority on. Rows are smoothed: there are classes that a
reader met a few times only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reading.ratings import NOT_READ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reading.ratings import Ratings

MAX_ROUNDS = 200
ENOUGH = 1e-6
SMOOTHING = 0.5
"""Answers of each kind that every row of a matrix is given before the first."""


class Skill(NamedTuple):
    """What was estimated; k is the number of categories.

    Parameters
    ----------
    truth : (n_items, k), probability of each category; of an item that nobody answered, the shares.
    matrices : (n_readers, k, k), [reader, truth, answer].
    shares : (k,), of the categories.
    accuracy : (n_readers,), how often a reader is right, over the shares.
    n_rounds : until it no longer moved.
    """

    truth: NDArray[np.float64]
    matrices: NDArray[np.float64]
    shares: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    n_rounds: int


def dawid_skene(ratings: Ratings) -> Skill:
    """Estimate truth and skill; wants two answers to an item at least here and there, or the majority stands."""
    codes, k = ratings.codes, len(ratings.categories)
    answers = np.stack([codes == code for code in range(k)], axis=-1).astype(np.float64)
    truth = _normalised(answers.sum(axis=1) + 1e-9)
    n_rounds = 0
    for _ in range(MAX_ROUNDS):
        n_rounds += 1
        shares = truth.sum(axis=0) / max(len(truth), 1)
        matrices = _normalised(np.einsum("it,irk->rtk", truth, answers) + SMOOTHING * (np.eye(k) + 1.0 / k))
        likelihood = np.einsum("irk,rtk->it", answers, np.log(matrices)) + np.log(np.maximum(shares, 1e-12))
        new = _normalised(np.exp(likelihood - likelihood.max(axis=1, keepdims=True)))
        moved = float(np.abs(new - truth).max(initial=0.0))
        truth = new
        if moved < ENOUGH:
            break
    shares = truth.sum(axis=0) / max(len(truth), 1)
    return Skill(truth, matrices, shares, np.einsum("rtt,t->r", matrices, shares), n_rounds)


def majority(ratings: Ratings) -> NDArray[np.int64]:
    """The most frequent answer to each item, `NOT_READ` where two are as frequent or there is none."""
    k = len(ratings.categories)
    counts = np.stack([(ratings.codes == code).sum(axis=1) for code in range(k)], axis=1)
    best = counts.argmax(axis=1)
    is_alone = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) == 1
    return np.where(is_alone & (counts.max(axis=1) > 0), best, NOT_READ)


def _normalised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = values / values.sum(axis=-1, keepdims=True)
    return total
