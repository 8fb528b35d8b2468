"""Control charts: whether a reader still errs as they did, found as early as chance allows.

p-chart with exact binomial limits (Montgomery, Statistical Quality Control, 7.2), and a tabular CUSUM of a Bernoulli
series (Reynolds and Stoumbos, J Qual Technol 31:87, 1999), which finds a small lasting change sooner.
"""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import binom, norm

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALARM = 0.0027
"""Chance of an alarm at a point while nothing has changed: that of three standard deviations, both sides."""


_N_SERIES = 4_000


class ChartError(ValueError):
    """A chart cannot be drawn; the message says why."""


class Point(NamedTuple):
    """A week, or a batch: errors among decisions, the limits for so many, and whether it lies beyond."""

    n: int
    errors: int
    low: float
    high: float
    is_beyond: bool


def p_chart(n: NDArray[np.int64], errors: NDArray[np.int64], *, rate: float) -> list[Point]:
    """Points against the rate that was agreed or measured before.

    Raises
    ------
    ChartError : if the rate is not within (0, 1), or there are more errors than decisions.
    """
    _check_rate(rate)
    if np.any(errors > n) or np.any(errors < 0):
        msg = "errors must be within [0, decisions]"
        raise ChartError(msg)
    found = []
    for of, wrong in zip(n.tolist(), errors.tolist(), strict=True):
        low, high = (float(binom.ppf(q, of, rate)) for q in (ALARM / 2.0, 1.0 - ALARM / 2.0)) if of else (0.0, 0.0)
        found.append(Point(of, wrong, low / max(of, 1), high / max(of, 1), bool(of and not low <= wrong <= high)))
    return found


def cusum(
    wrong: NDArray[np.bool_], *, rate: float, worse: float, limit: float = 4.0
) -> tuple[NDArray[np.float64], int | None]:
    """The log-likelihood that the rate has become `worse`, from its lowest on; the first item beyond the limit.

    Parameters
    ----------
    wrong : (n,), decision by decision in the order in which they were made.
    rate, worse : of errors, in control and to be found.

    Raises
    ------
    ChartError : if rates are not within (0, 1), or `worse` is not above `rate`.
    """
    _check_rate(rate)
    _check_rate(worse)
    if worse <= rate:
        msg = f"rate to be found must be above that in control, {rate}, got {worse}"
        raise ChartError(msg)
    steps = np.where(wrong, log(worse / rate), log((1.0 - worse) / (1.0 - rate)))
    found, sum_so_far = np.empty(len(steps)), 0.0
    for i, step in enumerate(steps.tolist()):
        sum_so_far = max(0.0, sum_so_far + step)
        found[i] = sum_so_far
    beyond = np.flatnonzero(found > limit)
    return found, int(beyond[0]) if len(beyond) else None


def cusum_limit(*, rate: float, worse: float, n: int, chance: float = 0.05) -> float:
    """The limit that a series of `n` decisions passes with this chance while nothing has changed.

    From 4,000 simulated series, the same every time.

    Raises
    ------
    ChartError : as `cusum`, and if there is no decision, or the chance is not within (0, 1).
    """
    _check_rate(chance)
    if n < 1:
        msg = f"a chart must have at least one decision, got {n}"
        raise ChartError(msg)
    cusum(np.zeros(1, bool), rate=rate, worse=worse)  # its checks
    rng = np.random.default_rng(n)
    up, down = log(worse / rate), log((1.0 - worse) / (1.0 - rate))
    sums, highest = np.zeros(_N_SERIES), np.zeros(_N_SERIES)
    for _ in range(n):
        sums = np.maximum(0.0, sums + np.where(rng.random(_N_SERIES) < rate, up, down))
        highest = np.maximum(highest, sums)
    # never below one error's step: a first error is no alarm
    return max(float(np.quantile(highest, 1.0 - chance)), up)


def sample_size(*, rate: float, half_width: float, level: float = 0.95, population: int | None = None) -> int:
    """How many decisions to audit for so narrow an interval of the error rate (Cochran, Sampling Techniques, 4.4).

    Raises
    ------
    ChartError : if the rate is not within (0, 1), or the width not within (0, 0.5].
    """
    _check_rate(rate)
    if not 0.0 < half_width <= 0.5:  # noqa: PLR2004 - an interval of the whole
        msg = f"half width must be within (0, 0.5], got {half_width}"
        raise ChartError(msg)
    z = float(norm.ppf(0.5 + level / 2.0))
    n = z * z * rate * (1.0 - rate) / half_width**2
    return ceil(n if population is None else n / (1.0 + (n - 1.0) / population))


def _check_rate(rate: float) -> None:
    if not 0.0 < rate < 1.0:
        msg = f"rate must be within (0, 1), got {rate}"
        raise ChartError(msg)
