"""Proposals over REST: their order, many accepted at once, and what one of them rests on."""

from __future__ import annotations

import uuid

import pytest

from labeling_server.api import window_codec
from signal_processing.values import Annotation, Annotator
from storage import annotations, catalogue, runs
from tests.labeling_server.conftest import MACHINE


def accept(client, recording, **fields):
    body = {
        "id": str(uuid.uuid4()),
        "start_us": recording.us_at(0),
        "end_us": recording.us_at(len(recording.samples)),
        "min_confidence": 0.75,
    }
    return client.write("POST", f"/api/streams/{recording.stream_id}/proposals/accept", body | fields)


def queued(client, recording, **how):
    rows = client.get("/api/queue", params={"stream_id": recording.stream_id, **how}).json()
    return [row["label"] for row in rows]


@pytest.fixture
def propose(database, recording):
    """Adds proposals, and gives their ids by label."""

    def do(*spans, name=MACHINE.name, parameters=None):
        said = [
            Annotation(start=a, end=b, label=label, annotator=Annotator("machine", name, MACHINE.version), **facts)
            for label, a, b, facts in spans
        ]
        with database.transaction() as conn:
            group = catalogue.group_by_id(conn, recording.group_id)
            run_id = runs.ensure_run(conn, group.id, said[0].annotator, parameters or {})
            annotations.propose(conn, group.stream_id, group, run_id, said)
            rows = annotations.queue(conn, stream_id=recording.stream_id)
        return {row.label: str(row.id) for row in rows}

    return do


def test_the_queue_is_ordered_by_uncertainty(client, recording, propose):
    propose(("BRADY", 20_000, 21_000, {"confidence": 0.55}), ("PAUSE", 22_000, 22_600, {}))
    assert queued(client, recording, order="uncertainty") == ["PAUSE", "BRADY", "VT", "AFIB", "AFL", "NOISY"]
    assert client.get("/api/queue", params={"order": "doubt"}).status_code == 422


def test_acceptance_is_previewed_done_once_undone_and_listed(client, recording):
    seen = accept(client, recording, is_preview=True)
    counts = {"n_given": 4, "n_changed": 3, "n_emergent": 1, "n_unsure": 0, "n_ongoing": 0, "n_overlapping": 0}
    labels = {"AFIB": 1, "AFL": 1, "NOISY": 1}
    assert (seen.status_code, seen.json()) == (
        200,
        {**counts, "by_label": labels, "given_by_label": labels | {"VT": 1}},
    )
    assert len(queued(client, recording)) == 4
    identity = str(uuid.uuid4())
    answers = [accept(client, recording, id=identity, view={"proposals": True}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    done = answers[0].json()
    assert done == answers[1].json()
    assert {name: done[name] for name in counts} == counts
    assert (done["login"], done["view"], done["min_confidence"]) == ("reader", {"proposals": True}, 0.75)
    assert queued(client, recording) == ["VT"]
    undone = client.write("POST", f"/api/proposals/accept/{identity}/undo", {}).json()
    assert (undone["undone_by"], undone["n_changed_since"]) == ("reader", 0)
    assert len(queued(client, recording)) == 4
    assert client.write("POST", f"/api/proposals/accept/{identity}/redo", {}).json()["undone_us"] is None
    path = f"/api/streams/{recording.stream_id}/proposals/accept"
    assert [row["id"] for row in client.get(path, params={"limit": 1}).json()] == [identity]
    assert client.get(path, params={"before": identity}).json() == []
    assert client.get(f"/api/streams/{recording.stream_id}/beats/bulk").json() == []


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"min_confidence": 1.5}, 422, "less than or equal to 1"),
        ({"start_us": 5, "end_us": 4}, 422, "must not end before it starts"),
        ({"label": "V"}, 422, "a beat"),
        ({"label": "XX"}, 422, "vocabulary"),
        ({"id": None}, 422, "must carry an id"),
        ({"min_certainty": 0.5}, 422, "min_certainty"),
    ],
)
def test_acceptance_that_breaks_a_rule_is_refused(client, recording, fields, status, reason):
    answer = accept(client, recording, **fields)
    assert (answer.status_code, reason in answer.text) == (status, True)


def test_acceptances_want_the_token_the_role_and_a_recording(anonymous, client, recording):
    path = f"/api/streams/{recording.stream_id}/proposals/accept"
    assert client.post(path, json={}).status_code == 403
    body = {"start_us": 0, "end_us": 1, "min_confidence": 0, "is_preview": True}
    assert client.write("POST", "/api/streams/9999/proposals/accept", body).status_code == 404
    assert client.write("POST", f"/api/proposals/accept/{uuid.uuid4()}/undo", {}).status_code == 404
    anonymous.sign_in("guest")
    assert accept(anonymous, recording).status_code == 403


# What a proposal rests on --------------------------------------------------------------------------------------------


def test_figures_follow_the_beats_as_they_stand(client, recording, propose):
    tachycardia = {"confidence": 1.0, "figures": {"rate_bpm": 75.0, "n_beats": 6, "duration_s": 4.0}}
    config = {"tachy_bpm": 70.0}
    parameters = {"chain": {"followers": [{"name": "rates", "version": "1", "config": config}], "name": "chain"}}
    ids = propose(("TACHY", 10_000, 11_000, tachycardia), name="rates", parameters=parameters)
    path = f"/api/spans/{ids['TACHY']}/figures"
    first = client.get(path).json()
    assert first["detector"] == {"name": "rates", "version": "1.0", "parameters": config, **tachycardia}
    assert (first["now"]["figures"], first["n_beats_decided"]) == (tachycardia["figures"], 0)
    beat = {"stream_id": recording.stream_id, "group_id": recording.group_id, "number": 1}
    found = client.get(f"/api/streams/{recording.stream_id}/beats", params={
        "group_id": recording.group_id, "start": 10_400, "end": 10_401,
    }).json()  # fmt: skip
    gone = beat | {"sample": 10_400, "run_id": found["run_ids"][0], "action": "delete"}
    row = client.write("POST", "/api/beats/machine", gone).json()
    assert client.get(path).json()["now"]["figures"] == {"rate_bpm": 60.0, "n_beats": 5, "duration_s": 4.0}
    for at in (10_100, 10_500):
        client.write(
            "POST", "/api/beats", {k: v for k, v in beat.items() if k != "number"} | {"sample": at, "label": "N"}
        )
    last = client.get(path).json()
    assert (last["now"]["figures"]["rate_bpm"], last["n_beats_decided"]) == (90.0, 3)
    assert last["detector"] == first["detector"]
    client.write("PATCH", f"/api/spans/{row['id']}", {"action": "undo", "changes": {"deleted": False}}, row["revision"])
    assert client.get(path).json()["n_beats_decided"] == 2, "what was undone is no decision"


def test_figures_of_a_persons_span_are_of_the_beats_alone(client, recording):
    facts = {"stream_id": recording.stream_id, "group_id": recording.group_id}
    span = facts | {"start_us": recording.us_at(10_000), "end_us": recording.us_at(11_000)}
    own = client.write("POST", "/api/spans", span | {"label": "SR"}).json()
    found = client.get(f"/api/spans/{own['id']}/figures").json()
    assert (found["detector"], found["now"]["figures"]["rate_bpm"]) == (None, 75.0)
    noise = client.write("POST", "/api/spans", span | {"label": "NOISY"}).json()
    assert client.get(f"/api/spans/{noise['id']}/figures").json()["now"] is None
    assert client.get(f"/api/spans/{uuid.uuid4()}/figures").status_code == 404


def test_beats_in_the_small_form_can_be_those_of_people_alone(client, recording):
    body = {"stream_id": recording.stream_id, "group_id": recording.group_id, "sample": 10_100, "label": "V"}
    client.write("POST", "/api/beats", body)
    path = f"/api/streams/{recording.stream_id}/beat-marks"
    query = {"group_id": recording.group_id, "start": 10_000, "end": 11_000}
    packed = [client.get(path, params=query | {"by": by}).content for by in ("all", "people")]
    assert [window_codec.decode(content)[0]["n_beats"] for content in packed] == [6, 1]


# At the page ---------------------------------------------------------------------------------------------------------


def statuses(database, recording):
    with database.transaction() as conn:
        rows = annotations.spans_between(conn, recording.stream_id, recording.us_at(0), recording.us_at(30_000))
    return {row.label: row.status for row in rows}


SHOWN = """() => ["span_labels", "beats"].flatMap(
    (name) => [...Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean).data.text])"""
"""Names of spans and letters of beats on the strip."""


@pytest.mark.browser
def test_proposals_of_a_range_are_accepted_by_keyboard_and_undone_as_one(open_page, database, recording, propose):
    propose(("TACHY", 2_000, 2_400, {"confidence": 0.6}), ("PAUSE", 1_400, 1_900, {"confidence": 0.85}))
    before = statuses(database, recording)
    page = open_page()

    def foretold(*lines):
        page.page.wait_for_function(
            "said => [...document.querySelectorAll('.accept .told p')].map((p) => p.textContent).join() === said",
            arg=",".join(lines),
        )

    page.press("w")
    page.page.wait_for_function("() => document.querySelector('#queue-list b').textContent === 'TACHY'")
    assert page.text("#queue-order") == "unsure first"
    page.press("X")
    foretold("Nothing to accept", "1 less sure stays", "1 emergent stays")
    page.press("ArrowDown")
    foretold("1 is accepted: 1 PAUSE", "1 emergent stays")
    page.page.wait_for_function(f"() => ({SHOWN})().includes('✓ PAUSE')")
    page.press("r", "ArrowDown")
    every = "4 are accepted: 1 AFIB, 1 AFL, 1 NOISY, 1 PAUSE"
    foretold(every, "1 less sure stays", "1 emergent stays")
    page.press("e")
    foretold("5 are accepted: 1 AFIB, 1 AFL, 1 NOISY, 1 PAUSE, 1 VT", "1 less sure stays")
    page.press("e", "l")
    foretold("1 is accepted: 1 AFIB")
    page.press("L")
    foretold(every, "1 less sure stays", "1 emergent stays")
    page.press("Enter")
    page.saved(undo=1)
    assert "4 proposals accepted, 1 less sure stays, 1 emergent stays" in page.text("#status-save")
    accepted = dict.fromkeys(("AFIB", "AFL", "NOISY", "PAUSE"), "confirmed")
    assert statuses(database, recording) == before | accepted
    page.page.wait_for_function("() => document.querySelectorAll('#queue-list .entry').length === 2")
    assert page.page.locator(".overlay").count() == 0
    page.press("Control+z")
    page.saved(undo=0)
    assert "4 proposals as before" in page.text("#status-save")
    assert statuses(database, recording) == before
    page.press("Control+Shift+Z")
    page.saved(undo=1)
    assert statuses(database, recording) == before | accepted


@pytest.mark.browser
def test_figures_at_the_page_follow_beats_that_are_edited(open_page, recording, propose):
    said = {"confidence": 1.0, "figures": {"rate_bpm": 75.0, "n_beats": 6, "duration_s": 4.0}}
    propose(("TACHY", 10_000, 11_000, said), name="rates")
    page, other = open_page(), open_page("second")
    for one in (page, other):
        one.select("TACHY")
        one.page.wait_for_selector(".figures-table [data-figure=rate_bpm] td:nth-child(3)")
    assert page.text(".figures-table [data-figure=rate_bpm]").split() == ["rate", "bpm", "75", "75"]
    assert page.page.locator(".figures-table .differs").count() == 1, "by the limits of a tachycardia it is none"
    with page.page.expect_response("**/overview?*"):  # the trend of heart rate as well
        page.press("b", ".", "Delete")
    page.saved(undo=1)
    page.press("s")
    for one in (page, other):
        one.page.wait_for_selector(".figures-table [data-figure=rate_bpm].differs", timeout=30_000)
        assert one.text(".figures-table [data-figure=rate_bpm]").split() == ["rate", "bpm", "75", "≠", "60"]
        assert one.text(".figures-of p") == "1 beat within decided by a person"


@pytest.mark.browser
def test_blinded_the_page_shows_what_people_said_and_nothing_of_machines(open_page, database, recording, client, spans):
    client.write("PATCH", f"/api/spans/{spans['AFIB']['id']}", {"action": "confirm"}, 0)
    page = open_page()
    page.page.goto(f"{page.page.url.split('?')[0]}?at={recording.us_at(4_000)}&blinded=1")
    page.page.wait_for_selector("body[data-ready]")
    assert "blinded" in page.text("#status-blind")
    assert page.page.locator("#queue-list .entry").count() == 0
    assert page.page.evaluate(SHOWN) == ["AFIB"]
    page.press("ArrowDown", "b")
    assert page.page.locator("#selection .code").count() == 0
    page.press("X")
    assert page.page.locator(".overlay").count() == 0
    page.press("i")
    page.saved(undo=1)
    page.page.wait_for_function(f"() => ({SHOWN})().join() === 'AFIB,N'")
    page.press("D")
    page.page.wait_for_selector(".disclosure[data-beats='1'][data-spans='1']")
    page.press("H")
    page.page.wait_for_selector(".hours tfoot td:nth-child(3):text-is('\u2013')")
    page.press("M")
    assert "Blinded" in page.text("#view")
    page.press("Escape")
    page.page.reload()
    page.page.wait_for_selector("body[data-ready]")
    assert "blinded" in page.text("#status-blind")
    page.press("~", "i")
    page.saved(undo=2)
    page.page.wait_for_function(f"() => ({SHOWN})().length > 5")
    assert page.page.locator("#queue-list .entry").count() == 3
    with database.transaction() as conn:
        views = conn.execute("SELECT view FROM annotation_revisions WHERE action = 'add' ORDER BY at_us").fetchall()
    assert [view["proposals"] for (view,) in views] == [False, True]
