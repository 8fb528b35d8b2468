"""What a row of annotations, of their history, and a person who edits look like."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from signal_processing.values import Annotator

STATUSES = ("proposed", "confirmed", "corrected", "rejected", "ambiguous", "withdrawn")
"""What can be said of an annotation; machines only propose, and withdraw what nobody has touched."""


class Actor(msgspec.Struct, frozen=True):
    """Who does something: a user, or a program acting for somebody without an account (`user_id` None)."""

    user_id: int | None
    login: str


class AnnotationRow(msgspec.Struct, frozen=True, kw_only=True):
    """The current state of a span, an event, or a beat that a person touched. Times are microseconds UTC, half-open.

    Parameters
    ----------
    revision : 0 until a person touched it; what `revise` expects.
    author : who made it first; a person's edits leave it.
    ongoing : the machine had not seen the end yet.
    machine_end_us : the newest end the machine said, also after a person set another.
    origin_sample : of a machine beat that a person touched, where the machine had put it.
    updated_by : login, or the machine's name.
    """

    id: uuid.UUID
    stream_id: int
    stream_name: str
    group_id: int
    kind: str
    label: str
    channel: str | None
    start_us: int
    end_us: int
    status: str
    deleted: bool
    revision: int
    confidence: float | None
    figures: dict[str, float]
    note: str
    author: Annotator
    run_id: int | None
    origin_sample: int | None
    ongoing: bool
    machine_end_us: int | None
    urgency: int
    created_us: int
    updated_us: int
    updated_by: str


class RevisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person did to an annotation.

    Parameters
    ----------
    before : the full state it replaced; None when it made the row.
    after : the full state it left, as far as machines did not extend it since.
    view : what was on the screen (times, leads, filters, gain), as the page told.
    """

    annotation_id: uuid.UUID
    revision: int
    action: str
    user_id: int | None
    login: str
    at_us: int
    before: dict[str, Any] | None
    after: dict[str, Any]
    view: dict[str, Any]


def from_record(author_kind: str, author_name: str, author_version: str, **fields: Any) -> AnnotationRow:
    """The row of one record of the view `annotation_states`."""
    del fields["length_class"]
    author = Annotator(author_kind, author_name, author_version)  # type: ignore[arg-type]  # the table's CHECK holds it
    return AnnotationRow(author=author, **fields)


_STATE_FIELDS = (
    "kind", "label", "channel", "start_us", "end_us", "status", "deleted", "revision", "confidence", "figures", "note",
    "ongoing", "machine_end_us", "updated_us", "updated_by",
)  # fmt: skip


def state_of(row: AnnotationRow) -> dict[str, Any]:
    """The full state that a revision keeps: all that can change."""
    return {field: getattr(row, field) for field in _STATE_FIELDS}
