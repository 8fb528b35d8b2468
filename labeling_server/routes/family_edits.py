"""Families merged and split by hand over REST: preview, do, undo, redo, and what was done.

Families are given by beats, so what was seen is meant whatever number it has by now.
"""

from __future__ import annotations

import uuid  # noqa: TC003 - FastAPI reads it at run time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from fastapi import Query, Response, status

from labeling_server.api import answers
from labeling_server.api.bounds import MAX_ROW_ID, RowId
from labeling_server.api.edit_bodies import FamilyEdit as FamilyEditBody  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.paging import Page, page_of_up_to
from labeling_server.api.requests import Db, api_router, group_in_stream
from labeling_server.family_requests import Asked, Shelf, family_json
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from signal_processing.errors import InvalidValueError
from signal_processing.family_edits import FamilyEdit, parts_of_merge, parts_of_split
from signal_processing.morphology import OTHER
from storage import family_edits
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labeling_server.beat_families import FamilyShelf, GroupFamilies
    from signal_processing.family_edits import Action
    from storage.catalogue import GroupRow
    from storage.database import Database

router = api_router("/api/streams/{stream_id}/families/edits", tag="families")


@router.post(
    "",
    response_model=answers.FamilyEdit | answers.FamilyPreview,
    responses={201: {"model": answers.FamilyEdit, "description": "It is done"}},
)
def edit_families(
    stream_id: RowId, body: FamilyEditBody, database: Db, reader: ApiReader, shelf: Shelf, response: Response
) -> dict[str, Any]:
    """Merge families, each given by a beat of it, or split beats off; or say what that would do. Once by an id."""
    given = np.unique(np.array(body.samples, np.int64))
    _check(body, len(given))
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, body.group_id)
        if body.id is not None and not body.is_preview:
            known = family_edits.made_before(conn, group, body.action, given, edit_id=body.id, actor=reader.actor)
            if known is not None:
                response.status_code = status.HTTP_201_CREATED
                return _json(known)
    found = shelf.families_of(database, group)
    new = _planned(found, body.action, given)
    if body.id is None or body.is_preview:
        return _preview(shelf, database, group, found, new)
    with database.transaction() as conn:
        made = family_edits.add(conn, group, new, edit_id=body.id, actor=reader.actor, view=body.view)
    response.status_code = status.HTTP_201_CREATED
    return _json(made)


@router.get("", response_model=list[answers.ListedFamilyEdit])
def get_family_edits(
    asked: Asked,
    database: Db,
    page: Annotated[Page, page_of_up_to(50)],
    before: Annotated[
        int | None, Query(ge=1, le=MAX_ROW_ID, description="Number of the last edit of the page before")
    ] = None,
) -> list[dict[str, Any]]:
    """What people did to a group's families, newest first, undone or not; `n_affected` is what comes of it now."""
    with database.transaction() as conn:
        rows = family_edits.history(conn, asked.group.id, limit=page.n_wanted, before=before)
    kept = page.cut(rows, before=lambda last: last.number)
    return [_json(row) | {"n_affected": asked.found.n_affected.get(row.number, 0)} for row in kept]


@router.post("/{edit_id}/undo", response_model=answers.FamilyEdit)
def undo_family_edit(stream_id: RowId, edit_id: uuid.UUID, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Take an edit of families back; those after it stand."""
    with database.transaction() as conn:
        _check_stream(conn, stream_id, edit_id)
        return _json(family_edits.undo(conn, edit_id, reader.actor))


@router.post("/{edit_id}/redo", response_model=answers.FamilyEdit)
def redo_family_edit(stream_id: RowId, edit_id: uuid.UUID, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Let an edit that was undone stand again, in its old place."""
    with database.transaction() as conn:
        _check_stream(conn, stream_id, edit_id)
        return _json(family_edits.redo(conn, edit_id, reader.actor))


def _check(body: FamilyEditBody, n_given: int) -> None:
    most = family_edits.MAX_MERGED if body.action == "merge" else family_edits.MAX_SPLIT
    if not 1 <= n_given <= most:
        msg = f"a {body.action} must be of 1 to {most} beats, got {n_given}"
        raise InvalidValueError(msg)
    if body.id is None and not body.is_preview:
        msg = "an edit of families must carry an id of its own, so that it is done once, got none"
        raise InvalidValueError(msg)


def _check_stream(conn: Any, stream_id: int, edit_id: uuid.UUID) -> None:
    if family_edits.get(conn, edit_id).stream_id != stream_id:
        msg = f"edit of families must be one of stream {stream_id}, got id {edit_id}"
        raise UnknownRowError(msg)


def _planned(found: GroupFamilies, action: Action, given: NDArray[np.int64]) -> family_edits.NewFamilyEdit:
    """The edit of the beats that were given."""
    told = found.told
    if action == "merge":
        parts = parts_of_merge(told, given)
        sizes = [len(found.members(int(number))) for number in np.unique(told.numbers[np.isin(told.samples, given)])]
        n_beats = sum(sizes[1:])
    else:
        parts = parts_of_split(told, given)
        n_beats = int(np.isin(told.samples, given).sum())
    seen_end = int(told.samples[-1]) + 1
    return family_edits.NewFamilyEdit(action=action, given=given, parts=parts, seen_end=seen_end, n_beats=n_beats)


def _preview(
    shelf: FamilyShelf, database: Database, group: GroupRow, found: GroupFamilies, new: family_edits.NewFamilyEdit
) -> dict[str, Any]:
    """The families that are no more, and those that they become."""
    edited = shelf.edited(database, group, found, FamilyEdit(0, new.action, new.parts, new.seen_end))
    before, after = found.told.numbers, edited.beats.numbers
    moved = before != after
    after_edit = found._replace(told=edited.beats, by_hand=found.by_hand | edited.by_hand)
    changed = sorted({*before[moved].tolist(), *after[moved].tolist()})
    there = {family.number for family in edited.beats.families}
    return {
        "n_beats": new.n_beats,
        "gone": [number for number in changed if number not in there and number != OTHER],
        "families": [family_json(after_edit, number) for number in changed if number in there],
    }


def _json(row: family_edits.FamilyEditRow) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(row)
    return fields
