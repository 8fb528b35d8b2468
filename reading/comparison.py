"""Readers of the same items held against each other: classes of points, places of landmarks, spans of time.

Points whose labels are classes (beats) are matched whatever they are called, and what they are called is the answer;
a reader who has no mark where another has one answered `NO_MARK`, as the O and X of ANSI/AAMI EC57. Other points are
landmarks (the onset of a wave, a breath), matched among those of their own label, and what counts is how far they lie
apart. What lasts is a span.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reading import points, spans
from reading.marks import NO_MARKS, Item, Marks
from reading.ratings import NOT_READ, Ratings
from reading.resampling import N_RESAMPLES, Interval

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from reading.points import Spread

NO_MARK = "no mark"
"""The answer of a reader who marked nothing where another did."""


class Classes(NamedTuple):
    """Points and what each reader called them.

    Parameters
    ----------
    ratings : a row a point; of items that a reader did not read, `NOT_READ`.
    items : (n,), id of the item that each point lies in.
    times : (n,), where it lies: the first reader's mark that has it.
    """

    ratings: Ratings
    items: NDArray[np.int64]
    times: NDArray[np.int64]

    def cell(self, first: str, second: str, said: str, other: str) -> NDArray[np.intp]:
        """Rows where the first reader said the one and the second the other."""
        one, two = self.ratings.readers.index(first), self.ratings.readers.index(second)
        codes, names = self.ratings.codes, self.ratings.categories
        return np.flatnonzero((codes[:, one] == names.index(said)) & (codes[:, two] == names.index(other)))


def merged(found: Classes, into: Mapping[str, str], *, categories: Sequence[str]) -> Classes:
    """The same points with answers told more coarsely: AAMI's five classes of beats, for one.

    Parameters
    ----------
    into : what each category becomes; one that is not named stays, and comes after `categories`.
    """
    ratings = found.ratings
    told = [into.get(name, name) for name in ratings.categories]
    names = (*categories, *dict.fromkeys(name for name in told if name not in categories))
    place = np.array([*(names.index(name) for name in told), NOT_READ], np.int64)
    return found._replace(ratings=Ratings(place[ratings.codes], names, ratings.readers, ratings.patients))


class Landmark(NamedTuple):
    """How far the second reader's points of a label lie behind the first's."""

    label: str
    first: str
    second: str
    spread: Spread


class SpanAgreement(NamedTuple):
    """Two readers' spans of one label.

    Parameters
    ----------
    iou, dice : of all time together.
    found_first, found_second : share of the spans of each that the other's touch: Se and +P of the second reader where
        the first is the reference, as episodes are counted.
    onsets, ends : of spans that are one.
    """

    label: str
    first: str
    second: str
    iou: Interval
    dice: Interval
    found_first: float | None
    found_second: float | None
    onsets: Spread
    ends: Spread


def classes(
    items: Sequence[Item], readers: Sequence[str], *, labels: Collection[str], tolerance: int, categories: Sequence[str]
) -> Classes:
    """The points that are classes, matched among all readers at once.

    Parameters
    ----------
    labels : those that are classes.
    tolerance : how far apart marks of one beat may lie (EC57: 150 ms).
    categories : in order, of those that may be said; `NO_MARK` comes last. Those used and not named come before it.
    """
    wanted = np.array(sorted(labels), np.str_)
    parts = [_classes_of(item, readers, wanted, tolerance) for item in items]
    said = {str(name) for part in parts for name in np.unique(part.answers[part.answers != ""])} - {NO_MARK}
    names = (*categories, *sorted(said.difference(categories)), NO_MARK)
    answers = np.concatenate([np.empty((0, len(readers)), "<U64"), *(part.answers for part in parts)])
    codes = np.full(answers.shape, NOT_READ, np.int64)
    for place, name in enumerate(names):
        codes[answers == name] = place
    n_points = [len(part.times) for part in parts]
    return Classes(
        Ratings(codes, names, tuple(readers), np.repeat(np.array([item.patient for item in items], np.str_), n_points)),
        np.repeat(np.array([item.id for item in items], np.int64), n_points),
        np.concatenate([np.empty(0, np.int64), *(part.times for part in parts)]),
    )


class _Points(NamedTuple):
    answers: NDArray[np.str_]
    times: NDArray[np.int64]


def _classes_of(item: Item, readers: Sequence[str], wanted: NDArray[np.str_], tolerance: int) -> _Points:
    own = [_points(item.read.get(reader, NO_MARKS), wanted) for reader in readers]
    rows = points.align([marks.starts for marks in own], tolerance=tolerance)
    answers = np.full(rows.shape, "", "<U64")
    times = np.zeros(len(rows), np.int64)
    for column in reversed(range(len(readers))):
        marks, row = own[column], rows[:, column]
        has = row != points.ABSENT
        if readers[column] in item.read:
            answers[:, column] = NO_MARK
        answers[has, column] = marks.labels[row[has]]
        times[has] = marks.starts[row[has]]
    return _Points(answers, times)


def _points(marks: Marks, labels: NDArray[np.str_]) -> Marks:
    return marks.chosen(marks.is_point & np.isin(marks.labels, labels))


class Pair(NamedTuple):
    """Two readers, and how what they marked is compared.

    Parameters
    ----------
    items : that both read.
    unit : what differences are divided by: 1000 makes milliseconds of microseconds.
    rng, n_resamples : of the intervals over patients.
    """

    first: str
    second: str
    items: list[Item]
    unit: float
    rng: np.random.Generator
    n_resamples: int

    @classmethod
    def of(
        cls,
        items: Iterable[Item],
        first: str,
        second: str,
        *,
        unit: float = 1.0,
        rng: np.random.Generator,
        n_resamples: int = N_RESAMPLES,
    ) -> Pair:
        """These two, in the items that both read."""
        both = [item for item in items if first in item.read and second in item.read]
        return cls(first, second, both, unit, rng, n_resamples)

    def spread(self, apart: Iterable[NDArray[np.int64]], *, n_first: int, n_second: int) -> Spread:
        """Of differences by patient."""
        in_unit = [one / self.unit for one in apart]
        return points.spread(in_unit, n_first=n_first, n_second=n_second, rng=self.rng, n_resamples=self.n_resamples)


def landmarks(pair: Pair, *, classes_are: Collection[str], tolerance: int) -> list[Landmark]:
    """Of each label of points that are no classes; labels in the order of their names."""
    found = []
    for name in sorted(_labels(pair, are_points=True).difference(classes_are)):
        wanted = np.array([name], np.str_)
        apart: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
        n_first = n_second = 0
        for item in pair.items:
            one, other = (_points(item.read[reader], wanted).starts for reader in (pair.first, pair.second))
            pairs = points.nearest_pairs(one, other, tolerance=tolerance)
            apart[item.patient].append(other[pairs[:, 1]] - one[pairs[:, 0]])
            n_first, n_second = n_first + len(one), n_second + len(other)
        by_patient = (np.concatenate(parts) for parts in apart.values())
        spread = pair.spread(by_patient, n_first=n_first, n_second=n_second)
        found.append(Landmark(name, pair.first, pair.second, spread))
    return found


def span_agreement(pair: Pair) -> list[SpanAgreement]:
    """Of each label of spans; labels in the order of their names.

    Raises
    ------
    SpansError : if spans of one reader and label overlap.
    """
    return [_spans_of(name, pair) for name in sorted(_labels(pair, are_points=False))]


def _spans_of(name: str, pair: Pair) -> SpanAgreement:
    shared: dict[str, list[spans.Shared]] = defaultdict(list)
    for item in pair.items:
        one, other = (_bounds(item.read[reader], name) for reader in (pair.first, pair.second))
        shared[item.patient].append(spans.compare(one, other))
    by_patient = [_summed(parts) for parts in shared.values()]
    n_first, n_second = sum(one.n_first for one in by_patient), sum(one.n_second for one in by_patient)
    iou, dice = spans.iou_and_dice(by_patient, rng=pair.rng, n_resamples=pair.n_resamples)
    return SpanAgreement(
        name,
        pair.first,
        pair.second,
        iou,
        dice,
        sum(one.found_first for one in by_patient) / n_first if n_first else None,
        sum(one.found_second for one in by_patient) / n_second if n_second else None,
        pair.spread((one.onsets for one in by_patient), n_first=n_first, n_second=n_second),
        pair.spread((one.ends for one in by_patient), n_first=n_first, n_second=n_second),
    )


def _bounds(marks: Marks, name: str) -> NDArray[np.int64]:
    own = ~marks.is_point & (marks.labels == name)
    return np.column_stack([marks.starts[own], marks.ends[own]])


def _summed(parts: Sequence[spans.Shared]) -> spans.Shared:
    """Of several recordings of one patient together; which spans are pairs is not asked any more."""
    return spans.Shared(
        np.empty((0, 2), np.int64),
        np.concatenate([one.ious for one in parts]),
        np.concatenate([one.onsets for one in parts]),
        np.concatenate([one.ends for one in parts]),
        *(sum(counts) for counts in zip(*(one[4:] for one in parts), strict=True)),
    )


def _labels(pair: Pair, *, are_points: bool) -> set[str]:
    found: set[str] = set()
    for item in pair.items:
        for reader in (pair.first, pair.second):
            marks = item.read[reader]
            found.update(np.unique(marks.labels[marks.is_point == are_points]).tolist())
    return found
