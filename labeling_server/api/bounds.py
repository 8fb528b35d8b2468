"""What numbers and texts of a request may be: every route and every body takes its fields from here.

What these refuse never reaches the database: an integer beyond its column, a NUL that PostgreSQL cannot store, half of
a surrogate pair that no UTF-8 holds. The bounds stand in the description at /api/openapi.json as well.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from ingest.wire import MAX_SEQ
from storage.evidence import MAX_LINKS

MAX_ROW_ID = 2**31 - 1
"""The largest `integer` of PostgreSQL, which ids of streams, groups and runs are."""
MAX_EXACT = 2**53 - 1
"""The largest integer that a page counts exactly; microseconds reach it in the year 2255."""
MAX_SAMPLE = MAX_SEQ
"""The largest sample index that a device may send."""
MAX_LABEL_NUMBER = 2**15 - 1
"""The largest `smallint` of PostgreSQL, which numbers of labels are."""
MAX_NOTE = 4_000
"""Characters of a comment."""
MAX_VIEW_CHARACTERS = 16_000
"""Of all names and texts of a view: it stands in the history of an annotation for good."""
MAX_VIEW_VALUES = 2_000
MAX_VIEW_DEPTH = 6

NO_NUL = r"^[^\u0000]*$"
"""Text that PostgreSQL can store."""

RowId = Annotated[int, Field(ge=1, le=MAX_ROW_ID)]
"""Of a stream, a channel group or a detector run."""
Sample = Annotated[int, Field(ge=0, le=MAX_SAMPLE, description="Index of a sample in its channel group")]
Microseconds = Annotated[int, Field(ge=0, le=MAX_EXACT, description="Microseconds UTC since 1970")]
Revision = Annotated[int, Field(ge=0, le=MAX_ROW_ID)]
LabelNumber = Annotated[int, Field(ge=0, le=MAX_LABEL_NUMBER, description="Number of a label in the vocabulary")]

Confidence = Annotated[float, Field(ge=0, le=1, description="How sure the detector must have been")]

Label = Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)]
ChannelName = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]
Note = Annotated[str, Field(max_length=MAX_NOTE, pattern=NO_NUL)]
Evidence = Annotated[
    list[Annotated[UUID, Field(strict=False)]],
    Field(max_length=MAX_LINKS, description="Ids of annotations of the same stream that it rests on, each once"),
]


def checked_view(view: dict[str, Any]) -> dict[str, Any]:
    """A picture of the screen as it can be kept and read again.

    Raises
    ------
    ValueError : if it is too deep, has too much in it, or holds what jsonb or an exact number cannot.
    """
    n_values = n_characters = 0
    waiting: list[tuple[Any, int]] = [(view, 1)]
    while waiting:
        value, depth = waiting.pop()
        n_values += 1
        if depth > MAX_VIEW_DEPTH or n_values > MAX_VIEW_VALUES:
            msg = f"a view must hold at most {MAX_VIEW_VALUES} values, at most {MAX_VIEW_DEPTH} deep, got more"
            raise ValueError(msg)
        if isinstance(value, dict):
            waiting += [(item, depth + 1) for pair in value.items() for item in pair]
        elif isinstance(value, list):
            waiting += [(item, depth + 1) for item in value]
        elif isinstance(value, str):
            n_characters += _n_storable(value)
        elif isinstance(value, int | float):
            _check_number(value)
    if n_characters > MAX_VIEW_CHARACTERS:
        msg = f"texts of a view must have at most {MAX_VIEW_CHARACTERS} characters, got {n_characters}"
        raise ValueError(msg)
    return view


def _n_storable(text: str) -> int:
    if "\x00" in text or not _is_unicode(text):
        msg = "texts of a view must hold no NUL and no half of a surrogate pair, got one"
        raise ValueError(msg)
    return len(text)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_number(value: float) -> None:
    """What jsonb gives back beyond it, JSON decoders read as another number, or not at all."""
    if not abs(value) <= MAX_EXACT:  # NaN is not either
        msg = f"numbers of a view must be within +-{MAX_EXACT}, got {value!r:.40}"
        raise ValueError(msg)


View = Annotated[
    dict[str, Any], Field(default_factory=dict, description="What was on the screen"), AfterValidator(checked_view)
]
