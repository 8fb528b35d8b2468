"""Undo and redo of one thing done to many rows, whatever they are: beats of a group, proposals of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from signal_processing import vocabulary
from storage import queries
from storage.errors import UnknownRowError
from storage.rows import fetch_one

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor

Target = Literal["beats", "proposals"]

_SQL = queries.load("bulk_edits")
_LABELS = {
    "label_codes": [label.code for label in vocabulary.LABELS],
    "label_urgencies": [int(label.urgency) for label in vocabulary.LABELS],
}


def step(
    conn: Connection[TupleRow],
    bulk_id: uuid.UUID,
    actor: Actor,
    *,
    target: Target,
    is_redo: bool,
    left: Collection[uuid.UUID] = (),
) -> None:
    """Put back what each row was before, or do it again, where nobody changed the row since; twice is once.

    Parameters
    ----------
    left : rows that stay as they are.

    Raises
    ------
    UnknownRowError : if there is no such edit of that target.
    """
    is_undone = fetch_one(conn, _SQL["lock"], {"bulk_id": bulk_id, "target": target})
    if is_undone is None:
        raise unknown(bulk_id)
    if is_undone[0] is not is_redo:  # the answer was lost on the way, or a colleague was faster
        return
    facts = {
        "bulk_id": bulk_id,
        "is_redo": is_redo,
        "action": "redo" if is_redo else "undo",
        "user_id": actor.user_id,
        "login": actor.login,
        "left": list(left),
    }
    conn.execute(_SQL["make_room"])
    n_stepped = conn.execute(_SQL["step"], {**facts, **_LABELS}, prepare=False).rowcount
    conn.execute(_SQL["stepped"], {**facts, "n_stepped": n_stepped})


def unknown(bulk_id: uuid.UUID) -> UnknownRowError:
    """What is said of an edit that does not exist."""
    return UnknownRowError(f"bulk edit must be a stored one, got id {bulk_id}")
