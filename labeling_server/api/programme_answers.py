"""What routes of reading programmes answer, as the description of the API says it."""

from __future__ import annotations

from typing import Annotated, Literal

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


class Dealt(Answer):
    """How many items were dealt out, and how much gold and how many repeats were mixed in."""

    n_items: int
    n_gold: int
    n_repeats: int


class Item(Answer):
    """A piece of a recording that is read as a whole."""

    id: int
    stream_id: int
    start_us: int
    end_us: int


class Progress(Answer):
    """What a reader has read, has before them, and has put off, and until when; nothing of others."""

    n_done: int
    n_left: int
    n_later: int
    due_us: int | None


class Mark(Answer):
    """A mark; a point has its end at its start."""

    start_us: int
    end_us: int
    label: str


class NextItem(Answer):
    """The item that a reader has before them; null when all is read, or while something is wanted of them first.

    `hold` says what: the newest guideline acknowledged, a test that was failed and needs an owner, a test that has no
    items. `marks` are what the reading begins with.
    """

    item: Item | None
    hold: Literal["guideline", "failed", "no test"] | None
    of_test: bool
    guideline: Annotated[int, Field(description="Newest version of the guideline; 0 for none")]
    n_right: Annotated[int, Field(description="Of the test that was failed")]
    n_items: int
    is_assisted: bool
    marks: list[Mark]


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


class Audit(Answer):
    """An item that waits for an auditor, why it was drawn, and what was decided of it."""

    item: Item
    why: str
    answer: str
    marks: list[Mark]


class Drawn(Answer):
    """How many items were put before auditors, and how many would tell the error rate as precisely as asked."""

    n_items: int
    n_for_precision: int | None


class Test(Answer):
    """Items of a test that a reader was given."""

    n_items: int


class Codes(Answer):
    """The error taxonomy of a project."""

    codes: list[str]


class Lesson(Answer):
    """What one said of an item, and what it is known to be."""

    item: Item
    answer: str
    marks: list[Mark]
    known_answer: str
    known: list[Mark]


class Acknowledged(Answer):
    """The version that one has acknowledged."""

    version: int


class Clause(Answer):
    """A numbered piece of a guideline, and the labels that it is about."""

    number: str
    title: str
    labels: list[str]
    text: str


class ChangedClause(Answer):
    """A clause that is new, changed or gone, and the labels that it touches."""

    number: str
    title: str
    how: str
    labels: list[str]


class Guideline(Answer):
    """A version of the guideline; `acknowledged` is the newest version that the person has acknowledged."""

    version: int
    body: str
    why: str
    published_us: int
    acknowledged: int
    clauses: list[Clause]


class Published(Answer):
    """A new version, and which clauses are other than before."""

    version: int
    changed: list[ChangedClause]


class ReadAgain(Answer):
    """How many items are to be read again; dealing gives them to readers."""

    n_items: int


class Signature(Answer):
    """Who stands for a version, in which role, and what they mean by it."""

    role: str
    meaning: str
    login: str
    sha256: str
    at_us: int


class Release(Answer):
    """A version of the project's data; a researcher sees those that an owner has signed."""

    version: str
    sha256: Annotated[str, Field(description="Of SHA256SUMS, which lists every file")]
    n_records: int
    n_patients: int
    accepted: list[str]
    exceptions: list[str]
    created_us: int
    signatures: list[Signature]
