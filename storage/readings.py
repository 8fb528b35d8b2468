"""What is read in a project, and what each reader said of it: handed in once, and never changed."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import msgspec
import numpy as np
from psycopg.types.json import Jsonb

from storage import audit, audit_trail, queries
from storage.errors import ConstraintError, UnknownRowError
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow, ReaderRow

_SQL = queries.load("readings")

Answer = Literal["read", "ambiguous", "unreadable"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
MAX_MARKS = 1_000_000
"""Of one reading: a week of a heart."""
MAX_LABELS = 1_000


class ItemRow(msgspec.Struct, frozen=True):
    """A piece of a recording, [start_us, end_us) microseconds UTC, that is read as a whole."""

    id: int
    project_id: int
    stream_id: int
    start_us: int
    end_us: int


class ReadingMarks(NamedTuple):
    """Marks of one reading, in any order; a point has its end at its start. Times are microseconds UTC.

    Parameters
    ----------
    starts_us, ends_us, labels : (n,).
    """

    starts_us: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    labels: NDArray[np.str_]

    @classmethod
    def of(cls, marks: Iterable[tuple[int, int, str]]) -> ReadingMarks:
        """Of (start, end, label)."""
        given = list(marks)
        starts, ends = (np.array([mark[side] for mark in given], np.int64) for side in (0, 1))
        return cls(starts, ends, np.array([mark[2] for mark in given], np.str_))


class Circumstances(NamedTuple):
    """How an item was read: under which version of the guideline, how long, with what shown, in which view."""

    guideline: int | None = None
    seconds: float | None = None
    is_assisted: bool | None = None
    view: Mapping[str, Any] | None = None


NOT_KNOWN = Circumstances()


class StoredReading(NamedTuple):
    """One reader's reading of one item, as results take it; marks in order of their starts.

    Parameters
    ----------
    code, reason : of a decision by an adjudicator or an auditor.
    patient : pseudonym, or where there is none the stream, which then counts as a patient of its own.
    """

    item: ItemRow
    stream_name: str
    patient: str
    reader: str
    answer: Answer
    marks: ReadingMarks
    source: str = ""
    how: Circumstances = NOT_KNOWN
    device: str = ""
    at_us: int = 0
    code: str = ""
    reason: str = ""


class Place(NamedTuple):
    """Where an item lies."""

    item: ItemRow
    stream_name: str


def ensure_item(conn: Connection[TupleRow], project: ProjectRow, stream_id: int, start_us: int, end_us: int) -> ItemRow:
    """The item at that place, new or known.

    Raises
    ------
    ConstraintError : if it does not end after it starts.
    """
    wanted = {"project_id": project.id, "stream_id": stream_id, "start_us": start_us, "end_us": end_us}
    conn.execute(_SQL["ensure_item"], wanted)
    row = fetch_one(conn, _SQL["item_at"], wanted)
    assert row is not None  # noqa: S101 - it was there or was made
    return ItemRow(*row)


def item(conn: Connection[TupleRow], item_id: int) -> ItemRow:
    """The item of that number.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    row = fetch_one(conn, _SQL["item"], {"id": item_id})
    if row is None:
        msg = f"item must be one that there is, got number {item_id}"
        raise UnknownRowError(msg)
    return ItemRow(*row)


def hand_in(  # noqa: PLR0913 - a row, and who writes it
    conn: Connection[TupleRow],
    item: ItemRow,
    reader: ReaderRow,
    marks: ReadingMarks,
    *,
    actor: Actor,
    answer: Answer = "read",
    source: str = "",
    how: Circumstances = NOT_KNOWN,
) -> int:
    """Store what a reader said of an item; gives its number.

    Raises
    ------
    ConstraintError : if the reader has handed it in before, a mark lies outside of the item or ends before it starts,
        two spans of one label overlap, an answer other than "read" comes with marks, or there are too many.
    """
    _check(item, answer, marks)
    order = np.lexsort((marks.labels, marks.ends_us, marks.starts_us))
    names, codes = np.unique(marks.labels[order], return_inverse=True)
    values = {
        "project_id": item.project_id,
        "item_id": item.id,
        "reader_id": reader.id,
        "answer": answer,
        "starts_us": marks.starts_us[order],
        "ends_us": marks.ends_us[order],
        "names": names.tolist(),
        "codes": codes.astype(np.int16),
        "source": source,
        "user_id": actor.user_id,
        "login": actor.login,
        **how._asdict(),
        "view": None if how.view is None else Jsonb(dict(how.view)),
    }
    row = fetch_one(conn, _SQL["hand_in"], values)
    if row is None:
        msg = f"a reading is handed in once, {reader.name!r} has read item {item.id} before"
        raise ConstraintError(msg)
    reading_id = int(row[0])
    detail = {"reading": reading_id, "sha256": audit_trail.reading_digest(conn, reading_id)}
    audit.record(conn, actor, audit_trail.HANDED_IN, f"item {item.id}", detail)
    return reading_id


def _check(item: ItemRow, answer: str, marks: ReadingMarks) -> None:
    if answer not in ANSWERS:
        msg = f"answer must be one of {', '.join(ANSWERS)}, got {answer!r}"
        raise ConstraintError(msg)
    n = len(marks.starts_us)
    if n and answer != "read":
        msg = f"an item called {answer} must come without marks, got {n}"
        raise ConstraintError(msg)
    if n > MAX_MARKS:
        msg = f"a reading must have at most {MAX_MARKS} marks, got {n}"
        raise ConstraintError(msg)
    wrong = (marks.starts_us < item.start_us) | (marks.ends_us > item.end_us) | (marks.ends_us < marks.starts_us)
    if np.any(wrong):
        at = int(np.flatnonzero(wrong)[0])
        got = f"{str(marks.labels[at])!r} [{marks.starts_us[at]}, {marks.ends_us[at]})"
        msg = f"a mark must lie within its item, [{item.start_us}, {item.end_us}) us, got {got}"
        raise ConstraintError(msg)
    _check_overlaps(marks)
    n_labels = len(set(marks.labels.tolist()))
    if n_labels > MAX_LABELS or "" in marks.labels:
        msg = f"a reading must have at most {MAX_LABELS} different labels, none of them empty, got {n_labels}"
        raise ConstraintError(msg)


def _check_overlaps(marks: ReadingMarks) -> None:
    """Spans of one label that overlap would count time twice; points may stand anywhere."""
    order = np.lexsort((marks.starts_us, marks.labels))
    order = order[marks.ends_us[order] > marks.starts_us[order]]
    starts, ends, labels = marks.starts_us[order], marks.ends_us[order], marks.labels[order]
    wrong = np.flatnonzero((labels[1:] == labels[:-1]) & (starts[1:] < ends[:-1]))
    if len(wrong):
        at = int(wrong[0])
        got = f"[{starts[at]}, {ends[at]}) and [{starts[at + 1]}, {ends[at + 1]})"
        msg = f"spans of one label must not overlap in a reading, got {str(labels[at])!r} at {got} us"
        raise ConstraintError(msg)


def newest(conn: Connection[TupleRow], project_id: int) -> int:
    """The greatest number of a reading of the project, 0 while there is none: whatever rests on them is as new."""
    return int(fetch_value(conn, _SQL["newest"], {"project_id": project_id}))


def of_project(conn: Connection[TupleRow], project_id: int) -> list[StoredReading]:
    """Every reading, in the order of streams, items and readers."""
    return [_reading(project_id, row) for row in fetch(conn, _SQL["of_project"], {"project_id": project_id})]


def _reading(project_id: int, row: TupleRow) -> StoredReading:
    item_id, stream_id, stream_name, patient, start_us, end_us, reader, answer = row[:8]
    item = ItemRow(item_id, project_id, stream_id, start_us, end_us)
    source, *how = row[12:17]
    marks, given = marks_of(*row[8:12]), Circumstances(*how)
    return StoredReading(item, stream_name, patient, reader, answer, marks, source, given, *row[17:])


def marks_of(starts: list[int], ends: list[int], names: list[str], codes: list[int]) -> ReadingMarks:
    """Marks as a row has them."""
    labels = np.array(names, np.str_)[np.array(codes, np.intp)]
    return ReadingMarks(np.array(starts, np.int64), np.array(ends, np.int64), labels)


def not_read_by(conn: Connection[TupleRow], project: ProjectRow, reader: ReaderRow) -> list[ItemRow]:
    """Items that a reader has not read yet; not what is read again, nor the entrance test."""
    rows = fetch(conn, _SQL["not_read_by"], {"project_id": project.id, "reader_id": reader.id})
    return [ItemRow(*row) for row in rows]


def places(conn: Connection[TupleRow], project_id: int, item_ids: Sequence[int]) -> dict[int, Place]:
    """Where items of the project lie, by their number."""
    rows = fetch(conn, _SQL["places"], {"project_id": project_id, "ids": np.array(item_ids, np.int64)})
    return {
        item_id: Place(ItemRow(item_id, project_id, stream_id, start_us, end_us), name)
        for item_id, stream_id, name, start_us, end_us in rows
    }
