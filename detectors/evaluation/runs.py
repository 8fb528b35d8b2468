"""Run-by-run comparison of ectopic beats by ANSI/AAMI EC57, as WFDB's program `rxr` does it, figure by figure.

Source: EC57:2012 clause 4.4 and rxr.c of the WFDB software package 10.7 (G. Moody). A run is what one annotator calls a
run; the other side's longest run within it, 150 ms wider at both ends, stands against it. Runs longer than five beats
are alike; ventricular fibrillation is a run of ventricular beats, atrial fibrillation and flutter one of
supraventricular beats, and normal beats within it are such beats. Kept from rxr: a mark that ended one window is not
read again for the next. Not kept: that its second pass still holds the last mark of its first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from detectors.evaluation.marks import LEARNING_S, MATCH_WINDOW_S, Mark, Ratio, Score, is_shutdown
from signal_processing.clock import SampleClock

if TYPE_CHECKING:
    from collections.abc import Iterable

Ectopy = Literal["V", "S"]
LONGEST = 6
"""Stands for every run of more than five beats."""

_CLASSES = {
    **dict.fromkeys("NLRB", "N"),
    **dict.fromkeys("aJASejn", "S"),
    **dict.fromkeys("VrE", "V"),
    "F": "F",
    **dict.fromkeys("Q?/f", "Q"),
}
_BEATS = "NSVFQ"
_UNREADABLE = "U"
_OVER = -1


class _Kind(NamedTuple):
    """Which beats make a run, and what begins and ends the fibrillation that is one."""

    beats: str
    onset: str
    end: str
    other_onset: str

    @property
    def breaks(self) -> str:
        """Meanings that end a run."""
        return "".join(set(_BEATS) - set(self.beats)) + _UNREADABLE

    @property
    def ends(self) -> str:
        """Meanings that end fibrillation."""
        return self.end + self.other_onset + _UNREADABLE


_KINDS: Final[dict[Ectopy, _Kind]] = {"V": _Kind("VF", "[", "]", "{"), "S": _Kind("S", "{", "}", "[")}


@dataclass(frozen=True, slots=True)
class Runs:
    """Counts of pairs (length by the reference, length by the test), 0 to `LONGEST`.

    Parameters
    ----------
    by_reference : a pair for each run of the reference.
    by_test : a pair for each run of the test.
    """

    by_reference: Counter[tuple[int, int]]
    by_test: Counter[tuple[int, int]]

    def __add__(self, other: Runs) -> Runs:
        return Runs(self.by_reference + other.by_reference, self.by_test + other.by_test)

    @property
    def couplets(self) -> Score:
        """Runs of two."""
        return self._score(2, 2)

    @property
    def short(self) -> Score:
        """Runs of three to five."""
        return self._score(3, 5)

    @property
    def long(self) -> Score:
        """Runs of more than five, and fibrillation."""
        return self._score(LONGEST, LONGEST)

    def _score(self, least: int, most: int) -> Score:
        """A run is found when the other side has one that is at least as long as the shortest of the class."""
        by_reference = [(test >= least, n) for (ref, test), n in self.by_reference.items() if least <= ref <= most]
        by_test = [(ref >= least, n) for (ref, test), n in self.by_test.items() if least <= test <= most]
        return Score(_ratio(by_reference), _ratio(by_test))


def _ratio(found: list[tuple[bool, int]]) -> Ratio:
    return Ratio(sum(n for is_found, n in found if is_found), sum(n for _, n in found))


def compare_runs(
    reference: Iterable[Mark],
    test: Iterable[Mark],
    *,
    ectopy: Ectopy,
    fs_hz: float,
    end: int,
    start_s: float = LEARNING_S,
    window_s: float = MATCH_WINDOW_S,
) -> Runs:
    """Compare the runs of two annotators of one record.

    Parameters
    ----------
    reference, test : in order of sample.
    ectopy : runs of ventricular or of supraventricular beats.
    end : number of samples of the record.
    start_s : seconds at the beginning that are not counted.
    window_s : how much wider than a run its counterpart is looked for.
    """
    marks = (list(reference), list(test))
    start, window = SampleClock(fs_hz).n_samples(start_s), int(window_s * fs_hz + 0.5)
    found = []
    for own in (0, 1):
        search = _Search(_Track(marks[own]), _Track(marks[1 - own]), _KINDS[ectopy], window)
        search.run(start, end)
        found.append(search.lengths)
    by_reference, by_test = found
    return Runs(by_reference, Counter({(ref, test): n for (test, ref), n in by_test.items()}))


class _Track:
    """One annotator's marks, read forwards. What a mark means depends on those before, so each is asked for in turn."""

    def __init__(self, marks: list[Mark]) -> None:
        self._marks = iter(marks)
        self._mark = Mark(0, "")
        self.time = 0
        self._in_af = self._in_vf = self._is_unreadable = False

    def advance(self) -> bool:
        """Go to the next mark; False when there is none, and the place stays."""
        mark = next(self._marks, None)
        if mark is not None:
            self._mark, self.time = mark, mark.sample
        return mark is not None

    def meaning(self) -> str:
        """Class of a beat, `[ ]` of ventricular, `{ }` of atrial fibrillation, U of lost signal, or nothing."""
        symbol = self._mark.symbol
        if symbol == "~":
            return self._quality()
        if symbol == "+":
            return self._rhythm(self._mark.aux)
        if symbol == "[":
            return self._onset("[")
        if symbol == "]":
            return self._offset("]")
        beat = _CLASSES.get(symbol, "")
        return "S" if beat == "N" and self._in_af else beat

    def _quality(self) -> str:
        was, self._is_unreadable = self._is_unreadable, is_shutdown(self._mark)
        return _UNREADABLE if self._is_unreadable and not was else ""

    def _rhythm(self, aux: str) -> str:
        if not aux:
            return ""
        if aux.startswith("(AF"):
            return self._onset("{")
        if aux.startswith("(VF"):
            return self._onset("[")
        return self._offset("}") or self._offset("]")

    def _onset(self, which: str) -> str:
        was_on = self._in_af if which == "{" else self._in_vf
        if was_on:
            return ""
        self._in_af, self._in_vf = which == "{", which == "["
        return which

    def _offset(self, which: str) -> str:
        if which == "}" and self._in_af:
            self._in_af = False
            return which
        if which == "]" and self._in_vf:
            self._in_vf = False
            return which
        return ""


@dataclass(slots=True)
class _Search:
    """Runs of one side, each with the longest one that the other side has there."""

    own: _Track
    other: _Track
    kind: _Kind
    window: int
    lengths: Counter[tuple[int, int]] = field(default_factory=Counter)
    begin: int = 0
    end: int = 0
    fibrillation_end: int | None = 0

    def run(self, start: int, end: int) -> None:
        """Count the runs from sample `start` up to `end`."""
        length = self._state_at(start)
        if length > 0:
            self.begin, self.end = start - self.window, start + self.window
        while self.own.time <= end:
            length = self._step(length)
            if not self.own.advance():
                if length > 0:
                    self._close(length)
                return

    def _state_at(self, start: int) -> int:
        """Length of the run that goes on at the first mark at or after `start`; only fibrillation can."""
        length = 0
        while self.own.advance() and self.own.time < start:
            meaning = self.own.meaning()
            if meaning == self.kind.onset:
                length = LONGEST
            elif meaning in ("]", "}"):
                length = 0
        return length

    def _step(self, length: int) -> int:
        """Length of the run after one more mark of the own side."""
        meaning = self.own.meaning()
        if not meaning:
            return length
        if length > 0 and meaning in self.kind.breaks:
            self._close(length)
            return 0
        if meaning in self.kind.beats:
            if length == 0:
                self.begin = self.own.time - self.window
            self.end = self.own.time + self.window
            return min(length + 1, LONGEST)
        if length > 0 and meaning == self.kind.end:
            self.end = self.own.time + self.window
        elif length == 0 and meaning == self.kind.onset:
            self.begin = self.own.time - self.window
            return LONGEST
        return length

    def _close(self, length: int) -> None:
        self.lengths[length, self._longest()] += 1

    def _longest(self) -> int:
        """Length of the other side's longest run from `begin` to `end`."""
        if self.fibrillation_end is None or self.fibrillation_end > self.begin:
            return LONGEST
        other = self.other
        if other.time == _OVER:
            return 0
        while other.time < self.begin:
            if other.meaning() == self.kind.onset and self._reaches(self.begin):
                return LONGEST
            if not other.advance():
                other.time = _OVER
                return 0
        return self._counted()

    def _reaches(self, sample: int) -> bool:
        """Read to the end of the other side's fibrillation; whether it lies beyond a sample."""
        while self.other.advance():
            if self.other.meaning() in tuple(self.kind.ends):
                if self.other.time > sample:
                    self.fibrillation_end = self.other.time
                return self.other.time > sample
        self.fibrillation_end = None  # it never ends
        return True

    def _counted(self) -> int:
        longest = length = 0
        while self.other.time <= self.end:
            meaning = self.other.meaning()
            if meaning == self.kind.onset:
                self._reaches(_OVER)
                return LONGEST
            if meaning and meaning in self.kind.beats:
                length = min(length + 1, LONGEST)
                longest = max(longest, length)
            elif meaning and meaning in self.kind.breaks + self.kind.other_onset:
                length = 0
            if not self.other.advance():
                self.other.time = _OVER
                break
        return longest
