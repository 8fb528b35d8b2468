"""What a row of annotations, of their history, and a person who edits look like."""

from __future__ import annotations

import uuid
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from psycopg.rows import no_result

from signal_processing.values import Annotator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Cursor
    from psycopg.rows import RowMaker

STATUSES = ("proposed", "confirmed", "corrected", "rejected", "ambiguous", "withdrawn")
"""What can be said of an annotation; machines only propose, and withdraw what nobody has touched."""
SEVERITIES = ("mild", "moderate", "severe")
CERTAINTIES = ("possible", "probable", "certain")
"""How sure a person is; a machine's is its `confidence`."""


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
    severity, certainty : one of `SEVERITIES`, of `CERTAINTIES`, as a person said; None while nobody did.
    evidence : ids of annotations of the same stream that it rests on, in the order in which they were named.
    signal_changed_us : when samples within it came after it was made; None once a person has revised it since.
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
    signal_changed_us: int | None = None
    severity: str | None = None
    certainty: str | None = None
    evidence: tuple[uuid.UUID, ...] = ()


class Place(NamedTuple):
    """A place in the order in which spans are listed: by start, end and id."""

    start_us: int
    end_us: int
    id: uuid.UUID


class RevisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person did to an annotation.

    Parameters
    ----------
    before : the full state it replaced; None when it made the row.
    after : the full state it left, as far as machines did not extend it since.
    view : what was on the screen (times, leads, filters, gain), as the page told.
    bulk_id : the bulk edit or the acceptance of many that it is part of; None of an edit of this one alone.
    cause_id, cause_revision, cause_action : the revision of another annotation that it follows from, and what that one
        did (`storage.overlaps`).
    split_from : the annotation that this one is the second part of, where this revision made it, undid it or redid it.
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
    bulk_id: uuid.UUID | None = None
    cause_id: uuid.UUID | None = None
    cause_revision: int | None = None
    cause_action: str | None = None
    split_from: uuid.UUID | None = None


_COLUMNS = (
    "id", "stream_id", "stream_name", "group_id", "kind", "label", "channel", "start_us", "end_us", "status", "deleted",
    "revision", "confidence", "figures", "note", "author_kind", "author_name", "author_version", "run_id",
    "origin_sample", "ongoing", "machine_end_us", "urgency", "created_us", "updated_us", "updated_by",
    "signal_changed_us", "severity", "certainty", "evidence",
)  # fmt: skip


def record_row(cursor: Cursor[Any]) -> RowMaker[AnnotationRow]:
    """Row factory of psycopg for the view `annotation_states`.

    A day's spans are hundreds of rows: a call by keywords spelt out takes a third of the time of one with a dict.
    """
    names = [column.name for column in cursor.description or ()]
    if not names:  # psycopg asks before a statement has run as well
        return no_result
    pick = itemgetter(*(names.index(column) for column in _COLUMNS))

    def make(values: Sequence[Any]) -> AnnotationRow:
        (
            identity, stream_id, stream_name, group_id, kind, label, channel, start_us, end_us, status, deleted,
            revision, confidence, figures, note, author_kind, author_name, author_version, run_id,
            origin_sample, ongoing, machine_end_us, urgency, created_us, updated_us, updated_by, signal_changed_us,
            severity, certainty, evidence,
        ) = pick(values)  # fmt: skip
        return AnnotationRow(
            id=identity,
            stream_id=stream_id,
            stream_name=stream_name,
            group_id=group_id,
            kind=kind,
            label=label,
            channel=channel,
            start_us=start_us,
            end_us=end_us,
            status=status,
            deleted=deleted,
            revision=revision,
            confidence=confidence,
            figures=figures,
            note=note,
            author=_annotator(author_kind, author_name, author_version),
            run_id=run_id,
            origin_sample=origin_sample,
            ongoing=ongoing,
            machine_end_us=machine_end_us,
            urgency=urgency,
            created_us=created_us,
            updated_us=updated_us,
            updated_by=updated_by,
            signal_changed_us=signal_changed_us,
            severity=severity,
            certainty=certainty,
            evidence=tuple(evidence),
        )

    return make


@lru_cache(maxsize=256)
def _annotator(kind: Any, name: str, version: str) -> Annotator:
    return Annotator(kind, name, version)


_STATE_FIELDS = (
    "kind", "label", "channel", "start_us", "end_us", "status", "deleted", "revision", "confidence", "figures", "note",
    "ongoing", "machine_end_us", "updated_us", "updated_by", "severity", "certainty", "evidence",
)  # fmt: skip


def state_of(row: AnnotationRow) -> dict[str, Any]:
    """The full state that a revision keeps, as JSON has it: all that can change."""
    state = {field: getattr(row, field) for field in _STATE_FIELDS}
    return state | {"evidence": [str(identity) for identity in row.evidence]}
