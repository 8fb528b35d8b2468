"""What routes of reading programmes answer, as the description of the API says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from labeling_server.api.answers import Answer


class Project(Answer):
    """A project and how much is in it."""

    id: int
    name: str
    description: str
    tolerance_us: Annotated[int, Field(description="How far apart two marks of one beat or landmark may lie")]
    n_items: int
    n_readers: int
    n_readings: int


class Figure(Answer):
    """A figure with the middle 95 % of its resamples over patients; null where there is none, and why."""

    value: float | None
    low: float | None
    high: float | None
    why: str


class ReaderFigures(Answer):
    """A reader by their name in the project, items by answer, and marks."""

    name: str
    kind: str
    n_read: int
    n_ambiguous: int
    n_unreadable: int
    n_marks: int


class CategoryFigures(Answer):
    """One answer against all others together."""

    label: str
    n: int
    alpha: Figure
    gwet: Figure


class PairFigures(Answer):
    """Two readers; `matrix[i][j]` counts what the first called category i and the second j."""

    first: str
    second: str
    n: int
    percent: Figure
    kappa: Figure
    gwet: Figure
    matrix: list[list[int]]


class ClassFigures(Answer):
    """Answers to one question: figures of people together, and of each pair, a consensus or machine among them."""

    categories: list[str]
    n_items: int
    n_patients: int
    percent: Figure
    kappa_of: Annotated[str, Field(description="cohen where two people read, else fleiss")]
    kappa: Figure
    alpha: Figure
    gwet: Figure
    by_category: list[CategoryFigures]
    pairs: list[PairFigures]


class Spread(Answer):
    """How far the second reader's marks lie behind the first's, ms."""

    n_pairs: int
    n_first: int
    n_second: int
    mean_ms: Figure
    sd_ms: Figure
    median_ms: Figure
    median_apart_ms: Figure


class Landmark(Answer):
    """Two readers' points of one label."""

    label: str
    first: str
    second: str
    spread: Spread


class Span(Answer):
    """Two readers' spans of one label; shares of the spans of each that the other's touch."""

    label: str
    first: str
    second: str
    iou: Figure
    dice: Figure
    found_first: float | None
    found_second: float | None
    onsets: Spread
    ends: Spread


class Agreement(Answer):
    """How far the readers of a project agree."""

    project: str
    newest: Annotated[int, Field(description="The greatest number of a reading that it rests on")]
    tolerance_ms: float
    n_resamples: int
    n_items: int
    n_patients: int
    readers: list[ReaderFigures]
    aami: Annotated[ClassFigures | None, Field(description="What they call beats, in the five classes of EC57")]
    beats: Annotated[ClassFigures | None, Field(description="The same by their own codes")]
    answers: ClassFigures | None
    landmarks: list[Landmark]
    spans: list[Span]


class Dealt(Answer):
    """How many items were dealt out."""

    n_items: int


class Item(Answer):
    """A piece of a recording that is read as a whole."""

    id: int
    stream_id: int
    start_us: int
    end_us: int


class Progress(Answer):
    """What a reader has read, has before them, and has put off; nothing of others."""

    n_done: int
    n_left: int
    n_later: int


class NextItem(Answer):
    """The item that a reader has before them, null when all is read."""

    item: Item | None


class Mark(Answer):
    """A mark; a point has its end at its start."""

    start_us: int
    end_us: int
    label: str


class Lane(Answer):
    """What one reader handed in, by a letter that is dealt out anew for each item."""

    lane: str
    answer: str
    marks: list[Mark]


class Dispute(Answer):
    """An item whose readers differ, and in what."""

    item: Item
    why: str
    lanes: list[Lane]
