"""Episode-by-episode comparison by ANSI/AAMI EC57, as WFDB's `epicmp` does it for fibrillation, figure by figure.

Source: EC57:2012 clause 4.5 and epicmp.c of the WFDB software package 10.7 (G. Moody). An episode is found when the
other side has one that overlaps it, however little; durations say how much. By the same rules any other rhythm
is compared that both annotators name with the same string of a `+`. Ischaemic ST is not compared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from detectors.evaluation.marks import LEARNING_S, Mark, Ratio, Score
from signal_processing.clock import SampleClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

EpisodeKind = Literal["AF", "VF"]
_AF = "(AFIB"
_NONE = Ratio(0, 0)


class Rhythm(NamedTuple):
    """That which lasts from a `+` with this string to one with another: "(SVTA"."""

    aux: str


class Span(NamedTuple):
    """[start, end) in samples."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Episodes:
    """What was found: of the reference's episodes by the test, and of the test's by the reference.

    Parameters
    ----------
    by_reference, by_test : episodes that the other side has as well, of all.
    reference_samples, test_samples : samples of them that lie in an episode of the other side, of all.
    """

    by_reference: Ratio = _NONE
    by_test: Ratio = _NONE
    reference_samples: Ratio = _NONE
    test_samples: Ratio = _NONE

    def __add__(self, other: Episodes) -> Episodes:
        return Episodes(
            _sum(self.by_reference, other.by_reference),
            _sum(self.by_test, other.by_test),
            _sum(self.reference_samples, other.reference_samples),
            _sum(self.test_samples, other.test_samples),
        )

    @property
    def episodes(self) -> Score:
        """Sensitivity and positive predictivity, counted."""
        return Score(self.by_reference, self.by_test)

    @property
    def duration(self) -> Score:
        """The same, measured in time."""
        return Score(self.reference_samples, self.test_samples)


def _sum(a: Ratio, b: Ratio) -> Ratio:
    return Ratio(a.hits + b.hits, a.total + b.total)


def compare_episodes(
    reference: Iterable[Mark],
    test: Iterable[Mark],
    *,
    kind: EpisodeKind | Rhythm,
    fs_hz: float,
    end: int,
    start_s: float = LEARNING_S,
    least_s: float = 0.0,
) -> Episodes:
    """Compare the episodes of two annotators of one record.

    Parameters
    ----------
    reference, test : in order of sample.
    kind : "AF", "VF", or a `Rhythm`.
    end : number of samples of the record.
    start_s : seconds at the beginning that are not counted.
    least_s : shorter episodes are not counted.
    """
    clock = SampleClock(fs_hz)
    marks = (list(reference), list(test))
    sides = [list(_episodes(side, kind, end)) for side in marks]
    start, least = clock.n_samples(start_s), clock.n_samples(least_s)
    by_reference, reference_samples = _compared(sides[0], sides[1], Span(start, end), least)
    by_test, test_samples = _compared(sides[1], sides[0], Span(start, end), least)
    return Episodes(by_reference, by_test, reference_samples, test_samples)


def _episodes(marks: Sequence[Mark], kind: EpisodeKind | Rhythm, end: int) -> Iterator[Span]:
    """Those of one annotator; one that nothing ends lasts to the end of the record, or to the last mark beyond it."""
    begun: int | None = None
    for mark in marks:
        if begun is None:
            begun = mark.sample if _begins(mark, kind) else None
        elif _ends(mark, kind):
            yield Span(begun, mark.sample)
            begun = None
    if begun is not None:
        yield Span(begun, max(end, marks[-1].sample))


def _begins(mark: Mark, kind: EpisodeKind | Rhythm) -> bool:
    return mark.symbol == "[" if kind == "VF" else mark.symbol == "+" and _is_named(mark, kind)


def _ends(mark: Mark, kind: EpisodeKind | Rhythm) -> bool:
    return mark.symbol == "]" if kind == "VF" else mark.symbol == "+" and not _is_named(mark, kind)


def _is_named(mark: Mark, kind: EpisodeKind | Rhythm) -> bool:
    return mark.aux == kind.aux if isinstance(kind, Rhythm) else mark.aux.startswith(_AF)


def _compared(own: Sequence[Span], other: Sequence[Span], within: Span, least: int) -> tuple[Ratio, Ratio]:
    """Episodes that the other side has, of all; and samples likewise."""
    n_found = n_all = n_overlap = n_samples = 0
    for episode in own:
        if episode.end < within.start or episode.start >= within.end:
            continue
        start, end = max(episode.start, within.start), min(episode.end, within.end)
        if end - start < least:
            continue
        n_common = overlap(Span(start, end), other)
        n_all += 1
        n_samples += end - start
        n_found += n_common > 0
        n_overlap += n_common
    return Ratio(n_found, n_all), Ratio(n_overlap, n_samples)


def overlap(own: Span, others: Iterable[Span]) -> int:
    """Samples that it has in common with any of the others."""
    return sum(max(min(one.end, own.end) - max(one.start, own.start), 0) for one in others)
