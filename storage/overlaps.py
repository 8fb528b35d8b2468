"""The rule of exclusive layers: decided spans of one scope never overlap, the newest act wins.

`storage.revisions` settles each act within its transaction. What an act covers is cut out of the others: they are
trimmed, split, or deleted when nothing is left. Each cut is a revision whose cause is the act's revision, so that undo
of the act takes its cuts back. Layers: `signal_processing.layers`.

All acts on spans of exclusive layers in one stream follow each other: they take `lock` before any row. A worker that
extends or marks the same rows has an order of its own; where the two meet, whoever is told so does it again.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from signal_processing import layers, vocabulary
from storage import edits, queries
from storage.annotations import get_many
from storage.errors import ConstraintError
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from signal_processing.layers import Layer
    from storage.annotation_row import Actor, AnnotationRow

__all__ = ["Act", "Aftermath", "Scope", "Wanted", "decided", "disputed", "erase", "lock", "recall", "settle"]

_SQL = queries.load("overlaps")
_ROWS_SQL = queries.load("annotations")

DECIDED: Final = frozenset({"confirmed", "corrected"})
"""Statuses that count: what is proposed, rejected, ambiguous or withdrawn contradicts nothing."""

_COMMENTS: Final = frozenset({"note", "describe", "link"})
"""Actions that say something about a span but nothing about where it stands."""


class Scope(NamedTuple):
    """Where labels of a layer contradict each other: all leads of a channel group (`channel` None), or one of them."""

    stream_id: int
    group_id: int
    layer: Layer
    channel: str | None


class Act(NamedTuple):
    """A revision that a person made; what follows from it names it as its cause."""

    annotation_id: uuid.UUID
    revision: int
    action: str
    actor: Actor


class Aftermath:
    """What acts changed beside their own rows; one of it may take in many acts.

    `rows` : {id: annotation as it stands}. `n_left` : annotations that an undo would have put back but left, because
    they were changed since, or because something else was decided there.
    """

    def __init__(self) -> None:
        self.rows: dict[uuid.UUID, AnnotationRow] = {}
        self.n_left = 0


class Wanted(NamedTuple):
    """A span that is to be decided together with others."""

    id: uuid.UUID
    group_id: int
    label: str
    channel: str | None
    start_us: int
    end_us: int


class _Span(NamedTuple):
    id: uuid.UUID
    start_us: int
    end_us: int


class _Change(NamedTuple):
    """How a row shall stand; `split_from` where it is the second part of another."""

    id: uuid.UUID
    start_us: int
    end_us: int
    deleted: bool
    split_from: uuid.UUID | None = None


class _Claim(NamedTuple):
    scope: Scope
    start_us: int
    end_us: int


class _Undoing(NamedTuple):
    """A row that followed from an act, and how it would stand without it."""

    change: _Change
    claim: _Claim | None
    is_unchanged: bool

    @property
    def unit(self) -> uuid.UUID:
        """Both parts of what was split go back together, or neither does."""
        return self.change.split_from or self.change.id


def lock(conn: Connection[TupleRow], stream_id: int) -> None:
    """Let nobody else decide on spans of exclusive layers in a stream until the transaction ends.

    `storage.revisions` does it for each act. A transaction of acts in several streams takes it first, in the order of
    the streams' ids, so that two of them cannot wait for each other.
    """
    conn.execute(_SQL["lock_stream"], {"stream_id": stream_id})


def settle(
    conn: Connection[TupleRow],
    row: AnnotationRow,
    act: Act,
    *,
    was: AnnotationRow | None,
    aftermath: Aftermath,
    undoes: int | None = None,
) -> None:
    """See to it that an act leaves no decided spans that contradict each other.

    Parameters
    ----------
    row, was : what the act left, and what it found; None when it made the row.
    aftermath : takes what else changed.
    undoes : the revision of the row that the act takes back; what followed from that one goes back as well.
    """
    changed = set() if undoes is None else _take_back(conn, act, undoes, aftermath)
    claim = _claim_of(row)
    is_comment = act.action in _COMMENTS and was is not None and claim == _claim_of(was)
    if claim is not None and not is_comment:
        found = [one for one in decided(conn, claim.scope, claim.start_us, claim.end_us) if one.id != row.id]
        changed |= _cut(conn, found, claim.start_us, claim.end_us, act)
    aftermath.rows |= get_many(conn, changed)


def recall(conn: Connection[TupleRow], annotation_id: uuid.UUID, revision: int, aftermath: Aftermath) -> None:
    """What followed from an act before, for an answer that is given again."""
    found = fetch(conn, _SQL["follows_from"], {"cause_id": annotation_id, "cause_revision": revision})
    aftermath.rows |= get_many(conn, {identity for (identity,) in found})


def erase(
    conn: Connection[TupleRow], scope: Scope, start_us: int, end_us: int, *, actor: Actor, view: Mapping[str, Any]
) -> list[AnnotationRow]:
    """Cut [start_us, end_us) out of all that is decided in a scope, and put nothing in its place.

    Returns
    -------
    What changed, empty when nothing was decided there. The revision of the first is the act, which the others follow
    from: its undo puts all back.

    Raises
    ------
    ConstraintError : if the range is empty.
    """
    if end_us <= start_us:
        msg = f"a range to erase must end after it starts, got [{start_us}, {end_us}) us"
        raise ConstraintError(msg)
    lock(conn, scope.stream_id)
    found = decided(conn, scope, start_us, end_us)
    if not found:
        return []
    first, *others = found
    parts = layers.remaining(first.start_us, first.end_us, start_us, end_us)
    made = _revise(conn, [_change_to(first, parts)], "erase", actor, cause=None, view=view)
    act = Act(first.id, made[first.id], "erase", actor)
    changed = _add_second_parts(conn, {first.id: parts}, act) | _cut(conn, others, start_us, end_us, act)
    rows = get_many(conn, {first.id} | changed)
    return [rows.pop(first.id), *rows.values()]


def decided(conn: Connection[TupleRow], scope: Scope, start_us: int, end_us: int) -> list[_Span]:
    """Decided spans of a scope that overlap [start_us, end_us), as (id, start, end) in the order of start."""
    where = {
        "stream_id": scope.stream_id,
        "group_id": scope.group_id,
        "labels": list(scope.layer.labels),
        "channel": scope.channel,
        "start_us": start_us,
        "end_us": end_us,
    }
    return [_Span(*found) for found in fetch(conn, _SQL["decided"], where)]


def disputed(conn: Connection[TupleRow], stream_id: int, wanted: Sequence[Wanted]) -> set[uuid.UUID]:
    """Of spans of a stream those that must not be decided unseen: something decided is there, or one named before it.

    Take `lock` first where something is made of the answer.
    """
    claims: dict[Scope, list[tuple[uuid.UUID, _Claim]]] = {}
    for one in wanted:
        if (claim := _claim(stream_id, *one[1:])) is not None:
            claims.setdefault(claim.scope, []).append((one.id, claim))
    left = set()
    for scope, own in claims.items():
        hull = min(claim.start_us for _, claim in own), max(claim.end_us for _, claim in own)
        taken = _without_overlaps((span.start_us, span.end_us) for span in decided(conn, scope, *hull))
        for identity, claim in own:
            at = bisect_left(taken, (claim.start_us, claim.end_us))
            if any(low < claim.end_us and high > claim.start_us for low, high in taken[max(at - 1, 0) : at + 1]):
                left.add(identity)
            else:
                taken.insert(at, (claim.start_us, claim.end_us))
    return left


def _without_overlaps(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in the order of start as ranges that do not overlap: what was decided before the rule may."""
    found: list[tuple[int, int]] = []
    for low, high in ranges:
        if found and low < found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _claim_of(row: AnnotationRow) -> _Claim | None:
    if row.deleted or row.status not in DECIDED:
        return None
    return _claim(row.stream_id, row.group_id, row.label, row.channel, row.start_us, row.end_us)


def _claim(stream_id: int, group_id: int, label: str, channel: str | None, start_us: int, end_us: int) -> _Claim | None:
    """What a decided span says nothing else may; None in a free layer, and of a span that covers no moment."""
    layer = layers.exclusive_layer_of(label)
    if layer is None or end_us <= start_us:
        return None
    return _Claim(Scope(stream_id, group_id, layer, channel), start_us, end_us)


def _change_to(span: _Span, parts: Sequence[tuple[int, int]]) -> _Change:
    """The first part keeps the identity; with none left the row keeps its bounds, and is deleted."""
    low, high = parts[0] if parts else (span.start_us, span.end_us)
    return _Change(span.id, low, high, deleted=not parts)


def _cut(conn: Connection[TupleRow], found: Sequence[_Span], start_us: int, end_us: int, act: Act) -> set[uuid.UUID]:
    """Cut a range out of spans that overlap it; gives the ids of what changed."""
    parts = {one.id: layers.remaining(one.start_us, one.end_us, start_us, end_us) for one in found}
    _revise(conn, [_change_to(one, parts[one.id]) for one in found], "cut", act.actor, cause=act)
    return parts.keys() | _add_second_parts(conn, parts, act)


def _add_second_parts(
    conn: Connection[TupleRow], parts: Mapping[uuid.UUID, Sequence[tuple[int, int]]], act: Act
) -> set[uuid.UUID]:
    """Of spans that fell into two parts the second is an annotation of its own, added by who made the cut."""
    seconds = {identity: both[1] for identity, both in parts.items() if len(both) > 1}
    rows = get_many(conn, seconds.keys())
    return {_add_part(conn, rows[identity], *second, act) for identity, second in seconds.items()}


def _add_part(conn: Connection[TupleRow], row: AnnotationRow, start_us: int, end_us: int, act: Act) -> uuid.UUID:
    """A person's own row with what people said of the whole; the machine's figures are of the whole and stay there."""
    content = {field: getattr(row, field) for field in edits.CONTENT}
    facts = {
        **content,
        "evidence": list(row.evidence),
        "start_us": start_us,
        "end_us": end_us,
        "stream_id": row.stream_id,
        "group_id": row.group_id,
        "kind": row.kind,
        "urgency": int(vocabulary.label(row.label).urgency),
        "login": act.actor.login,
        "id": None,
    }
    inserted = fetch_one(conn, _ROWS_SQL["insert_human"], facts)
    assert inserted is not None  # noqa: S101 - the database draws an id that is free
    revision = {"id": inserted[0], "user_id": act.actor.user_id, "login": act.actor.login, "split_from": row.id}
    conn.execute(_SQL["insert_part"], revision | {"cause_id": act.annotation_id, "cause_revision": act.revision})
    if row.signal_changed_us is not None:
        conn.execute(_SQL["mark_part"], {"id": inserted[0], "signal_changed_us": row.signal_changed_us})
    identity: uuid.UUID = inserted[0]
    return identity


def _revise(
    conn: Connection[TupleRow],
    changes: Sequence[_Change],
    action: str,
    actor: Actor,
    *,
    cause: Act | None,
    view: Mapping[str, Any] | None = None,
) -> dict[uuid.UUID, int]:
    """Change rows, each with a revision; gives their revisions by id."""
    if not changes:
        return {}
    columns = {
        "ids": [one.id for one in changes],
        "starts_us": [one.start_us for one in changes],
        "ends_us": [one.end_us for one in changes],
        "deleted": [one.deleted for one in changes],
        "splits_from": [one.split_from for one in changes],
    }
    facts = {
        "action": action,
        "user_id": actor.user_id,
        "login": actor.login,
        "view": Jsonb(dict(view or {})),
        "cause_id": None if cause is None else cause.annotation_id,
        "cause_revision": None if cause is None else cause.revision,
    }
    return dict(fetch(conn, _SQL["change"], columns | facts))


def _take_back(conn: Connection[TupleRow], act: Act, undoes: int, aftermath: Aftermath) -> set[uuid.UUID]:
    """Put back what followed from an earlier revision of the act's row, where nothing else was done there since."""
    found = _undoings(conn, act.annotation_id, undoes)
    blocked = _blocked(conn, found)
    aftermath.n_left += sum(one.unit in blocked for one in found)
    due = [one.change for one in found if one.unit not in blocked]
    return set(_revise(conn, due, act.action, act.actor, cause=act))


def _undoings(conn: Connection[TupleRow], annotation_id: uuid.UUID, revision: int) -> list[_Undoing]:
    found = []
    for record in fetch(conn, _SQL["followed"], {"cause_id": annotation_id, "cause_revision": revision}):
        identity, split_from, stream_id, group_id, label, channel, status, start, end, deleted, is_unchanged = record
        is_claiming = not deleted and status in DECIDED
        claim = _claim(stream_id, group_id, label, channel, start, end) if is_claiming else None
        found.append(_Undoing(_Change(identity, start, end, deleted, split_from), claim, is_unchanged))
    return found


def _blocked(conn: Connection[TupleRow], found: Sequence[_Undoing]) -> set[uuid.UUID]:
    """Units that stay: one of their rows was changed since, or would overlap what is decided and stays as well."""
    blocked = {one.unit for one in found if not one.is_unchanged}
    in_the_way = _in_the_way(conn, [one for one in found if one.unit not in blocked])
    while True:
        moving = {one.change.id for one in found if one.unit not in blocked}
        more = {one.unit for one in found if one.change.id in moving and in_the_way.get(one.change.id, set()) - moving}
        if not more:
            return blocked
        blocked |= more


def _in_the_way(conn: Connection[TupleRow], found: Sequence[_Undoing]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Of each row what is decided now where it would stand: one query a scope, however many rows."""
    claims: dict[Scope, list[_Span]] = {}
    for one in found:
        if one.claim is not None:
            claims.setdefault(one.claim.scope, []).append(_Span(one.change.id, one.claim.start_us, one.claim.end_us))
    met: dict[uuid.UUID, set[uuid.UUID]] = {}
    for scope, wanted in claims.items():
        hull = (min(one.start_us for one in wanted), max(one.end_us for one in wanted))
        for span, other in _meetings(wanted, decided(conn, scope, *hull)):
            met.setdefault(span.id, set()).add(other.id)
    return met


def _meetings(some: Sequence[_Span], others: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Every pair of one of some and one of others that overlap."""
    ones = [(span.start_us, False, span) for span in some]
    open_spans: list[tuple[bool, _Span]] = []
    for start_us, is_other, span in sorted([*ones, *((span.start_us, True, span) for span in others)]):
        open_spans = [(kind, one) for kind, one in open_spans if one.end_us > start_us]
        for kind, one in open_spans:
            if kind is not is_other:
                yield (one, span) if is_other else (span, one)
        open_spans.append((is_other, span))
