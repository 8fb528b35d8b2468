"""Beat-by-beat comparison by ANSI/AAMI EC57, as WFDB's program `bxb` does it, figure by figure.

Source: EC57:2012 clauses 4.3 and 4.4, and bxb.c of the WFDB software package 10.7 (G. Moody). Kept from bxb where the
standard leaves room: the greedy matching, `e j n` counted as supraventricular, paced beats as unclassifiable (Q), beats
in reference VF (`[` to `]`) not counted, a shutdown told by a `~` with bits 4 and 5 of its subtype set.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from detectors.evaluation.marks import LEARNING_S, MATCH_WINDOW_S, Mark, Ratio, Score, is_shutdown
from signal_processing.clock import SampleClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MS_PER_S = 1000.0
_NEVER = 1 << 62
_UNSET = -1
_FILLER = "*"
_AAMI = {
    **dict.fromkeys("NLRB", "N"),
    **dict.fromkeys("aJASejn", "S"),
    **dict.fromkeys("VEr", "V"),
    "F": "F",
    **dict.fromkeys("/fQ?", "Q"),
    "!": "O",
}


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of pairs (reference class, test class); O is no beat, X a beat while the other side was shut down.

    Parameters
    ----------
    n_rr, rr_ms2 : pairs with an RR interval on both sides, and the sum of the squares of their differences, ms2.
    shutdown_s : signal that the test calls unreadable.
    """

    pairs: Counter[tuple[str, str]]
    n_rr: int = 0
    rr_ms2: float = 0.0
    shutdown_s: float = 0.0

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(
            self.pairs + other.pairs,
            self.n_rr + other.n_rr,
            self.rr_ms2 + other.rr_ms2,
            self.shutdown_s + other.shutdown_s,
        )

    @property
    def rr_error_ms(self) -> float | None:
        """Root mean square of the differences of RR intervals; None where no pair has both."""
        return sqrt(self.rr_ms2 / self.n_rr) if self.n_rr else None

    def count(self, reference: str, test: str) -> int:
        """Pairs whose reference class is one of `reference` and whose test class is one of `test`."""
        return sum(self.pairs[r, t] for r in reference for t in test)

    @property
    def qrs(self) -> Score:
        """Every beat, whatever its class."""
        hits = self.count("NSVFQ", "NSVFQ")
        return _score(hits, self.count("NSVFQ", "OX"), self.count("OX", "NSVFQ"))

    @property
    def veb(self) -> Score:
        """Ventricular ectopic beats; F and Q beats called V are no error (EC57 4.3.3.2)."""
        return _score(self.count("V", "V"), self.count("V", "NSFQOX"), self.count("NSOX", "V"))

    @property
    def sveb(self) -> Score:
        """Supraventricular ectopic beats of one record; Q beats called S are no error, F beats called S are."""
        return _score(self.count("S", "S"), self.count("S", "NVFQOX"), self.count("NVFOX", "S"))

    @property
    def sveb_pooled(self) -> Score:
        """As `sveb`, but F beats called S are no error: `sumstats`, which pools the records, leaves them out."""
        return _score(self.count("S", "S"), self.count("S", "NVFQOX"), self.count("NVOX", "S"))


def compare(
    reference: Iterable[Mark],
    test: Iterable[Mark],
    *,
    fs_hz: float,
    end: int,
    start_s: float = LEARNING_S,
    window_s: float = MATCH_WINDOW_S,
) -> Confusion:
    """Pair the beats of two annotators of one record.

    Parameters
    ----------
    reference, test : in order of sample.
    end : number of samples of the record.
    start_s : seconds at the beginning that are not counted.
    window_s : how far apart two marks of one beat may stand.
    """
    clock = SampleClock(fs_hz)
    window = int(window_s * fs_hz + 0.5)
    start = clock.n_samples(start_s)
    comparison = _Comparison(_Beats(reference, window, end), _Beats(test, window, end), window)
    comparison.begin(start)
    comparison.run(end)
    ms2 = comparison.rr_squares * (MS_PER_S / fs_hz) ** 2
    return Confusion(comparison.pairs, comparison.n_rr, ms2, comparison.test.n_shut_down / fs_hz)


def gross(records: Sequence[Confusion]) -> Confusion:
    """All beats of all records together."""
    return sum(records, Confusion(Counter()))


def average_percent(ratios: Iterable[Ratio]) -> float | None:
    """The mean over the records in which there is such a beat."""
    known = [ratio.percent for ratio in ratios if ratio.percent is not None]
    return fmean(known) if known else None


def _score(hits: int, missed: int, extra: int) -> Score:
    return Score(Ratio(hits, hits + missed), Ratio(hits, hits + extra))


class _Spell(NamedTuple):
    """A stretch of VF or shutdown, both ends included; `last` is unset while it has no end."""

    first: int = _UNSET
    last: int = _UNSET

    def holds(self, sample: int) -> bool:
        return self.first != _UNSET and self.first <= sample and (sample <= self.last or self.last == _UNSET)


class _Beats:
    """Reads one annotator's beats one ahead, noting the last two spells of VF and of shutdown passed on the way."""

    def __init__(self, marks: Iterable[Mark], window: int, end: int) -> None:
        self._marks: Iterator[Mark] = iter(marks)
        self._pushed_back: Mark | None = None
        self._window, self._end = window, end
        self.n_shut_down = 0
        self.interval = 0
        self.now, self.next = 0, 0
        self.label, self.next_label = "", ""
        self.fibrillation = [_Spell(), _Spell()]
        self.shutdown = [_Spell(), _Spell()]

    def advance(self) -> None:
        """Make the next beat the current one; its RR interval is 0 where it has none."""
        before = self.now
        self.now, self.label = self.next, self.next_label
        is_one = before != 0 and self.now != _NEVER
        is_broken = any(before <= spell.first < self.now for spell in (*self.fibrillation, *self.shutdown))
        self.interval = self.now - before if is_one and not is_broken else 0
        while (mark := self._read()) is not None:
            if mark.symbol in _AAMI:
                self.next, self.next_label = mark.sample, _AAMI[mark.symbol]
                return
            if mark.symbol == "~" and is_shutdown(mark):
                self._read_shutdown(mark)
            elif mark.symbol == "[":
                self._read_fibrillation(mark)
        self.next, self.next_label = _NEVER, _FILLER

    def filler(self, sample: int, *, in_fibrillation: str) -> str:
        """The class that stands against a beat of the other side at `sample` that this side has not."""
        if any(spell.holds(sample) for spell in self.fibrillation):
            return in_fibrillation
        return "X" if any(spell.holds(sample) for spell in self.shutdown) else "O"

    def _read(self) -> Mark | None:
        mark, self._pushed_back = self._pushed_back, None
        return next(self._marks, None) if mark is None else mark

    def _read_fibrillation(self, onset: Mark) -> None:
        self.fibrillation = [_Spell(onset.sample), self.fibrillation[0]]
        while (mark := self._read()) is not None:
            if mark.symbol == "]":
                self.fibrillation[0] = _Spell(onset.sample, mark.sample)
                return

    def _read_shutdown(self, onset: Mark) -> None:
        self.shutdown = [_Spell(onset.sample), self.shutdown[0]]
        mark = self._read()
        if mark is None:
            self.shutdown[0] = _Spell(onset.sample, _NEVER)
            self.n_shut_down += self._end - onset.sample
            return
        if mark.symbol == "~" and not is_shutdown(mark):
            self.shutdown[0] = _Spell(onset.sample, mark.sample)
        else:  # one mark in the middle: it lasts from the beat before to the mark after, less the window
            last = mark.sample - self._window
            first = max(self.now, self.fibrillation[0].last) + self._window
            self.shutdown[0] = _Spell(min(first, last), last)
            self._pushed_back = mark
        self.n_shut_down += self.shutdown[0].last - self.shutdown[0].first


@dataclass(slots=True)
class _Comparison:
    """The greedy matching of bxb; its four cases, numbered as there."""

    ref: _Beats
    test: _Beats
    window: int
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    n_rr: int = 0
    rr_squares: float = 0.0

    def begin(self, start: int) -> None:
        """Step over the learning period, and settle which side's first beat has its partner before `start`."""
        ref, test = self.ref, self.test
        ref.advance()
        while ref.now < start:
            ref.advance()
        test.advance()
        while test.next < start:
            test.advance()
        before = ref.now - test.now
        if before < abs(ref.now - test.next) and before <= self.window:
            if (ref.label, test.label) != ("", ""):
                self._match()
            else:
                ref.advance()
                test.advance()
            return
        test.advance()
        if test.now - start <= self.window and abs(ref.now - test.next) < abs(ref.now - test.now):
            test.advance()

    def run(self, end: int) -> None:
        """Pair all beats up to sample `end`."""
        ref, test = self.ref, self.test
        while ref.now <= end or test.now <= end:
            if test.now < ref.now:
                if self._are_one(early=test, late=ref):  # case 1
                    self._match()
                else:  # case 2
                    self._count(ref.filler(test.now, in_fibrillation=_FILLER), test.label)
                    test.advance()
            elif self._are_one(early=ref, late=test):  # case 3
                self._match()
            else:  # case 4
                self._count(ref.label, test.filler(ref.now, in_fibrillation="O"))
                ref.advance()

    def _are_one(self, *, early: _Beats, late: _Beats) -> bool:
        apart = late.now - early.now
        to_next = abs(late.now - early.next)
        return apart <= self.window and (apart < to_next or abs(late.next - early.next) < to_next)

    def _match(self) -> None:
        self._count(self.ref.label, self.test.label)
        self.ref.advance()
        self.test.advance()

    def _count(self, reference: str, test: str) -> None:
        # bxb compares the intervals before whatever beats stand against each other, also where one side has none
        if self.ref.interval > 0 and self.test.interval > 0:
            self.n_rr += 1
            self.rr_squares += (self.ref.interval - self.test.interval) ** 2
        if _FILLER not in {reference, test} and (reference, test) != ("O", "O"):
            self.pairs[reference, test] += 1
