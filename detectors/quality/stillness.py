"""Where no lead had a signal: stretches of a second and more in which not one lead's sample changes.

A living signal through an amplifier is never constant, not even in asystole; a loose cable, a switched-off front end or
missing samples are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detectors.protocol import as_compiled

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_STILL_S = 1.0
"""Shortest stretch, s."""


@dataclass
class StillnessState:
    """Recent stretches, and where the newest change was.

    Parameters
    ----------
    starts, ends : complete stretches, samples, oldest first.
    since : the first sample that equals those after it so far; -1 before the first sample.
    seen : one past the last sample taken.
    values : the newest sample of each lead.
    """

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    since: int = -1
    seen: int = -1
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def watch(
    state: StillnessState, start: int, samples: NDArray[np.float64], leads: NDArray[np.int64], fs_hz: float
) -> None:
    """Take the samples (n, n_channels) from `start` on, of which the columns `leads` count; n may be 0."""
    if not len(samples):
        return
    if state.since < 0:
        state.since, state.values = start, samples[0, leads]
    min_still = math.ceil(MIN_STILL_S * fs_hz)
    # the first stretch of a block may have begun before it
    found = np.empty((len(samples) // min_still + 2, 2), dtype=np.int64)
    n, state.since = _compiled()(as_compiled(samples), leads, state.values, start, state.since, min_still, found)
    if n:
        for low, high in found[:n].tolist():
            state.starts.append(low)
            state.ends.append(high)
    state.seen = start + len(samples)


@cache
def _compiled() -> Callable[..., tuple[int, int]]:
    """What takes seconds to import, and is not looked up again at each block."""
    from detectors.quality.stillness_loop import find_still

    return find_still


def still_samples(state: StillnessState, start: int, end: int, fs_hz: float) -> int:
    """How many samples of [start, end) lie in still stretches that were at least a second long by `end`."""
    total = 0
    for low, high in zip([*state.starts, state.since], [*state.ends, state.seen], strict=True):
        until = min(high, end)
        if until - low >= MIN_STILL_S * fs_hz:
            total += max(until - max(low, start), 0)
    return total


def forget(state: StillnessState, before: int) -> None:
    """Drop the stretches that end before a sample."""
    while state.ends and state.ends[0] < before:
        del state.starts[0], state.ends[0]
