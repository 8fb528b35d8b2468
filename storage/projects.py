"""Projects: what is read together, who may do what in one, and by which name readers stand in its results."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - a NamedTuple's annotations may be asked for
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import msgspec
from psycopg.types.json import Jsonb

from storage import audit, queries, users
from storage.annotation_row import Actor
from storage.errors import ConstraintError, UnknownRowError
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("projects")

ProjectRole = Literal["owner", "adjudicator", "reader", "auditor", "monitor", "researcher"]
PROJECT_ROLES: tuple[ProjectRole, ...] = get_args(ProjectRole)
ReaderKind = Literal["person", "imported", "machine", "consensus"]

RULE = Actor(None, "rule")
"""Who merges readings that differ by little."""
TOLERANCE_US = 150_000
"""How far apart two marks of one beat may lie: ANSI/AAMI EC57."""
MAX_TOLERANCE_US = 10_000_000
MAX_DESCRIPTION = 2_000
MAX_CODES = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_READER_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


class ProjectRow(msgspec.Struct, frozen=True):
    """A project.

    Parameters
    ----------
    tolerance_us : how far apart two readers may mark one beat or landmark.
    n_readers, double_share : readers of an item that several read, and the share of such items.
    critical : labels of which no rule decides any difference.
    gold_share, repeat_share : of what a reader is given, the shares whose truth is known, and that they read before.
    assisted_share : share of items that begin with what machines say.
    pass_mark : least share of right answers in the entrance test, of all and of each label; None: no test.
    qualified_days : how long a passed test holds.
    audit_limit : greatest share of audited items that may be overturned in a release; None: no rule.
    targets : by label or class the least agreement: alpha of beats and answers, IoU of spans.
    due_us : until when it is to be read; readers are told, and nothing closes by itself.
    codes : the error taxonomy, "/" between levels.
    """

    id: int
    name: str
    description: str
    tolerance_us: int
    created_us: int
    created_by: str
    n_readers: int
    double_share: float
    critical: list[str]
    gold_share: float
    repeat_share: float
    assisted_share: float
    pass_mark: float | None
    qualified_days: int
    audit_limit: float | None
    targets: dict[str, float]
    due_us: int | None
    codes: list[str]


class Design(NamedTuple):
    """How a project is read; see `ProjectRow`."""

    n_readers: int = 2
    double_share: float = 1.0
    gold_share: float = 0.0
    repeat_share: float = 0.0
    assisted_share: float = 0.0
    pass_mark: float | None = None
    qualified_days: int = 365
    audit_limit: float | None = None
    targets: Mapping[str, float] = MappingProxyType({})
    due_us: int | None = None


class ProjectSummary(NamedTuple):
    """A project and how much is in it."""

    project: ProjectRow
    n_items: int
    n_readers: int
    n_readings: int


class MemberRow(msgspec.Struct, frozen=True):
    """A role that a person holds in a project."""

    login: str
    role: ProjectRole
    since_us: int
    added_by: str


class ReaderRow(msgspec.Struct, frozen=True):
    """Who reads in a project, by the name that results show; `user_id` of persons only."""

    id: int
    project_id: int
    name: str
    kind: ReaderKind
    user_id: int | None


def create(
    conn: Connection[TupleRow], *, name: str, actor: Actor, description: str = "", tolerance_us: int = TOLERANCE_US
) -> ProjectRow:
    """Make a project, whose owner is whoever makes it, where that is a person with an account.

    Raises
    ------
    ConstraintError : if the name is taken or none, or the tolerance is not within 0 to 10 s.
    """
    _check_new(name, description, tolerance_us)
    values = {"name": name, "description": description, "tolerance_us": tolerance_us, "login": actor.login}
    row = fetch_one(conn, _SQL["create"], values)
    if row is None:
        msg = f"name of a project must be a free one, {name!r} is taken"
        raise ConstraintError(msg)
    project = ProjectRow(*row)
    audit.record(conn, actor, "project-created", f"project {name}")
    if actor.user_id is not None:
        conn.execute(_SQL["give_role"], _role(project, actor.user_id, "owner", actor))
    return project


def _check_new(name: str, description: str, tolerance_us: int) -> None:
    if not _NAME.fullmatch(name):
        msg = f"name of a project must be 1 to 64 letters, digits, '.', '_' and '-', the first no sign, got {name!r}"
        raise ConstraintError(msg)
    if len(description) > MAX_DESCRIPTION:
        msg = f"description of a project must have at most {MAX_DESCRIPTION} characters, got {len(description)}"
        raise ConstraintError(msg)
    if not 0 <= tolerance_us <= MAX_TOLERANCE_US:
        msg = f"tolerance of a project must be within [0, {MAX_TOLERANCE_US}] us, got {tolerance_us}"
        raise ConstraintError(msg)


def set_design(conn: Connection[TupleRow], project: ProjectRow, design: Design, *, actor: Actor) -> ProjectRow:
    """Say how items are read from now on; items dealt out before stay as they are.

    Raises
    ------
    ConstraintError : if it is not 1 to 20 readers, or a share is not within its bounds.
    """
    said = {**design._asdict(), "targets": dict(design.targets)}
    conn.execute(_SQL["set_design"], {"id": project.id, **said, "targets": Jsonb(said["targets"])})
    audit.record(conn, actor, "design-set", f"project {project.name}", said)
    return by_id(conn, project.id)


def design_of(project: ProjectRow) -> Design:
    """How a project is read now."""
    return Design(**{name: getattr(project, name) for name in Design._fields})


def set_codes(conn: Connection[TupleRow], project: ProjectRow, codes: Sequence[str], *, actor: Actor) -> ProjectRow:
    """Give a project its own error taxonomy; decisions made before keep the code that they have.

    Raises
    ------
    ConstraintError : if there is none, or one is no name or there twice.
    """
    wrong = next((code for code in codes if not _READER_NAME.fullmatch(code)), None)
    if not codes or len(set(codes)) < len(codes) or len(codes) > MAX_CODES or wrong is not None:
        got = f"{len(codes)}" if wrong is None else repr(wrong)[:100]
        msg = f"codes must be 1 to {MAX_CODES} different names of at most 64 characters, got {got}"
        raise ConstraintError(msg)
    conn.execute(_SQL["set_codes"], {"id": project.id, "codes": list(codes)})
    audit.record(conn, actor, "codes-set", f"project {project.name}", {"codes": list(codes)})
    return by_id(conn, project.id)


def named(conn: Connection[TupleRow], name: str) -> ProjectRow:
    """The project of that name.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    return _found(fetch_one(conn, _SQL["by_name"], {"name": name}), repr(name))


def by_id(conn: Connection[TupleRow], project_id: int) -> ProjectRow:
    """The project of that number.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    return _found(fetch_one(conn, _SQL["by_id"], {"id": project_id}), f"number {project_id}")


def _found(row: TupleRow | None, what: str) -> ProjectRow:
    if row is None:
        msg = f"project must be one that there is, got {what}"
        raise UnknownRowError(msg)
    return ProjectRow(*row)


def lock(conn: Connection[TupleRow], project: ProjectRow) -> None:
    """Let changes of a project take turns, until the transaction ends."""
    conn.execute(_SQL["lock_project"], {"project_id": project.id})


def listed(conn: Connection[TupleRow], *, of_user: int | None = None) -> list[ProjectSummary]:
    """Projects in the order of names; of a user only those in which they hold a role."""
    rows = fetch(conn, _SQL["listed"], {"user_id": of_user})
    return [ProjectSummary(ProjectRow(*row[:-3]), *row[-3:]) for row in rows]


def give_role(conn: Connection[TupleRow], project: ProjectRow, login: str, role: ProjectRole, *, actor: Actor) -> None:
    """Let a person do what the role allows, beside what they may already.

    Raises
    ------
    UnknownRowError : if there is no such login.
    ConstraintError : if there is no such role.
    """
    _check_role(role)
    user = users.named(conn, login)
    if conn.execute(_SQL["give_role"], _role(project, user.id, role, actor)).rowcount:
        audit.record(conn, actor, "role-given", f"project {project.name}", {"login": login, "role": role})
    if role == "reader" and not any(one.user_id == user.id for one in readers(conn, project.id)):
        enrol(conn, project, user.id)


def take_role(conn: Connection[TupleRow], project: ProjectRow, login: str, role: ProjectRole, *, actor: Actor) -> None:
    """Take a role back.

    Raises
    ------
    UnknownRowError : if there is no such login.
    ConstraintError : if the person does not hold it, or is the last owner.
    """
    _check_role(role)
    user = users.named(conn, login)
    lock(conn, project)  # or two owners would let each other go
    if not conn.execute(_SQL["take_role"], _role(project, user.id, role, actor)).rowcount:
        msg = f"role must be one that {login!r} holds in {project.name!r}, got {role!r}"
        raise ConstraintError(msg)
    if role == "owner" and not fetch_value(conn, _SQL["n_owners"], {"project_id": project.id}):
        msg = f"project {project.name!r} must keep an owner, {login!r} is the last"
        raise ConstraintError(msg)
    audit.record(conn, actor, "role-taken", f"project {project.name}", {"login": login, "role": role})


def _check_role(role: str) -> None:
    if role not in PROJECT_ROLES:
        msg = f"role in a project must be one of {', '.join(PROJECT_ROLES)}, got {role!r}"
        raise ConstraintError(msg)


def _role(project: ProjectRow, user_id: int, role: str, actor: Actor) -> dict[str, object]:
    return {"project_id": project.id, "user_id": user_id, "role": role, "login": actor.login}


def roles_of(conn: Connection[TupleRow], project_id: int, user_id: int) -> frozenset[ProjectRole]:
    """What a person may do in a project; nothing where they are no member."""
    rows = fetch(conn, _SQL["roles_of"], {"project_id": project_id, "user_id": user_id})
    return frozenset(role for (role,) in rows)


def members(conn: Connection[TupleRow], project_id: int) -> list[MemberRow]:
    """Everybody who holds a role, in the order of logins."""
    return [MemberRow(*row) for row in fetch(conn, _SQL["members"], {"project_id": project_id})]


def ensure_reader(
    conn: Connection[TupleRow], project: ProjectRow, name: str, kind: ReaderKind, *, user_id: int | None = None
) -> ReaderRow:
    """The reader of that name, new or known.

    Raises
    ------
    ConstraintError : if the name is that of another kind of reader or of another person, or the person has another.
    """
    if not _READER_NAME.fullmatch(name):
        msg = f"name of a reader must be 1 to 64 characters, none of them a control, got {name!r:.100}"
        raise ConstraintError(msg)
    wanted = {"project_id": project.id, "name": name, "kind": kind, "user_id": user_id}
    conn.execute(_SQL["ensure_reader"], wanted)
    row = fetch_one(conn, _SQL["reader_named"], wanted)
    reader = None if row is None else ReaderRow(*row)
    if reader is None or (reader.kind, reader.user_id) != (kind, user_id):
        what = "the person reads by another name" if reader is None else f"it is that of a reader who is {reader.kind}"
        msg = f"name of a reader must stand for one reader of {project.name!r}, got {name!r}: {what}"
        raise ConstraintError(msg)
    return reader


def enrol(conn: Connection[TupleRow], project: ProjectRow, user_id: int) -> ReaderRow:
    """Give a person the next free pseudonym, R1, R2 ..., by which results show what they read."""
    lock(conn, project)
    taken = {reader.name for reader in readers(conn, project.id)}
    name = next(name for name in (f"R{number}" for number in count(1)) if name not in taken)
    return ensure_reader(conn, project, name, "person", user_id=user_id)


def readers(conn: Connection[TupleRow], project_id: int) -> list[ReaderRow]:
    """Everybody who reads, in the order of names."""
    return [ReaderRow(*row) for row in fetch(conn, _SQL["readers"], {"project_id": project_id})]


def reader_by_id(conn: Connection[TupleRow], project_id: int, reader_id: int) -> ReaderRow:
    """One who reads.

    Raises
    ------
    UnknownRowError : if nobody of that number does.
    """
    found = next((one for one in readers(conn, project_id) if one.id == reader_id), None)
    if found is None:
        msg = f"reader must be one of the project, got number {reader_id}"
        raise UnknownRowError(msg)
    return found
