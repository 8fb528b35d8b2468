"""What is told of how well people read: values for page, API and datasheet, as FastAPI describes them."""

from __future__ import annotations

from dataclasses import dataclass

from labeling_server.programme.report import Figure


@dataclass(frozen=True, slots=True)
class ShareFigure:
    """`k` of `n`, with its 95 % interval."""

    k: int
    n: int
    figure: Figure


@dataclass(frozen=True, slots=True)
class LabelShare:
    """A share of one label."""

    label: str
    share: ShareFigure


@dataclass(frozen=True, slots=True)
class Week:
    """Gold of one week: errors among items, the limits of the p-chart, and whether it lies beyond."""

    start_us: int
    n: int
    errors: int
    low: float
    high: float
    is_beyond: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """A chart passed its limit: at which of the reader's items.

    Parameters
    ----------
    of : "gold", or "decided": against what was decided in the end, and against how the reader read at first.
    label : of gold, the label that it is about; empty: all.
    """

    of: str
    label: str
    at_item: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at the entrance test."""

    attempt: int
    n_right: int
    n_items: int
    passed: bool
    at_us: int
    until_us: int
    holds: bool


@dataclass(frozen=True, slots=True)
class ReaderQuality:
    """One reader.

    Parameters
    ----------
    right : of hidden gold; `labels` the same by label.
    skill : share right as estimated without any truth (Dawid and Skene); None where items are few.
    same : of items read twice, those that they called the same.
    overturned : of audited items that they read.
    """

    name: str
    right: ShareFigure
    labels: list[LabelShare]
    skill: float | None
    same: ShareFigure
    overturned: ShareFigure
    weeks: list[Week]
    alarms: list[Alarm]
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True)
class AssistanceFigures:
    """Readings that began with the machine's marks, against those that did not; errors as shares."""

    n: int
    n_without: int
    error: Figure
    error_without: Figure
    difference: Figure
    time_ratio: Figure


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Errors in one group of patients; no figure where the group is too small."""

    by: str
    name: str
    n: int
    n_patients: int
    error: Figure


@dataclass(frozen=True, slots=True)
class QualityReport:
    """A project's readers.

    Parameters
    ----------
    audits : drawn, done and overturned.
    doubtful : items of which the skill of their readers says something else than was decided.
    """

    readers: list[ReaderQuality]
    audits: list[int]
    doubtful: list[int]
    assistance: AssistanceFigures | None
    groups: list[GroupFigures]


@dataclass(frozen=True, slots=True)
class Learn:
    """A strip that the reader read otherwise than it is known to be."""

    item_id: int
    stream_id: int
    start_us: int
    end_us: int
    labels: list[str]


@dataclass(frozen=True, slots=True)
class OwnQuality:
    """What a reader sees of themselves, and nobody else of them here."""

    quality: ReaderQuality
    to_learn: list[Learn]
