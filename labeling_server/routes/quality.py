"""How well people read, over REST: truth of items, tests, audits, and the figures that follow from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from labeling_server.api import programme_answers as answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.programme_json import check_code, how_of, item_json, marks_json, marks_of
from labeling_server.api.reading_bodies import (  # noqa: TC001 - FastAPI reads them at run time
    AuditBody,
    CodesBody,
    DrawBody,
    TruthBody,
)
from labeling_server.api.requests import Db, api_router
from labeling_server.programme.access import AUDITS, DECIDES, OWNS, READS, SEES_QUALITY, project_for, project_unblinded
from labeling_server.programme.machine_marks import machine_marks
from labeling_server.programme.quality import own_quality, quality_of
from labeling_server.programme.quality_figures import OwnQuality, QualityReport
from labeling_server.programme.skills import skills_of
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from reading.audit_samples import Finished, draw
from reading.charts import sample_size
from signal_processing.errors import InvalidValueError
from storage import assignments, audit, audits, known_items, projects, qualifications, readings
from storage.errors import UnknownRowError

router = api_router("/api", tag="programme")

USUAL_ERROR = 0.1
"""Error rate that a sample is sized for while nothing was audited."""


@router.put("/items/{item_id}/truth", response_model=answers.Item)
def set_truth(item_id: RowId, body: TruthBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Say what is right of an item that nobody reads yet, or that is closed: hidden gold, or part of the test.

    For owners.
    """
    with database.transaction() as conn:
        item = readings.item(conn, item_id)
        project = project_for(conn, reader, item.project_id, OWNS, "set the truth", admin_may=False)
        known_items.set_truth(
            conn, project, item, marks_of(body), answer=body.answer, kind=body.kind, actor=reader.actor
        )
    return item_json(item)


@router.put("/projects/{project_id}/codes", response_model=answers.Codes)
def put_codes(project_id: RowId, body: CodesBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Give the project its own error taxonomy; for owners."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, OWNS, "set codes")
        return {"codes": projects.set_codes(conn, project, body.codes, actor=reader.actor).codes}


@router.post("/projects/{project_id}/readers/{reader_id}/test", response_model=answers.Test)
def give_test(project_id: RowId, reader_id: RowId, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Give a reader the entrance test once more; for owners."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, OWNS, "give a test")
        found = projects.reader_by_id(conn, project_id, reader_id)
        n_items = qualifications.begin(conn, project, found)
        audit.record(conn, reader.actor, "test-given", f"reader {found.name}", {"items": n_items})
    return {"n_items": n_items}


@router.post("/projects/{project_id}/audits", response_model=answers.Drawn)
def draw_audits(project_id: RowId, body: DrawBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Draw closed items for audits, by lot and by risk; for owners and auditors."""
    with database.transaction() as conn:
        project = project_unblinded(conn, reader, project_id, SEES_QUALITY, "draw audits")
        doubtful = set(skills_of(known_items.against_consensus(conn, project_id)).doubtful)
        found = [
            Finished(one.item_id, one.reader_ids, one.seconds, one.was_disputed, one.labels, one.item_id in doubtful)
            for one in audits.candidates(conn, project_id)
        ]
        chosen = draw(found, n_random=body.n_random, n_risk=body.n_risk, rng=np.random.default_rng(body.seed))
        done = audits.counts(conn, project_id)
        n_items = audits.draw(conn, project, chosen, actor=reader.actor)
    wanted = None
    if body.half_width is not None:
        rate = min(max(done.n_overturned / done.n_done, 0.01), 0.99) if done.n_done else USUAL_ERROR
        wanted = sample_size(rate=rate, half_width=body.half_width, population=max(len(found) + done.n_drawn, 1))
    return {"n_items": n_items, "n_for_precision": wanted}


@router.get("/projects/{project_id}/audits", response_model=list[answers.Audit])
def list_audits(project_id: RowId, database: Db, reader: ApiReader) -> list[dict[str, Any]]:
    """What waits for an auditor, of what they had no part in; for auditors."""
    with database.transaction() as conn:
        project_unblinded(conn, reader, project_id, AUDITS, "audit", admin_may=False)
        found = audits.waiting(conn, project_id, user_id=reader.user_id)
    return [
        {"item": item_json(one.item), "why": one.why, "answer": one.answer, "marks": marks_json(one.marks)}
        for one in found
    ]


@router.post("/items/{item_id}/audit", response_model=answers.Item)
def decide_audit(item_id: RowId, body: AuditBody, database: Db, reader: ApiReader) -> dict[str, Any]:
    """Let what was decided stand, or put something else in its place; for auditors, once."""
    if (body.verdict == audits.OVERTURNED) != (body.instead is not None):
        got = "nothing" if body.instead is None else body.verdict
        msg = f"what is overturned, and nothing else, has something in its place, got {got} with {body.verdict}"
        raise InvalidValueError(msg)
    with database.transaction() as conn:
        item = readings.item(conn, item_id)
        project = project_for(conn, reader, item.project_id, AUDITS, "audit", admin_may=False)
        if body.instead is None:
            audits.confirm(conn, item, actor=reader.actor)
        else:
            check_code(project, body.instead.code)
            audits.overturn(
                conn,
                item,
                marks_of(body.instead),
                answer=body.instead.answer,
                code=body.instead.code,
                reason=body.instead.reason,
                actor=reader.actor,
                how=how_of(body.instead, guideline=0),
            )
    return item_json(item)


@router.get("/items/{item_id}/machine", response_model=list[answers.Mark])
def get_machine_marks(item_id: RowId, database: Db, reader: ApiReader) -> list[dict[str, Any]]:
    """What machines say of an item, as they said it; for adjudicators and auditors, when they ask for it."""
    with database.transaction() as conn:
        item = readings.item(conn, item_id)
        project_for(conn, reader, item.project_id, DECIDES | AUDITS, "see what machines say", admin_may=False)
        return marks_json(machine_marks(conn, item))


@router.get("/items/{item_id}/lesson", response_model=answers.Lesson)
def get_lesson(item_id: RowId, database: Db, reader: ApiReader) -> dict[str, Any]:
    """What is known of an item, beside what one said of it oneself; only of what one has handed in. For readers."""
    with database.transaction() as conn:
        item = readings.item(conn, item_id)
        project_for(conn, reader, item.project_id, READS, "see their own readings", admin_may=False)
        me = assignments.reader_of(conn, item.project_id, reader.user_id)
        found = known_items.against_truth(conn, item.project_id, ["gold", "entrance"], reader_id=me.id)
    for one in found:
        if one.item.id == item_id:
            return {
                "item": item_json(item),
                "answer": one.answer,
                "marks": marks_json(one.marks),
                "known_answer": one.other_answer,
                "known": marks_json(one.other),
            }
    msg = f"item must be one that one has read and of which the truth is known, got number {item_id}"
    raise UnknownRowError(msg)


@router.get("/projects/{project_id}/quality", response_model=QualityReport)
def get_quality(project_id: RowId, database: Db, reader: ApiReader) -> QualityReport:
    """How well each person reads, by pseudonym; errors by group of patients. For owners and auditors."""
    with database.transaction() as conn:
        project = project_unblinded(conn, reader, project_id, SEES_QUALITY, "see how well people read")
        audit.record(conn, reader.actor, "opened", f"quality of project {project.name}")
        return quality_of(conn, project, projects.readers(conn, project_id))


@router.get("/projects/{project_id}/mine", response_model=OwnQuality)
def get_own_quality(project_id: RowId, database: Db, reader: ApiReader) -> OwnQuality:
    """How well one reads oneself, and strips to learn from; for readers, and of nobody else."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, READS, "see their own figures", admin_may=False)
        return own_quality(conn, project, assignments.reader_of(conn, project_id, reader.user_id))
