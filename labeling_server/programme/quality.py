"""How well people read: against what is known, against themselves, against what was decided in the end.

The values stand in `labeling_server.programme.quality_figures`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from math import ceil, log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from labeling_server.programme.quality_figures import (
    Alarm,
    AssistanceFigures,
    Attempt,
    GroupFigures,
    LabelShare,
    Learn,
    OwnQuality,
    QualityReport,
    ReaderQuality,
    ShareFigure,
    Week,
)
from labeling_server.programme.reading_rules import judged
from labeling_server.programme.report import SEED, Figure
from labeling_server.programme.skills import skills_of
from reading import charts, effects, gold
from storage import audits, known_items, qualifications

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from reading.effects import GroupError
    from reading.gold import Judged, Share
    from reading.resampling import Interval
    from storage.known_items import Compared, Decided
    from storage.projects import ProjectRow, ReaderRow

WEEK_US = 7 * 86_400_000_000
MONDAY_US = 4 * 86_400_000_000
"""The first Monday after 1 January 1970, which was a Thursday."""
LEAST_RATE, GREATEST_RATE = 0.02, 0.45
"""Error rates between which charts look for one that has become worse."""
WORSE = 2.5
"""Times as many errors are to be found."""
FALSE_ALARMS = 0.05
"""Chance of an alarm on gold in all that a reader has read, while nothing has changed."""
FALSE_ALARMS_AFTER_FIRST = 0.02
"""The same against a first third. In simulated series of 475 items at 2 to 13 % errors 2 % of readers who stay as they
are have an alarm, and 94 % of those who err four times as often from the middle on, half of them within 28 items."""
LEAST_FIRST = 30
"""Items of a first third, for a chart against it."""
WEIGHT_OF_USUAL = 100
MAX_TO_LEARN = 50
"""Strips that a reader's own page lists."""
_AGES = (("under 18", 18), ("18 to 39", 40), ("40 to 64", 65), ("65 to 79", 80), ("80 and over", 1_000))


class Against(NamedTuple):
    """One person's readings of gold, how each was judged, and what they read twice."""

    known: Sequence[Compared]
    found: Sequence[Judged]
    again: Sequence[Compared]


def quality_of(conn: Any, project: ProjectRow, readers: Sequence[ReaderRow]) -> QualityReport:
    """Every person who reads."""
    known = _by_reader(known_items.against_truth(conn, project.id, ["gold"]))
    again = _by_reader(known_items.read_again(conn, project.id))
    overturned = audits.counts_of_readers(conn, project.id)
    decided = known_items.against_consensus(conn, project.id)
    wrong = np.array([not judged(one.compared, project).right for one in decided], bool)
    finished: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(decided):
        finished[one.compared.reader_id].append(place)
    usual = _bounded(float(wrong.mean()) if len(wrong) else 0.0)
    found_of = {reader_id: [judged(one, project) for one in own] for reader_id, own in known.items()}
    rate = _rate([one for own in found_of.values() for one in own])
    skills = skills_of(decided)
    return QualityReport(
        [
            replace(
                found,
                skill=skills.accuracy.get(one.name),
                alarms=[
                    *found.alarms,
                    *_drift([decided[place].compared for place in finished[one.id]], wrong[finished[one.id]], usual),
                ],
            )
            for one in readers
            if one.kind == "person"
            for against in [Against(known[one.id], found_of.get(one.id, []), again[one.id])]
            for found in [_reader(conn, project, one, against, overturned.get(one.name, (0, 0)), rate)]
        ],
        list(audits.counts(conn, project.id)),
        skills.doubtful,
        _assistance(decided, wrong),
        _groups(decided, wrong),
    )


def own_quality(conn: Any, project: ProjectRow, reader: ReaderRow) -> OwnQuality:
    """One person, as they may see it: by hidden gold once it is read, and by tests."""
    known = known_items.against_truth(conn, project.id, ["gold", "entrance"], reader_id=reader.id)
    found = [judged(one, project) for one in known]
    of_gold = [(one, said) for one, said in zip(known, found, strict=True) if one.kind == "gold"]
    again = known_items.read_again(conn, project.id, reader_id=reader.id)
    overturned = audits.counts_of_readers(conn, project.id).get(reader.name, (0, 0))
    against = Against([one for one, _ in of_gold], [said for _, said in of_gold], again)
    quality = _reader(conn, project, reader, against, overturned, _rate(against.found))
    learn = [
        Learn(
            one.item.id,
            one.item.stream_id,
            one.item.start_us,
            one.item.end_us,
            [name for name, right in said.labels.items() if not right],
        )
        for one, said in zip(reversed(known), reversed(found), strict=True)
        if not said.right
    ]
    # not by which name others know them
    return OwnQuality(replace(quality, name=""), learn[:MAX_TO_LEARN])


def _by_reader(found: Iterable[Compared]) -> dict[int, list[Compared]]:
    by_reader: dict[int, list[Compared]] = defaultdict(list)
    for one in found:
        by_reader[one.reader_id].append(one)
    return by_reader


def _rate(found: Sequence[Judged]) -> float:
    """Errors of all readers, which charts take for what is usual."""
    return _bounded(sum(not one.right for one in found) / max(len(found), 1))


def _bounded(rate: float) -> float:
    return min(max(rate, LEAST_RATE), GREATEST_RATE)


def _reader(
    conn: Any,
    project: ProjectRow,
    reader: ReaderRow,
    against: Against,
    overturned: tuple[int, int],
    rate: float,
) -> ReaderQuality:
    known, found, again = against
    score = gold.score(found)
    n_audited, n_overturned = overturned
    same = sum(judged(one, project).right for one in again)
    return ReaderQuality(
        reader.name,
        _share(score.n_right, score.n_items),
        [LabelShare(name, _share(*counts)) for name, counts in score.labels.items()],
        None,
        _share(same, len(again)),
        _share(n_overturned, n_audited),
        _weeks(known, found, rate),
        _alarms(known, found, rate),
        [
            Attempt(one.attempt, one.n_right, one.n_items, one.passed, one.at_us, one.until_us, one.holds)
            for one in qualifications.attempts(conn, reader)
        ],
    )


def _share(k: int, n: int) -> ShareFigure:
    found: Share = gold.share(k, n)
    return ShareFigure(k, n, Figure(*found))


def _weeks(known: Sequence[Compared], found: Sequence[Judged], rate: float) -> list[Week]:
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one, said in zip(known, found, strict=True):
        week = counts[(one.at_us - MONDAY_US) // WEEK_US]
        week[0] += 1
        week[1] += not said.right
    weeks = sorted(counts.items())
    n, errors = (np.array([own[side] for _, own in weeks], np.int64) for side in (0, 1))
    points = charts.p_chart(n, errors, rate=rate)
    return [Week(number * WEEK_US + MONDAY_US, *point) for (number, _), point in zip(weeks, points, strict=True)]


def _alarms(known: Sequence[Compared], found: Sequence[Judged], rate: float) -> list[Alarm]:
    """The CUSUM of all gold of a reader, and of each label in it."""
    series: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for one, said in zip(known, found, strict=True):
        series[""].append((one.at_us, not said.right))
        # what a reader invents is an error in the series of all; a series of its own would hold errors alone
        for name in _known_labels(one):
            series[name].append((one.at_us, not said.labels[name]))
    alarms = []
    for name, own in sorted(series.items()):
        # the chance of a false alarm is shared among the labels
        at = _passed(np.array([wrong for _, wrong in own]), rate, FALSE_ALARMS / len(series))
        if at is not None:
            alarms.append(Alarm("gold", name, at + 1, own[at][0]))
    return alarms


def _known_labels(one: Compared) -> list[str]:
    """What an item is known to be: its labels, or its answer."""
    return sorted(set(one.other.labels.tolist())) if one.other_answer == "read" else [one.other_answer]


def _drift(decided: Sequence[Compared], wrong: NDArray[np.bool_], usual: float) -> list[Alarm]:
    """The CUSUM of what was decided otherwise, from a reader's first third on, against that third.

    A third is short: the usual rate of all readers counts as so many items more.
    """
    first = len(decided) // 3
    if first < LEAST_FIRST:
        return []
    own = (float(wrong[:first].sum()) + WEIGHT_OF_USUAL * usual) / (first + WEIGHT_OF_USUAL)
    at = _passed(wrong[first:], _bounded(own), FALSE_ALARMS_AFTER_FIRST)
    return [] if at is None else [Alarm("decided", "", first + at + 1, decided[first + at].at_us)]


def _passed(wrong: NDArray[np.bool_], rate: float, chance: float) -> int | None:
    """The item at which the chart of a series passes its limit."""
    rate = round(rate, 3)
    worse = round(min(WORSE * rate, 0.9), 3)
    # limits are simulated: for so many items or some more, that neighbours share one
    n = ceil(1.2 ** ceil(log(max(len(wrong), 1)) / log(1.2)))
    limit = _simulated_limit(rate, worse, n, round(chance, 4))
    return charts.cusum(wrong, rate=rate, worse=worse, limit=limit)[1]


@lru_cache(maxsize=512)
def _simulated_limit(rate: float, worse: float, n: int, chance: float) -> float:
    return charts.cusum_limit(rate=rate, worse=worse, n=n, chance=chance)


def _assistance(decided: Sequence[Decided], wrong: NDArray[np.bool_]) -> AssistanceFigures | None:
    assisted = np.array([one.is_assisted for one in decided], bool)
    if not assisted.any() or assisted.all():
        return None
    seconds = np.array([np.nan if one.seconds is None else one.seconds for one in decided], np.float64)
    found = effects.effect(_read(decided, wrong), assisted, seconds, rng=np.random.default_rng(SEED))
    n, n_without, *figures = found
    return AssistanceFigures(n, n_without, *(_interval(one) for one in figures))


def _groups(decided: Sequence[Decided], wrong: NDArray[np.bool_]) -> list[GroupFigures]:
    read = _read(decided, wrong)
    bases: tuple[tuple[str, Callable[[Decided], str]], ...] = (
        ("sex", lambda one: one.sex),
        ("age", lambda one: _age_band(one.age)),
        ("device", lambda one: one.device),
    )
    found: list[tuple[str, GroupError]] = []
    for by, group_of in bases:
        names = [group_of(one) for one in decided]
        found += [(by, one) for one in effects.by_group(read, names, rng=np.random.default_rng(SEED))]
    return [GroupFigures(by, one.name, one.n, one.n_patients, _interval(one.error)) for by, one in found]


def _read(decided: Sequence[Decided], wrong: NDArray[np.bool_]) -> effects.Read:
    return effects.Read(np.array([one.patient for one in decided], np.str_), wrong)


def _age_band(age: int | None) -> str:
    return "" if age is None else next(name for name, below in _AGES if age < below)


def _interval(found: Interval) -> Figure:
    return Figure(found.value, found.low, found.high)
