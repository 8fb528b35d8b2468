"""Reading over REST: who gets what, blinded; handing in once; deciding what readers differ in."""

from __future__ import annotations

import json

import pytest

from storage import assignments, projects, readings, users
from tests.labeling_server.conftest import PASSWORD
from tests.labeling_server.programme_kit import OPERATOR, SECOND_US, next_of, read_all, span

pytestmark = pytest.mark.usefixtures("cheap_hashes")  # people sign in again and again here

N_ITEMS = 6
LOGINS = {"ann": "reader", "bob": "reader", "cho": "reader", "judge": "adjudicator", "boss": "owner", "eye": "auditor"}


@pytest.fixture
def project(database, recording):
    """Six items of ten seconds, three readers, an adjudicator, an owner, an auditor; each item for two readers."""
    with database.transaction() as conn:
        made = projects.create(conn, name="pilot", actor=OPERATOR)
        for login, role in LOGINS.items():
            users.create(conn, login=login, password=PASSWORD, role="reader")
            projects.give_role(conn, made, login, role, actor=OPERATOR)
        for number in range(N_ITEMS):
            start = recording.us_at(0) + number * 10 * SECOND_US
            readings.ensure_item(conn, made, recording.stream_id, start, start + 10 * SECOND_US)
    return made


@pytest.fixture
def dealt(as_user, project):
    answer = as_user("boss").write("PUT", f"/api/projects/{project.id}/design", {"n_readers": 2, "double_share": 1.0})
    assert answer.json() == {"n_items": N_ITEMS, "n_gold": 0, "n_repeats": 0}
    return project


def progress_of(client, project):
    return client.get(f"/api/projects/{project.id}/progress").json()


def item_states(database, project):
    with database.transaction() as conn:
        return assignments.states(conn, project.id)


def test_items_are_dealt_out_evenly_and_once(as_user, dealt, database):
    boss = as_user("boss")
    again = boss.write("PUT", f"/api/projects/{dealt.id}/design", {"n_readers": 2, "double_share": 1.0})
    assert again.json() == {"n_items": 0, "n_gold": 0, "n_repeats": 0}
    told = [progress_of(as_user(login), dealt) for login in ("ann", "bob", "cho")]
    assert [one["n_left"] for one in told] == [4, 4, 4]


def test_what_two_readers_say_alike_is_closed_by_the_rule_and_the_rest_disputed(as_user, dealt, database):
    def said(login):
        return lambda item: span(
            item, "AFL" if login == "cho" and item["id"] % 2 else "AFIB", 50_000 * (login == "bob")
        )

    for login in ("ann", "bob", "cho"):
        read_all(as_user(login), dealt, said(login))
    found = item_states(database, dealt)
    assert sum(found.values()) == N_ITEMS
    assert set(found) <= {"closed", "disputed"}
    disputes = as_user("judge").get(f"/api/projects/{dealt.id}/disputes").json()
    assert len(disputes) == found.get("disputed", 0) > 0
    assert all(one["why"].startswith(("AFIB", "AFL")) for one in disputes)
    with database.transaction() as conn:
        consensus = [one for one in readings.of_project(conn, dealt.id) if one.reader == "consensus"]
    assert len(consensus) == found["closed"]
    assert {one.marks.labels[0] for one in consensus} == {"AFIB"}


def test_an_item_stays_with_its_reader_comes_later_and_is_handed_in_once(as_user, dealt):
    ann = as_user("ann")
    first = next_of(ann, dealt)["item"]
    assert next_of(ann, dealt)["item"] == first
    assert ann.write("POST", f"/api/items/{first['id']}/later", {}).status_code == 200
    order = [next_of(ann, dealt)["item"]["id"]]
    assert order[0] != first["id"]
    assert ann.write("POST", f"/api/items/{first['id']}/reading", {"answer": "read"}).status_code == 404  # put off
    order = read_all(ann, dealt, span)
    assert order[-1] == first
    assert ann.write("POST", f"/api/items/{first['id']}/reading", {"answer": "read"}).status_code == 404
    assert next_of(ann, dealt)["item"] is None
    assert progress_of(ann, dealt) == {"n_done": 4, "n_left": 0, "n_later": 0, "due_us": None}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"answer": "maybe"}, "answer"),
        ({"answer": "ambiguous", "marks": [{"start_us": 0, "end_us": 0, "label": "N"}]}, "without marks"),
        ({"answer": "read", "marks": [{"start_us": 0, "end_us": 0, "label": "N"}]}, "within its item"),
        ({"answer": "read", "marks": [{"start_us": 5, "end_us": 5, "label": ""}]}, "label"),
        ({"answer": "read", "more": 1}, "more"),
    ],
)
def test_a_reading_that_breaks_a_rule_is_refused_and_the_item_stays(as_user, dealt, body, why):
    ann = as_user("ann")
    item = next_of(ann, dealt)["item"]
    answer = ann.write("POST", f"/api/items/{item['id']}/reading", body)
    assert answer.status_code == 422
    assert why in answer.text
    assert next_of(ann, dealt)["item"] == item


def disputed(as_user, project):
    """All read, all differ."""
    for number, login in enumerate(("ann", "bob", "cho")):
        read_all(as_user(login), project, lambda item, n=number: span(item, ("AFIB", "AFL", "SVTA")[n]))
    return as_user("judge").get(f"/api/projects/{project.id}/disputes").json()


def test_an_adjudicator_decides_once_with_a_code_and_a_reason(as_user, dealt, database):
    found = disputed(as_user, dealt)
    assert len(found) == N_ITEMS
    judge, item = as_user("judge"), found[0]["item"]
    path, body = (
        f"/api/items/{item['id']}/adjudication",
        span(item) | {"code": "N called V", "reason": "P waves march through"},
    )
    assert judge.write("POST", path, {key: value for key, value in body.items() if key != "reason"}).status_code == 422
    assert judge.write("POST", path, body).status_code == 200
    again = judge.write("POST", path, body)
    assert again.status_code == 422
    assert "adjudicated once" in again.text
    assert len(judge.get(f"/api/projects/{dealt.id}/disputes").json()) == N_ITEMS - 1
    with database.transaction() as conn:
        assert conn.execute("SELECT code, login FROM adjudications").fetchall() == [("N called V", "judge")]
        (consensus,) = [one for one in readings.of_project(conn, dealt.id) if one.reader == "consensus"]
    assert (consensus.item.id, consensus.marks.labels.tolist()) == (item["id"], ["AFIB"])


def test_nobody_adjudicates_what_they_have_read(as_user, dealt, database):
    with database.transaction() as conn:
        projects.give_role(conn, dealt, "ann", "adjudicator", actor=OPERATOR)
    found = disputed(as_user, dealt)
    seen = as_user("ann").get(f"/api/projects/{dealt.id}/disputes").json()
    mine = {one["item"]["id"] for one in found} - {one["item"]["id"] for one in seen}
    assert len(mine) == 4
    item = next(one["item"] for one in found if one["item"]["id"] in mine)
    body = span(item) | {"code": "missed", "reason": "r"}
    assert as_user("ann").write("POST", f"/api/items/{item['id']}/adjudication", body).status_code == 403


def test_what_a_reader_who_leaves_has_not_read_goes_to_others(as_user, dealt, database):
    from labeling_server.programme.reading_rules import decider_of, one_more

    ann = as_user("ann")
    item = next_of(ann, dealt)["item"]
    ann.write("POST", f"/api/items/{item['id']}/reading", span(item))
    with database.transaction() as conn:
        projects.take_role(conn, dealt, "ann", "reader", actor=OPERATOR)
        reader = assignments.reader_of(conn, dealt.id, users.named(conn, "ann").id)
        moved = assignments.withdraw(
            conn, dealt, reader, dealer=one_more(seed=0), decide=decider_of(dealt), actor=OPERATOR
        )
    assert moved == 3
    assert ann.write("POST", f"/api/projects/{dealt.id}/next", {}).status_code == 404
    for login in ("bob", "cho"):
        read_all(as_user(login), dealt, span)
    assert item_states(database, dealt) == {"closed": N_ITEMS}


def test_an_excluded_reader_is_never_given_the_recording(as_user, project, database, recording):
    with database.transaction() as conn:
        reader = assignments.reader_of(conn, project.id, users.named(conn, "ann").id)
        assignments.exclude(conn, reader, recording.stream_id, reason="her own patient", actor=OPERATOR)
    as_user("boss").write("PUT", f"/api/projects/{project.id}/design", {"n_readers": 2, "double_share": 1.0})
    assert next_of(as_user("ann"), project)["item"] is None
    answer = as_user("boss").write("PUT", f"/api/projects/{project.id}/design", {"n_readers": 3, "double_share": 1.0})
    assert answer.json()["n_items"] == 0  # all have their readers


def test_lanes_of_an_adjudicator_have_letters_and_no_names_in_an_order_that_changes(as_user, dealt):
    found = disputed(as_user, dealt)
    text = json.dumps(found)
    assert not any(name in text for name in ("ann", "bob", "cho", "R1", "R2", "R3"))
    assert all([lane["lane"] for lane in one["lanes"]] == ["A", "B"] for one in found)
    first = [one["lanes"][0]["marks"][0]["label"] for one in found]
    assert len(set(first)) > 1


@pytest.mark.parametrize("login", ["ann", "judge", "boss", "eye", "second", "guest"])
def test_each_role_may_do_its_own_and_nothing_else(as_user, dealt, login):
    client = as_user(login)
    role = LOGINS.get(login)
    design = client.write("PUT", f"/api/projects/{dealt.id}/design", {"n_readers": 2, "double_share": 0.5})
    read = client.write("POST", f"/api/projects/{dealt.id}/next", {})
    judge = client.get(f"/api/projects/{dealt.id}/disputes")
    results = client.get(f"/api/projects/{dealt.id}/agreement")
    refused = 403 if role else 404
    assert design.status_code == (200 if role == "owner" else 403 if login == "guest" else refused)
    assert read.status_code == (200 if role == "reader" else 403 if login == "guest" else refused)
    assert judge.status_code == (200 if role == "adjudicator" else refused)
    assert results.status_code == (200 if role in {"owner", "adjudicator", "auditor"} else refused)


def test_a_day_of_beats_is_handed_in_whole(as_user, dealt, database):
    ann = as_user("ann")
    item = next_of(ann, dealt)["item"]
    n = 110_000
    beats = [
        {"start_us": item["start_us"] + 80 * i, "end_us": item["start_us"] + 80 * i, "label": "N"} for i in range(n)
    ]
    answer = ann.write("POST", f"/api/items/{item['id']}/reading", {"answer": "read", "marks": beats})
    assert answer.status_code == 200, answer.text[:300]
    with database.transaction() as conn:
        (one,) = readings.of_project(conn, dealt.id)
    assert len(one.marks.starts_us) == n
