"""Which beats of later versions are those that a person touched or added; pure.

A later version of a detector finds a beat that a person moved, relabelled or took away again, a few samples beside it.
Each such place claims the nearest beat within a window, in the order of the places, and each beat is claimed once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray


class Found(NamedTuple):
    """Machine beats in the order of samples, all arrays (n_beats,)."""

    samples: NDArray[np.int64]
    is_pulse: NDArray[np.bool_]
    run_ids: NDArray[np.int64]


class Claims(NamedTuple):
    """Beats of persons, all of one length, in the order in which they claim.

    Parameters
    ----------
    was, stands : where the machine had put it, and where it is.
    is_pulse : a pulse claims pulses, a beat beats.
    later : of each the runs that may have found it again.
    """

    was: NDArray[np.int64]
    stands: NDArray[np.int64]
    is_pulse: NDArray[np.bool_]
    later: Sequence[frozenset[int]]


def claimed(found: Found, claims: Claims, window: int) -> NDArray[np.bool_]:
    """Which of the machine beats are claimed, (n_beats,): linear in the beats near claims.

    Parameters
    ----------
    window : samples to either side.
    """
    taken = np.zeros(len(found.samples), bool)
    asks = np.array([bool(runs) for runs in claims.later], bool)
    if not (asks.any() and len(taken)):
        return taken
    is_taken = taken.tolist()  # plain lists: one number at a time from an array costs five times as much
    samples, is_pulse, run_ids = (column.tolist() for column in found)
    for i, places, low, high in _ranges(found.samples, claims, asks, window):
        kind, runs = claims.is_pulse[i], claims.later[i]
        near = [
            (min(abs(samples[j] - place) for place in places), j)
            for j in range(low, high)
            if not is_taken[j] and is_pulse[j] == kind and run_ids[j] in runs
        ]
        if near:
            is_taken[min(near)[1]] = True
    return np.array(is_taken, bool)


def _ranges(
    samples: NDArray[np.int64], claims: Claims, asks: NDArray[np.bool_], window: int
) -> Iterator[tuple[int, tuple[int, ...], int, int]]:
    """Of each claim its places and the beats near them: one range, or two of a beat that was moved far."""
    was, stands = claims.was, claims.stands
    is_far = np.abs(was - stands) > window
    first, last = np.minimum(was, stands), np.maximum(was, stands)
    lows = np.searchsorted(samples, np.where(is_far, was, first) - window)
    highs = np.searchsorted(samples, np.where(is_far, was, last) + window + 1)
    other_lows, other_highs = (np.searchsorted(samples, stands + side) for side in (-window, window + 1))
    for i in np.flatnonzero(asks & ((highs > lows) | (is_far & (other_highs > other_lows)))).tolist():
        if is_far[i]:  # it may be found where it was and where it is
            yield i, (int(was[i]),), int(lows[i]), int(highs[i])
            yield i, (int(stands[i]),), int(other_lows[i]), int(other_highs[i])
        else:
            yield i, (int(was[i]), int(stands[i])), int(lows[i]), int(highs[i])
