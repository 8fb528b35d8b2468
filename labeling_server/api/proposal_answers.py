"""What the API answers about proposals as proposals: many accepted at once, and what one of them rests on.

As `labeling_server.api.answers`, and held against the rows by the same tests.
"""

from __future__ import annotations

import uuid  # noqa: TC003 - pydantic reads it at run time
from typing import Annotated, Any

from pydantic import Field

from labeling_server.api.answers import Answer, Us


class AcceptancePreview(Answer):
    """What an acceptance would do: the counts after `n_given` add up to it."""

    n_given: Annotated[int, Field(description="Proposals that lie in the range and have the label")]
    n_changed: int
    n_emergent: Annotated[int, Field(description="Left, because their urgency is the highest")]
    n_unsure: Annotated[int, Field(description="Left, because the detector was less sure than asked for")]
    n_ongoing: Annotated[int, Field(description="Left, because they still grow")]
    n_overlapping: Annotated[int, Field(description="Left, because something else is decided there, or accepted")]
    by_label: Annotated[dict[str, int], Field(description="How many of each label are accepted")]
    given_by_label: Annotated[dict[str, int], Field(description="How many lie in the range, whatever label was asked")]


class Acceptance(Answer):
    """Proposals that a person accepted at once; counts as in a preview."""

    id: uuid.UUID
    stream_id: int
    label: str | None
    start_us: Us
    end_us: Us
    min_confidence: float
    include_emergent: bool
    n_given: int
    n_changed: int
    n_emergent: int
    n_unsure: int
    n_ongoing: int
    n_overlapping: int
    user_id: int | None
    login: str
    at_us: Us
    view: dict[str, Any]
    updated_us: Us
    undone_us: Us | None
    undone_by: str | None
    n_changed_since: Annotated[int, Field(description="Left by the newest undo or redo: changed meanwhile")]


class DetectorSaw(Answer):
    """What a detector rested its proposal on, as it said it."""

    name: str
    version: str
    parameters: dict[str, Any]
    figures: dict[str, float]
    confidence: float | None


class DetectorScore(Answer):
    """Figures of one version of a detector on a set of records, per cent unless the name says otherwise."""

    detector: str
    version: str
    measured: str
    database: str
    n_records: int
    is_held_out: Annotated[bool, Field(description="Whatever was learned had not seen the records")]
    leads: str
    figures: dict[str, float]


class DetectorScores(Answer):
    """A version of a detector that read a recording."""

    name: str
    version: str
    scores: Annotated[list[DetectorScore], Field(description="Empty: this version was not measured")]


class BeatsSay(Answer):
    """The same figures from the beats as they stand, null where they tell none; confidence also where it needs more."""

    figures: dict[str, float | None]
    confidence: float | None


class SpanFigures(Answer):
    """What a span rests on: what its detector saw, null of a person's own, and what the beats within it say now."""

    id: uuid.UUID
    label: str
    revision: int
    detector: DetectorSaw | None
    now: Annotated[BeatsSay | None, Field(description="Null where the label says nothing of beats")]
    n_beats_decided: Annotated[
        int, Field(description="Beats within that a person added, changed, confirmed or deleted")
    ]
