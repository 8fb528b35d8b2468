"""Audits: closed items that somebody who had no part in them looks at once more, and confirms or overturns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from storage import assignments, audit, projects, queries, readings
from storage.errors import ConstraintError, UnknownRowError
from storage.readings import NOT_KNOWN, Circumstances, ItemRow, ReadingMarks, marks_of
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow
    from storage.readings import Answer

_SQL = queries.load("audits")

AUDIT = "audit"
"""Name of the reader whose readings are what auditors put in the place of a consensus."""
OVERTURNED = "overturned"
Verdict = Literal["confirmed", "overturned"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Candidate(NamedTuple):
    """A closed item that may be drawn: who read it, how fast the fastest was, whether they differed, its labels."""

    item_id: int
    n_readers: int
    seconds: float | None
    was_disputed: bool
    labels: list[str]
    reader_ids: list[int]


class WaitingAudit(NamedTuple):
    """An item to be looked at, why it was drawn, and what its consensus says."""

    item: ItemRow
    why: str
    answer: Answer
    marks: ReadingMarks


class AuditCounts(NamedTuple):
    """Items drawn, looked at, overturned."""

    n_drawn: int
    n_done: int
    n_overturned: int


class OpenPoints(NamedTuple):
    """What is not finished in a project."""

    n_disputed: int
    n_open: int
    n_audits: int
    n_undealt: int


def candidates(conn: Connection[TupleRow], project_id: int) -> list[Candidate]:
    """Closed items that were not drawn yet."""
    rows = fetch(conn, _SQL["candidates"], {"project_id": project_id, "consensus": assignments.CONSENSUS})
    return [Candidate(*row) for row in rows]


def draw(conn: Connection[TupleRow], project: ProjectRow, chosen: Mapping[int, str], *, actor: Actor) -> int:
    """Put items before auditors, each with why it was drawn; gives how many are new."""
    values = {"items": np.array(list(chosen), np.int64), "why": list(chosen.values())}
    n = conn.execute(_SQL["draw"], values).rowcount
    audit.record(conn, actor, "audits-drawn", f"project {project.name}", {"items": n})
    return n


def waiting(conn: Connection[TupleRow], project_id: int, *, user_id: int, limit: int = 20) -> list[WaitingAudit]:
    """What waits for an auditor, of what they neither read nor adjudicated."""
    values = {"project_id": project_id, "user_id": user_id, "limit": limit, "consensus": assignments.CONSENSUS}
    return [
        WaitingAudit(ItemRow(*row[:5]), row[5], row[6], marks_of(*row[7:11]))
        for row in fetch(conn, _SQL["waiting"], values)
    ]


def confirm(conn: Connection[TupleRow], item: ItemRow, *, actor: Actor) -> None:
    """The consensus stands.

    Raises
    ------
    UnknownRowError : if the item was not drawn.
    ConstraintError : if it was decided before, or the person had a part in it.
    """
    _lock(conn, item, actor)
    _decide(conn, item, "confirmed", actor)


def overturn(  # noqa: PLR0913 - a row, and who writes it
    conn: Connection[TupleRow],
    item: ItemRow,
    marks: ReadingMarks,
    *,
    answer: Answer,
    code: str,
    reason: str,
    actor: Actor,
    how: Circumstances = NOT_KNOWN,
) -> None:
    """The auditor's reading takes the place of the consensus, which stays as it was said.

    Raises
    ------
    UnknownRowError, ConstraintError : as `confirm` does; ConstraintError also if the reading breaks a rule.
    """
    _lock(conn, item, actor)
    project = projects.by_id(conn, item.project_id)
    auditor = projects.ensure_reader(conn, project, AUDIT, "consensus")
    reading_id = readings.hand_in(conn, item, auditor, marks, actor=actor, answer=answer, source=OVERTURNED, how=how)
    _decide(conn, item, "overturned", actor, reading_id=reading_id, code=code, reason=reason)


def _lock(conn: Connection[TupleRow], item: ItemRow, actor: Actor) -> None:
    row = fetch_one(conn, _SQL["lock"], {"item_id": item.id})
    if row is None:
        msg = f"item must be one that was drawn for an audit, got number {item.id}"
        raise UnknownRowError(msg)
    if row[0] is not None:
        msg = f"an item is audited once; item {item.id} is {row[0]}"
        raise ConstraintError(msg)
    if fetch_value(conn, _SQL["read_or_judged"], {"item_id": item.id, "user_id": actor.user_id}):
        msg = f"an item is audited by somebody who had no part in it, item {item.id} was read or adjudicated by them"
        raise ConstraintError(msg)


def _decide(
    conn: Connection[TupleRow],
    item: ItemRow,
    verdict: Verdict,
    actor: Actor,
    *,
    reading_id: int | None = None,
    code: str | None = None,
    reason: str | None = None,
) -> None:
    values = {"item_id": item.id, "verdict": verdict, "reading_id": reading_id, "code": code, "reason": reason}
    conn.execute(_SQL["decide"], values | {"user_id": actor.user_id, "login": actor.login})
    audit.record(conn, actor, "audited", f"item {item.id}", {"verdict": verdict, "code": code})


def counts(conn: Connection[TupleRow], project_id: int) -> AuditCounts:
    """How far audits are."""
    return AuditCounts(*(fetch_one(conn, _SQL["counts"], {"project_id": project_id}) or (0, 0, 0)))


def counts_of_readers(conn: Connection[TupleRow], project_id: int) -> dict[str, tuple[int, int]]:
    """By reader what they read of what was audited, and how much of it was overturned."""
    rows = fetch(conn, _SQL["counts_of_readers"], {"project_id": project_id})
    return {name: (n, n_overturned) for name, n, n_overturned in rows}


def open_points(conn: Connection[TupleRow], project_id: int) -> OpenPoints:
    """What is not finished: items in dispute, that are still read, audits that wait, items that nobody was given."""
    return OpenPoints(*(fetch_one(conn, _SQL["open_points"], {"project_id": project_id}) or (0, 0, 0, 0)))
