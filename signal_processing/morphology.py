"""Families of beats by shape, all leads together, found in one pass.

A leader algorithm: a beat joins the family whose template it is most like, if it is like it enough (`likeness`), else
it founds one. Templates are running means, so which families there are depends on the order in which the beats come; it
does not depend on how they are cut into calls: beats are taken by chunks of a fixed number, and all beats of a chunk
are compared with the templates as they stood before it (and with those that are founded within it). Two families that
have grown alike are told as one at the end.

Compare Lagerholm et al. 2000 (doi 10.1109/10.846677): Hermite functions and a self-organising map part shapes better,
but need all beats of a recording before the first is named.
"""

from __future__ import annotations

import copy
import io
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from signal_processing.beat_windows import N_REACH, BeatWindows, joined
from signal_processing.family_state import N_EXAMPLES, FamilyState, packed, templates_of, unpacked
from signal_processing.likeness import LIKENESS, Likeness, aligned, compare, widened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

OTHER = 0
"""Number of the beats that are of no family: no lead could be used, or what they were like was too rare to be kept."""
CHUNK_BEATS = 256
MAX_FAMILIES = 64
N_COMMON, SURE = 8, 0.95
"""A beat that is so like one of so many largest families is compared with no other: most are, which takes a quarter."""
RARE = 2
"""A family of so few beats gives way to a new one when there is no room."""


class Family(NamedTuple):
    """Beats of one shape.

    Parameters
    ----------
    number : from 1 upwards; kept while beats are added, unless the family merges with a larger one.
    n_members : beats that are its members.
    template : (n_leads, N_POINTS) mean, physical units.
    spread : (n_leads, N_POINTS) standard deviation of the members around it.
    weight : (n_leads,) beats that the template stands for; 0 of a lead that no member had.
    examples : (n_examples,) int64, which of the beats, counted in the order in which they were added.
    waveforms : (n_examples, n_leads, N_POINTS) these on the template; NaN for a lead that was not usable.
    """

    number: int
    n_members: int
    template: NDArray[np.float64]
    spread: NDArray[np.float64]
    weight: NDArray[np.float64]
    examples: NDArray[np.int64]
    waveforms: NDArray[np.float32]


class Families(NamedTuple):
    """What the beats come to.

    Parameters
    ----------
    families : the largest first.
    numbers : (n_beats,) int32 family of each beat, in the order in which they were added; OTHER of those without one.
    similarities : (n_beats,) float32, how like its family's template of then each beat was when it joined; at most 1.
    """

    families: tuple[Family, ...]
    numbers: NDArray[np.int32]
    similarities: NDArray[np.float32]


class Gone(NamedTuple):
    """What a family that had to go went to, a number or OTHER, and how like that it was."""

    into: int
    similarity: float


class FamiliesRun:
    """Takes beats as they come and says the families whenever it is asked.

    Parameters
    ----------
    n_leads : of every window.
    likeness : what counts as alike.
    """

    def __init__(self, n_leads: int, likeness: Likeness = LIKENESS) -> None:
        self.n_leads = n_leads
        self.likeness = likeness
        self.states: list[FamilyState] = []
        self.pending = joined((), n_leads)
        self.next_number = OTHER + 1
        self.n_taken = 0
        self.gone: dict[int, Gone] = {}
        self.numbers: list[NDArray[np.int32]] = []
        self.similarities: list[NDArray[np.float32]] = []

    def add(self, windows: BeatWindows) -> None:
        """Beats, in order; also one by one."""
        waiting = joined((self.pending, windows), self.n_leads)
        n_whole = waiting.n_beats - waiting.n_beats % CHUNK_BEATS
        for at in range(0, n_whole, CHUNK_BEATS):
            self.take_chunk(waiting.at(slice(at, at + CHUNK_BEATS)))
        self.pending = waiting.at(slice(n_whole, None))

    def families(self) -> Families:
        """Of all beats by now, those that wait for a chunk to be whole included; the run goes on as if not asked."""
        ahead = copy.copy(self)
        ahead.states = [_copy(state) for state in self.states]
        ahead.gone, ahead.numbers, ahead.similarities = {**self.gone}, [*self.numbers], [*self.similarities]
        if self.pending.n_beats:
            ahead.take_chunk(self.pending)
        return _told(ahead)

    def dump(self) -> bytes:
        """The state, from which `load` goes on."""
        arrays = packed(self.states) | {
            "run": np.array([self.n_leads, self.next_number, self.n_taken], np.int64),
            "likeness": np.array(self.likeness),
            "gone": np.array([(number, *gone) for number, gone in self.gone.items()], np.float64).reshape(-1, 3),
            "pending_points": self.pending.points,
            "pending_usable": self.pending.usable,
            "numbers": np.concatenate([np.empty(0, np.int32), *self.numbers]),
            "similarities": np.concatenate([np.empty(0, np.float32), *self.similarities]),
        }
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type] # takes arrays by any name
        return buffer.getvalue()

    @classmethod
    def load(cls, dumped: bytes) -> Self:
        """A run that goes on as the dumped one would have."""
        with np.load(io.BytesIO(dumped), allow_pickle=False) as file:
            arrays = dict(file)
        n_leads, next_number, n_taken = arrays["run"].tolist()
        run = cls(n_leads, Likeness(*arrays["likeness"].tolist()))
        run.next_number, run.n_taken = next_number, n_taken
        run.states = unpacked(arrays)
        run.gone = {int(number): Gone(int(into), alike) for number, into, alike in arrays["gone"].tolist()}
        run.pending = BeatWindows(arrays["pending_points"], arrays["pending_usable"])
        run.numbers, run.similarities = [arrays["numbers"]], [arrays["similarities"]]
        return run

    def take_chunk(self, windows: BeatWindows) -> None:
        """Beats that are compared with the templates as they stand before the first of them; `add` cuts them."""
        beats = self.n_taken + np.arange(windows.n_beats)
        numbers = np.full(windows.n_beats, OTHER, np.int32)
        similarities = np.zeros(windows.n_beats, np.float32)
        left = self._join_known(windows, beats, numbers, similarities)
        self._join_new(windows, beats, numbers, similarities, left)
        self.n_taken += windows.n_beats
        self.numbers.append(numbers)
        self.similarities.append(similarities)

    def _join_known(
        self,
        windows: BeatWindows,
        beats: NDArray[np.int64],
        numbers: NDArray[np.int32],
        similarities: NDArray[np.float32],
    ) -> NDArray[np.intp]:
        """Let beats join the families that were there before the chunk; the indices of those that are like none."""
        if not self.states:
            return np.flatnonzero(windows.usable.any(axis=1))
        states = sorted(self.states, key=lambda state: (-state.n_members, state.number))
        best, alike, shifts = self._nearest(windows, states[:N_COMMON])
        rest = np.flatnonzero(alike < SURE) if len(states) > N_COMMON else np.empty(0, np.intp)
        if len(rest):
            best[rest], alike[rest], shifts[rest] = self._nearest(windows.at(rest), states)
        joins = alike >= self.likeness.join
        for i in np.unique(best[joins]):
            own = joins & (best == i)
            states[i].join(windows.at(own), shifts[own], beats[own])
            numbers[own] = states[i].number
        similarities[joins] = alike[joins]
        return np.flatnonzero(~joins & windows.usable.any(axis=1))

    def _nearest(
        self, windows: BeatWindows, states: Sequence[FamilyState]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]:
        """Of each beat the family that it is most like, how like it is, and the shift."""
        found = compare(windows, templates_of(states), self.likeness)
        best = found.similarity.argmax(axis=1)
        rows = np.arange(windows.n_beats)
        return best, found.similarity[rows, best], found.shift[rows, best]

    def _join_new(
        self,
        windows: BeatWindows,
        beats: NDArray[np.int64],
        numbers: NDArray[np.int32],
        similarities: NDArray[np.float32],
        left: NDArray[np.intp],
    ) -> None:
        """One after the other: a beat joins a family founded within this chunk, or founds one."""
        born: list[FamilyState] = []
        for i in left:
            own = windows.at(np.array([i]))
            state, shift, similarities[i] = None, N_REACH, 1.0
            if born:
                found = compare(own, templates_of(born), self.likeness)
                best = int(found.similarity[0].argmax())
                if found.similarity[0, best] >= self.likeness.join:
                    state, shift = born[best], int(found.shift[0, best])
                    similarities[i] = found.similarity[0, best]
            if state is None:
                state = self._founded(born)
            if state is None:
                numbers[i], similarities[i] = self._loosely(own, self.states)
                continue
            state.join(own, np.array([shift]), beats[i : i + 1])
            numbers[i] = state.number

    def _loosely(self, window: BeatWindows, states: Sequence[FamilyState]) -> Gone:
        """Where one beat or template goes that is not kept apart."""
        best, alike, _ = self._nearest(window, states)
        is_like = alike[0] >= self.likeness.loose
        return Gone(states[best[0]].number, float(alike[0])) if is_like else Gone(OTHER, 0.0)

    def _founded(self, born: list[FamilyState]) -> FamilyState | None:
        """A new family, for which the rarest has to go where there is no room; None when none is rare."""
        if len(self.states) == MAX_FAMILIES:
            rarest = min(self.states, key=lambda state: (state.n_members, state.last_beat))
            if rarest.n_members > RARE:
                return None
            self.states = [state for state in self.states if state is not rarest]
            own = templates_of([rarest])
            self.gone[rarest.number] = self._loosely(BeatWindows(widened(own.means), own.known), self.states)
            born[:] = [state for state in born if state is not rarest]
        state = FamilyState.empty(self.next_number, self.n_leads)
        self.next_number += 1
        self.states.append(state)
        born.append(state)
        return state


def _told(run: FamiliesRun) -> Families:
    """Families that have grown alike made one, the largest first."""
    states, fate = _merged(run.states, run.likeness)
    lookup, most = np.zeros(run.next_number, np.int32), np.ones(run.next_number, np.float32)
    for number, into in fate.items():
        lookup[number] = into
    for number, gone in reversed(run.gone.items()):  # what it went to may have gone later
        lookup[number], most[number] = lookup[gone.into], min(gone.similarity, most[gone.into])
    founded = np.concatenate([np.empty(0, np.int32), *run.numbers])
    numbers = lookup[founded]
    similarities = np.minimum(np.concatenate([np.empty(0, np.float32), *run.similarities]), most[founded])
    similarities[numbers == OTHER] = 0.0
    n_members = np.bincount(numbers, minlength=run.next_number)
    families = []
    for state in states:
        family, alike = family_of(state, run.likeness)
        similarities[family.examples] = alike  # against the template as it is now: the founder was like itself only
        families.append(family._replace(n_members=int(n_members[state.number])))
    families.sort(key=lambda family: (-family.n_members, family.number))
    return Families(tuple(families), numbers, similarities)


def _merged(states: Iterable[FamilyState], likeness: Likeness) -> tuple[list[FamilyState], dict[int, int]]:
    """Families that stay, the larger taking the smaller in, and which number went into which."""
    ordered = sorted(states, key=lambda state: (-state.n_members, state.number))
    if not ordered:
        return [], {}
    templates = templates_of(ordered)
    found = compare(BeatWindows(widened(templates.means), templates.known), templates, likeness)
    kept: dict[int, FamilyState] = {}
    fate: dict[int, int] = {}
    for i, state in enumerate(ordered):
        alike = [(found.similarity[i, j], -j) for j in kept if found.similarity[i, j] >= likeness.merge]
        j = -max(alike)[1] if alike else i
        fate[state.number] = ordered[j].number
        if j == i:
            kept[i] = _copy(state)
        else:
            take_in(kept[j], state, found.shift[i : i + 1, j])
    return list(kept.values()), fate


def take_in(larger: FamilyState, smaller: FamilyState, shift: NDArray[np.intp]) -> None:
    """Let a family be a part of another, moved by (1,) shift."""
    mean = aligned(widened(smaller.mean[np.newaxis]), shift)[0]
    m2 = aligned(widened(smaller.m2[np.newaxis]), shift)[0]
    larger.absorb(mean.astype(np.float64), m2.astype(np.float64), smaller.weight)
    larger.n_members += smaller.n_members
    larger.last_beat = max(larger.last_beat, smaller.last_beat)
    larger.examples = sorted([*larger.examples, *smaller.examples], key=lambda example: example[0])


def _copy(state: FamilyState) -> FamilyState:
    """One that can take members in without the other: arrays are replaced, never written to."""
    return replace(state, examples=[*state.examples])


def family_of(state: FamilyState, likeness: Likeness) -> tuple[Family, NDArray[np.float32]]:
    """The family as it is told, and how like its template its examples are."""
    n_kept = min(len(state.examples), N_EXAMPLES)
    kept = [state.examples[i] for i in np.linspace(0, len(state.examples) - 1, n_kept).astype(int)]
    windows = BeatWindows(np.array([points for _, points, _ in kept]), np.array([usable for *_, usable in kept]))
    found = compare(windows, templates_of([state]), likeness)
    waveforms = aligned(windows.points, found.shift[:, 0])
    waveforms[~windows.usable] = np.nan
    spread = np.sqrt(state.m2 / np.maximum(state.weight, 1.0)[:, np.newaxis])
    examples = np.array([beat for beat, *_ in kept], np.int64)
    return Family(
        state.number, state.n_members, state.mean, spread, state.weight, examples, waveforms
    ), found.similarity[:, 0]
