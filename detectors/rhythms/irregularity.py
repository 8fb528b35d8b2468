"""How irregular the intervals around one of them are, and how likely that is fibrillation: compiled.

Three windows are centred on an interval, `SIDES` intervals to each side. Of each window: the measures of `MEASURES`;
of the two smaller ones their sample entropy too; of the middle one the mean interval. A logistic function weighs them.

- `apart`: share of pairs at most 7 intervals from each other that differ by more than 5 % of the mean (after Petrenas,
  Marozas and Sornmo, Comput Biol Med 65:184, 2015, whose tolerance is 0.03 s).
- `jumps`, `steps`: share of differences above 6 %, and mean difference over mean interval, both of the medians of 3
  that keep single early beats out (Petrenas 2015; Dash et al., Ann Biomed Eng 37:1701, 2009).
- `still`: share of differences below 3 % (Tateno and Glass, Med Biol Eng Comput 39:664, 2001, of whose distribution of
  differences this is one point).
- `repeats`: the greatest share of intervals that repeat the one 2, 3 or 4 before: bigeminy and its like.
- `turns`: share of differences of another sign than the one before: breathing has few, chance two of three.
- `early`: share of intervals after which one is short, the next long, and the next as before: premature beats (after
  Sarkar, Ritscher and Mehra, IEEE Trans Biomed Eng 55:1219, 2008, who count them in a Lorenz plot).
- sample entropy of length 1 with a tolerance of 6 % of the mean (Richman and Moorman, Am J Physiol 278:H2039, 2000;
  Lake and Moorman, Am J Physiol 300:H319, 2011).

Shares instead of seconds make slow and fast rhythms alike; the mean interval then says how much a sinus rhythm of that
rate varies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.loops.compiled import compiled, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Int = int | np.int64

SIDES = (60, 30, 12)
"""Intervals to each side of the judged one: about two minutes, one (twice the 30 s of clinical fibrillation), 20 s."""

MEASURES = ("apart", "jumps", "still", "repeats", "steps", "turns", "early")
N_FEATURES = 3 * len(MEASURES) + 3

MIN_JUDGED = 20
"""Intervals below which the widest window says nothing."""

MAX_REPEATING = 0.6
"""Where this share of a minute repeats itself, the rhythm is a pattern. Fibrillation repeats one in five by chance."""

N_PAIRS = 8
PAIR_SHARE, JUMP_SHARE, STILL_SHARE, REPEAT_SHARE, EARLY_SHARE, BACK_SHARE = 0.05, 0.06, 0.03, 0.05, 0.1, 0.08
ENTROPY_SHARE = 0.06
MAX_STEP_S = 0.3
"""Where a difference stops counting, s, so that a missed beat does not outweigh a minute."""


@compiled
def probability(intervals: Floats, i: Int, heard: Int, weights: Floats) -> float:
    """Of fibrillation at interval `i`; 0 where too little is known or the rhythm is a pattern.

    Parameters
    ----------
    intervals : (n,) s, in order; the first and the last bound what has neighbours on both sides.
    i, heard : 1 <= i < heard <= n - 1; those from `heard` on are not known yet.
    weights : (N_FEATURES + 1,), the bias last.
    """
    row = np.empty(N_FEATURES)
    return _judge(intervals, medians_of_3(intervals), i, heard, weights, row)


@compiled
def judge_all(intervals: Floats, heard: Ints, weights: Floats, rows: Floats, probabilities: Floats) -> None:
    """`probability` of each interval but the first and the last, and what it rests on.

    Parameters
    ----------
    heard : (n - 2,) as `probability` wants it, of each.
    rows : (n - 2, N_FEATURES), written to.
    probabilities : (n - 2,), written to.
    """
    medians = medians_of_3(intervals)
    for k in range(heard.shape[0]):
        probabilities[k] = _judge(intervals, medians, k + 1, heard[k], weights, rows[k])


@inner
def _judge(intervals: Floats, medians: Floats, i: Int, heard: Int, weights: Floats, row: Floats) -> float:
    known: Int = 0
    mean = 0.0
    for k in range(len(SIDES)):
        low, high = max(i - SIDES[k], 1), min(i + SIDES[k] + 1, heard)
        mean_k = _measure(intervals, medians, low, high, row[k * len(MEASURES) :])
        if k == 0:
            known = high - low
        else:
            row[3 * len(MEASURES) + k - 1] = _entropy(intervals, low, high, ENTROPY_SHARE * mean_k)
        if k == 1:
            mean = mean_k
    row[N_FEATURES - 1] = mean
    if known < MIN_JUDGED or row[len(MEASURES) + 3] > MAX_REPEATING:
        return 0.0
    score = weights[N_FEATURES]
    for k in range(N_FEATURES):
        score += weights[k] * row[k]
    return float(1.0 / (1.0 + np.exp(-score)))


@inner
def medians_of_3(intervals: Floats) -> Floats:
    """Of each interval and its two neighbours, (n,); the first and the last stay as they are."""
    medians = intervals.copy()
    for k in range(1, intervals.shape[0] - 1):
        a, b, c = intervals[k - 1], intervals[k], intervals[k + 1]
        medians[k] = max(min(a, b), min(max(a, b), c))
    return medians


@inner
def _measure(x: Floats, medians: Floats, low: Int, high: Int, out: Floats) -> float:
    """Write `MEASURES` of [low, high); gives the mean interval, s."""
    mean = 0.0
    for k in range(low, high):
        mean += x[k]
    mean /= high - low
    n = max(high - low - 1, 1)
    steps = 0.0
    jumps = still = turns = early = 0
    for k in range(low + 1, high):
        step, before = x[k] - x[k - 1], x[k - 1]
        median_step = abs(medians[k] - medians[k - 1])
        steps += min(median_step, MAX_STEP_S)
        jumps += median_step > JUMP_SHARE * medians[k - 1]
        still += abs(step) < STILL_SHARE * before
        if k + 1 < high:
            following = x[k + 1] - x[k]
            turns += step * following < 0.0
            if k + 2 < high and step < -EARLY_SHARE * before and following > EARLY_SHARE * before:
                early += abs(x[k + 2] - before) < BACK_SHARE * before
    out[0] = _apart(x, low, high, PAIR_SHARE * mean)
    out[1], out[2], out[3] = jumps / n, still / n, _repeats(x, low, high)
    out[4], out[5], out[6] = steps / n / mean, turns / n, early / n
    return mean


@inner
def _apart(x: Floats, low: Int, high: Int, tolerance_s: float) -> float:
    apart = pairs = 0
    for k in range(low + 1, high):
        for other in range(max(k - N_PAIRS + 1, low), k):
            pairs += 1
            apart += abs(x[k] - x[other]) > tolerance_s
    return apart / max(pairs, 1)


@inner
def _repeats(x: Floats, low: Int, high: Int) -> float:
    most = 0.0
    for lag in range(2, 5):
        repeats = 0
        for k in range(low + lag, high):
            repeats += abs(x[k] - x[k - lag]) < REPEAT_SHARE * x[k]
        most = max(most, repeats / max(high - low - lag, 1))
    return most


@inner
def _entropy(x: Floats, low: Int, high: Int, tolerance_s: float) -> float:
    one = two = 1.0
    for k in range(low, high - 1):
        for other in range(k + 1, high - 1):
            if abs(x[k] - x[other]) < tolerance_s:
                one += 1.0
                two += abs(x[k + 1] - x[other + 1]) < tolerance_s
    return float(np.log(one / two))
