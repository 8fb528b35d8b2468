"""Sums over items from which every statistic of agreement follows, so that resampling patients adds up sums.

A thousand resamples of a hundred thousand items are then one product of matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reading.ratings import NOT_READ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reading.ratings import Ratings

TWO = 2
"""Readers of a table of pairs."""


class Tallies(NamedTuple):
    """Sums over items; leading axes, where there are any, are patients or resamples. k is the number of categories.

    Parameters
    ----------
    pairs : (..., k, k), items by what the first and what the second reader said; of two readers only, else zeros.
    coincidences : (..., k, k), ordered pairs of answers to one item, each item weighing its number of answers
        (Krippendorff 2004, 11.3).
    agreements : (..., k, k), the same, each item weighing 1 (Fleiss 1971; Gwet 2008).
    shares : (..., k), answers, each item weighing 1.
    n_rated, n_pairable : (...), items with an answer, and with two or more.
    """

    pairs: NDArray[np.float64]
    coincidences: NDArray[np.float64]
    agreements: NDArray[np.float64]
    shares: NDArray[np.float64]
    n_rated: NDArray[np.float64]
    n_pairable: NDArray[np.float64]

    def weighted(self, weights: NDArray[np.float64]) -> Tallies:
        """Sums of patients, the leading axis, each counted so often: weights (n_resamples, n_patients)."""
        return Tallies._make(np.tensordot(weights, one, axes=1) for one in self)

    def total(self) -> Tallies:
        """The sum of all patients."""
        return Tallies._make(one.sum(axis=0) for one in self)

    def of_category(self, place: int) -> Tallies:
        """Of one category against all others together: places 0 (it) and 1 (another)."""
        k = self.shares.shape[-1]
        into = np.zeros((k, 2))
        into[:, 1] = 1.0
        into[place] = (1.0, 0.0)
        return Tallies(
            into.T @ self.pairs @ into,
            into.T @ self.coincidences @ into,
            into.T @ self.agreements @ into,
            self.shares @ into,
            self.n_rated,
            self.n_pairable,
        )


def tally(ratings: Ratings) -> Tallies:
    """Sums of each patient, in order of their names: the leading axis."""
    k = len(ratings.categories)
    names, patient = np.unique(ratings.patients, return_inverse=True)
    n_patients = len(names)
    counts = np.zeros((len(ratings.codes), k))
    for column in ratings.codes.T:
        said = column != NOT_READ
        counts[said, column[said]] += 1.0
    n_answers = counts.sum(axis=1)
    pairable = n_answers >= TWO
    # ordered pairs of answers to one item: outer products less each answer with itself
    coincidences, agreements = np.zeros((n_patients, k, k)), np.zeros((n_patients, k, k))
    for first in range(k):
        for second in range(k):
            both = counts[pairable, first] * (counts[pairable, second] - (first == second))
            both = both / (n_answers[pairable] - 1.0)
            coincidences[:, first, second] = _summed(both, patient[pairable], n_patients)
            agreements[:, first, second] = _summed(both / n_answers[pairable], patient[pairable], n_patients)
    rated = n_answers > 0
    shares = np.zeros((n_patients, k))
    for one in range(k):
        shares[:, one] = _summed(counts[rated, one] / n_answers[rated], patient[rated], n_patients)
    return Tallies(
        _pairs(ratings, patient, n_patients),
        coincidences,
        agreements,
        shares,
        _summed(rated * 1.0, patient, n_patients),
        _summed(pairable * 1.0, patient, n_patients),
    )


def _pairs(ratings: Ratings, patient: NDArray[np.int64], n_patients: int) -> NDArray[np.float64]:
    k = len(ratings.categories)
    if len(ratings.readers) != TWO:
        return np.zeros((n_patients, k, k))
    first, second = ratings.codes.T
    both = (first != NOT_READ) & (second != NOT_READ)
    place = (patient[both] * k + first[both]) * k + second[both]
    return np.bincount(place, minlength=n_patients * k * k).astype(np.float64).reshape(n_patients, k, k)


def _summed(values: NDArray[np.float64], patient: NDArray[np.int64], n_patients: int) -> NDArray[np.float64]:
    return np.bincount(patient, weights=values, minlength=n_patients).astype(np.float64)
