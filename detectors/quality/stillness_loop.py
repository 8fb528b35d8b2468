"""The sample loop of `stillness`, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.loops.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def find_still(
    samples: NDArray[np.float64],
    leads: NDArray[np.int64],
    before: NDArray[np.float64],
    start: int,
    since: int,
    min_still: int,
    found: NDArray[np.int64],
) -> tuple[int, int]:
    """Write the stretches (first sample, one past the last) that end within (n, n_channels) samples from `start` on.

    `before` (n_leads,) are the samples before the first, and become the last; `since` is where the stretch in progress
    began. Gives the number of stretches of at least `min_still` samples, and the new `since`. A missing sample is no
    change.

    Looks back from where a stretch would be long enough: the newest change before that is where the next one begins,
    so that few samples of a living signal are looked at.
    """
    n = samples.shape[0]
    n_found = 0
    here = since - start  # where the stretch in progress began, from the first sample on
    while here < n:
        i = min(here + min_still, n) - 1
        while i > max(here, -1) and not _changes(samples, leads, before, i):
            i -= 1
        if i > here and i >= 0:
            here = i
            continue
        if here + min_still > n:
            break  # not long enough by now, and no change
        i = max(here + min_still, 0)
        while i < n and not _changes(samples, leads, before, i):
            i += 1
        if i == n:
            break
        found[n_found, 0], found[n_found, 1] = start + here, start + i
        n_found += 1
        here = i
    if n:
        for k in range(leads.shape[0]):
            before[k] = samples[n - 1, leads[k]]
    return n_found, start + here


@inlined
def _changes(samples: NDArray[np.float64], leads: NDArray[np.int64], before: NDArray[np.float64], i: int) -> bool:
    changes = False
    for k in range(leads.shape[0]):
        value = samples[i, leads[k]]
        changes |= value != (samples[i - 1, leads[k]] if i else before[k]) and not np.isnan(value)
    return changes
