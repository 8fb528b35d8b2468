"""Proposals accepted at once: all in a range above a certainty, but what is emergent and what still grows.

What would cut something that is decided, or another that is accepted with it, is left as well (`storage.overlaps`): a
person decides that one by one. Of two that overlap the surer is accepted.

Each row that it changes gets the revision that accepting it alone would have made; `bulk_id` in the revisions makes
them one thing. What a person has decided is no proposal any more and never touched. Beats: `storage.bulk_edits`.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from psycopg.types.json import Jsonb

from signal_processing import layers, vocabulary
from storage import bulk_steps, edits, overlaps, queries
from storage.errors import ConstraintError
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor

__all__ = ["Acceptance", "AcceptancePreview", "WantedAcceptance", "apply", "get", "history", "preview", "redo", "undo"]

MAX_PROPOSALS = 100_000
"""Proposals in the range of one acceptance: more than any recording that a person looked through."""

_SQL = queries.load("acceptances")
_EDIT_ROWS = queries.load("bulk_edits")["edit_rows"]
_EXCLUSIVE = [label for layer in layers.EXCLUSIVE for label in layer.labels]
_WHY_LEFT = ("emergent", "unsure", "ongoing", "overlapping")


class WantedAcceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Which proposals are to be accepted.

    Parameters
    ----------
    start_us, end_us : half-open range in which they lie as a whole.
    min_confidence : within [0, 1]; a proposal without a confidence has 0.
    label : of that one only; None means all.
    include_emergent : those of the highest urgency (VT, VF, asystole) as well.

    Raises
    ------
    UnknownLabelError : if the label is not in the vocabulary.
    ConstraintError : if another rule is broken.
    """

    start_us: int
    end_us: int
    min_confidence: float
    label: str | None = None
    include_emergent: bool = False

    def __post_init__(self) -> None:
        if self.end_us < self.start_us:
            msg = f"range must not end before it starts, got [{self.start_us}, {self.end_us}) us"
            raise ConstraintError(msg)
        if not 0 <= self.min_confidence <= 1:
            msg = f"certainty must be within [0, 1], got {self.min_confidence}"
            raise ConstraintError(msg)
        if self.label is not None and (kind := vocabulary.label(self.label).kind) in edits.POINT_KINDS:
            msg = f"label must be one of a span or an event, got {self.label!r}, a {kind}"
            raise ConstraintError(msg)


class AcceptancePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What an acceptance would do now; the counts after `n_given` add up to it.

    Parameters
    ----------
    n_given : proposals that lie in the range and have the label.
    n_changed : of those, accepted.
    n_emergent, n_unsure, n_ongoing, n_overlapping : left: too urgent to be accepted unseen, below the certainty, still
        growing, where something else is decided or accepted.
    by_label : how many of each label are accepted, the most first.
    given_by_label : how many of each label lie in the range, whatever the label asked for.
    """

    n_given: int
    n_changed: int
    n_emergent: int
    n_unsure: int
    n_ongoing: int
    n_overlapping: int
    by_label: dict[str, int]
    given_by_label: dict[str, int]


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Proposals that a person accepted at once; fields as of `WantedAcceptance`, counts as of `AcceptancePreview`.

    Parameters
    ----------
    view : what was on the screen, as the page told.
    updated_us : when it was done, undone or done again last.
    undone_us, undone_by : when and by whom it was undone; None while it stands.
    n_changed_since : spans that the newest undo or redo left, because they were changed meanwhile.
    """

    id: uuid.UUID
    stream_id: int
    label: str | None
    start_us: int
    end_us: int
    min_confidence: float
    include_emergent: bool
    n_given: int
    n_changed: int
    n_emergent: int
    n_unsure: int
    n_ongoing: int
    n_overlapping: int
    user_id: int | None
    login: str
    at_us: int
    view: dict[str, Any]
    updated_us: int
    undone_us: int | None
    undone_by: str | None
    n_changed_since: int


class _Row(NamedTuple):
    id: uuid.UUID
    revision: int
    fate: str


def preview(conn: Connection[TupleRow], stream_id: int, wanted: WantedAcceptance) -> AcceptancePreview:
    """What `apply` would do now; changes nothing."""
    found = fetch(conn, _SQL["preview"], {"stream_id": stream_id, **msgspec.structs.asdict(wanted)})
    fates, accepted, given = Counter[str](), Counter[str](), Counter[str]()
    for label, fate, n in found:
        given[label] += n
        if wanted.label in (None, label):
            fates[fate] += n
            accepted[label] += n if fate == "accepted" else 0
    for label in _disputed(conn, stream_id, wanted).values():
        accepted[label] -= 1
        fates.subtract(["accepted"])
        fates.update(["overlapping"])
    return AcceptancePreview(
        **_counts(fates), by_label=dict((+accepted).most_common()), given_by_label=dict(given.most_common())
    )


def apply(
    conn: Connection[TupleRow],
    stream_id: int,
    wanted: WantedAcceptance,
    *,
    bulk_id: uuid.UUID,
    actor: Actor,
    view: Mapping[str, Any],
) -> Acceptance:
    """Do it.

    Parameters
    ----------
    bulk_id : identity that the page gave it. Said again by the same person it is the same acceptance, whose answer was
        lost on the way: it comes back as it stands and nothing is changed.
    view : what was on the screen.

    Raises
    ------
    ConstraintError : if the identity is another one's, or the range holds more than `MAX_PROPOSALS`.
    """
    facts = {
        "bulk_id": bulk_id,
        "stream_id": stream_id,
        **msgspec.structs.asdict(wanted),
        "user_id": actor.user_id,
        "login": actor.login,
    }
    if not conn.execute(_SQL["begin"], {**facts, "view": Jsonb(dict(view))}).rowcount:
        return _applied_before(conn, bulk_id, facts)
    overlaps.lock(conn, stream_id)
    rows = [_Row(*row) for row in fetch(conn, _SQL["take"], {**facts, "at_most": MAX_PROPOSALS})]
    if len(rows) > MAX_PROPOSALS:
        msg = f"a range must hold at most {MAX_PROPOSALS} proposals to be accepted at once, it holds more"
        raise ConstraintError(msg)
    disputed = _disputed(conn, stream_id, wanted)
    rows = [row._replace(fate="overlapping") if row.id in disputed else row for row in rows]
    fates = Counter(row.fate for row in rows)
    _accept(conn, [row for row in rows if row.fate == "accepted"], bulk_id, actor)
    conn.execute(_SQL["count"], {**_counts(fates), "bulk_id": bulk_id})
    return get(conn, bulk_id)


def undo(conn: Connection[TupleRow], bulk_id: uuid.UUID, actor: Actor) -> Acceptance:
    """Make proposals of them again; what was changed since is left and counted. Undone twice it is undone once.

    Raises
    ------
    UnknownRowError : if there is no such acceptance.
    """
    bulk_steps.step(conn, bulk_id, actor, target="proposals", is_redo=False)
    return get(conn, bulk_id)


def redo(conn: Connection[TupleRow], bulk_id: uuid.UUID, actor: Actor) -> Acceptance:
    """Do again what was undone, as `undo`; what something else is decided about by now is left as well."""
    stream_id = get(conn, bulk_id).stream_id
    overlaps.lock(conn, stream_id)
    found = fetch(conn, _SQL["undone"], {"bulk_id": bulk_id, "labels": _EXCLUSIVE})
    left = overlaps.disputed(conn, stream_id, [overlaps.Wanted(*row) for row in found])
    bulk_steps.step(conn, bulk_id, actor, target="proposals", is_redo=True, left=left)
    return get(conn, bulk_id)


def get(conn: Connection[TupleRow], bulk_id: uuid.UUID) -> Acceptance:
    """One acceptance as it stands.

    Raises
    ------
    UnknownRowError : if there is none of that identity.
    """
    row = fetch_one(conn, _SQL["get"], {"bulk_id": bulk_id})
    if row is None:
        raise bulk_steps.unknown(bulk_id)
    return _acceptance(row)


def history(
    conn: Connection[TupleRow], stream_id: int, *, limit: int, before: uuid.UUID | None = None
) -> list[Acceptance]:
    """The acceptances of a stream, newest first.

    Parameters
    ----------
    before : of the last one of the page before this one; None begins with the newest.

    Raises
    ------
    UnknownRowError : if there is no acceptance `before`.
    """
    last = None if before is None else get(conn, before)
    place = {"before_us": None, "before_id": None} if last is None else {"before_us": last.at_us, "before_id": last.id}
    rows = fetch(conn, _SQL["history"], {"stream_id": stream_id, "limit": limit, **place})
    return [_acceptance(row) for row in rows]


def _disputed(conn: Connection[TupleRow], stream_id: int, wanted: WantedAcceptance) -> dict[uuid.UUID, str]:
    """Those that overlap what is decided, or surer ones, by id, with their labels."""
    asked = msgspec.structs.asdict(wanted) | {"stream_id": stream_id, "labels": _EXCLUSIVE, "at_most": MAX_PROPOSALS}
    found = [overlaps.Wanted(*row) for row in fetch(conn, _SQL["claiming"], asked)]
    left = overlaps.disputed(conn, stream_id, found)
    return {one.id: one.label for one in found if one.id in left}


def _accept(conn: Connection[TupleRow], rows: Sequence[_Row], bulk_id: uuid.UUID, actor: Actor) -> None:
    """The one place that each accepted row passes: it is locked, a proposal, and is confirmed with its revision."""
    if not rows:
        return
    facts = {
        "action": "confirm",
        "kind": None,
        "label": None,
        "urgency": None,
        "deleted": False,
        "bulk_id": bulk_id,
        "user_id": actor.user_id,
        "login": actor.login,
        "ids": np.array([row.id.bytes for row in rows], "V16"),
        "revisions": np.array([row.revision for row in rows], np.int32),
        "statuses": [edits.status_after("confirm", status="proposed", author_kind="machine")] * len(rows),
    }
    # planned with its arrays at hand, as every statement over many rows
    conn.execute(_EDIT_ROWS, facts, prepare=False)


def _counts(fates: Mapping[str, int]) -> dict[str, int]:
    n_left = {f"n_{fate}": fates.get(fate, 0) for fate in _WHY_LEFT}
    n_changed = fates.get("accepted", 0)
    return {"n_given": n_changed + sum(n_left.values()), "n_changed": n_changed, **n_left}


def _applied_before(conn: Connection[TupleRow], bulk_id: uuid.UUID, facts: Mapping[str, Any]) -> Acceptance:
    """The acceptance that bears an identity already, if it is the same one."""
    row = fetch_one(conn, _SQL["get"], {"bulk_id": bulk_id})  # none: it is one of beats
    known = None if row is None else _acceptance(row)
    if known is None or any(getattr(known, name) != value for name, value in facts.items() if name != "bulk_id"):
        msg = f"identity of a new acceptance must be free, got {bulk_id}, which is another one's"
        raise ConstraintError(msg)
    return known


def _acceptance(row: TupleRow) -> Acceptance:
    return Acceptance(**dict(zip(Acceptance.__struct_fields__, row, strict=True)))
