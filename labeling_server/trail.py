"""What the server notes in the audit trail beside edits: who looked at what, and who was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from storage import audit
from storage.errors import StorageError

if TYPE_CHECKING:
    from fastapi import Request

    from labeling_server.sessions import Reader
    from storage.database import Database

log = structlog.get_logger(__name__)


def note_refusal(request: Request, why: str) -> None:
    """Somebody known was refused; without a trail the refusal stands all the same.

    The path names rows by number and nobody by name; what follows the question mark is left out.
    """
    reader: Reader | None = getattr(request.state, "reader", None)
    if reader is None:
        return
    database: Database = request.app.state.database
    try:
        with database.transaction() as conn:
            audit.record(conn, reader.actor, "refused", f"{request.method} {request.url.path}", {"why": why})
    except StorageError as error:
        log.warning("refusal_not_noted", reason=str(error))
