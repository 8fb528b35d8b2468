"""The families of a channel group's beats: worked out when somebody asks, kept in memory, gone on with as beats come.

A shape depends on where its beat is, not on its label, so relabelling beats takes nothing but their new letters. Beats
that are new since (a stream goes on, a person added one) join in the order in which they are first seen; after a
restart of the server they are in the order of samples, so that a few may then be of another family. What people merged
and split stands in the database and is applied to what is worked out here.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from labeling_server.heart_rate import BEAT_NUMBERS
from labeling_server.window_reader import WindowReader
from signal_processing.beat_windows import BeatWindows, margins
from signal_processing.errors import InvalidValueError
from signal_processing.family_edits import SAME_BEAT_S, EditRules, SortedBeats, apply_edits
from signal_processing.family_shapes import ShapesRun
from signal_processing.likeness import Templates
from signal_processing.morphology import OTHER, Families, FamiliesRun, Family
from signal_processing.two_means import smaller_half
from storage import beats as stored_beats
from storage import family_edits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from signal_processing.family_edits import Edited, FamilyEdit
    from storage.beats import Beats
    from storage.catalogue import GroupRow
    from storage.database import Database

MAX_GROUPS = 8
"""Groups that are kept: up to 10 MB each with three leads."""
ANEW_FROM = 0.5
"""Share of the beats by now that the run must know, else it begins anew: a new version found them at other samples."""


class GroupFamilies(NamedTuple):
    """The beats of a group as they stand, and the families that they are of.

    Parameters
    ----------
    leads : positions of the channels that were compared.
    beats : in the order of samples, without pulses.
    told : the same beats with their families, as people edited them.
    n_affected : by the number of each edit that is not undone, beats that are of another family because of it.
    by_hand : numbers of families that an edit made or changed.
    """

    leads: tuple[int, ...]
    beats: Beats
    told: SortedBeats
    n_affected: dict[int, int]
    by_hand: frozenset[int]

    @property
    def numbers(self) -> NDArray[np.int32]:
        """(n_beats,) family of each beat."""
        return self.told.numbers

    @property
    def similarities(self) -> NDArray[np.float32]:
        """(n_beats,) how like its family's template each is."""
        return self.told.similarities

    @property
    def families(self) -> tuple[Family, ...]:
        """Those that have members, the largest first; examples are samples."""
        return self.told.families

    def members(self, number: int) -> NDArray[np.intp]:
        """Places in `beats` of the members of a family, in the order of samples."""
        return np.flatnonzero(self.numbers == number)


class _Known:
    """One group: its run, the samples of the beats that it took, in that order, and what people did to its families."""

    def __init__(self, n_leads: int) -> None:
        self.lock = Lock()
        self.reader: WindowReader | None = None
        self.shapes = ShapesRun(self._read)
        self.edits: list[FamilyEdit] = []
        self.change = 0
        self.begin(n_leads)

    def begin(self, n_leads: int) -> None:
        self.run = FamiliesRun(n_leads)
        self.samples = np.empty(0, np.int64)
        self.told: Families | None = None

    def take(self, samples: NDArray[np.int64], windows: BeatWindows) -> None:
        self.run.add(windows)
        self.samples = np.concatenate([self.samples, samples])
        self.told = None

    def families(self) -> Families:
        if self.told is None:
            self.told = self.run.families()
        return self.told

    def _read(self, samples: NDArray[np.int64]) -> BeatWindows:
        assert self.reader is not None  # noqa: S101 - whoever asks for shapes has set it
        return self.reader.of(samples)


class FamilyShelf:
    """Families of the groups that were asked for last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[int, _Known] = OrderedDict()

    def families_of(self, database: Database, group: GroupRow) -> GroupFamilies:
        """The families of a group by now; the first time all of its signal is read.

        Raises
        ------
        InvalidValueError : if none of its channels is in mV.
        """
        leads = millivolt_leads(group)
        known = self._of(group.id, len(leads))
        with known.lock:
            known.reader = WindowReader(database, group, leads)
            # a beat whose window is not all there yet would be in no family for good
            end = group.next_sample - (0 if group.sealed else margins(group.signal.fs_hz)[1])
            with database.transaction() as conn:
                found = stored_beats.read_beats(conn, group, group.first_sample, max(end, group.first_sample))
                if (change := family_edits.newest_change(conn, group.id)) != known.change:
                    known.edits, known.change = family_edits.standing(conn, group.id), change
            kept = np.isin(found.numbers, BEAT_NUMBERS)
            found = stored_beats.Beats._make(column[kept] for column in found)
            _follow(known, known.reader, found.samples)
            edited = apply_edits(_placed(known, found.samples), known.edits, _rules(known, group))
            n_affected = {edit.number: n for edit, n in zip(known.edits, edited.n_affected, strict=True)}
            return GroupFamilies(leads, found, edited.beats, n_affected, edited.by_hand)

    def edited(self, database: Database, group: GroupRow, found: GroupFamilies, edit: FamilyEdit) -> Edited:
        """What one more edit would make of families that were found."""
        known = self._of(group.id, len(found.leads))
        with known.lock:
            known.reader = WindowReader(database, group, found.leads)
            return apply_edits(found.told, [edit], _rules(known, group))

    def half(self, database: Database, group: GroupRow, found: GroupFamilies, number: int) -> NDArray[np.int64]:
        """Samples of the smaller of the two groups that a family falls into; none where its members are all the same.

        Raises
        ------
        InvalidValueError : if it is OTHER: what is of no family has no shape.
        """
        family = found.told.family(number)
        if number == OTHER or family is None:
            msg = f"a family that is split in two must have a shape, got {number}, what is of none"
            raise InvalidValueError(msg)
        known = self._of(group.id, len(found.leads))
        with known.lock:
            known.reader = WindowReader(database, group, found.leads)
            templates = Templates(family.template[np.newaxis], (family.weight > 0)[np.newaxis])
            return smaller_half(np.unique(found.beats.samples[found.members(number)]), templates, known.shapes)

    def _of(self, group_id: int, n_leads: int) -> _Known:
        with self._lock:
            known = self._known.setdefault(group_id, _Known(n_leads))
            self._known.move_to_end(group_id)
            while len(self._known) > MAX_GROUPS:
                self._known.popitem(last=False)
        return known


def millivolt_leads(group: GroupRow) -> tuple[int, ...]:
    """Positions of the channels that are ECG.

    Raises
    ------
    InvalidValueError : if there are none.
    """
    channels = group.signal.channels
    leads = tuple(i for i, channel in enumerate(channels) if channel.unit == "mV")
    if not leads:
        units = ", ".join(sorted({channel.unit for channel in channels}))
        msg = f"families need a lead in mV, the channels of {group.signal.group!r} are in {units}"
        raise InvalidValueError(msg)
    return leads


def _rules(known: _Known, group: GroupRow) -> EditRules:
    return EditRules(known.shapes, group.signal.clock.n_samples(SAME_BEAT_S))


def _follow(known: _Known, reader: WindowReader, samples: NDArray[np.int64]) -> None:
    """Let the run take the beats that it does not know."""
    new = np.setdiff1d(samples, known.samples)
    if len(samples) - len(new) < ANEW_FROM * min(len(samples), len(known.samples)):
        known.begin(len(reader.leads))
        new = np.unique(samples)
    for part, windows in reader.pieces(new):
        known.take(part, windows)


def _placed(known: _Known, samples: NDArray[np.int64]) -> SortedBeats:
    """What the run says, of the beats as they stand: deleted ones are gone, whatever they gave to the template."""
    told = known.families()
    order = np.argsort(known.samples, kind="stable")
    at = order[np.searchsorted(known.samples, samples, sorter=order)]
    numbers = told.numbers[at]
    counts = {number: int(count) for number, count in zip(*np.unique(numbers, return_counts=True), strict=True)}
    families = [
        family._replace(n_members=counts[family.number], examples=known.samples[family.examples])
        for family in told.families
        if family.number in counts
    ]
    families.sort(key=lambda family: (-family.n_members, family.number))
    return SortedBeats(samples, numbers, told.similarities[at], tuple(families))
