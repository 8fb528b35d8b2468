"""What the intervals between beats say: rate, irregularity, patterns, prematurity.

Sources: Sarkar, Ritscher and Mehra, IEEE Trans Biomed Eng 55:1219, 2008 (evidence of AF in the Lorenz plot of
differences); Lake and Moorman, Am J Physiol 300:H319, 2011 (coefficient of sample entropy); Dash et al., Ann Biomed Eng
37:1701, 2009 (turning points); Brennan, Palaniswami and Kamen, IEEE Trans Biomed Eng 48:1342, 2001 (Poincare).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NAN = float("nan")
LORENZ_BIN_S = 0.04
LORENZ_REACH_S = 0.6
NEAR = 0.05
"""How near to the usual interval one is that counts as the same, of it."""
WINDOW = 12
"""Intervals of a window in which irregularity is looked at by itself."""


def of_intervals(rr: Floats) -> dict[str, float]:
    """Figures of intervals (n,) in s; NaN where there are too few."""
    figures = dict.fromkeys(NAMES, NAN)
    figures["n_rr"] = float(len(rr))
    if len(rr) < 2:  # noqa: PLR2004 - no differences
        return figures
    usual = float(np.median(rr))
    steps = np.diff(rr)
    relative = rr / usual
    figures |= {
        "rr_median": usual,
        "rr_mean": float(rr.mean()),
        "rr_min": float(relative.min()),
        "rr_max": float(relative.max()),
        "rr_longest_s": float(rr.max()),
        "rr_shortest_s": float(rr.min()),
        "rr_p10": float(np.percentile(relative, 10)),
        "rr_p25": float(np.percentile(relative, 25)),
        "rr_p75": float(np.percentile(relative, 75)),
        "rr_p90": float(np.percentile(relative, 90)),
        "rr_cv": float(rr.std() / rr.mean()),
        "rr_mad": float(np.median(np.abs(relative - 1))),
        "rr_near": float(np.mean(np.abs(relative - 1) < NEAR)),
        "rr_rmssd": float(np.sqrt(np.mean(steps**2)) / rr.mean()),
        "rr_step_median": float(np.median(np.abs(steps)) / usual),
        "rr_step_p75": float(np.percentile(np.abs(steps), 75) / usual),
        "rr_step_p90": float(np.percentile(np.abs(steps), 90) / usual),
        "rr_step_share": float(np.mean(np.abs(steps) > 0.1 * usual)),
        "rr_step_share_small": float(np.mean(np.abs(steps) > 0.03 * usual)),
        "rr_skew": _moment(rr, 3),
        "rr_kurtosis": _moment(rr, 4),
        "rr_drift": float(abs(np.median(rr[: len(rr) // 2 + 1]) - np.median(rr[len(rr) // 2 :])) / usual),
    }
    figures |= _poincare(rr, usual) | _premature(rr) | _patterns(rr) | _lorenz(steps) | _entropies(rr, usual)
    return figures | _windows(rr)


def _moment(values: Floats, power: int) -> float:
    spread = values.std()
    return float(np.mean((values - values.mean()) ** power) / spread**power) if spread > 1e-9 else 0.0  # noqa: PLR2004 - none


def _poincare(rr: Floats, usual: float) -> dict[str, float]:
    across, along = (rr[1:] - rr[:-1]) / 2**0.5, (rr[1:] + rr[:-1]) / 2**0.5
    short, long = float(across.std()), float(along.std())
    return {
        "rr_sd1": short / usual,
        "rr_sd2": long / usual,
        "rr_sd_ratio": short / (long + 1e-3),
        "rr_step_correlation": _correlation(rr[:-1] - rr.mean(), rr[1:] - rr.mean()),
    }


def _correlation(a: Floats, b: Floats) -> float:
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 1e-9 else 0.0  # noqa: PLR2004 - nothing


def local_usual(rr: Floats) -> Floats:
    """At each interval, the median of the eleven around it."""
    return np.array([np.median(rr[max(i - 5, 0) : i + 6]) for i in range(len(rr))])


def _premature(rr: Floats) -> dict[str, float]:
    """Early beats, the pauses after them, and pauses without."""
    relative = rr / local_usual(rr)
    early, late = relative < 0.85, relative > 1.15  # noqa: PLR2004 - of the usual interval
    after_early = early[:-1] & late[1:]
    pairs = relative[:-1] + relative[1:]
    lone = early.copy()
    lone[1:] &= ~early[:-1]
    lone[:-1] &= ~early[1:]
    regular = np.abs(relative - 1) < 0.08  # noqa: PLR2004 - of the usual interval
    return {
        "early_share": float(early.mean()),
        "early_count": float(early.sum()),
        "early_lone": float(lone.sum()),
        "early_lowest": float(relative.min()),
        "late_share": float(late.mean()),
        "late_count": float(late.sum()),
        "late_highest": float(relative.max()),
        "early_then_late": float(after_early.sum()),
        "compensated": float(np.sum(after_early & (np.abs(pairs - 2) < 0.15))),  # noqa: PLR2004 - of two intervals
        "late_alone": float(np.sum(late[1:] & ~early[:-1])),
        "late_double": float(np.sum(np.abs(relative - 2) < 0.15)),  # noqa: PLR2004 - a dropped or missed beat
        "regular_share": float(regular.mean()),
        "regular_run": float(longest_run(regular)),
        "regular_run_share": float(longest_run(regular) / len(rr)),
    }


def longest_run(flags: NDArray[np.bool_]) -> int:
    """The most that are true in a row."""
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def _patterns(rr: Floats) -> dict[str, float]:
    """Correlation of the intervals with those two and three later: bigeminy and trigeminy."""
    centred = rr - rr.mean()
    figures = {f"rr_lag{lag}": NAN for lag in (2, 3, 4)}
    for lag in (2, 3, 4):
        if len(rr) > lag + 3:
            figures[f"rr_lag{lag}"] = _correlation(centred[:-lag], centred[lag:])
    steps = np.diff(rr)
    turns = steps[:-1] * steps[1:] < 0
    figures["turning"] = float(turns.mean()) if len(turns) else NAN
    return figures


def _lorenz(steps: Floats) -> dict[str, float]:
    """Evidence of AF in the plot of each step against the one before."""
    if len(steps) < 2:  # noqa: PLR2004 - no point
        return {}
    n_side = round(LORENZ_REACH_S / LORENZ_BIN_S)
    bins = np.clip(np.rint(steps / LORENZ_BIN_S).astype(int), -n_side, n_side)
    x, y = bins[:-1], bins[1:]
    at_origin = (x == 0) & (y == 0)
    cells = len(set(zip(x[~at_origin].tolist(), y[~at_origin].tolist(), strict=True)))
    n = len(x)
    after_early = np.sum((x < -1) & (y > 1) | (x > 1) & (y < -1))
    return {
        "lorenz_origin": float(at_origin.mean()),
        "lorenz_cells": cells / n,
        "lorenz_evidence": (cells - float(at_origin.sum()) - 2 * float(np.sum((x < -1) & (y > 1)))) / n,
        "lorenz_alternating": float(after_early) / n,
        "lorenz_same_way": float(np.mean(np.sign(x) * np.sign(y) > 0)),
    }


def _entropies(rr: Floats, usual: float) -> dict[str, float]:
    figures = {"entropy_rr": _shannon(rr / usual), "entropy_steps": _shannon(1 + np.diff(rr) / usual)}
    tolerance = 0.03
    n = len(rr)
    if n < 5:  # noqa: PLR2004 - too few to be alike
        return figures
    apart = np.abs(rr[:, None] - rr[None, :])
    # the tolerance grows until some are alike, as Lake and Moorman do
    while True:
        one = apart[:-1, :-1] < tolerance
        two = one & (apart[1:, 1:] < tolerance)
        n_one, n_two = one.sum() - (n - 1), two.sum() - (n - 1)
        if n_two >= 5 or tolerance > 1:  # noqa: PLR2004 - matches, and s
            break
        tolerance *= 1.25
    entropy = float(np.log(max(n_one, 1) / max(n_two, 1)))
    figures["entropy_sample"] = entropy
    figures["entropy_cosen"] = entropy + float(np.log(2 * tolerance)) - float(np.log(rr.mean()))
    return figures


def _shannon(relative: Floats) -> float:
    counts, _ = np.histogram(np.clip(relative, 0.4, 1.8), bins=28, range=(0.4, 1.8))
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum() / np.log(max(len(relative), 2)))


def _windows(rr: Floats) -> dict[str, float]:
    """Irregularity and rate in the calmest and the wildest stretch."""
    parts = rr[None, :] if len(rr) < WINDOW else np.lib.stride_tricks.sliding_window_view(rr, WINDOW)
    steps = np.abs(np.diff(parts, axis=1))
    usual = np.median(parts, axis=1)
    irregular = np.median(steps, axis=1) / usual
    spread = (np.percentile(parts, 75, axis=1) - np.percentile(parts, 25, axis=1)) / usual
    five = np.convolve(rr, np.ones(min(5, len(rr))) / min(5, len(rr)), "valid")
    return {
        "window_irregular_max": float(irregular.max()),
        "window_irregular_min": float(irregular.min()),
        "window_spread_max": float(spread.max()),
        "window_spread_min": float(spread.min()),
        "rate_fastest": 60 / float(five.min()),
        "rate_slowest": 60 / float(five.max()),
    }


NAMES: tuple[str, ...] = (
    *("n_rr", "rr_median", "rr_mean", "rr_min", "rr_max", "rr_longest_s", "rr_shortest_s", "rr_p10", "rr_p25"),
    *("rr_p75", "rr_p90", "rr_cv", "rr_mad", "rr_near", "rr_rmssd", "rr_step_median", "rr_step_p75", "rr_step_p90"),
    *("rr_step_share", "rr_step_share_small", "rr_skew", "rr_kurtosis", "rr_drift", "rr_sd1", "rr_sd2"),
    *("rr_sd_ratio", "rr_step_correlation", "early_share", "early_count", "early_lone", "early_lowest", "late_share"),
    *("late_count", "late_highest", "early_then_late", "compensated", "late_alone", "late_double", "regular_share"),
    *("regular_run", "regular_run_share", "rr_lag2", "rr_lag3", "rr_lag4", "turning", "lorenz_origin"),
    *("lorenz_cells", "lorenz_evidence", "lorenz_alternating", "lorenz_same_way", "entropy_rr", "entropy_steps"),
    *("entropy_sample", "entropy_cosen", "window_irregular_max", "window_irregular_min", "window_spread_max"),
    *("window_spread_min", "rate_fastest", "rate_slowest"),
)
