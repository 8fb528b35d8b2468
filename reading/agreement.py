"""How far readers agree beyond chance: percent, Cohen, Fleiss, Krippendorff, Gwet, with intervals over patients.

Every statistic is 1 less observed disagreement over that expected by chance; they differ in what chance is. Where
chance leaves no disagreement at all (one reader, nobody, one category), there is no number but the reason. Sources:
Cohen, Educ Psychol Meas 20:37, 1960, and Psychol Bull 70:213, 1968 (weighted); Fleiss, Psychol Bull 76:378, 1971;
Krippendorff, Content Analysis, 2nd ed., 2004, chapter 11; Gwet, Br J Math Stat Psychol 61:29, 2008 (AC1), Handbook of
Inter-Rater Reliability, 4th ed., 2014 (AC2, missing answers).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from reading.resampling import LEAST_PATIENTS, N_RESAMPLES, around, draws
from reading.tallies import Tallies, tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from reading.ratings import Ratings

_NO_CHANCE = 1e-12


class Statistic(StrEnum):
    """What is computed."""

    PERCENT = "percent"
    COHEN = "Cohen's kappa"
    FLEISS = "Fleiss' kappa"
    ALPHA = "Krippendorff's alpha"
    GWET = "Gwet's AC"


class Scale(StrEnum):
    """How far apart two categories are: all alike, by their places in order, or by their values."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    LINEAR = "linear"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval, or the reason why there is none.

    Parameters
    ----------
    value, low, high : None where undefined; without an interval where there is but one patient.
    why : the reason, empty where there is nothing to explain.
    n_items, n_patients : what it rests on: items that two readers answered, and their patients.
    """

    value: float | None
    low: float | None
    high: float | None
    why: str
    n_items: int
    n_patients: int


def estimate(
    ratings: Ratings,
    statistic: Statistic,
    *,
    scale: Scale = Scale.NOMINAL,
    values: Sequence[float] | None = None,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> Estimate:
    """One statistic of all readers together.

    Parameters
    ----------
    scale : nominal; linear weights; interval (quadratic weights of the two kappas and AC, and alpha's interval metric);
        ordinal (alpha's metric, and quadratic weights by place for the others, as Cohen 1968 and Gwet use them).
    values : of the categories, for linear and interval; None takes their places.
    rng : draws the patients of each resample; the interval holds the middle 95 % of them.

    Raises
    ------
    ValueError : if Cohen's kappa is asked of more than two readers.
    """
    if statistic is Statistic.COHEN and len(ratings.readers) > 2:  # noqa: PLR2004 - a pair
        msg = f"Cohen's kappa is of two readers, got {len(ratings.readers)}: take Fleiss' kappa, or one pair"
        raise ValueError(msg)
    by_patient = tally(ratings)
    return _with_interval(
        by_patient, len(ratings.readers), _formula(statistic, scale, values), rng, n_resamples, ratings
    )


def by_category(
    ratings: Ratings, statistic: Statistic, *, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> dict[str, Estimate]:
    """The statistic of each category against all others together."""
    by_patient = tally(ratings)
    formula = _formula(statistic, Scale.NOMINAL, None)
    return {
        name: _with_interval(
            by_patient.of_category(place), len(ratings.readers), formula, rng, n_resamples, ratings, category=name
        )
        for place, name in enumerate(ratings.categories)
    }


def weights_of(n: int, scale: Scale, values: Sequence[float] | None = None) -> NDArray[np.float64]:
    """What an answer counts against another as agreement, (n, n): 1 on the diagonal, 0 for the farthest two."""
    if scale is Scale.NOMINAL:
        return np.eye(n)
    at = np.arange(n, dtype=np.float64) if values is None or scale is Scale.ORDINAL else np.asarray(values, np.float64)
    apart = np.abs(at[:, None] - at)
    if scale is not Scale.LINEAR:
        apart = apart**2
    most = apart.max(initial=0.0)
    weights: NDArray[np.float64] = 1.0 - apart / most if most else np.ones((n, n))
    return weights


def percent(sums: Tallies, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of pairs of answers that agree, each item weighing 1."""
    return _ratio(_total(sums.agreements * weights), sums.n_pairable)


def cohen(sums: Tallies, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance: each of two readers keeps their own shares of the categories."""
    n = _total(sums.pairs)
    observed = _ratio(_total(sums.pairs * weights), n)
    first, second = sums.pairs.sum(axis=-1), sums.pairs.sum(axis=-2)
    expected = _ratio(_total(first[..., :, None] * second[..., None, :] * weights), n * n)
    return _beyond_chance(observed, expected)


def fleiss(sums: Tallies, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance: all readers have the same shares; items of different numbers of answers as in Gwet 2014."""
    shares = _ratio(sums.shares, sums.n_rated[..., None])
    expected = _total(shares[..., :, None] * shares[..., None, :] * weights)
    return _beyond_chance(percent(sums, weights), expected)


def gwet(sums: Tallies, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """AC1, with weights AC2. Chance: some answers are guesses, evenly over the categories there are."""
    k = weights.shape[0]
    if k == 1:
        return np.full_like(sums.n_rated, np.nan)
    shares = _ratio(sums.shares, sums.n_rated[..., None])
    expected = weights.sum() / (k * (k - 1.0)) * (shares * (1.0 - shares)).sum(axis=-1)
    return _beyond_chance(percent(sums, weights), expected)


def alpha(sums: Tallies, distances: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Chance: all answers that can be paired are shuffled; `distances` of the categories may depend on their counts."""
    counts = sums.coincidences.sum(axis=-1)
    n = counts.sum(axis=-1)
    apart = distances(counts)
    observed = _total(sums.coincidences * apart)
    expected = _total(counts[..., :, None] * counts[..., None, :] * apart)
    return 1.0 - _ratio(observed * (n - 1.0), expected)


def alpha_distances(
    scale: Scale, values: Sequence[float] | None
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Krippendorff's squared differences of categories, of their counts (..., k) an array (..., k, k)."""

    def nominal(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1.0 - np.eye(counts.shape[-1])

    def ordinal(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        # all answers from the one category to the other, of these two the half
        middle = np.cumsum(counts, axis=-1) - counts / 2.0
        return (middle[..., :, None] - middle[..., None, :]) ** 2

    def interval(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        at = np.arange(counts.shape[-1], dtype=np.float64) if values is None else np.asarray(values, np.float64)
        return np.abs(at[:, None] - at) ** (1.0 if scale is Scale.LINEAR else 2.0)

    return {Scale.NOMINAL: nominal, Scale.ORDINAL: ordinal}.get(scale, interval)


def _formula(
    statistic: Statistic, scale: Scale, values: Sequence[float] | None
) -> Callable[[Tallies], NDArray[np.float64]]:
    if statistic is Statistic.ALPHA:
        distances = alpha_distances(scale, values)
        return lambda sums: alpha(sums, distances)
    of: dict[Statistic, Callable[[Tallies, NDArray[np.float64]], NDArray[np.float64]]] = {
        Statistic.PERCENT: percent,
        Statistic.COHEN: cohen,
        Statistic.FLEISS: fleiss,
        Statistic.GWET: gwet,
    }
    return lambda sums: of[statistic](sums, weights_of(sums.shares.shape[-1], scale, values))


def _with_interval(
    by_patient: Tallies,
    n_readers: int,
    formula: Callable[[Tallies], NDArray[np.float64]],
    rng: np.random.Generator,
    n_resamples: int,
    ratings: Ratings,
    category: str = "",
) -> Estimate:
    whole = by_patient.total()
    has_items = by_patient.n_pairable > 0
    n_items, n_patients = round(float(whole.n_pairable)), int(has_items.sum())
    value = float(formula(whole)) if n_items else np.nan
    if not np.isfinite(value):
        return Estimate(None, None, None, _reason(whole, n_readers, n_items, ratings, category), n_items, n_patients)
    if n_patients < LEAST_PATIENTS:
        why = "no interval: all items are of one patient"
        return Estimate(value, None, None, why, n_items, n_patients)
    found = formula(by_patient.weighted(draws(len(has_items), n_resamples, rng)))
    n_left_out = int(np.sum(~np.isfinite(found)))
    why = f"undefined in {n_left_out} of {n_resamples} resamples, which are left out" if n_left_out else ""
    return Estimate(*around(value, found), why, n_items, n_patients)


def _reason(whole: Tallies, n_readers: int, n_items: int, ratings: Ratings, category: str) -> str:
    if n_readers < 2:  # noqa: PLR2004 - a pair
        return f"undefined: agreement needs two readers, got {n_readers}"
    if not n_items:
        return "undefined: no item was answered by two readers"
    used = [place for place, share in enumerate(whole.shares.tolist()) if share > 0]
    if category:
        said = "never" if used == [1] else "always"
        return f"undefined: {category!r} was {said} said, so chance alone agrees"
    name = ratings.categories[used[0]]
    return f"undefined: every answer is {name!r}, so chance alone agrees"


def _total(values: NDArray[np.float64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = values.sum(axis=(-2, -1))
    return total


def _ratio(upper: Any, lower: Any) -> NDArray[np.float64]:
    lower = np.asarray(lower, np.float64)
    return np.asarray(np.divide(upper, np.where(np.abs(lower) > _NO_CHANCE, lower, np.nan)))


def _beyond_chance(observed: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    return _ratio(observed - expected, 1.0 - expected)
