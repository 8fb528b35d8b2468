"""Which finished items somebody looks at once more: some at random, some by what speaks against them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RANDOM = "random"
DOUBTFUL, DISPUTED, RARE = "skill says otherwise", "readers differed", "rare label"
FAST, ALONE, NEW_READER = "read fast", "one reader", "new reader"
RARE_SHARE = 0.05
"""A label that so few of all items bear is rare."""
FAST_SD = 2.0
"""Read so many standard deviations of the logarithm faster than usual."""
NEW_BELOW = 50
"""Who has read fewer items is new."""
_WEIGHTS = {DOUBTFUL: 6.0, DISPUTED: 3.0, RARE: 2.0, FAST: 2.0, ALONE: 1.0, NEW_READER: 1.0}


class Finished(NamedTuple):
    """A finished item: who read it (by number), the seconds of the fastest, whether they differed, its labels.

    `is_doubtful`: whether the skill of its readers says something else than was decided.
    """

    item: int
    readers: Sequence[int]
    seconds: float | None
    was_disputed: bool
    labels: Sequence[str]
    is_doubtful: bool = False


def draw(finished: Sequence[Finished], *, n_random: int, n_risk: int, rng: np.random.Generator) -> dict[int, str]:
    """Items to audit, each with why: first a random sample, which says how good all is, then those most at risk.

    Raises
    ------
    ValueError : if a count is negative.
    """
    if min(n_random, n_risk) < 0:
        msg = f"counts must not be negative, got {n_random} and {n_risk}"
        raise ValueError(msg)
    order = rng.permutation(len(finished))
    chosen = {finished[place].item: RANDOM for place in order[:n_random].tolist()}
    reasons = reasons_of(finished)
    weights = np.array([sum(_WEIGHTS[reason] for reason in own) for own in reasons])
    # among equals by lot
    by_risk = order[np.argsort(-weights[order], kind="stable")] if len(finished) else order
    at_risk = [at for at in by_risk.tolist() if reasons[at] and finished[at].item not in chosen][:n_risk]
    return chosen | {finished[at].item: ", ".join(reasons[at]) for at in at_risk}


def reasons_of(finished: Sequence[Finished]) -> list[list[str]]:
    """What speaks for looking at each item once more."""
    bearing = Counter(label for one in finished for label in set(one.labels))
    rare = {label for label, n in bearing.items() if n <= RARE_SHARE * len(finished)}
    done = Counter(reader for one in finished for reader in one.readers)
    fast = _fast(finished)
    return [
        [
            reason
            for reason, holds in (
                (DOUBTFUL, one.is_doubtful),
                (DISPUTED, one.was_disputed),
                (RARE, bool(rare & set(one.labels))),
                (FAST, bool(fast[at])),
                (ALONE, len(one.readers) == 1),
                (NEW_READER, any(done[reader] < NEW_BELOW for reader in one.readers)),
            )
            if holds
        ]
        for at, one in enumerate(finished)
    ]


def _fast(finished: Sequence[Finished]) -> NDArray[np.bool_]:
    seconds = np.array([np.nan if one.seconds is None else max(one.seconds, 0.1) for one in finished], np.float64)
    logs = np.log(seconds)
    known = logs[np.isfinite(logs)]
    if len(known) < 2:  # noqa: PLR2004 - a spread wants two
        return np.zeros(len(finished), bool)
    found: NDArray[np.bool_] = logs < known.mean() - FAST_SD * known.std(ddof=1)
    return found
