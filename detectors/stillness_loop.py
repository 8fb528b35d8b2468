"""The sample loop of `stillness`, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def find_still(
    samples: NDArray[np.float64],
    before: NDArray[np.float64],
    start: int,
    since: int,
    min_still: int,
    found: NDArray[np.int64],
) -> tuple[int, int]:
    """Write the stretches (first sample, one past the last) that end within (n, n_leads) samples from `start` on.

    `before` (n_leads,) are the samples before the first, `since` is where the stretch in progress began. Gives the
    number of stretches of at least `min_still` samples, and the new `since`. A missing sample is no change.
    """
    n_found = 0
    for i in range(samples.shape[0]):
        changed = False
        for lead in range(samples.shape[1]):
            here = samples[i, lead]
            there = samples[i - 1, lead] if i else before[lead]
            if here != there and not np.isnan(here):
                changed = True
        if changed:
            if start + i - since >= min_still:
                found[n_found, 0], found[n_found, 1] = since, start + i
                n_found += 1
            since = start + i
    return n_found, since
