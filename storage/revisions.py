"""What people do to spans, events and touched beats: revisions, of which none is ever lost.

Every revision names who, when (the database's clock at the start of the transaction) and what it replaced. What an act
changes beside its own row, because decided spans of an exclusive layer must not overlap, is settled by
`storage.overlaps` in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from signal_processing import layers, vocabulary
from storage import edits, overlaps, queries
from storage import evidence as links
from storage.annotation_row import Actor, AnnotationRow, RevisionRow, state_of
from storage.annotations import get
from storage.errors import ConstraintError, StaleRevisionError, UnknownRowError
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

__all__ = ["add", "history", "revise"]

_SQL = queries.load("annotations")
_REVISION_FIELDS = (
    "annotation_id", "revision", "action", "user_id", "login", "at_us", "before", "view", "bulk_id", "cause_id",
    "cause_revision", "cause_action", "split_from",
)  # fmt: skip


def add(  # noqa: PLR0913 - an annotation has that many facts
    conn: Connection[TupleRow],
    *,
    stream_id: int,
    group_id: int,
    start_us: int,
    end_us: int,
    label: str,
    channel: str | None,
    actor: Actor,
    view: Mapping[str, Any],
    note: str = "",
    severity: str | None = None,
    certainty: str | None = None,
    evidence: Sequence[uuid.UUID] = (),
    annotation_id: uuid.UUID | None = None,
    aftermath: overlaps.Aftermath | None = None,
) -> AnnotationRow:
    """Store a person's own annotation, a span, event or beat; it counts as confirmed.

    Parameters
    ----------
    evidence : annotations of the same stream that it rests on (see `storage.evidence`).
    annotation_id : identity that the page gave it. Said again by the same person it is the same edit, whose answer was
        lost on the way: the row comes back as it stands and nothing is added. None draws a new one.
    aftermath : takes what else changed.

    Raises
    ------
    UnknownLabelError, ConstraintError : if a rule is broken (see `storage.edits.check`, `storage.evidence.check`).
    UnknownRowError : if the group is not one of the stream.
    """
    fields = {
        "label": label,
        "channel": channel,
        "start_us": start_us,
        "end_us": end_us,
        "status": "confirmed",
        "severity": severity,
        "certainty": certainty,
        "evidence": links.check(conn, stream_id, annotation_id, evidence),
    }
    kind = edits.check(fields, _extent(conn, stream_id, group_id))
    row = {
        **fields,
        "stream_id": stream_id,
        "group_id": group_id,
        "kind": kind.value,
        "urgency": int(vocabulary.label(label).urgency),
        "login": actor.login,
        "note": note,
        "id": annotation_id,
    }
    aftermath = aftermath or overlaps.Aftermath()
    if layers.exclusive_layer_of(label) is not None:
        overlaps.lock(conn, stream_id)
    inserted = fetch_one(conn, _SQL["insert_human"], row)
    if inserted is None:
        added = _added_before(conn, annotation_id, stream_id, actor)
        overlaps.recall(conn, added.id, 1, aftermath)
        return added
    identity = inserted[0]
    _record(conn, identity, 1, "add", actor, None, view)
    added = get(conn, identity)
    overlaps.settle(conn, added, overlaps.Act(identity, 1, "add", actor), was=None, aftermath=aftermath)
    return added


def revise(  # noqa: PLR0913 - one thing, who does it to which revision, and what is told of it
    conn: Connection[TupleRow],
    annotation_id: uuid.UUID,
    *,
    expected_revision: int,
    actor: Actor,
    action: str,
    changes: Mapping[str, Any] | None = None,
    view: Mapping[str, Any] | None = None,
    undoes: int | None = None,
    aftermath: overlaps.Aftermath | None = None,
) -> AnnotationRow:
    """Do one thing to an annotation, and keep what it was.

    Parameters
    ----------
    expected_revision : the revision the person had on the screen.
    action : confirm, correct, reject, ambiguous, relabel, move, note, describe, link, delete, restore, reset, undo or
        redo.
    changes : new values of `storage.edits.CONTENT`; with undo and redo also status and deleted.
    view : what was on the screen.
    undoes : with undo and redo, the revision that is taken back: what followed from it for other spans goes back as
        well (redo takes back an undo). Without `changes` what it changed goes back, but for what was changed since.
    aftermath : takes what else changed.

    Raises
    ------
    StaleRevisionError : if somebody revised it since; carries the row as it is now.
    UnknownRowError : if there is none of that id.
    UnknownLabelError, ConstraintError : if a rule is broken; then nothing changed.
    """
    changes = changes or {}
    may_be_exclusive = undoes is not None or _is_exclusive(changes.get("label"))
    if fetch_one(conn, _SQL["lock"], {"id": annotation_id, "may_be_exclusive": may_be_exclusive}) is None:
        msg = f"annotation must be a stored one, got id {annotation_id}"
        raise UnknownRowError(msg)
    current = get(conn, annotation_id)
    if current.revision != expected_revision:
        raise StaleRevisionError(current, expected_revision=expected_revision)
    if undoes is not None:
        changes = _taking_back(conn, current, action, undoes, changes)
    fields = edits.revised(current, action, changes, first=_first_state(conn, current, action))
    kind = edits.check(fields, _extent(conn, current.stream_id, current.group_id), was=current)
    evidence = links.check(conn, current.stream_id, annotation_id, fields["evidence"], was=current.evidence)
    update = {
        **fields,
        "evidence": evidence,
        "id": annotation_id,
        "kind": kind.value,
        "urgency": int(vocabulary.label(fields["label"]).urgency),
        "revision": current.revision + 1,
        "login": actor.login,
    }
    conn.execute(_SQL["update"], update)
    _record(conn, annotation_id, current.revision + 1, action, actor, current, view or {})
    row = get(conn, annotation_id)
    act = overlaps.Act(annotation_id, row.revision, action, actor)
    overlaps.settle(conn, row, act, was=current, aftermath=aftermath or overlaps.Aftermath(), undoes=undoes)
    return row


def _is_exclusive(label: str | None) -> bool:
    return label is not None and layers.exclusive_layer_of(label) is not None


def _taking_back(
    conn: Connection[TupleRow], current: AnnotationRow, action: str, undoes: int, changes: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The changes of an undo or redo of one revision: those given, else what it changed and nobody changed since."""
    if action not in edits.MAY_SET_STATE:
        msg = f"a revision can be taken back by undo and redo only, got action {action!r}"
        raise ConstraintError(msg)
    if not 1 <= undoes <= current.revision:
        msg = f"the revision to take back must be within [1, {current.revision}], got {undoes}"
        raise ConstraintError(msg)
    if changes:
        return changes
    (entry,) = history(conn, current.id, after=undoes - 1, limit=1)
    if entry.before is None:
        return {"deleted": True}
    before, after, now = entry.before, entry.after, state_of(current)
    fields = (*edits.CONTENT, "status", "deleted")
    back = {name: before[name] for name in fields if before[name] != after[name] == now[name]}
    bounds = {name: back.get(name, now[name]) for name in ("start_us", "end_us")}
    if bounds["end_us"] < bounds["start_us"]:
        # somebody moved the other bound beyond this one's former place: where the span lies is theirs now
        return {name: value for name, value in back.items() if name not in bounds}
    return back


def _added_before(
    conn: Connection[TupleRow], identity: uuid.UUID | None, stream_id: int, actor: Actor
) -> AnnotationRow:
    """The row that bears an identity already, if it is this person's own."""
    if identity is not None:
        row = get(conn, identity)
        if (row.author.kind, row.author.name, row.stream_id) == ("human", actor.login, stream_id):
            return row
    msg = f"identity of a new annotation must be free, got {identity}, which is another one's"
    raise ConstraintError(msg)


def history(
    conn: Connection[TupleRow], annotation_id: uuid.UUID, *, after: int = 0, limit: int | None = None
) -> list[RevisionRow]:
    """What people did to an annotation, oldest first; empty while nobody touched it.

    Parameters
    ----------
    after : only revisions behind this one.
    limit : at most so many; None means all.

    Raises
    ------
    UnknownRowError : if there is none of that id.
    """
    current = state_of(get(conn, annotation_id))
    n_wanted = None if limit is None else limit + 1  # what follows a revision says what it left
    records = fetch(conn, _SQL["history"], {"id": annotation_id, "after": after, "limit": n_wanted})
    afters = [*(record[6] for record in records[1:]), current]
    return [
        RevisionRow(**dict(zip(_REVISION_FIELDS, record, strict=True)), after=left)
        for record, left in zip(records[:limit], afters, strict=False)
    ]


def _extent(conn: Connection[TupleRow], stream_id: int, group_id: int) -> edits.Extent:
    record = fetch_one(conn, _SQL["group_extent"], {"group_id": group_id})
    if record is None or record[0] != stream_id:
        msg = f"channel group must be one of stream {stream_id}, got id {group_id}"
        raise UnknownRowError(msg)
    _, fs_hz, t0_us, first_sample, next_sample, channels = record
    return edits.Extent.of_group(fs_hz, t0_us, first_sample, next_sample, tuple(channels))


def _first_state(conn: Connection[TupleRow], current: AnnotationRow, action: str) -> Mapping[str, Any]:
    """The state before any person touched the row, read only for the one action that needs it."""
    if action != "reset" or current.revision == 0:
        return state_of(current)
    return history(conn, current.id)[0].before or state_of(current)


def _record(
    conn: Connection[TupleRow],
    annotation_id: uuid.UUID,
    revision: int,
    action: str,
    actor: Actor,
    before: AnnotationRow | None,
    view: Mapping[str, Any],
) -> None:
    row = {
        "id": annotation_id,
        "revision": revision,
        "action": action,
        "user_id": actor.user_id,
        "login": actor.login,
        "before": None if before is None else Jsonb(state_of(before)),
        "view": Jsonb(dict(view)),
    }
    conn.execute(_SQL["insert_revision"], row)


def facts_of(row: AnnotationRow) -> dict[str, Any]:
    """Where an annotation lies and what it says, as `as_first_said` gives it."""
    return {name: getattr(row, name) for name in ("start_us", "end_us", "label", "channel", "note")}


def as_first_said(conn: Connection[TupleRow], row: AnnotationRow) -> dict[str, Any]:
    """What the machine said of it, before any person touched it; an end that grew since is the machine's newest."""
    facts = facts_of(row)
    if row.revision:
        before = next((entry.before for entry in history(conn, row.id) if entry.before), None)
        facts |= {name: before[name] for name in facts} if before else {}
    if row.machine_end_us is not None:
        facts["end_us"] = row.machine_end_us
    return facts
