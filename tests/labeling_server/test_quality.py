"""How well people read: hidden gold and repeats, the entrance test, audits, and the figures that follow."""

from __future__ import annotations

import pytest

from storage import audit_trail, projects, readings
from storage.errors import ConstraintError
from tests.labeling_server.programme_kit import (
    N_ITEMS,
    OPERATOR,
    design,
    make_project,
    next_of,
    read_all,
    span,
)

pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def project(database, recording):
    return make_project(database, recording)


def items_of(database, project):
    """All first items, as the API tells them."""
    with database.transaction() as conn:
        rows = conn.execute(
            "SELECT id, stream_id, start_us, end_us FROM reading_items WHERE repeat = 0 AND project_id = %s ORDER BY 1",
            [project.id],
        ).fetchall()
    return [dict(zip(("id", "stream_id", "start_us", "end_us"), row, strict=True)) for row in rows]


def known(boss, items, *, kind="gold", label="AFIB"):
    for item in items:
        answer = boss.write("PUT", f"/api/items/{item['id']}/truth", span(item, label) | {"kind": kind})
        assert answer.status_code == 200, answer.text


# Gold and repeats -------------------------------------------------------------------------------------------------


def test_gold_is_mixed_in_unseen_and_its_errors_are_counted(as_user, project, database):
    boss, items = as_user("boss"), items_of(database, project)
    known(boss, items[:2])
    assert design(boss, project, gold_share=0.34) == {"n_items": 4, "n_gold": 4, "n_repeats": 0}
    ann = as_user("ann")
    given = next_of(ann, project)
    assert set(given["item"]) == {"id", "stream_id", "start_us", "end_us"}
    assert {key: value for key, value in given.items() if key != "item"} == {
        "hold": None,
        "of_test": False,
        "guideline": 0,
        "n_right": 0,
        "n_items": 0,
        "is_assisted": False,
        "marks": [],
    }
    wrong = items[1]["id"]
    done = read_all(ann, project, lambda item: span(item, "AFL" if item["id"] == wrong else "AFIB"))
    assert {item["id"] for item in done} == {item["id"] for item in items}
    own = ann.get(f"/api/projects/{project.id}/mine").json()
    assert (own["quality"]["right"]["k"], own["quality"]["right"]["n"]) == (1, 2)
    assert [(one["item_id"], one["labels"]) for one in own["to_learn"]] == [(wrong, ["AFIB", "AFL"])]
    lesson = ann.get(f"/api/items/{wrong}/lesson").json()
    assert (lesson["marks"][0]["label"], lesson["known"][0]["label"]) == ("AFL", "AFIB")
    assert as_user("bob").get(f"/api/items/{wrong}/lesson").status_code == 404  # not read yet: it would be told
    quality = as_user("eye").get(f"/api/projects/{project.id}/quality").json()
    assert [(one["name"], one["right"]["k"], one["right"]["n"]) for one in quality["readers"]] == [
        ("R1", 1, 2),
        ("R2", 0, 0),
    ]


def test_truth_is_set_once_and_not_of_what_is_being_read(as_user, project, database):
    boss, items = as_user("boss"), items_of(database, project)
    known(boss, items[:1])
    again = boss.write("PUT", f"/api/items/{items[0]['id']}/truth", span(items[0]))
    assert (again.status_code, "truth is set once" in again.text) == (422, True)
    design(boss, project)
    dealt = boss.write("PUT", f"/api/items/{items[1]['id']}/truth", span(items[1]))
    assert (dealt.status_code, "open, dealt to 2" in dealt.text) == (422, True)
    assert as_user("ann").write("PUT", f"/api/items/{items[2]['id']}/truth", span(items[2])).status_code == 403
    for login in ("ann", "bob"):
        read_all(as_user(login), project, span)
    boss = as_user("boss")
    known(boss, items[1:2])  # closed now
    entrance = boss.write("PUT", f"/api/items/{items[2]['id']}/truth", span(items[2]) | {"kind": "entrance"})
    assert entrance.status_code == 422  # its readers have seen it


def test_repeats_come_again_and_tell_how_far_a_reader_agrees_with_themselves(as_user, project, database):
    told = design(as_user("boss"), project, repeat_share=0.25)
    assert told == {"n_items": N_ITEMS, "n_gold": 0, "n_repeats": 4}
    again = design(as_user("boss"), project, repeat_share=0.25)
    assert again == {"n_items": 0, "n_gold": 0, "n_repeats": 0}  # as many as there should be are there
    seen = []

    def said(item):
        seen.append(item["start_us"])
        return span(item, "AFIB" if seen.count(item["start_us"]) == 1 or len(seen) % 2 else "AFL")

    ann = as_user("ann")
    done = read_all(ann, project, said)
    assert len(done) == N_ITEMS + 2
    again = [at for at in set(seen) if seen.count(at) == 2]
    assert len(again) == 2
    assert all(seen[::-1].index(at) + seen.index(at) + 1 < len(seen) - 1 for at in again)  # not one after the other
    same = ann.get(f"/api/projects/{project.id}/mine").json()["quality"]["same"]
    assert same["n"] == 2
    with database.transaction() as conn:
        assert len(readings.of_project(conn, project.id)) == N_ITEMS  # repeats do not count as agreement of two


def test_proposals_are_shown_on_a_share_of_items_and_stored_so(as_user, project, database):
    design(as_user("boss"), project, assisted_share=1.0)
    ann = as_user("ann")
    given = next_of(ann, project)
    assert given["is_assisted"]
    assert {"VT", "V", "N"} <= {mark["label"] for mark in given["marks"]}
    start, end = given["item"]["start_us"], given["item"]["end_us"]
    assert all(start <= mark["start_us"] <= mark["end_us"] <= end for mark in given["marks"])
    body = {
        "answer": "read",
        "marks": given["marks"],
        "seconds": 12.5,
        "view": {"speed_mm_s": 25, "gain_mm_mv": 10, "start_us": start, "end_us": end, "leads": ["II", "V5"]},
    }
    assert ann.write("POST", f"/api/items/{given['item']['id']}/reading", body).status_code == 200
    with database.transaction() as conn:
        (one,) = readings.of_project(conn, project.id)
    assert (one.how.is_assisted, one.how.seconds, one.how.view["leads"]) == (True, 12.5, ["II", "V5"])


def test_with_and_without_the_machines_marks_is_compared(as_user, project, database):
    design(as_user("boss"), project, assisted_share=0.5)
    for login in ("ann", "bob"):
        read_all(as_user(login), project, lambda item: span(item) | {"seconds": 10.0})
    found = as_user("eye").get(f"/api/projects/{project.id}/quality").json()["assistance"]
    assert found["n"] + found["n_without"] == 2 * N_ITEMS
    assert 0 < found["n"] < 2 * N_ITEMS
    assert found["difference"]["value"] == 0.0
    assert found["time_ratio"]["value"] == pytest.approx(1.0)


# The entrance test ------------------------------------------------------------------------------------------------


@pytest.fixture
def tested(as_user, project, database):
    """Three items are the test; the others are dealt out."""
    items = items_of(database, project)
    boss = as_user("boss")
    known(boss, items[:3], kind="entrance")
    design(boss, project, pass_mark=0.6)
    return items[:3]


def test_the_test_comes_first_and_whoever_passes_goes_on(as_user, project, tested):
    ann = as_user("ann")
    first = next_of(ann, project)
    assert first["of_test"]
    done = read_all(ann, project, span)
    assert [item["id"] for item in done[:3]] == [item["id"] for item in tested]
    assert len(done) == N_ITEMS
    (attempt,) = ann.get(f"/api/projects/{project.id}/mine").json()["quality"]["attempts"]
    assert (attempt["n_right"], attempt["n_items"], attempt["passed"], attempt["holds"]) == (3, 3, True, True)


def test_whoever_fails_is_held_until_an_owner_gives_it_again(as_user, project, tested, database):
    ann = as_user("ann")
    read_all(ann, project, lambda item: span(item, "AFL"))
    held = next_of(ann, project)
    assert (held["item"], held["hold"], held["n_right"], held["n_items"]) == (None, "failed", 0, 3)
    with database.transaction() as conn:
        reader = next(one for one in projects.readers(conn, project.id) if one.name == "R1")
    path = f"/api/projects/{project.id}/readers/{reader.id}/test"
    assert as_user("eye").write("POST", path, {}).status_code == 403
    boss = as_user("boss")
    assert boss.write("POST", path, {}).json() == {"n_items": 3}
    twice = boss.write("POST", path, {})
    assert (twice.status_code, "attempts follow each other" in twice.text) == (422, True)
    ann = as_user("ann")
    assert len(read_all(ann, project, span)) == N_ITEMS
    attempts = ann.get(f"/api/projects/{project.id}/mine").json()["quality"]["attempts"]
    assert [(one["n_right"], one["passed"]) for one in attempts] == [(0, False), (3, True)]


def test_a_test_that_lapsed_is_taken_again(as_user, project, tested, database):
    ann = as_user("ann")
    for _ in range(3):
        item = next_of(ann, project)["item"]
        ann.write("POST", f"/api/items/{item['id']}/reading", span(item))
    assert not next_of(ann, project)["of_test"]
    with database.transaction() as conn:
        conn.execute("ALTER TABLE qualifications DISABLE TRIGGER qualifications_append_only")
        conn.execute("UPDATE qualifications SET until_us = now_us() - 1")
        conn.execute("ALTER TABLE qualifications ENABLE TRIGGER qualifications_append_only")
    given = next_of(ann, project)
    assert given["of_test"]
    assert given["item"]["start_us"] in {item["start_us"] for item in tested}
    assert given["item"]["id"] not in {item["id"] for item in tested}


def test_a_test_without_items_says_so(as_user, project):
    design(as_user("boss"), project, pass_mark=0.8)
    assert next_of(as_user("ann"), project)["hold"] == "no test"


# Audits -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def read(as_user, project):
    """All items read alike by two."""
    design(as_user("boss"), project)
    for login in ("ann", "bob"):
        read_all(as_user(login), project, span)
    return project


def test_an_auditor_confirms_or_overturns_and_the_figures_follow(as_user, read, database):
    drawn = as_user("boss").write("POST", f"/api/projects/{read.id}/audits", {"n_random": 3, "half_width": 0.1})
    assert (drawn.json()["n_items"], drawn.json()["n_for_precision"]) == (3, 6)
    eye = as_user("eye")
    waiting = eye.get(f"/api/projects/{read.id}/audits").json()
    assert [(one["why"], one["answer"], one["marks"][0]["label"]) for one in waiting] == [
        ("random", "read", "AFIB")
    ] * 3
    ids = [one["item"]["id"] for one in waiting]
    assert eye.write("POST", f"/api/items/{ids[0]}/audit", {"verdict": "confirmed"}).status_code == 200
    instead = span(waiting[1]["item"], "VT") | {"code": "rhythm", "reason": "wide and regular"}
    overturned = eye.write("POST", f"/api/items/{ids[1]}/audit", {"verdict": "overturned", "instead": instead})
    assert overturned.status_code == 200, overturned.text
    again = eye.write("POST", f"/api/items/{ids[1]}/audit", {"verdict": "confirmed"})
    assert (again.status_code, "an item is audited once" in again.text) == (422, True)
    assert len(eye.get(f"/api/projects/{read.id}/audits").json()) == 1
    quality = eye.get(f"/api/projects/{read.id}/quality").json()
    assert quality["audits"] == [3, 2, 1]
    assert {(one["overturned"]["k"], one["overturned"]["n"]) for one in quality["readers"]} == {(1, 2)}
    with database.transaction() as conn:
        (instead,) = [one for one in readings.of_project(conn, read.id) if one.reader == "audit"]
        assert (instead.item.id, instead.marks.labels.tolist()) == (ids[1], ["VT"])
        assert audit_trail.verify(conn).faults == []


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"verdict": "maybe"}, 422, "verdict"),
        ({"verdict": "overturned"}, 422, "something in its place, got nothing"),
        ({"verdict": "confirmed", "instead": {"answer": "read", "code": "missed", "reason": "r"}}, 422, "in its place"),
        (
            {"verdict": "overturned", "instead": {"answer": "read", "code": "nonsense", "reason": "r"}},
            422,
            "code must be",
        ),
        ({"verdict": "overturned", "instead": {"answer": "read", "code": "missed"}}, 422, "reason"),
    ],
)
def test_a_verdict_that_breaks_a_rule_changes_nothing(as_user, read, body, status, why):
    as_user("boss").write("POST", f"/api/projects/{read.id}/audits", {"n_random": 1})
    eye = as_user("eye")
    (one,) = eye.get(f"/api/projects/{read.id}/audits").json()
    answer = eye.write("POST", f"/api/items/{one['item']['id']}/audit", body)
    assert answer.status_code == status
    assert why in answer.text
    assert eye.get(f"/api/projects/{read.id}/audits").json() == [one]


def test_nobody_audits_what_they_had_a_part_in_or_what_was_not_drawn(as_user, read, database, recording):
    with database.transaction() as conn:
        projects.give_role(conn, read, "ann", "auditor", actor=OPERATOR)
    as_user("boss").write("POST", f"/api/projects/{read.id}/audits", {"n_random": 2})
    drawn = [one["item"]["id"] for one in as_user("eye").get(f"/api/projects/{read.id}/audits").json()]
    ann = as_user("ann")
    assert ann.get(f"/api/projects/{read.id}/audits").json() == []
    refused = ann.write("POST", f"/api/items/{drawn[0]}/audit", {"verdict": "confirmed"})
    assert (refused.status_code, "had no part in it" in refused.text) == (422, True)
    others = {item["id"] for item in items_of(database, read)} - set(drawn)
    assert as_user("eye").write("POST", f"/api/items/{others.pop()}/audit", {"verdict": "confirmed"}).status_code == 404


def test_a_decided_audit_cannot_be_changed_in_the_database_either(as_user, read, database):
    as_user("boss").write("POST", f"/api/projects/{read.id}/audits", {"n_random": 1})
    eye = as_user("eye")
    (one,) = eye.get(f"/api/projects/{read.id}/audits").json()
    eye.write("POST", f"/api/items/{one['item']['id']}/audit", {"verdict": "confirmed"})
    for statement in ("UPDATE audits SET login = 'x'", "DELETE FROM audits"):
        with pytest.raises(ConstraintError, match="once decided"), database.transaction() as conn:
            conn.execute(statement)


def test_codes_are_the_projects_own(as_user, read):
    boss = as_user("boss")
    assert boss.write("PUT", f"/api/projects/{read.id}/codes", {"codes": ["a", "a"]}).status_code == 422
    assert boss.write("PUT", f"/api/projects/{read.id}/codes", {"codes": []}).status_code == 422
    assert boss.write("PUT", f"/api/projects/{read.id}/codes", {"codes": ["rhythm/AF", "x"]}).json() == {
        "codes": ["rhythm/AF", "x"]
    }
    assert as_user("judge").write("PUT", f"/api/projects/{read.id}/codes", {"codes": ["a"]}).status_code == 403


def test_who_reads_as_well_sees_no_results_before_their_items_are_read(as_user, project, database):
    with database.transaction() as conn:
        projects.give_role(conn, project, "ann", "auditor", actor=OPERATOR)
    design(as_user("boss"), project)
    ann = as_user("ann")
    assert ann.get(f"/api/projects/{project.id}/agreement").status_code == 403
    read_all(ann, project, span)
    assert ann.get(f"/api/projects/{project.id}/agreement").status_code == 200


# Order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "first"),
    [("age", [0, 1, 2]), ("risk", [0]), ("uncertainty", [0, 2, 3])],
)
def test_items_come_in_the_order_that_the_owner_wants(as_user, project, recording, order, first):
    """The recording has VT in item 0 (2.8 to 5.2 s), AFIB in 2 (20 to 24.8 s), AFL in 3, noise beyond; all by 0.8."""
    design(as_user("boss"), project, order=order, seed=1)
    done = read_all(as_user("ann"), project, span)
    places = [(item["start_us"] - recording.us_at(0)) // 10_000_000 for item in done]
    assert sorted(places) == list(range(N_ITEMS))
    if order == "uncertainty":
        assert {0, 2, 3} - set(places[:4]) == set()  # one item in ten comes anywhere
    else:
        assert places[: len(first)] == first


def test_an_order_by_lot_is_another_for_another_seed(as_user, project, recording):
    design(as_user("boss"), project, order="random", seed=3)
    starts = [item["start_us"] for item in read_all(as_user("ann"), project, span)]
    assert starts != sorted(starts)


def test_readers_are_told_until_when_and_nothing_closes_by_itself(as_user, project):
    design(as_user("boss"), project, due_us=1_000_000)  # long past
    ann = as_user("ann")
    assert ann.get(f"/api/projects/{project.id}/progress").json()["due_us"] == 1_000_000
    assert len(read_all(ann, project, span)) == N_ITEMS
    bad = as_user("boss").write(
        "PUT", f"/api/projects/{project.id}/design", {"n_readers": 2, "double_share": 1.0, "due_us": 0}
    )
    assert bad.status_code == 422
