"""Intervals over patients: whoever is drawn brings all that was read of them, for the items of one are not independent.

Percentile bootstrap of clusters; Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_RESAMPLES = 1000
LEVEL = 0.95
"""What part of the resamples the interval holds, in the middle."""
LEAST_PATIENTS = 2
"""Of one patient nothing varies."""


class Interval(NamedTuple):
    """A figure and its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


NOTHING = Interval(None)


def draws(n_patients: int, n_resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each patient is drawn in each resample, (n_resamples, n_patients)."""
    drawn: NDArray[np.float64] = rng.multinomial(
        n_patients, np.full(n_patients, 1.0 / max(n_patients, 1)), size=n_resamples
    ).astype(np.float64)
    return drawn


def around(value: float, resampled: NDArray[np.float64]) -> Interval:
    """The interval of a figure that has these values in resamples; those without one (NaN) are left out."""
    if not np.isfinite(value):
        return NOTHING
    found = resampled[np.isfinite(resampled)]
    if not len(found):
        return Interval(value)
    low, high = np.quantile(found, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Interval(value, float(low), float(high))
