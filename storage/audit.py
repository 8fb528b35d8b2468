"""What people did, beside the edits that annotations keep themselves: append-only, each chained to the one before.

How the chain is checked stands in `storage.audit_trail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from psycopg.types.json import Jsonb

from storage import queries
from storage.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor

_SQL = queries.load("audit")


class AuditRow(msgspec.Struct, frozen=True):
    """One thing that somebody did."""

    at_us: int
    user_id: int | None
    login: str
    action: str
    subject: str
    detail: dict[str, Any]


def record(
    conn: Connection[TupleRow],
    actor: Actor,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note that somebody did something to something; the time is the database's.

    Parameters
    ----------
    action : what, in one word ("export", "login", "login-failed", "user-created").
    subject : to what ("stream mitdb/208").
    """
    row = {
        "user_id": actor.user_id,
        "login": actor.login,
        "action": action,
        "subject": subject,
        "detail": Jsonb(dict(detail or {})),
    }
    conn.execute(_SQL["record"], row)


def recent(conn: Connection[TupleRow], *, limit: int = 200) -> list[AuditRow]:
    """The newest entries, newest first."""
    return [AuditRow(*row) for row in fetch(conn, _SQL["recent"], {"limit": limit})]
