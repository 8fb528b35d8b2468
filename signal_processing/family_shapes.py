"""Shapes that a person named by their beats: learned from the windows of these beats, each once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from signal_processing.beat_windows import N_REACH
from signal_processing.family_state import FamilyState, templates_of
from signal_processing.likeness import LIKENESS, Likeness, Templates, compare
from signal_processing.morphology import OTHER, Family, family_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from signal_processing.beat_windows import BeatWindows

N_LEARNED = 120
"""Beats that a template is the mean of, evenly over all: a tenth of the noise of one is left."""
CHUNK_BEATS = 2_000
"""Windows that are in memory at once: 2 MB of three leads."""
MAX_KEPT = 128
"""Shapes, and comparisons, that are remembered: some 50 kB each."""


class Shape(NamedTuple):
    """What some beats look like.

    Parameters
    ----------
    key : the same for the same beats.
    family : its template, spread and examples (as samples); its number means nothing.
    samples : (n_beats,) where they are, ascending.
    similarities : (n_beats,) float32, how like the template each is, from 0 to 1.
    """

    key: bytes
    family: Family
    samples: NDArray[np.int64]
    similarities: NDArray[np.float32]

    @property
    def templates(self) -> Templates:
        """The one template."""
        return Templates(self.family.template[np.newaxis], (self.family.weight > 0)[np.newaxis])


class _Compared(NamedTuple):
    samples: NDArray[np.int64]
    similarities: NDArray[np.float32]


class ShapesRun:
    """Learns shapes, and compares beats with them; what it did once it remembers.

    Parameters
    ----------
    read : gives the windows of beats, by their samples in ascending order.
    likeness : what counts as alike.
    """

    def __init__(self, read: Callable[[NDArray[np.int64]], BeatWindows], likeness: Likeness = LIKENESS) -> None:
        self.read = read
        self.likeness = likeness
        self._shapes: OrderedDict[bytes, Shape] = OrderedDict()
        self._compared: OrderedDict[bytes, _Compared] = OrderedDict()

    def of(self, samples: NDArray[np.int64]) -> Shape:
        """The shape of beats, at least one, given in ascending order."""
        key = hashlib.blake2b(samples.tobytes(), digest_size=16).digest()
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._learn(key, samples)
        _keep(self._shapes, key, shape)
        return shape

    def alike(self, samples: NDArray[np.int64], shape: Shape) -> NDArray[np.float32]:
        """How like a shape each of the beats at (n_beats,) samples is."""
        known = self._compared.get(shape.key, _Compared(np.empty(0, np.int64), np.empty(0, np.float32)))
        new = np.setdiff1d(samples, known.samples)
        if len(new):
            found = _Compared(
                np.concatenate([known.samples, new]),
                np.concatenate([known.similarities, self._compare(new, shape.templates)]),
            )
            order = np.argsort(found.samples)
            known = _Compared(found.samples[order], found.similarities[order])
        _keep(self._compared, shape.key, known)
        return known.similarities[np.searchsorted(known.samples, samples)]

    def _learn(self, key: bytes, samples: NDArray[np.int64]) -> Shape:
        picked = evenly(samples, N_LEARNED)
        windows = self.read(picked)
        state = self._joined(windows, picked, np.full(len(picked), N_REACH))
        # where beats are marked varies: on the first mean they are moved to lie on each other
        state = self._joined(windows, picked, compare(windows, templates_of([state]), self.likeness).shift[:, 0])
        templates = templates_of([state])
        if len(picked) == len(samples):
            similarities = compare(windows, templates, self.likeness).similarity[:, 0]
        else:
            similarities = self._compare(samples, templates)
        return Shape(key, family_of(state, self.likeness)[0], samples, np.maximum(similarities, np.float32(0)))

    def _joined(self, windows: BeatWindows, samples: NDArray[np.int64], shifts: NDArray[np.intp]) -> FamilyState:
        state = FamilyState.empty(OTHER, windows.points.shape[1])
        state.join(windows, shifts, samples)
        return state

    def _compare(self, samples: NDArray[np.int64], templates: Templates) -> NDArray[np.float32]:
        parts = [compare(self.read(part), templates, self.likeness).similarity[:, 0] for part in chunks(samples)]
        return np.concatenate([np.empty(0, np.float32), *parts])


def evenly(samples: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """At most so many of them, the first and the last included."""
    picked: NDArray[np.int64] = samples[np.linspace(0, len(samples) - 1, min(n, len(samples))).astype(int)]
    return picked


def chunks(samples: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Parts whose windows fit into memory together."""
    for at in range(0, len(samples), CHUNK_BEATS):
        yield samples[at : at + CHUNK_BEATS]


def _keep(
    kept: OrderedDict[bytes, Shape] | OrderedDict[bytes, _Compared], key: bytes, value: Shape | _Compared
) -> None:
    kept[key] = value  # type: ignore[assignment] # both hold one kind only
    kept.move_to_end(key)
    while len(kept) > MAX_KEPT:
        kept.popitem(last=False)
