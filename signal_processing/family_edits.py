"""What people do to families by hand: merge some, or split members off, on top of what the clustering says.

An edit names beats, not families: the clustering may number its families anew, or draw them a little differently when
beats come in another order, and the beats that were meant are still the same. Edits are applied in the order in which
they were made, and one that is taken back is left out, so undo leaves nothing behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from signal_processing.beat_windows import N_REACH, POINT_HZ, BeatWindows
from signal_processing.errors import InvalidValueError
from signal_processing.family_shapes import evenly
from signal_processing.family_state import MAX_WEIGHT, N_EXAMPLES, FamilyState, templates_of
from signal_processing.likeness import LIKENESS, Templates, aligned, compare, widened
from signal_processing.morphology import OTHER, Family, take_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from signal_processing.family_shapes import Shape, ShapesRun

Action = Literal["merge", "split"]
FIRST_BY_HAND = 1 << 30
"""A family that was split off bears this and the number of its edit: above all numbers of the clustering."""
N_ANCHORS = 9
"""Members that stand for a family in a merge, those most like its template: where most of them are, the family is."""
N_STAYING = 120
"""Members that stand for what a split leaves: where most of them are, and what it looks like."""
SAME_BEAT_S = N_REACH / POINT_HZ
"""A beat that is not where it was is the one that is so near to it: moved by hand, or found by a new version."""


class FamilyEdit(NamedTuple):
    """One thing done by hand.

    Parameters
    ----------
    number : counted in the channel group, from 1.
    parts : samples of beats, ascending. Of a merge: of each family some members. Of a split: some that stay (none if
        they are of no family), and all that are taken out.
    seen_end : beats before this sample were there when it was made.
    """

    number: int
    action: Action
    parts: tuple[NDArray[np.int64], ...]
    seen_end: int


class SortedBeats(NamedTuple):
    """Beats, and the families that they are of.

    Parameters
    ----------
    samples : (n_beats,) ascending.
    numbers, similarities : (n_beats,) as `morphology.Families` has them.
    families : those that have members, the largest first; their examples are samples.
    """

    samples: NDArray[np.int64]
    numbers: NDArray[np.int32]
    similarities: NDArray[np.float32]
    families: tuple[Family, ...]

    def family(self, number: int) -> Family | None:
        """The one of that number."""
        return next((family for family in self.families if family.number == number), None)


class Edited(NamedTuple):
    """What edits come to.

    Parameters
    ----------
    n_affected : of each edit, in their order, the beats that it put into another family; none where its beats are gone.
    by_hand : numbers of the families that an edit made or changed.
    """

    beats: SortedBeats
    n_affected: tuple[int, ...]
    by_hand: frozenset[int]


class EditRules(NamedTuple):
    """What edits are applied with.

    Parameters
    ----------
    shapes : knows windows.
    reach : samples by which a beat may have moved and is still the same.
    """

    shapes: ShapesRun
    reach: int


def apply_edits(told: SortedBeats, edits: Iterable[FamilyEdit], rules: EditRules) -> Edited:
    """Families as people see them, of families as the clustering told them."""
    n_affected, by_hand = [], set[int]()
    for edit in edits:
        after, numbers = (_merge if edit.action == "merge" else _split)(told, edit, rules)
        n_affected.append(int(np.count_nonzero(after.numbers != told.numbers)))
        by_hand |= numbers
        told = after
    families = sorted(told.families, key=lambda family: (-family.n_members, family.number))
    standing = {family.number for family in families}
    return Edited(told._replace(families=tuple(families)), tuple(n_affected), frozenset(by_hand & standing))


def parts_of_merge(told: SortedBeats, samples: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Of each family that one of the given beats is of, the members that stand for it.

    Raises
    ------
    InvalidValueError : if they are not of two families at least, or one is of none.
    """
    is_given = _standing(told.samples, samples, 0)
    numbers = np.unique(told.numbers[is_given])
    if len(numbers) < 2 or numbers[0] == OTHER:  # noqa: PLR2004 - two families are what a merge is of
        msg = f"a merge must be of beats of at least 2 families, got those of {len(numbers[numbers != OTHER])}"
        msg += " and some of none" if len(numbers) and numbers[0] == OTHER else ""
        raise InvalidValueError(msg)
    return tuple(_anchors(told, int(number)) for number in numbers)


def parts_of_split(told: SortedBeats, samples: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Members that stand for what stays, and the given beats as far as they stand.

    Raises
    ------
    InvalidValueError : if none of them stands, or they are all of one family.
    """
    taken = _standing(told.samples, samples, 0)
    if not taken.any():
        msg = f"a split must be of beats that stand in the channel group, got {len(samples)} of which none does"
        raise InvalidValueError(msg)
    parent = _commonest(told.numbers[taken])
    staying = told.samples[(told.numbers == parent) & ~taken]
    if not len(staying) and parent != OTHER and (told.numbers[taken] == parent).all():
        msg = f"a split must leave a member in the family, got all {np.count_nonzero(taken)}"
        raise InvalidValueError(msg)
    stays = np.unique(staying) if parent != OTHER else staying[:0]
    return evenly(stays, N_STAYING), np.unique(told.samples[taken])


def _merge(told: SortedBeats, edit: FamilyEdit, rules: EditRules) -> tuple[SortedBeats, set[int]]:
    found = {_family_at(told, part, rules.reach) for part in edit.parts} - {OTHER}
    own = [family for family in told.families if family.number in found]
    if len(own) < 2:  # noqa: PLR2004 - two families are what a merge is of
        return told, set()
    merged, alike = _as_one(own)
    numbers, similarities = told.numbers.copy(), told.similarities.copy()
    for family, most in zip(own, alike, strict=True):
        members = told.numbers == family.number
        numbers[members] = merged.number
        similarities[members] = np.minimum(told.similarities[members], most)
    others = [family for family in told.families if family.number not in found]
    return SortedBeats(told.samples, numbers, similarities, (*others, merged)), {merged.number}


def _split(told: SortedBeats, edit: FamilyEdit, rules: EditRules) -> tuple[SortedBeats, set[int]]:
    stays, taken = edit.parts
    moved = _standing(told.samples, taken, rules.reach)
    losers = {int(number) for number in np.unique(told.numbers[moved])}
    n_left = {number: np.count_nonzero((told.numbers == number) & ~moved) for number in losers - {OTHER}}
    if not losers or (len(losers) == 1 and list(n_left.values()) == [0]):
        return told, set()  # its beats are gone, or what stayed is: then it is the family that it was
    number, shape = FIRST_BY_HAND + edit.number, rules.shapes.of(taken)
    similarities = told.similarities.copy()
    similarities[moved] = _nearest(shape, told.samples[moved])
    parent = _family_at(told, stays, rules.reach)
    changed = {}
    if parent != OTHER:
        left = rules.shapes.of(_not_elsewhere(told, stays, parent, rules.reach))
        changed[parent] = left.family
        later = np.flatnonzero((told.numbers == parent) & (told.samples >= edit.seen_end) & ~moved)
        alike = rules.shapes.alike(told.samples[later], shape)
        is_nearer = alike > rules.shapes.alike(told.samples[later], left)
        moved[later[is_nearer]] = True
        similarities[later[is_nearer]] = alike[is_nearer]
    numbers = np.where(moved, np.int32(number), told.numbers)
    made = shape.family._replace(number=number, n_members=int(np.count_nonzero(moved)))
    families = [_less(family, numbers, changed.get(family.number), taken) for family in told.families]
    standing = [family for family in families if family.n_members]
    return SortedBeats(told.samples, numbers, similarities, (*standing, made)), {number, *changed}


def _less(family: Family, numbers: NDArray[np.int32], shape: Family | None, taken: NDArray[np.int64]) -> Family:
    """A family without what was taken out of it; `shape` is what it looks like now, where that is known."""
    n_members = int(np.count_nonzero(numbers == family.number))
    if shape is not None:
        return shape._replace(number=family.number, n_members=n_members)
    if n_members == family.n_members:
        return family
    kept = ~np.isin(family.examples, taken)
    return family._replace(n_members=n_members, examples=family.examples[kept], waveforms=family.waveforms[kept])


def _anchors(told: SortedBeats, number: int) -> NDArray[np.int64]:
    members = np.flatnonzero(told.numbers == number)
    best = members[np.argsort(-told.similarities[members], kind="stable")[:N_ANCHORS]]
    return np.unique(told.samples[best])


def _family_at(told: SortedBeats, samples: NDArray[np.int64], reach: int) -> int:
    """The family that most of these beats are of; OTHER if they are gone, or of none."""
    numbers = told.numbers[_standing(told.samples, samples, reach)]
    numbers = numbers[numbers != OTHER]
    return _commonest(numbers) if len(numbers) else OTHER


def _commonest(numbers: NDArray[np.int32]) -> int:
    found, counts = np.unique(numbers, return_counts=True)
    return int(found[counts.argmax()])


def _not_elsewhere(told: SortedBeats, samples: NDArray[np.int64], number: int, reach: int) -> NDArray[np.int64]:
    """Of these beats those that are not of another family now: what is gone had the shape all the same."""
    others = told.samples[_standing(told.samples, samples, reach) & (told.numbers != number)]
    return samples[~_standing(samples, others, reach)] if len(others) else samples


def _standing(samples: NDArray[np.int64], wanted: NDArray[np.int64], reach: int) -> NDArray[np.bool_]:
    """Which of the beats at (n_beats,) ascending samples are those that are wanted: they stand there, else near it."""
    low, high = np.searchsorted(samples, wanted), np.searchsorted(samples, wanted, "right")
    is_gone = low == high
    low[is_gone] = np.searchsorted(samples, wanted[is_gone] - reach)
    high[is_gone] = np.searchsorted(samples, wanted[is_gone] + reach, "right")
    steps = np.bincount(low, minlength=len(samples) + 1) - np.bincount(high, minlength=len(samples) + 1)
    return steps[:-1].cumsum() > 0


def _nearest(shape: Shape, samples: NDArray[np.int64]) -> NDArray[np.float32]:
    """The similarity of the beat of a shape that is nearest to each sample."""
    after = np.minimum(np.searchsorted(shape.samples, samples), len(shape.samples) - 1)
    before = np.maximum(after - 1, 0)
    is_before = samples - shape.samples[before] < shape.samples[after] - samples
    return shape.similarities[np.where(is_before, before, after)]


def _as_one(families: Sequence[Family]) -> tuple[Family, NDArray[np.float32]]:
    """Families as one, the smaller ones laid on the largest; and how like the whole each of them is."""
    n_members = sum(family.n_members for family in families)
    ordered = sorted(families, key=lambda family: (-family.n_members, family.number))
    whole = _state_of(ordered[0], n_members)
    laid = [ordered[0].waveforms]
    for family in ordered[1:]:
        shift = _compared(family, whole)[1]
        take_in(whole, _state_of(family, n_members), shift)
        laid.append(aligned(widened(family.waveforms.astype(np.float64)), np.repeat(shift, len(family.waveforms))))
    examples, waveforms = np.concatenate([family.examples for family in ordered]), np.concatenate(laid)
    picked = evenly(np.argsort(examples, kind="stable"), N_EXAMPLES)
    spread = np.sqrt(whole.m2 / np.maximum(whole.weight, 1.0)[:, np.newaxis])
    number = min(family.number for family in families)
    merged = Family(number, n_members, whole.mean, spread, whole.weight, examples[picked], waveforms[picked])
    return merged, np.concatenate([_compared(family, whole)[0] for family in families])


def _state_of(family: Family, n_total: int) -> FamilyState:
    """A family that weighs as much as its share of all members."""
    weight = np.where(family.weight > 0, max(MAX_WEIGHT * family.n_members / n_total, 1.0), 0.0)
    m2 = family.spread**2 * weight[:, np.newaxis]
    return FamilyState(family.number, family.template, m2, weight, family.n_members)


def _compared(family: Family, whole: FamilyState) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    own = Templates(family.template[np.newaxis], (family.weight > 0)[np.newaxis])
    found = compare(BeatWindows(widened(own.means), own.known), templates_of([whole]), LIKENESS)
    return found.similarity[:, 0], found.shift[:, 0]
