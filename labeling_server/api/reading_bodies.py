"""What reading and adjudicating send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from labeling_server.api.bounds import NO_NUL, Microseconds
from labeling_server.api.edit_bodies import Body

MAX_MARKS = 200_000
"""Of one reading over the API: two days of a heart."""

MarkLabel = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]


class MarkBody(Body):
    """A mark; a point has its end at its start."""

    start_us: Microseconds
    end_us: Microseconds
    label: MarkLabel


class ReadingBody(Body):
    """What a reader says of an item: marks come with the answer "read" alone."""

    answer: Literal["read", "ambiguous", "unreadable"]
    marks: Annotated[list[MarkBody], Field(max_length=MAX_MARKS, default_factory=list)]


class AdjudicationBody(ReadingBody):
    """What an adjudicator decides, by which code of the error taxonomy, and why."""

    code: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=NO_NUL)]


class DesignBody(Body):
    """How many read an item, what share of items several read; items that are not dealt out are dealt out."""

    n_readers: Annotated[int, Field(ge=1, le=20)]
    double_share: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
