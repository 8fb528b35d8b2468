"""What people do to families of beats: made, taken back and made again, each by whom; never forgotten.

What an edit means stands in `signal_processing.family_edits`; here are its rows.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from psycopg.types.json import Jsonb

from signal_processing.family_edits import FamilyEdit
from storage import queries
from storage.errors import ConstraintError, UnknownRowError
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from signal_processing.family_edits import Action
    from storage.annotation_row import Actor
    from storage.catalogue import GroupRow

_SQL = queries.load("family_edits")

MAX_MERGED = 64
"""Families of one merge: as many as the clustering keeps."""
MAX_SPLIT = 200_000
"""Beats of one split: more than two days of a heart."""


class FamilyEditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person did to families.

    Parameters
    ----------
    number : counted in the group, from 1; edits are applied in this order.
    first_sample, end_sample : half-open range that the given beats lie in.
    n_given : beats that were given: one of each family to merge, or those to split off.
    n_beats : beats that it put into another family when it was made.
    view : what was on the screen, as the page told.
    updated_us : when it was made, undone or made again last.
    undone_us, undone_by : when and by whom it was undone; None while it stands.
    """

    id: uuid.UUID
    stream_id: int
    group_id: int
    number: int
    action: str
    first_sample: int
    end_sample: int
    n_given: int
    n_beats: int
    user_id: int | None
    login: str
    at_us: int
    view: dict[str, Any]
    updated_us: int
    undone_us: int | None
    undone_by: str | None


class NewFamilyEdit(NamedTuple):
    """What is to be stored.

    Parameters
    ----------
    given : (n_given,) samples as the page gave them, ascending.
    parts, seen_end : as `signal_processing.family_edits.FamilyEdit` has them.
    n_beats : beats that it puts into another family.
    """

    action: Action
    given: NDArray[np.int64]
    parts: tuple[NDArray[np.int64], ...]
    seen_end: int
    n_beats: int


def add(
    conn: Connection[TupleRow],
    group: GroupRow,
    new: NewFamilyEdit,
    *,
    edit_id: uuid.UUID,
    actor: Actor,
    view: Mapping[str, Any],
) -> FamilyEditRow:
    """Store an edit, which stands from then on.

    Raises
    ------
    ConstraintError : if the identity is that of another edit.
    """
    facts = {"edit_id": edit_id, "stream_id": group.stream_id, **_facts(group, new.action, new.given, actor)}
    columns = {
        "samples": np.concatenate(new.parts),
        "part_lengths": np.array([len(part) for part in new.parts], np.int32),
        "seen_end": new.seen_end,
        "n_beats": new.n_beats,
        "view": Jsonb(dict(view)),
    }
    conn.execute(_SQL["take_turns"], {"group_id": group.id})
    if conn.execute(_SQL["add"], facts | columns).rowcount:
        _record(conn, edit_id, "make", actor)
        return get(conn, edit_id)
    known = made_before(conn, group, new.action, new.given, edit_id=edit_id, actor=actor)
    assert known is not None  # noqa: S101 - an identity is only refused because it is there
    return known


def made_before(
    conn: Connection[TupleRow],
    group: GroupRow,
    action: Action,
    given: NDArray[np.int64],
    *,
    edit_id: uuid.UUID,
    actor: Actor,
) -> FamilyEditRow | None:
    """The edit that bears an identity already, whose answer was lost on the way; None if there is none.

    Raises
    ------
    ConstraintError : if it is another one.
    """
    row = fetch_one(conn, _SQL["get"], {"edit_id": edit_id})
    if row is None:
        return None
    known = _row(row)
    if any(getattr(known, name) != value for name, value in _facts(group, action, given, actor).items()):
        msg = f"identity of a new edit of families must be free, got {edit_id}, which is another one's"
        raise ConstraintError(msg)
    return known


def undo(conn: Connection[TupleRow], edit_id: uuid.UUID, actor: Actor) -> FamilyEditRow:
    """Take an edit back; those after it stand. Undone twice it is undone once.

    Raises
    ------
    UnknownRowError : if there is no such edit.
    """
    return _step(conn, edit_id, actor, is_redo=False)


def redo(conn: Connection[TupleRow], edit_id: uuid.UUID, actor: Actor) -> FamilyEditRow:
    """Let an edit stand again, in its old place."""
    return _step(conn, edit_id, actor, is_redo=True)


def get(conn: Connection[TupleRow], edit_id: uuid.UUID) -> FamilyEditRow:
    """One edit as it stands.

    Raises
    ------
    UnknownRowError : if there is none of that identity.
    """
    row = fetch_one(conn, _SQL["get"], {"edit_id": edit_id})
    if row is None:
        msg = f"edit of families must be a stored one, got id {edit_id}"
        raise UnknownRowError(msg)
    return _row(row)


def history(conn: Connection[TupleRow], group_id: int, *, limit: int, before: int | None = None) -> list[FamilyEditRow]:
    """The edits of a group, newest first, undone ones as well; `before` is the number of the last one of a page."""
    rows = fetch(conn, _SQL["history"], {"group_id": group_id, "limit": limit, "before": before})
    return [_row(row) for row in rows]


def newest_change(conn: Connection[TupleRow], group_id: int) -> int:
    """Another number whenever an edit of the group was made, undone or redone; 0 while there is none."""
    found: int = fetch_value(conn, _SQL["newest_change"], {"group_id": group_id})
    return found


def standing(conn: Connection[TupleRow], group_id: int) -> list[FamilyEdit]:
    """The edits of a group that are not undone, in the order in which they are applied."""
    found = []
    for number, action, samples, lengths, seen_end in fetch(conn, _SQL["standing"], {"group_id": group_id}):
        parts = np.split(np.array(samples, np.int64), np.cumsum(lengths[:-1]))
        found.append(FamilyEdit(number, action, tuple(parts), seen_end))
    return found


def _facts(group: GroupRow, action: Action, given: NDArray[np.int64], actor: Actor) -> dict[str, Any]:
    """What is the same of the same edit."""
    return {
        "group_id": group.id,
        "action": action,
        "first_sample": int(given[0]),
        "end_sample": int(given[-1]) + 1,
        "n_given": len(given),
        "user_id": actor.user_id,
        "login": actor.login,
    }


def _row(row: TupleRow) -> FamilyEditRow:
    return FamilyEditRow(**dict(zip(FamilyEditRow.__struct_fields__, row, strict=True)))


def _record(conn: Connection[TupleRow], edit_id: uuid.UUID, action: str, actor: Actor) -> None:
    conn.execute(_SQL["record"], {"edit_id": edit_id, "action": action, "user_id": actor.user_id, "login": actor.login})


def _step(conn: Connection[TupleRow], edit_id: uuid.UUID, actor: Actor, *, is_redo: bool) -> FamilyEditRow:
    facts = {"edit_id": edit_id, "group_id": get(conn, edit_id).group_id, "is_redo": is_redo, "login": actor.login}
    conn.execute(_SQL["take_turns"], facts)
    if conn.execute(_SQL["step"], facts).rowcount:  # else the answer was lost on the way, or a colleague was faster
        _record(conn, edit_id, "redo" if is_redo else "undo", actor)
    return get(conn, edit_id)
