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
from labeling_server.api.programme_json import check_code, how_of, item_json, marks_json, marks_of
from labeling_server.api.reading_bodies import (  # noqa: TC001 - FastAPI reads them at run time
    DecisionBody,
    DesignBody,
    GivenReadingBody,
)
from labeling_server.api.requests import Db, api_router
from labeling_server.programme.access import DECIDES, OWNS, READS, project_for
from labeling_server.programme.entrance import finish_test, gate
from labeling_server.programme.machine_marks import machine_marks
from labeling_server.programme.reading_rules import dealer_of, decider_of, mixer_of
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from storage import assignments, guidelines, known_items, priorities, projects, readings
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from storage.assignments import Lane
    from storage.projects import ReaderRow
    from storage.readings import ItemRow

router = api_router("/api", tag="programme")

MAX_DISPUTES = 20
"""Items that an adjudicator is shown at once."""
_LETTERS = "ABCDEFGHIJKLMNOPQRST"


@router.put("/projects/{project_id}/design", response_model=answers.Dealt)
def put_design(project_id: RowId, body: DesignBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Say how many read an item, and deal out items that nobody has yet; for owners."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, OWNS, "deal out items")
        design = projects.Design(**body.model_dump(exclude={"seed", "order"}))
        project = projects.set_design(conn, project, design, actor=reader.actor)
        priorities.set_order(conn, project, body.order, seed=body.seed)
        n_items = assignments.deal(conn, project, dealer=dealer_of(project, seed=body.seed), actor=reader.actor)
        mixed = known_items.mix_in(conn, project, mixer=mixer_of(project, seed=body.seed), actor=reader.actor)
    return {"n_items": n_items, "n_gold": mixed["gold"], "n_repeats": mixed["repeats"]}


@router.post("/projects/{project_id}/next", response_model=answers.NextItem)
def next_item(project_id: RowId, database: Db, reader: ApiReader) -> dict[str, Any]:
    """The item that the person has before them, or the next one; null when all is read, or `hold` says what is wanted.

    For readers. `marks` are what the reading begins with: of some items what machines say, of the others nothing.
    """
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, READS, "read", admin_may=False)
        me = assignments.reader_of(conn, project_id, reader.user_id)
        before = gate(conn, project, me)
        item = None if before.why else assignments.claim(conn, me, of_entrance=before.of_test)
        is_assisted = item is not None and assignments.given_to(conn, me, item.id).is_assisted
        marks = machine_marks(conn, item) if item is not None and is_assisted else None
    return {
        "item": None if item is None else item_json(item),
        "hold": before.why,
        "of_test": before.of_test,
        "guideline": before.guideline,
        "n_right": before.n_right,
        "n_items": before.n_items,
        "is_assisted": is_assisted,
        "marks": [] if marks is None else marks_json(marks),
    }


@router.get("/projects/{project_id}/progress", response_model=answers.Progress)
def get_progress(project_id: RowId, database: Db, reader: ApiReader) -> dict[str, int | None]:
    """How far one is oneself: counted anew, which takes a while where one has a hundred thousand items. For readers."""
    with database.transaction() as conn:
        me = _me(conn, project_id, reader)
        due_us = projects.by_id(conn, project_id).due_us
        return {**assignments.progress(conn, me)._asdict(), "due_us": due_us}


@router.post("/items/{item_id}/reading", response_model=answers.Item)
def hand_in(item_id: RowId, body: GivenReadingBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Hand in what one says of the item that one has before one: once, and never changed."""
    with database.transaction() as conn:
        item, me = _mine(conn, item_id, reader)
        project = projects.by_id(conn, item.project_id)
        known, _ = guidelines.acknowledged(conn, project.id, reader.user_id)
        marks, decide, how = marks_of(body), decider_of(project), how_of(body, guideline=known)
        of_test = assignments.given_to(conn, me, item.id).is_entrance
        assignments.hand_in(conn, me, item, marks, answer=body.answer, actor=reader.actor, decide=decide, how=how)
        if of_test:
            finish_test(conn, project, me, reader.actor)
    return item_json(item)


@router.post("/items/{item_id}/later", response_model=answers.Item)
def put_off(item_id: RowId, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Put the item off: it comes again when all others are read."""
    with database.transaction() as conn:
        item, me = _mine(conn, item_id, reader)
        assignments.put_off(conn, me, item_id)
    return item_json(item)


@router.get("/projects/{project_id}/disputes", response_model=list[answers.Dispute])
def list_disputes(project_id: RowId, database: Db, reader: ApiReader) -> list[dict[str, Any]]:
    """Items whose readers differ, by priority, with what each said; for adjudicators, and none that they have read."""
    with database.transaction() as conn:
        project_for(conn, reader, project_id, DECIDES, "adjudicate", admin_may=False)
        found = assignments.disputed(conn, project_id, user_id=reader.user_id, limit=MAX_DISPUTES)
        lanes = [assignments.lanes_of(conn, one.item.id) for one in found]
    return [
        {"item": item_json(one.item), "why": one.why, "lanes": _lettered(one.item, own)}
        for one, own in zip(found, lanes, strict=True)
    ]


@router.post("/items/{item_id}/adjudication", response_model=answers.Item)
def adjudicate(item_id: RowId, body: DecisionBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Decide an item whose readers differ, by which code and why; not one that one has read."""
    with database.transaction() as conn:
        item = readings.item(conn, item_id)
        project = project_for(conn, reader, item.project_id, DECIDES, "adjudicate", admin_may=False)
        check_code(project, body.code)
        if _own_reader_id(conn, item.project_id, reader) in {
            lane.reader_id for lane in assignments.lanes_of(conn, item_id)
        }:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "an item is adjudicated by somebody who has not read it")
        assignments.adjudicate(
            conn, item, marks_of(body), answer=body.answer, code=body.code, reason=body.reason, actor=reader.actor
        )
    return item_json(item)


def _me(conn: Any, project_id: int, reader: Reader) -> ReaderRow:
    """Who the person is among the readers, by their pseudonym."""
    project_for(conn, reader, project_id, READS, "read", admin_may=False)
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


def _lettered(item: ItemRow, lanes: list[Lane]) -> list[dict[str, Any]]:
    """Lanes in an order that tells nothing from one item to the next."""

    def place(lane: Lane) -> str:
        return hashlib.sha256(f"{item.id} {lane.reader_id}".encode()).hexdigest()

    return [
        {
            "lane": letter,
            "answer": lane.answer,
            "marks": marks_json(lane.marks),
        }
        for letter, lane in zip(_LETTERS, sorted(lanes, key=place), strict=False)
    ]
