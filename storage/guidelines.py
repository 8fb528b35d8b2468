"""How a project is to be read: versions of its guideline, and who has acknowledged which."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from storage import audit, projects, queries
from storage.errors import ConstraintError, UnknownRowError
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow

_SQL = queries.load("guidelines")

MAX_CHARACTERS = 200_000
MAX_WHY = 500


class GuidelineRow(msgspec.Struct, frozen=True):
    """A version: its Markdown, and why it was published."""

    version: int
    body: str
    why: str
    login: str
    published_us: int


def publish(conn: Connection[TupleRow], project: ProjectRow, body: str, *, why: str, actor: Actor) -> int:
    """Make a new version, which is never changed; gives its number.

    Raises
    ------
    ConstraintError : if there is no text, no reason, too much of either, or nothing is other than it was.
    """
    for what, text, at_most in (("guideline", body, MAX_CHARACTERS), ("reason", why, MAX_WHY)):
        if not text.strip() or len(text) > at_most:
            msg = f"{what} must have 1 to {at_most} characters, got {len(text.strip())}"
            raise ConstraintError(msg)
    projects.lock(conn, project)
    before = newest(conn, project.id)
    if before is not None and before.body == body:
        msg = f"a new version must differ from version {before.version}, got the same text"
        raise ConstraintError(msg)
    values = {"project_id": project.id, "body": body, "why": why, "user_id": actor.user_id, "login": actor.login}
    version = int(fetch_value(conn, _SQL["publish"], values))
    digest = hashlib.sha256(body.encode()).hexdigest()
    audit.record(conn, actor, "guideline-published", f"project {project.name}", {"version": version, "sha256": digest})
    return version


def newest(conn: Connection[TupleRow], project_id: int) -> GuidelineRow | None:
    """The newest version; None while there is none."""
    row = fetch_one(conn, _SQL["version"], {"project_id": project_id, "version": None})
    return None if row is None else GuidelineRow(*row)


def of_version(conn: Connection[TupleRow], project_id: int, version: int) -> GuidelineRow:
    """One version.

    Raises
    ------
    UnknownRowError : if there is none of that number.
    """
    row = fetch_one(conn, _SQL["version"], {"project_id": project_id, "version": version})
    if row is None:
        msg = f"version of the guideline must be one that there is, got {version}"
        raise UnknownRowError(msg)
    return GuidelineRow(*row)


def versions(conn: Connection[TupleRow], project_id: int) -> list[GuidelineRow]:
    """All versions, the newest first, without their texts."""
    return [GuidelineRow(*row) for row in fetch(conn, _SQL["versions"], {"project_id": project_id})]


def acknowledge(conn: Connection[TupleRow], project: ProjectRow, version: int, *, actor: Actor) -> None:
    """Note that somebody has read a version: the newest.

    Raises
    ------
    ConstraintError : if it is not the newest any more.
    """
    now = fetch_value(conn, _SQL["newest"], {"project_id": project.id})
    if version != now:
        msg = f"the newest version is acknowledged, {now}, got {version}"
        raise ConstraintError(msg)
    values = {"project_id": project.id, "version": version, "user_id": actor.user_id}
    if conn.execute(_SQL["acknowledge"], values).rowcount:
        audit.record(conn, actor, "guideline-acknowledged", f"project {project.name}", {"version": version})


def acknowledged(conn: Connection[TupleRow], project_id: int, user_id: int) -> tuple[int, int]:
    """The newest version that a person has acknowledged, and the newest that there is; 0 where there is none."""
    values = {"project_id": project_id, "user_id": user_id}
    return fetch_value(conn, _SQL["acknowledged"], values), fetch_value(conn, _SQL["newest"], values)
