"""How far the readers of a project agree: readings of the database, through `reading`, as values for page and file.

The values are what the API answers as well: FastAPI describes them as they stand here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from labeling_server.programme.parts import WHOLE, Part, parts_of
from labeling_server.programme.targets import TargetFigure, targets_of
from reading import agreement, comparison
from reading.agreement import Statistic
from reading.comparison import Classes, Pair
from reading.marks import Item, Marks
from reading.ratings import NOT_READ, Ratings
from reading.resampling import N_RESAMPLES
from signal_processing.vocabulary import LABELS, LabelKind
from storage import projects, readings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reading.agreement import Estimate
    from reading.points import Spread
    from reading.resampling import Interval
    from storage.projects import ProjectRow
    from storage.readings import StoredReading

SEED = 0
"""Of the resamples: the same readings give the same intervals."""
MS = 1000.0
"""Microseconds of one: differences of places are told in milliseconds."""
CLASSES = tuple(entry.code for entry in LABELS if entry.kind is LabelKind.BEAT)
"""Labels of points that are classes; other points are landmarks."""
AAMI_CLASSES = ("N", "S", "V", "F", "Q")
"""The classes of ANSI/AAMI EC57."""
_PEOPLE = ("person", "imported")
"""Kinds of readers whom figures of all readers are of; a machine and a consensus stand in pairs alone."""
_WAVES, _PARTS = ("P", "QRS", "T", "U"), ("onset", "peak", "end")
_AAMI = {entry.code: entry.aami for entry in LABELS if entry.kind is LabelKind.BEAT}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with the middle 95 % of its resamples over patients, or why there is none.

    Parameters
    ----------
    value, low, high : None where undefined; without an interval where there is but one patient.
    why : the reason, empty where there is nothing to explain.
    """

    value: float | None
    low: float | None
    high: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """A reader, and how much of what they read: items by answer, marks."""

    name: str
    kind: str
    n_read: int
    n_ambiguous: int
    n_unreadable: int
    n_marks: int


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """One answer against all others together; `n` answers of all readers."""

    label: str
    n: int
    alpha: Figure
    gwet: Figure


@dataclass(frozen=True, slots=True)
class PairFigures:
    """Two readers' answers; `matrix[i][j]` counts points that the first called `i` and the second `j`."""

    first: str
    second: str
    n: int
    percent: Figure
    kappa: Figure
    gwet: Figure
    matrix: list[list[int]]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Answers to one question: which beat it is, or whether an item can be read.

    Parameters
    ----------
    categories : answers that were given, in order; rows and columns of each pair's matrix.
    n_items, n_patients : answered by two readers or more.
    percent, kappa, alpha, gwet : of people together; `kappa_of` is "cohen" where they are two, else "fleiss".
    pairs : of each two readers, a machine and a consensus among them.
    """

    categories: list[str]
    n_items: int
    n_patients: int
    percent: Figure
    kappa_of: str
    kappa: Figure
    alpha: Figure
    gwet: Figure
    by_category: list[CategoryFigures]
    pairs: list[PairFigures]


@dataclass(frozen=True, slots=True)
class SpreadFigures:
    """How far the second reader's marks lie behind the first's, ms."""

    n_pairs: int
    n_first: int
    n_second: int
    mean_ms: Figure
    sd_ms: Figure
    median_ms: Figure
    median_apart_ms: Figure


@dataclass(frozen=True, slots=True)
class LandmarkFigures:
    """Two readers' points of one label."""

    label: str
    first: str
    second: str
    spread: SpreadFigures


@dataclass(frozen=True, slots=True)
class SpanFigures:
    """Two readers' spans of one label; shares of the spans of each that the other's touch."""

    label: str
    first: str
    second: str
    iou: Figure
    dice: Figure
    found_first: float | None
    found_second: float | None
    onsets: SpreadFigures
    ends: SpreadFigures


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """How far the readers of a project agree.

    Parameters
    ----------
    newest : the greatest number of a reading that it rests on.
    n_items, n_patients : that two readers or more have finished.
    aami, beats, answers : what readers call beats, in EC57's five classes and by their own codes, and whether an item
        can be read; None where no point is a class, or nobody but answered "read".
    devices, months : in which there are readings, also where the report is of one of them.
    """

    project: str
    newest: int
    tolerance_ms: float
    n_resamples: int
    n_items: int
    n_patients: int
    readers: list[ReaderFigures]
    aami: ClassFigures | None
    beats: ClassFigures | None
    answers: ClassFigures | None
    landmarks: list[LandmarkFigures]
    spans: list[SpanFigures]
    targets: list[TargetFigure]
    devices: list[str]
    months: list[str]


def report_of(conn: Any, project: ProjectRow, *, n_resamples: int = N_RESAMPLES, part: Part = WHOLE) -> AgreementReport:
    """Everything there is to say of the readings that a project has now, or of a part of them."""
    newest = readings.newest(conn, project.id)
    kinds = {reader.name: reader.kind for reader in projects.readers(conn, project.id)}
    every = readings.of_project(conn, project.id)
    found = part.of(every)
    items = items_of(found)
    shared = [item for item in items if len(item.read) > 1]
    names = sorted({reading.reader for reading in found})
    rng = np.random.default_rng(SEED)
    pairs = [Pair.of(items, *two, unit=MS, rng=rng, n_resamples=n_resamples) for two in combinations(names, 2)]
    beats = beats_of(items, names, project.tolerance_us)
    people = [name for name in names if kinds[name] in _PEOPLE] or names
    aami, own = (
        _classes(one.ratings, people, rng, n_resamples) if len(beats.times) else None
        for one in (in_aami_classes(beats), beats)
    )
    answers = _answers(found, names, people, rng, n_resamples)
    spans = [_span(one) for pair in pairs for one in comparison.span_agreement(pair)]
    return AgreementReport(
        project.name,
        newest,
        project.tolerance_us / MS,
        n_resamples,
        len(shared),
        len({item.patient for item in shared}),
        [_reader(name, kinds[name], found) for name in names],
        aami,
        own,
        answers,
        sorted(
            (
                LandmarkFigures(one.label, one.first, one.second, _spread(one.spread))
                for pair in pairs
                for one in comparison.landmarks(pair, classes_are=CLASSES, tolerance=project.tolerance_us)
            ),
            key=lambda one: (_landmark_order(one.label), one.first, one.second),
        ),
        spans,
        targets_of(project.targets, (aami, own, answers), spans, people),
        *parts_of(every),
    )


def _landmark_order(name: str) -> tuple[int, int, str]:
    """Parts of waves as they follow each other in a beat; others behind, by name."""
    wave, _, part = name.partition(" ")
    if wave in _WAVES and part in _PARTS:
        return _WAVES.index(wave), _PARTS.index(part), ""
    return len(_WAVES), 0, name


def items_of(found: Iterable[StoredReading]) -> list[Item]:
    """The items, each with what was marked in it; those called ambiguous or unreadable hold no reader's marks."""
    patients: dict[int, str] = {}
    read: dict[int, dict[str, Marks]] = {}
    for reading in found:
        patients[reading.item.id] = reading.patient
        of_item = read.setdefault(reading.item.id, {})
        if reading.answer == "read":
            of_item[reading.reader] = Marks(*reading.marks)
    return [Item(item_id, patients[item_id], marks) for item_id, marks in read.items()]


def beats_of(items: Sequence[Item], names: Sequence[str], tolerance_us: int) -> Classes:
    """The beats of all readers, matched."""
    return comparison.classes(items, names, labels=CLASSES, tolerance=tolerance_us, categories=CLASSES)


def in_aami_classes(beats: Classes) -> Classes:
    """The same beats in the five classes of EC57, by the map of the vocabulary."""
    return comparison.merged(beats, _AAMI, categories=AAMI_CLASSES)


def _reader(name: str, kind: str, found: Iterable[StoredReading]) -> ReaderFigures:
    own = [reading for reading in found if reading.reader == name]
    answers = Counter(reading.answer for reading in own)
    n_marks = sum(len(reading.marks.starts_us) for reading in own)
    return ReaderFigures(name, kind, answers["read"], answers["ambiguous"], answers["unreadable"], n_marks)


def _answers(
    found: Sequence[StoredReading],
    names: Sequence[str],
    people: Sequence[str],
    rng: np.random.Generator,
    n_resamples: int,
) -> ClassFigures | None:
    if all(reading.answer == "read" for reading in found):
        return None
    patients = {reading.item.id: reading.patient for reading in found}
    said = {(reading.item.id, reading.reader): reading.answer for reading in found}
    ratings = Ratings.of(
        [[said.get((item_id, name)) for name in names] for item_id in patients],
        readers=names,
        patients=list(patients.values()),
        categories=readings.ANSWERS,
    )
    return _classes(ratings, people, rng, n_resamples)


def _classes(ratings: Ratings, people: Sequence[str], rng: np.random.Generator, n_resamples: int) -> ClassFigures:
    """Figures of people together, and of each pair: a consensus of people agrees with them more than they do."""
    every = _of_used(ratings)
    ratings = every.of_readers(*people)

    def figure(statistic: Statistic, of: Ratings = ratings) -> Estimate:
        return agreement.estimate(of, statistic, rng=rng, n_resamples=n_resamples)

    is_pair = len(ratings.readers) == 2  # noqa: PLR2004 - then the kappa is Cohen's
    percent = figure(Statistic.PERCENT)
    alphas = agreement.by_category(ratings, Statistic.ALPHA, rng=rng, n_resamples=n_resamples)
    gwets = agreement.by_category(ratings, Statistic.GWET, rng=rng, n_resamples=n_resamples)
    counts = np.bincount(ratings.codes[ratings.codes != NOT_READ], minlength=len(ratings.categories))
    return ClassFigures(
        list(ratings.categories),
        percent.n_items,
        percent.n_patients,
        _figure(percent),
        "cohen" if is_pair else "fleiss",
        _figure(figure(Statistic.COHEN if is_pair else Statistic.FLEISS)),
        _figure(figure(Statistic.ALPHA)),
        _figure(figure(Statistic.GWET)),
        [
            CategoryFigures(name, int(counts[place]), _figure(alphas[name]), _figure(gwets[name]))
            for place, name in enumerate(ratings.categories)
        ],
        [_pair(every.of_readers(*two), rng, n_resamples) for two in combinations(every.readers, 2)],
    )


def _of_used(ratings: Ratings) -> Ratings:
    """Without the categories that nobody used, of which there are many in a vocabulary."""
    used = np.unique(ratings.codes[ratings.codes != NOT_READ])
    place = np.full(len(ratings.categories) + 1, NOT_READ)
    place[used] = np.arange(len(used))
    names = tuple(ratings.categories[code] for code in used)
    return Ratings(place[ratings.codes], names, ratings.readers, ratings.patients)


def _pair(ratings: Ratings, rng: np.random.Generator, n_resamples: int) -> PairFigures:
    k = len(ratings.categories)
    both = np.all(ratings.codes != NOT_READ, axis=1)
    first, second = ratings.codes[both].T
    matrix = np.bincount(first * k + second, minlength=k * k).reshape(k, k)
    percent, kappa, gwet = (
        _figure(agreement.estimate(ratings, statistic, rng=rng, n_resamples=n_resamples))
        for statistic in (Statistic.PERCENT, Statistic.COHEN, Statistic.GWET)
    )
    one, other = ratings.readers
    return PairFigures(one, other, int(both.sum()), percent, kappa, gwet, matrix.tolist())


def _figure(found: Estimate) -> Figure:
    return Figure(found.value, found.low, found.high, found.why)


def _interval(found: Interval) -> Figure:
    return Figure(found.value, found.low, found.high)


def _spread(found: Spread) -> SpreadFigures:
    n_pairs, n_first, n_second, *figures = found
    mean, sd, median, median_apart = map(_interval, figures)
    return SpreadFigures(n_pairs, n_first, n_second, mean, sd, median, median_apart)


def _span(one: comparison.SpanAgreement) -> SpanFigures:
    return SpanFigures(
        one.label,
        one.first,
        one.second,
        _interval(one.iou),
        _interval(one.dice),
        one.found_first,
        one.found_second,
        _spread(one.onsets),
        _spread(one.ends),
    )
