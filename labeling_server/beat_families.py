"""The families of a channel group's beats: worked out when somebody asks, kept in memory, gone on with as beats come.

A shape depends on where its beat is, not on its label, so relabelling beats takes nothing but their new letters. Beats
that are new since (a stream goes on, a person added one) join in the order in which they are first seen; after a
restart of the server they are in the order of samples, so that a few may then be of another family.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from labeling_server.heart_rate import BEAT_NUMBERS
from signal_processing.beat_windows import BeatWindows, beat_windows, joined, margins
from signal_processing.errors import InvalidValueError
from signal_processing.morphology import Families, FamiliesRun, Family
from signal_processing.values import Block
from storage import beats as stored_beats
from storage import waveforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from storage.beats import Beats
    from storage.catalogue import GroupRow
    from storage.database import Database

MAX_GROUPS = 8
"""Groups that are kept: up to 10 MB each with three leads."""
PIECE_S = 600
"""Signal that is read in one transaction."""
ANEW_FROM = 0.5
"""Share of the beats by now that the run must know, else it begins anew: a new version found them at other samples."""


class GroupFamilies(NamedTuple):
    """The beats of a group as they stand, and the families that they are of.

    Parameters
    ----------
    leads : positions of the channels that were compared.
    beats : in the order of samples, without pulses.
    numbers, similarities : (n_beats,) as `morphology.Families` has them.
    families : those that have members, the largest first.
    samples : (n_taken,) sample of each beat that `Family.examples` counts.
    """

    leads: tuple[int, ...]
    beats: Beats
    numbers: NDArray[np.int32]
    similarities: NDArray[np.float32]
    families: tuple[Family, ...]
    samples: NDArray[np.int64]

    def members(self, number: int) -> NDArray[np.intp]:
        """Places in `beats` of the members of a family, in the order of samples."""
        return np.flatnonzero(self.numbers == number)


class _Known:
    """One group: its run, and the samples of the beats that it took, in that order."""

    def __init__(self, n_leads: int) -> None:
        self.lock = Lock()
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
            # a beat whose window is not all there yet would be in no family for good
            end = group.next_sample - (0 if group.sealed else margins(group.signal.fs_hz)[1])
            with database.transaction() as conn:
                found = stored_beats.read_beats(conn, group, group.first_sample, max(end, group.first_sample))
            kept = np.isin(found.numbers, BEAT_NUMBERS)
            found = stored_beats.Beats._make(column[kept] for column in found)
            _follow(known, database, group, leads, found.samples)
            return _placed(known, leads, found)

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


def _follow(
    known: _Known, database: Database, group: GroupRow, leads: Sequence[int], samples: NDArray[np.int64]
) -> None:
    """Let the run take the beats that it does not know."""
    new = np.setdiff1d(samples, known.samples)
    if len(samples) - len(new) < ANEW_FROM * min(len(samples), len(known.samples)):
        known.begin(len(leads))
        new = np.unique(samples)
    for part in _pieces(new, group.signal.clock.n_samples(PIECE_S)):
        known.take(part, _windows(database, group, leads, part))


def _pieces(samples: NDArray[np.int64], length: int) -> Iterator[NDArray[np.int64]]:
    """Beats together that lie within one stretch of signal."""
    cells = samples // length
    yield from (part for part in np.split(samples, np.flatnonzero(np.diff(cells)) + 1) if len(part))


def _windows(database: Database, group: GroupRow, leads: Sequence[int], samples: NDArray[np.int64]) -> BeatWindows:
    """Windows of beats in order; a beat on the edge of a gap is not usable."""
    before, after = margins(group.signal.fs_hz)
    with database.transaction() as conn:
        runs = waveforms.read_window(conn, group, int(samples[0]) - before, int(samples[-1]) + after + 1)
    # beats between two runs go with the one before, in which their windows do not lie
    cuts = np.searchsorted(samples, [run.start for run in runs[1:]])
    own = np.split(samples, cuts)
    runs = runs or [Block(0, np.empty((0, group.signal.n_channels), group.signal.sample_format.dtype))]
    parts = [beat_windows(group.signal, leads, run, part) for run, part in zip(runs, own, strict=True)]
    return joined(parts, len(leads))


def _placed(known: _Known, leads: tuple[int, ...], found: Beats) -> GroupFamilies:
    """What the run says, of the beats as they stand: deleted ones are gone, whatever they gave to the template."""
    told = known.families()
    order = np.argsort(known.samples, kind="stable")
    at = order[np.searchsorted(known.samples, found.samples, sorter=order)]
    numbers = told.numbers[at]
    counts = {number: int(count) for number, count in zip(*np.unique(numbers, return_counts=True), strict=True)}
    families = [family._replace(n_members=counts[family.number]) for family in told.families if family.number in counts]
    families.sort(key=lambda family: (-family.n_members, family.number))
    return GroupFamilies(leads, found, numbers, told.similarities[at], tuple(families), known.samples)
