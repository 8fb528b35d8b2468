"""What people do with their own accounts: sessions that they see and end, passwords that they change, invitations.

Tokens are kept as SHA-256: whoever reads the database cannot sign in with what stands there.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import msgspec

from storage import audit, queries, users
from storage.errors import ConstraintError, UnknownRowError
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.users import Role, UserRow

_SQL = queries.load("accounts")

SEEN_STEP_US = 300_000_000
"""How exactly it is known when a session was seen last: not every request writes."""
INVITATION_US = 7 * 86_400_000_000
MAX_AGENT = 200


class SessionRow(msgspec.Struct, frozen=True):
    """A session of a person; `is_this` where it is the one that asks."""

    id: int
    address: str
    agent: str
    began_us: int
    seen_us: int
    is_this: bool


def begin_session(conn: Connection[TupleRow], user: UserRow, token: str, *, address: str, agent: str) -> None:
    """Note that somebody signed in."""
    values = {"user_id": user.id, "token_hash": _hash(token), "address": address, "agent": agent[:MAX_AGENT]}
    conn.execute(_SQL["begin"], values)


def standing(conn: Connection[TupleRow], token: str) -> UserRow | None:
    """Whose session it is; None where there is none, or it was ended."""
    row = fetch_one(conn, _SQL["standing"], {"token_hash": _hash(token), "step_us": SEEN_STEP_US})
    if row is None:
        return None
    if row[5]:
        conn.execute(_SQL["seen"], {"token_hash": _hash(token)})
    return users.UserRow(*row[:5])


def end_session(conn: Connection[TupleRow], token: str) -> None:
    """Sign out."""
    conn.execute(_SQL["end_one"], {"token_hash": _hash(token)})


def end_session_of(conn: Connection[TupleRow], session_id: int, *, actor: Actor) -> None:
    """Sign oneself out somewhere else.

    Raises
    ------
    UnknownRowError : if it is no session of theirs that still stands.
    """
    if not conn.execute(_SQL["end_by_id"], {"id": session_id, "user_id": actor.user_id}).rowcount:
        msg = f"session must be one of one's own that stands, got number {session_id}"
        raise UnknownRowError(msg)
    audit.record(conn, actor, "session-ended", f"session {session_id}")


def sessions_of(conn: Connection[TupleRow], user_id: int, token: str, *, within_us: int) -> list[SessionRow]:
    """Where a person is signed in, what was seen last first.

    Parameters
    ----------
    within_us : how long a session lasts; older ones have ended by themselves.
    """
    values = {"user_id": user_id, "token_hash": _hash(token), "within_us": within_us}
    return [SessionRow(*row) for row in fetch(conn, _SQL["listed"], values)]


def change_password(
    conn: Connection[TupleRow], actor: Actor, token: str, *, current: str, new: str, address: str
) -> None:
    """Replace one's own password, the current one of which was verified before; all other sessions end.

    Raises
    ------
    ConstraintError : if the new one is too short, or the same.
    """
    if current == new:
        msg = "a new password must be another one, got the same"
        raise ConstraintError(msg)
    users.set_password(conn, actor.login, new)
    conn.execute(_SQL["end_others"], {"user_id": actor.user_id, "token_hash": _hash(token)})
    audit.record(conn, actor, "password-changed", f"from {address}")


def invite(conn: Connection[TupleRow], *, login: str, role: Role, actor: Actor) -> str:
    """Let somebody choose the password of a new account; gives the token, which stands nowhere else.

    Raises
    ------
    ConstraintError : if the login is taken or empty, or the role unknown.
    """
    users.check_new(conn, login, role)
    token = secrets.token_urlsafe(32)
    values = {"token_hash": _hash(token), "login": login, "role": role, "created_by": actor.login}
    conn.execute(_SQL["invite"], values | {"for_us": INVITATION_US})
    audit.record(conn, actor, "invited", f"login {login}", {"role": role})
    return token


def invitation(conn: Connection[TupleRow], token: str) -> tuple[str, Role]:
    """Whom an invitation is for.

    Raises
    ------
    UnknownRowError : if there is none, or it was used, or is older than a week.
    """
    row = fetch_one(conn, _SQL["invitation"], {"token_hash": _hash(token)})
    if row is None:
        msg = "an invitation must be used once, within a week: this one is not open"
        raise UnknownRowError(msg)
    return row[0], row[1]


def accept(conn: Connection[TupleRow], token: str, password: str) -> UserRow:
    """Make the account.

    Raises
    ------
    UnknownRowError : if the invitation is not open.
    ConstraintError : if the password is too short, or the login was taken since.
    """
    login, role = invitation(conn, token)
    user = users.create(conn, login=login, password=password, role=role)
    conn.execute(_SQL["use"], {"token_hash": _hash(token)})
    audit.record(conn, user.actor, "invitation-accepted", f"login {login}")
    return user


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
