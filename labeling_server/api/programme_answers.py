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
