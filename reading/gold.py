"""Reading against what is known: of an item, of a test, of a reader over time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import binomtest

from reading.marks import NO_MARKS
from reading.resolution import READ, Read, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Judged(NamedTuple):
    """Whether an item was read right, and each label that the truth or the reader names; answers count as labels."""

    right: bool
    labels: dict[str, bool]


class Score(NamedTuple):
    """Of several items; `labels` are (right, all) of each."""

    n_items: int
    n_right: int
    labels: dict[str, tuple[int, int]]

    def passes(self, mark: float) -> bool:
        """Whether the share of right items, and that of every label, reaches a mark."""
        shares = [(self.n_right, self.n_items), *self.labels.values()]
        return self.n_items > 0 and all(right >= mark * n for right, n in shares)


class Share(NamedTuple):
    """A share with its 95 % interval (Wilson, J Am Stat Assoc 22:209, 1927); None of nothing."""

    value: float | None
    low: float | None
    high: float | None


def judge(read: Read, truth: Read, *, tolerance: int) -> Judged:
    """One reading against the truth: marks of one label are right when all are there, no other is, and bounds fit.

    Parameters
    ----------
    tolerance : how far apart marks of one beat, and bounds of one span, may lie.
    """
    names = {str(name) for one in (read, truth) for name in one.marks.labels.tolist()}
    names |= {one.answer for one in (read, truth) if one.answer != READ}
    labels = {name: _is_right(name, read, truth, tolerance) for name in sorted(names)}
    return Judged(read.answer == truth.answer and all(labels.values()), labels)


def _is_right(name: str, read: Read, truth: Read, tolerance: int) -> bool:
    if name in {read.answer, truth.answer}:
        return read.answer == truth.answer
    # a mark of that label in one reading, where the other says that it cannot be read, is wrong
    own = [one.marks.chosen(one.marks.labels == name) if one.answer == READ else NO_MARKS for one in (read, truth)]
    if len(own[0]) != len(own[1]):
        return False
    if np.array_equal(own[0].starts, own[1].starts) and np.array_equal(own[0].ends, own[1].ends):
        return True  # most are
    return resolve([Read(READ, marks) for marks in own], tolerance=tolerance, critical=()).is_agreed


def score(judged: Iterable[Judged]) -> Score:
    """Count what was right."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    n_items = n_right = 0
    for one in judged:
        n_items += 1
        n_right += one.right
        for name, right in one.labels.items():
            counts[name][0] += right
            counts[name][1] += 1
    return Score(n_items, n_right, {name: (right, n) for name, (right, n) in sorted(counts.items())})


def share(k: int, n: int) -> Share:
    """`k` of `n`."""
    if n == 0:
        return Share(None, None, None)
    interval = binomtest(k, n).proportion_ci(method="wilson")
    return Share(k / n, float(interval.low), float(interval.high))


def shares(counts: Mapping[str, tuple[int, int]]) -> dict[str, Share]:
    """The share of each."""
    return {name: share(k, n) for name, (k, n) in counts.items()}
