"""Versions of a project's data that were given away."""

from __future__ import annotations

import re
from collections.abc import Sequence  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from storage import audit, queries
from storage.errors import ConstraintError, UnknownRowError
from storage.rows import fetch, fetch_value

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow

_SQL = queries.load("releases")

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,31}")


class ReleaseRow(msgspec.Struct, frozen=True):
    """A version: `sha256` of its SHA256SUMS; `accepted` names findings that a person has let pass.

    `exceptions` says what was open when an owner released it all the same, and why.
    """

    version: str
    sha256: str
    n_records: int
    n_patients: int
    accepted: list[str]
    login: str
    created_us: int
    exceptions: list[str]


class SignatureRow(msgspec.Struct, frozen=True):
    """Somebody stands for a version: in which role, what they mean by it; `sha256` is of what they signed."""

    version: str
    role: str
    meaning: str
    login: str
    sha256: str
    at_us: int


class CohortStream(NamedTuple):
    """A stream that items of a project lie in; `patient` is the stream itself where nobody is named."""

    stream_id: int
    name: str
    patient: str
    birth_year: int | None
    sex: str | None
    synthetic: bool
    note: str


class NewRelease(NamedTuple):
    """What a version holds: `sha256` of its SHA256SUMS; `accepted` names findings that a person has let pass."""

    version: str
    sha256: str
    n_records: int
    n_patients: int
    accepted: Sequence[str]
    exceptions: Sequence[str] = ()


def check_version(version: str) -> None:
    """Raise ConstraintError for what is no version, before anything is written for it."""
    if not _VERSION.fullmatch(version):
        msg = f"version must be 1 to 32 letters, digits, '.', '+' and '-', the first no sign, got {version!r:.100}"
        raise ConstraintError(msg)


def record(conn: Connection[TupleRow], project: ProjectRow, new: NewRelease, *, actor: Actor) -> bool:
    """Note that a version was made; False where it was before, of the same content.

    Raises
    ------
    ConstraintError : if the version was made before of other content, or is no version.
    """
    values = {
        **new._asdict(),
        "accepted": list(new.accepted),
        "exceptions": list(new.exceptions),
        "project_id": project.id,
        "user_id": actor.user_id,
        "login": actor.login,
    }
    if conn.execute(_SQL["record"], values).rowcount:
        audit.record(conn, actor, "released", f"project {project.name}", {"version": new.version, "sha256": new.sha256})
        return True
    if fetch_value(conn, _SQL["digest"], {"project_id": project.id, "version": new.version}) != new.sha256:
        msg = (
            f"version {new.version!r} of {project.name!r} was released with other content: a new one needs a new number"
        )
        raise ConstraintError(msg)
    return False


def listed(conn: Connection[TupleRow], project_id: int) -> list[ReleaseRow]:
    """The versions of a project, the oldest first."""
    return [ReleaseRow(*row) for row in fetch(conn, _SQL["listed"], {"project_id": project_id})]


def cohort(conn: Connection[TupleRow], project_id: int) -> list[CohortStream]:
    """What the items of a project lie in, in the order of names."""
    return [CohortStream(*row) for row in fetch(conn, _SQL["streams"], {"project_id": project_id})]


def named(conn: Connection[TupleRow], project: ProjectRow, version: str) -> ReleaseRow:
    """One version.

    Raises
    ------
    UnknownRowError : if there is none of that name.
    """
    found = next((one for one in listed(conn, project.id) if one.version == version), None)
    if found is None:
        msg = f"version must be one that was released of {project.name!r}, got {version!r:.100}"
        raise UnknownRowError(msg)
    return found


def sign(
    conn: Connection[TupleRow], project: ProjectRow, version: str, *, role: str, meaning: str, actor: Actor
) -> None:
    """Stand for a version, once.

    Raises
    ------
    UnknownRowError : if there is none of that name.
    ConstraintError : if the person has signed it before.
    """
    release = named(conn, project, version)
    values = {"project_id": project.id, "version": version, "role": role, "meaning": meaning}
    if not conn.execute(_SQL["sign"], values | {"user_id": actor.user_id, "login": actor.login}).rowcount:
        msg = f"a version is signed once by each person, {actor.login!r} has signed {version!r} before"
        raise ConstraintError(msg)
    detail = {"version": version, "role": role, "sha256": release.sha256}
    audit.record(conn, actor, "release-signed", f"project {project.name}", detail)


def signatures(conn: Connection[TupleRow], project_id: int) -> list[SignatureRow]:
    """Who signed which version, in the order of time."""
    return [SignatureRow(*row) for row in fetch(conn, _SQL["signatures"], {"project_id": project_id})]
