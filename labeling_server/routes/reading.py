"""Reading over REST: the next item, handing in, and deciding what readers differ in.

Blinded: to a reader, no answer holds another's reading, name, number or count; to an adjudicator, lanes have letters,
dealt out anew for each item.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, status

from labeling_server.api import programme_answers as answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.reading_bodies import (  # noqa: TC001 - FastAPI reads them at run time
    AdjudicationBody,
    DesignBody,
    ReadingBody,
)
from labeling_server.api.requests import Db, api_router
from labeling_server.programme.access import DECIDES, OWNS, project_for
from labeling_server.programme.reading_rules import dealer_of, decider_of
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from storage import assignments, projects, readings
from storage.errors import UnknownRowError
from storage.readings import ReadingMarks

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from storage.assignments import Lane
    from storage.projects import ReaderRow
    from storage.readings import ItemRow

router = api_router("/api", tag="programme")

_LETTERS = "ABCDEFGHIJKLMNOPQRST"


@router.put("/projects/{project_id}/design", response_model=answers.Dealt)
def put_design(project_id: RowId, body: DesignBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Say how many read an item, and deal out items that nobody has yet; for owners."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, OWNS, "deal out items")
        project = projects.set_design(
            conn, project, n_readers=body.n_readers, double_share=body.double_share, actor=reader.actor
        )
        n_items = assignments.deal(conn, project, dealer=dealer_of(project, seed=body.seed), actor=reader.actor)
    return {"n_items": n_items}


@router.post("/projects/{project_id}/next", response_model=answers.NextItem)
def next_item(project_id: RowId, database: Db, reader: ApiReader) -> dict[str, Any]:
    """The item that the person has before them, or the next one; null when all is read. For readers."""
    with database.transaction() as conn:
        me = _me(conn, project_id, reader)
        item = assignments.claim(conn, me)
    return {"item": None if item is None else _item(item)}


@router.get("/projects/{project_id}/progress", response_model=answers.Progress)
def get_progress(project_id: RowId, database: Db, reader: ApiReader) -> dict[str, int]:
    """How far one is oneself: counted anew, which takes a while where one has a hundred thousand items. For readers."""
    with database.transaction() as conn:
        return assignments.progress(conn, _me(conn, project_id, reader))._asdict()


@router.post("/items/{item_id}/reading", response_model=answers.Item)
def hand_in(item_id: RowId, body: ReadingBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Hand in what one says of the item that one has before one: once, and never changed."""
    with database.transaction() as conn:
        item, me = _mine(conn, item_id, reader)
        project = projects.by_id(conn, item.project_id)
        marks, decide = _marks(body), decider_of(project)
        assignments.hand_in(conn, me, item, marks, answer=body.answer, actor=reader.actor, decide=decide)
    return _item(item)


@router.post("/items/{item_id}/later", response_model=answers.Item)
def put_off(item_id: RowId, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Put the item off: it comes again when all others are read."""
    with database.transaction() as conn:
        item, me = _mine(conn, item_id, reader)
        assignments.put_off(conn, me, item_id)
    return _item(item)


@router.get("/projects/{project_id}/disputes", response_model=list[answers.Dispute])
def list_disputes(project_id: RowId, database: Db, reader: ApiReader) -> list[dict[str, Any]]:
    """Items whose readers differ, by priority, with what each said; for adjudicators, and none that they have read."""
    with database.transaction() as conn:
        project_for(conn, reader, project_id, DECIDES, "adjudicate", admin_may=False)
        mine = _own_reader_id(conn, project_id, reader)
        found = [
            (one, assignments.lanes_of(conn, one.item.id)) for one in assignments.disputed(conn, project_id, limit=20)
        ]
    return [
        {"item": _item(one.item), "why": one.why, "lanes": _lettered(one.item, lanes)}
        for one, lanes in found
        if mine not in {lane.reader_id for lane in lanes}
    ]


@router.post("/items/{item_id}/adjudication", response_model=answers.Item)
def adjudicate(item_id: RowId, body: AdjudicationBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Decide an item whose readers differ, by which code and why; not one that one has read."""
    with database.transaction() as conn:
        item = readings.item(conn, item_id)
        project_for(conn, reader, item.project_id, DECIDES, "adjudicate", admin_may=False)
        if _own_reader_id(conn, item.project_id, reader) in {
            lane.reader_id for lane in assignments.lanes_of(conn, item_id)
        }:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "an item is adjudicated by somebody who has not read it")
        assignments.adjudicate(
            conn, item, _marks(body), answer=body.answer, code=body.code, reason=body.reason, actor=reader.actor
        )
    return _item(item)


def _me(conn: Any, project_id: int, reader: Reader) -> ReaderRow:
    """Who the person is among the readers, by their pseudonym."""
    project_for(conn, reader, project_id, frozenset({"reader"}), "read", admin_may=False)
    return assignments.reader_of(conn, project_id, reader.user_id)


def _mine(conn: Any, item_id: int, reader: Reader) -> tuple[ItemRow, ReaderRow]:
    item = readings.item(conn, item_id)
    try:
        return item, _me(conn, item.project_id, reader)
    except UnknownRowError as error:  # nor which project the item is of
        msg = f"item must be one that there is, got number {item_id}"
        raise UnknownRowError(msg) from error


def _own_reader_id(conn: Any, project_id: int, reader: Reader) -> int | None:
    try:
        return assignments.reader_of(conn, project_id, reader.user_id).id
    except UnknownRowError:
        return None


def _marks(body: ReadingBody) -> ReadingMarks:
    return ReadingMarks.of((mark.start_us, mark.end_us, mark.label) for mark in body.marks)


def _item(item: ItemRow) -> dict[str, Any]:
    return {"id": item.id, "stream_id": item.stream_id, "start_us": item.start_us, "end_us": item.end_us}


def _lettered(item: ItemRow, lanes: list[Lane]) -> list[dict[str, Any]]:
    """Lanes in an order that tells nothing from one item to the next."""

    def place(lane: Lane) -> str:
        return hashlib.sha256(f"{item.id} {lane.reader_id}".encode()).hexdigest()

    return [
        {
            "lane": letter,
            "answer": lane.answer,
            "marks": [
                {"start_us": start, "end_us": end, "label": name}
                for start, end, name in zip(*(column.tolist() for column in lane.marks), strict=True)
            ],
        }
        for letter, lane in zip(_LETTERS, sorted(lanes, key=place), strict=False)
    ]
