"""One thing done to many beats at once: previewed, applied, undone and redone, each in a handful of statements.

Every beat that it changes gets the row and the revision that the same edit of it alone would have made; `bulk_id` in
its revisions makes them one thing. Beats are given as the page saw them, so nothing is changed that looked otherwise.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from psycopg.types.json import Jsonb

from signal_processing import vocabulary
from signal_processing.values import Annotator, point_ids
from storage import bulk_steps, edits, queries
from storage.beats import MACHINE, Beats, read_beats
from storage.bulk_edit_row import BulkEditRow, Preview, WantedEdit
from storage.errors import ConstraintError
from storage.rows import fetch, fetch_one
from storage.runs import list_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.catalogue import GroupRow

__all__ = ["BulkEditRow", "Preview", "WantedEdit", "apply", "get", "history", "preview", "redo", "undo"]

_SQL = queries.load("bulk_edits")

_NUMBER_BITS = 16
"""Of a key, below the sample: of a sample within `MAX_SAMPLE` the key is an int64."""
_POINTS = [label for label in vocabulary.LABELS if label.kind in edits.POINT_KINDS]
_LABELS = {
    "label_codes": [label.code for label in _POINTS],
    "label_urgencies": [int(label.urgency) for label in _POINTS],
}
_CHANGED, _SAME, _PROTECTED, _GONE = range(4)


def preview(conn: Connection[TupleRow], group: GroupRow, wanted: WantedEdit) -> Preview:
    """What `apply` would do now; changes nothing."""
    beats = _standing(conn, group, wanted)
    fates, _ = _judged(conn, group, wanted, beats)
    codes = Counter(vocabulary.label_of_number(number).code for number in beats.numbers[fates == _CHANGED].tolist())
    n_changed = codes.total()
    return Preview(**_counts(wanted, fates, n_changed), by_label=dict(codes.most_common()))


def apply(
    conn: Connection[TupleRow],
    group: GroupRow,
    wanted: WantedEdit,
    *,
    bulk_id: uuid.UUID,
    actor: Actor,
    view: Mapping[str, Any],
) -> BulkEditRow:
    """Do it.

    Parameters
    ----------
    bulk_id : identity that the page gave it. Said again by the same person it is the same edit, whose answer was lost
        on the way: it comes back as it stands and nothing is changed.
    view : what was on the screen.

    Raises
    ------
    ConstraintError : if the identity is that of another edit.
    """
    facts = {
        "bulk_id": bulk_id,
        "stream_id": group.stream_id,
        "group_id": group.id,
        "action": wanted.action,
        "label": wanted.label,
        "include_reviewed": wanted.include_reviewed,
        "first_sample": int(wanted.samples.min()),
        "end_sample": int(wanted.samples.max()) + 1,
        "n_given": len(wanted.samples),
        "user_id": actor.user_id,
        "login": actor.login,
    }
    if not conn.execute(_SQL["begin"], {**facts, "view": Jsonb(dict(view))}).rowcount:
        return _applied_before(conn, bulk_id, facts)
    conn.execute(_SQL["make_room"])
    target = _target_of(wanted)
    beats = _standing(conn, group, wanted)
    beats, n_made = _edit_machine_beats(conn, group, beats, {**facts, **target})
    fates, due = _judged(conn, group, wanted, beats)
    n_changed = n_made + _edit_rows(conn, due, {**facts, **target})
    conn.execute(_SQL["count"], {**_counts(wanted, fates, n_changed), "bulk_id": bulk_id})
    return get(conn, bulk_id)


def undo(conn: Connection[TupleRow], bulk_id: uuid.UUID, actor: Actor) -> BulkEditRow:
    """Put back what it changed; what was changed since is left and counted. Undone twice it is undone once.

    Raises
    ------
    UnknownRowError : if there is no such edit.
    """
    bulk_steps.step(conn, bulk_id, actor, target="beats", is_redo=False)
    return get(conn, bulk_id)


def redo(conn: Connection[TupleRow], bulk_id: uuid.UUID, actor: Actor) -> BulkEditRow:
    """Do again what was undone, as `undo`."""
    bulk_steps.step(conn, bulk_id, actor, target="beats", is_redo=True)
    return get(conn, bulk_id)


def get(conn: Connection[TupleRow], bulk_id: uuid.UUID) -> BulkEditRow:
    """One edit as it stands.

    Raises
    ------
    UnknownRowError : if there is none of that identity.
    """
    row = fetch_one(conn, _SQL["get"], {"bulk_id": bulk_id})
    if row is None:
        raise bulk_steps.unknown(bulk_id)
    return _edit(row)


def history(
    conn: Connection[TupleRow], stream_id: int, *, limit: int, before: uuid.UUID | None = None
) -> list[BulkEditRow]:
    """The edits of a stream, newest first.

    Parameters
    ----------
    before : of the last edit of the page before this one; None begins with the newest.

    Raises
    ------
    UnknownRowError : if there is no edit `before`.
    """
    last = None if before is None else get(conn, before)
    place = {"before_us": None, "before_id": None} if last is None else {"before_us": last.at_us, "before_id": last.id}
    rows = fetch(conn, _SQL["history"], {"stream_id": stream_id, "limit": limit, **place})
    return [_edit(row) for row in rows]


class _Row(NamedTuple):
    id: uuid.UUID
    label: str
    start_us: int
    status: str
    deleted: bool
    revision: int
    author_kind: str


def _applied_before(conn: Connection[TupleRow], bulk_id: uuid.UUID, facts: Mapping[str, Any]) -> BulkEditRow:
    """The edit that bears an identity already, if it is the same one."""
    row = fetch_one(conn, _SQL["get"], {"bulk_id": bulk_id})  # none: it is one of proposals
    known = None if row is None else _edit(row)
    if known is None or any(getattr(known, name) != value for name, value in facts.items() if name != "bulk_id"):
        msg = f"identity of a new bulk edit must be free, got {bulk_id}, which is another one's"
        raise ConstraintError(msg)
    return known


def _target_of(wanted: WantedEdit) -> dict[str, Any]:
    """What the changed rows say; None leaves what stands."""
    label = None if wanted.label is None else vocabulary.label(wanted.label)
    return {
        "kind": None if label is None else label.kind.value,
        "urgency": None if label is None else int(label.urgency),
        "deleted": wanted.action == "delete",
    }


def _standing(conn: Connection[TupleRow], group: GroupRow, wanted: WantedEdit) -> Beats:
    """Of the given beats those that stand now as they were given; one that was given once only once."""
    beats = read_beats(conn, group, int(wanted.samples.min()), int(wanted.samples.max()) + 1)
    given, n_times = np.unique(_keys(wanted.samples, wanted.numbers), return_counts=True)
    keys = _keys(beats.samples, beats.numbers)  # ascending, as the beats are
    place = np.minimum(np.searchsorted(given, keys), len(given) - 1)
    n_wanted = np.where(given[place] == keys, n_times[place], 0)
    nth = np.arange(len(keys)) - np.searchsorted(keys, keys)
    return Beats._make(column[nth < n_wanted] for column in beats)


def _keys(samples: NDArray[np.int64], numbers: NDArray[np.int16]) -> NDArray[np.int64]:
    return (samples << _NUMBER_BITS) | numbers.astype(np.int64)


def _is_so_already(beats: Beats, label: str | None) -> NDArray[np.bool_]:
    return np.equal(beats.numbers, -1 if label is None else vocabulary.label(label).number)


def _edit_machine_beats(
    conn: Connection[TupleRow], group: GroupRow, beats: Beats, facts: Mapping[str, Any]
) -> tuple[Beats, int]:
    """Make rows of the beats that nobody touched; gives how many, and the beats: those that somebody touched since they
    were read have the identity of that row now.
    """
    is_due = (beats.origin == MACHINE) & ~_is_so_already(beats, facts["label"])
    if not is_due.any():
        return beats, 0
    due = Beats._make(column[is_due] for column in beats)
    ids = _identities(conn, group, due)
    columns = {
        "ids": ids,
        "samples": due.samples,
        "starts_us": group.signal.clock.us_at(due.samples),
        "numbers": due.numbers,
        "confidences": due.confidences,
        "run_ids": due.run_ids,
        "label_numbers": [label.number for label in _POINTS],
        "label_kinds": [label.kind.value for label in _POINTS],
        "status": edits.status_after(facts["action"], status="proposed", author_kind="machine"),
    }
    cursor = conn.execute(_SQL["edit_machine_beats"], {**facts, **_LABELS, **columns}, prepare=False)
    if cursor.rowcount < len(ids):
        made = {identity for (identity,) in cursor}
        known = (uuid.UUID(bytes=identity.tobytes()) for identity in ids)
        beats.ids[is_due] = [None if identity in made else identity for identity in known]
    return beats, cursor.rowcount


def _identities(conn: Connection[TupleRow], group: GroupRow, beats: Beats) -> NDArray[np.void]:
    """Of machine beats the identities that `touch_beat` gives them."""
    runs = {run.id: Annotator("machine", run.name, run.version) for run in list_runs(conn, group.id)}
    ids = np.empty(len(beats.samples), "V16")
    spoken = np.stack([beats.run_ids, beats.numbers.astype(np.int64)], axis=1)
    for run_id, number in np.unique(spoken, axis=0).tolist():
        own = (beats.run_ids == run_id) & (beats.numbers == number)
        code = vocabulary.label_of_number(number).code
        ids[own] = point_ids(group.signal.stream, group.signal.group, runs[run_id], code, beats.samples[own])
    return ids


def _judged(
    conn: Connection[TupleRow], group: GroupRow, wanted: WantedEdit, beats: Beats
) -> tuple[NDArray[np.int8], list[_Row]]:
    """What becomes of each beat, and the rows that change."""
    fates = np.where(_is_so_already(beats, wanted.label), _SAME, _CHANGED).astype(np.int8)
    places = {identity: i for i, identity in enumerate(beats.ids.tolist()) if identity is not None}
    ids = np.array([identity.bytes for identity in places], "V16")
    rows = [_Row(*row) for row in fetch(conn, _SQL["rows"], {"ids": ids})] if places else []
    at = np.array([places[row.id] for row in rows], np.int64)
    stands = group.signal.clock.sample_at(np.array([row.start_us for row in rows], np.int64))
    numbers = np.array([vocabulary.label(row.label).number for row in rows], np.int16)
    is_as_seen = (stands == beats.samples[at]) & (numbers == beats.numbers[at])
    judged = [_fate(row, wanted) if same else _GONE for row, same in zip(rows, is_as_seen.tolist(), strict=True)]
    fates[at] = judged
    return fates, [row for row, fate in zip(rows, judged, strict=True) if fate == _CHANGED]


def _fate(row: _Row, wanted: WantedEdit) -> int:
    if row.deleted or row.status == "rejected":
        return _GONE
    if row.label == wanted.label or (wanted.action == "confirm" and row.status == "confirmed"):
        return _SAME
    return _CHANGED if row.status == "proposed" or wanted.include_reviewed else _PROTECTED


def _edit_rows(conn: Connection[TupleRow], rows: Sequence[_Row], facts: Mapping[str, Any]) -> int:
    if not rows:
        return 0
    columns = {
        "ids": np.array([row.id.bytes for row in rows], "V16"),
        "revisions": np.array([row.revision for row in rows], np.int32),
        "statuses": [
            edits.status_after(facts["action"], status=row.status, author_kind=row.author_kind) for row in rows
        ],
    }
    return conn.execute(_SQL["edit_rows"], {**facts, **columns}, prepare=False).rowcount


def _counts(wanted: WantedEdit, fates: NDArray[np.int8], n_changed: int) -> dict[str, int]:
    n_given = len(wanted.samples)
    n_protected, n_same = (int((fates == fate).sum()) for fate in (_PROTECTED, _SAME))
    # what somebody revised in the very moment is gone as well
    n_gone = n_given - n_changed - n_protected - n_same
    return {
        "n_given": n_given,
        "n_changed": n_changed,
        "n_protected": n_protected,
        "n_same": n_same,
        "n_gone": n_gone,
    }


def _edit(row: TupleRow) -> BulkEditRow:
    return BulkEditRow(**dict(zip(BulkEditRow.__struct_fields__, row, strict=True)))
