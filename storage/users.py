"""People: who they are, whether a password is theirs, and how attempts to guess one are slowed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import argon2
import msgspec

from storage import audit, queries
from storage.annotation_row import Actor
from storage.errors import ConstraintError, UnknownRowError
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("users")

Role = Literal["admin", "reader", "viewer"]
ROLES: tuple[Role, ...] = ("admin", "reader", "viewer")
"""admin: also users; reader: looks and edits; viewer: looks."""

MIN_PASSWORD_LENGTH = 8
"""NIST SP 800-63B, 3.1.1.2: at least 8 characters, no rules of composition."""

FREE_FAILURES_PER_LOGIN = 3
FREE_FAILURES_PER_ADDRESS = 10
MAX_DELAY_S = 300
FAILURE_WINDOW_US = 3_600_000_000
"""Failures older than an hour are forgotten."""

_hasher = argon2.PasswordHasher()


class UserRow(msgspec.Struct, frozen=True):
    """A person with an account."""

    id: int
    login: str
    role: Role
    disabled: bool
    created_us: int

    @property
    def actor(self) -> Actor:
        """The person as the author of edits."""
        return Actor(self.id, self.login)


class Verification(NamedTuple):
    """Whether a password was right.

    Parameters
    ----------
    user : the person; None where the attempt failed, for whatever reason.
    retry_after_s : 0, or how long to wait before the next attempt is looked at.
    """

    user: UserRow | None
    retry_after_s: int


def create(conn: Connection[TupleRow], *, login: str, password: str, role: Role) -> UserRow:
    """Register a person.

    Raises
    ------
    ConstraintError : if the login is taken or empty, the role unknown or the password too short.
    """
    check_new(conn, login, role)
    row = fetch_one(conn, _SQL["create"], {"login": login, "role": role, "password_hash": _hashed(password)})
    assert row is not None  # noqa: S101 - INSERT .. RETURNING gives a row or raises
    return UserRow(*row)


def check_new(conn: Connection[TupleRow], login: str, role: str) -> None:
    """Raise ConstraintError for a login that is taken or none, or a role that there is not."""
    if not login:
        msg = "login must not be empty"
        raise ConstraintError(msg)
    if fetch_one(conn, _SQL["find"], {"login": login}) is not None:
        msg = f"login must be a free one, {login!r} is taken"
        raise ConstraintError(msg)
    if role not in ROLES:
        msg = f"role must be one of {', '.join(ROLES)}, got {role!r}"
        raise ConstraintError(msg)


def verify(conn: Connection[TupleRow], *, login: str, password: str, address: str) -> Verification:
    """Look whether a password is the person's. Never raises for a wrong one: the failure must be committed.

    After 3 failures on a login, or 10 from an address, within an hour, attempts within 1, 2, 4 ... s (at most 300) of
    the last failure are refused unseen. An unknown login costs the same time as a known one.

    Parameters
    ----------
    address : network address that the attempt came from.
    """
    for key in sorted({f"login {login}", f"address {address}"}):
        conn.execute(_SQL["take_turns"], {"key": key})
    wait_s = _wait_s(conn, login, address)
    if wait_s:
        audit.record(conn, Actor(None, login), "login-delayed", f"from {address}", {"retry_after_s": wait_s})
        return Verification(None, wait_s)
    row = fetch_one(conn, _SQL["find"], {"login": login})
    is_right = _matches(_dummy_hash() if row is None else row[5], password)
    if row is None or not is_right or row[3]:
        conn.execute(_SQL["record_failure"], {"login": login, "address": address})
        audit.record(conn, Actor(None, login), "login-failed", f"from {address}")
        return Verification(None, _wait_s(conn, login, address))
    conn.execute(_SQL["forgive"], {"login": login})
    if _hasher.check_needs_rehash(row[5]):
        conn.execute(_SQL["set_password"], {"login": login, "password_hash": _hasher.hash(password)})
    user = UserRow(*row[:5])
    audit.record(conn, user.actor, "login", f"from {address}")
    return Verification(user, 0)


def find(conn: Connection[TupleRow], user_id: int) -> UserRow:
    """The person of that id.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    row = fetch_one(conn, _SQL["by_id"], {"id": user_id})
    if row is None:
        msg = f"user must be a registered one, got id {user_id}"
        raise UnknownRowError(msg)
    return UserRow(*row)


def named(conn: Connection[TupleRow], login: str) -> UserRow:
    """The person of that login.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    row = fetch_one(conn, _SQL["find"], {"login": login})
    if row is None:
        msg = f"login must be a registered one, got {login!r}"
        raise UnknownRowError(msg)
    return UserRow(*row[:5])


def list_users(conn: Connection[TupleRow]) -> list[UserRow]:
    """Everybody, in the order of logins."""
    return [UserRow(*row) for row in fetch(conn, _SQL["list_users"])]


def disable(conn: Connection[TupleRow], login: str) -> None:
    """Let a person no longer log in; what they did keeps their name.

    Raises
    ------
    UnknownRowError : if there is no such login.
    """
    _change(conn, "set_disabled", login, {"disabled": True})


def enable(conn: Connection[TupleRow], login: str) -> None:
    """Undo `disable`."""
    _change(conn, "set_disabled", login, {"disabled": False})


def set_password(conn: Connection[TupleRow], login: str, password: str) -> None:
    """Replace a person's password, and forgive their failures.

    Raises
    ------
    UnknownRowError : if there is no such login.
    ConstraintError : if the password is too short.
    """
    _change(conn, "set_password", login, {"password_hash": _hashed(password)})
    conn.execute(_SQL["forgive"], {"login": login})


def _change(conn: Connection[TupleRow], statement: str, login: str, values: dict[str, object]) -> None:
    if conn.execute(_SQL[statement], {"login": login, **values}).rowcount == 0:
        msg = f"login must be a registered one, got {login!r}"
        raise UnknownRowError(msg)


def _hashed(password: str) -> str:
    if len(password) < MIN_PASSWORD_LENGTH:
        msg = f"password must have at least {MIN_PASSWORD_LENGTH} characters, got {len(password)}"
        raise ConstraintError(msg)
    return _hasher.hash(password)


@cache
def _dummy_hash() -> str:
    return _hasher.hash("the password of nobody")


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except argon2.exceptions.VerificationError:
        return False


def _wait_s(conn: Connection[TupleRow], login: str, address: str) -> int:
    parameters = {"login": login, "address": address, "window_us": FAILURE_WINDOW_US}
    row = fetch_one(conn, _SQL["failures"], parameters)
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    n_login, last_login_us, n_address, last_address_us, now_us = row
    return max(
        remaining_delay_s(n_login - FREE_FAILURES_PER_LOGIN, last_login_us, now_us),
        remaining_delay_s(n_address - FREE_FAILURES_PER_ADDRESS, last_address_us, now_us),
    )


def remaining_delay_s(n_beyond: int, last_us: int | None, now_us: int) -> int:
    """Whole seconds still to wait: 1, 2, 4 ... s (at most 300) after the last failure beyond the free ones."""
    if n_beyond < 0 or last_us is None:
        return 0
    delay_s: int = min(1 << min(n_beyond, 20), MAX_DELAY_S)
    until_us = last_us + delay_s * 1_000_000
    return max(-(-(until_us - now_us) // 1_000_000), 0)
