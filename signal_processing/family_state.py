"""One family while beats still come: a running mean with its deviations, and members to show.

Source: Welford's update, pooled as in Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from signal_processing.beat_windows import N_POINTS, BeatWindows
from signal_processing.likeness import Templates, aligned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_WEIGHT = 400
"""Beats that a template stands for at most: about five minutes, then it follows what changes over a day."""
N_EXAMPLES = 40
"""Members of which the waveform is kept, evenly over the whole; up to twice as many on the way."""


@dataclass(slots=True)
class FamilyState:
    """A family while beats still come.

    Parameters
    ----------
    mean, m2 : (n_leads, N_POINTS) running mean, and sum of squared deviations from it.
    weight : (n_leads,) beats that they stand for, at most MAX_WEIGHT; 0 of a lead that no member had.
    examples : rank, window and usable leads of every `stride`-th member.
    """

    number: int
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]
    weight: NDArray[np.float64]
    n_members: int = 0
    last_beat: int = -1
    stride: int = 1
    examples: list[tuple[int, NDArray[np.float32], NDArray[np.bool_]]] = field(default_factory=list)

    @classmethod
    def empty(cls, number: int, n_leads: int) -> FamilyState:
        """A family before its first member."""
        shape = (n_leads, N_POINTS)
        return cls(number, np.zeros(shape), np.zeros(shape), np.zeros(n_leads))

    def join(self, windows: BeatWindows, shifts: NDArray[np.intp], beats: NDArray[np.int64]) -> None:
        """Take members in, in the order of beats, each moved by its shift."""
        self._learn(aligned(windows.points, shifts).astype(np.float64), windows.usable)
        for i in range(-self.n_members % self.stride, len(beats), self.stride):
            self.examples.append((int(beats[i]), windows.points[i].copy(), windows.usable[i].copy()))
        while len(self.examples) > 2 * N_EXAMPLES:
            self.examples = self.examples[::2]
            self.stride *= 2
        self.n_members += len(beats)
        self.last_beat = int(beats[-1])

    def _learn(self, moved: NDArray[np.float64], usable: NDArray[np.bool_]) -> None:
        """Means and deviations of old and new together, lead by lead."""
        n_new = usable.sum(axis=0).astype(np.float64)
        share = 1.0 / np.maximum(n_new, 1.0)[:, np.newaxis]
        mask = usable[:, :, np.newaxis]
        mean = (moved * mask).sum(axis=0) * share
        m2 = (((moved - mean) * mask) ** 2).sum(axis=0)
        self.absorb(mean, m2, n_new)

    def absorb(self, mean: NDArray[np.float64], m2: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        """Another mean that stands for `weight` beats a lead."""
        total = self.weight + weight
        share = (weight / np.maximum(total, 1.0))[:, np.newaxis]
        apart = mean - self.mean
        self.m2 = self.m2 + m2 + apart**2 * share * self.weight[:, np.newaxis]
        self.mean = self.mean + apart * share
        kept = np.minimum(total, MAX_WEIGHT)
        self.m2 = self.m2 * (kept / np.maximum(total, 1.0))[:, np.newaxis]
        self.weight = kept


def templates_of(states: Sequence[FamilyState]) -> Templates:
    """Their means."""
    known = np.array([state.weight > 0 for state in states])
    return Templates(np.array([state.mean for state in states]), known)


_SCALARS = ("number", "n_members", "last_beat", "stride")
_ARRAYS = ("mean", "m2", "weight")


def packed(states: Sequence[FamilyState]) -> dict[str, NDArray[Any]]:
    """Families as arrays by name."""
    examples = [example for state in states for example in state.examples]
    columns = {name: np.array([getattr(state, name) for state in states]) for name in _ARRAYS}
    return columns | {
        "scalars": np.array([[getattr(state, name) for name in _SCALARS] for state in states], np.int64),
        "n_examples": np.array([len(state.examples) for state in states], np.int64),
        "example_beats": np.array([beat for beat, *_ in examples], np.int64),
        "example_points": np.array([points for _, points, _ in examples], np.float32),
        "example_usable": np.array([usable for *_, usable in examples], np.bool_),
    }


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> list[FamilyState]:
    """What `packed` packed."""
    states, at = [], 0
    for i, n_examples in enumerate(arrays["n_examples"].tolist()):
        own = slice(at, at + n_examples)
        at += n_examples
        beats, points, usable = (arrays[f"example_{name}"][own] for name in ("beats", "points", "usable"))
        state = FamilyState(
            **dict(zip(_SCALARS, arrays["scalars"][i].tolist(), strict=True)),
            **{name: arrays[name][i] for name in _ARRAYS},
            examples=list(zip(beats.tolist(), points, usable, strict=True)),
        )
        states.append(state)
    return states
