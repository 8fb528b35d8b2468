"""Pages and API of reading programmes: who may see them, and that numbers lead to their places."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from storage import projects, readings, users
from storage.annotation_row import Actor
from storage.readings import ReadingMarks
from tests.labeling_server.conftest import PASSWORD

OPERATOR = Actor(None, "operator")
SEEING = ("owner", "adjudicator", "auditor", "researcher")
BLIND = ("reader", "monitor")


@pytest.fixture
def project(database, recording):
    """A project in which two readers have read the recording: three beats apart, and a span of AF."""
    with database.transaction() as conn:
        made = projects.create(conn, name="pilot", actor=OPERATOR, description="what two readers say")
        us = recording.us_at
        item = readings.ensure_item(conn, made, recording.stream_id, us(0), us(len(recording.samples)))
        beats = [(us(at), us(at)) for at in recording.beat_samples]
        first = [(*at, "N") for at in beats] + [(us(1_000), us(2_000), "AFIB")]
        second = [(*at, "V" if i < 3 else "N") for i, at in enumerate(beats)] + [(us(1_000), us(1_500), "AFIB")]
        for name, marks in (("R1", first), ("R<2>", second)):
            reader = projects.ensure_reader(conn, made, name, "imported")
            readings.hand_in(conn, item, reader, ReadingMarks.of(marks), actor=OPERATOR)
    return made


def give(database, project, login, *roles):
    with database.transaction() as conn:
        for role in roles:
            projects.give_role(conn, project, login, role, actor=OPERATOR)


PATHS = (
    "/projects/{id}",
    "/api/projects/{id}/agreement",
    "/projects/{id}/places?by=aami&first=R1&second=R%3C2%3E&said=N&other=V",
)


@pytest.mark.parametrize("role", [*SEEING, *BLIND, None, "admin"])
def test_who_sees_results_and_who_does_not(database, client, anonymous, project, role):
    if role == "admin":
        with database.transaction() as conn:
            users.create(conn, login="chief", password=PASSWORD, role="admin")
        client.sign_in("chief")
    elif role is not None:
        give(database, project, "reader", role)
    expected = 200 if role in {*SEEING, "admin"} else 404 if role is None else 403
    for path in PATHS:
        answer = client.get(path.format(id=project.id))
        assert answer.status_code == expected, path
        if expected != 200:  # not a figure, not a name of a reader, and without a role not even that there is a project
            assert "R&lt;2&gt;" not in answer.text
            assert ("pilot" in answer.text) is (role in BLIND and not path.startswith("/api"))
    listed = [one["name"] for one in client.get("/api/projects").json()]
    assert listed == ([] if role is None else ["pilot"])


def test_without_a_session_there_is_no_page_and_no_answer(anonymous, project):
    for path in ("/projects", *PATHS):
        answer = anonymous.get(path.format(id=project.id), follow_redirects=False)
        assert answer.status_code == (401 if path.startswith("/api") else 303)


def test_the_page_says_what_the_answer_says(database, client, project):
    give(database, project, "reader", "auditor")
    told = client.get(f"/api/projects/{project.id}/agreement").json()
    (pair,) = told["aami"]["pairs"]
    n = sum(map(sum, pair["matrix"]))
    assert sorted(chain.from_iterable(pair["matrix"])) == [0, 0, 3, n - 3]
    assert told["spans"][0]["iou"]["value"] == pytest.approx(0.5, abs=1e-6)
    page = client.get(f"/projects/{project.id}").text
    assert f"{told['aami']['kappa']['value']:.3f}" in page
    assert "All items are of one patient: there is no interval over patients." in page
    assert "R&lt;2&gt;" in page
    assert "R<2>" not in page


def test_a_number_opens_its_places_and_each_its_strip(database, client, project, recording):
    give(database, project, "reader", "owner")
    page = client.get(f"/projects/{project.id}").text
    link = next(
        one
        for one in re.findall(r'href="([^"]*by=aami[^"]*)"', page)
        if "said=N&amp;other=V" in one or "said=V&amp;other=N" in one
    )
    places = client.get(link.replace("&amp;", "&")).text
    strips = re.findall(rf'href="/streams/{recording.stream_id}\?at=(\d+)"', places)
    assert [int(at) for at in strips] == [recording.us_at(at) for at in recording.beat_samples[:3]]
    assert "3 beats." in places


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("by=aami&first=R1&second=R9&said=N&other=V", "reader must be one of the project&#39;s, got &#39;R9&#39;"),
        ("by=aami&first=R1&second=R%3C2%3E&said=N&other=%3Cb%3E", "got &#39;&lt;b&gt;&#39;"),
        ("by=mood&first=R1&second=R%3C2%3E&said=N&other=V", "by must be one of"),
        ("by=aami", "Field required"),
    ],
)
def test_a_wrong_link_says_why_on_the_list(database, client, project, query, why):
    give(database, project, "reader", "owner")
    answer = client.get(f"/projects/{project.id}/places?{query}")
    assert answer.status_code == 422
    assert why in answer.text
    assert f'href="/projects/{project.id}"' in answer.text


@pytest.mark.parametrize(
    ("path", "code"), [("/projects/999", 404), ("/projects/abc", 422), ("/projects/99999999999", 422)]
)
def test_a_project_that_is_none_is_said_on_the_list(client, path, code):
    answer = client.get(path)
    assert answer.status_code == code
    assert 'class="problem"' in answer.text


def test_figures_are_of_all_that_is_handed_in_when_they_are_asked_for(database, client, project, recording):
    give(database, project, "reader", "owner")
    assert len(client.get(f"/api/projects/{project.id}/agreement").json()["readers"]) == 2
    with database.transaction() as conn:
        third = projects.ensure_reader(conn, project, "R3", "imported")
        item = readings.of_project(conn, project.id)[0].item
        readings.hand_in(conn, item, third, ReadingMarks.of([]), actor=OPERATOR, answer="ambiguous")
    told = client.get(f"/api/projects/{project.id}/agreement").json()
    assert len(told["readers"]) == 3
    assert told["answers"]["categories"] == ["read", "ambiguous"]
    assert len(told["answers"]["pairs"]) == 3


def test_a_project_that_nobody_read_says_so(database, client):
    with database.transaction() as conn:
        empty = projects.create(conn, name="empty", actor=OPERATOR)
    give(database, empty, "reader", "owner")
    assert "No item was read by two readers yet" in client.get(f"/projects/{empty.id}").text
    assert client.get(f"/api/projects/{empty.id}/agreement").json()["aami"] is None


@pytest.mark.browser
def test_the_page_is_reached_by_its_tab_and_a_number_opens_the_strip(database, open_page, project, recording):
    give(database, project, "reader", "owner")
    page = open_page()
    page.page.click("nav >> text=Projects")
    page.page.click("text=pilot")
    page.page.wait_for_selector(".matrix")
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.page.click(".matrix td:not(.same) a")
    page.page.click(".time a >> nth=1")
    page.page.wait_for_selector("body[data-ready]")
    start, end = (int(page.page.get_attribute("#strip", f"data-{side}-us")) for side in ("start", "end"))
    assert start <= recording.us_at(recording.beat_samples[1]) <= end
    assert page.problems == []


# Parts ------------------------------------------------------------------------------------------------------------


def test_agreement_is_told_of_one_device_or_one_month_as_well(database, client, project, recording):
    from storage import catalogue

    give(database, project, "reader", "auditor")
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="second", device="holter", t0_us=recording.signal.t0_us)
        item = readings.ensure_item(conn, project, stream.id, recording.us_at(0), recording.us_at(1_000))
        for name in ("R1", "R<2>"):
            reader = projects.ensure_reader(conn, project, name, "imported")
            readings.hand_in(conn, item, reader, ReadingMarks.of([(recording.us_at(10),) * 2 + ("S",)]), actor=OPERATOR)
    path = f"/api/projects/{project.id}/agreement"
    whole = client.get(path).json()
    assert (whole["n_items"], whole["devices"]) == (2, ["holter", "test"])
    (month,) = whole["months"]
    assert client.get(path, params={"month": month}).json()["aami"] == whole["aami"]
    assert client.get(path, params={"month": "1999-01"}).json()["n_items"] == 0
    holter = client.get(path, params={"device": "holter"}).json()
    assert (holter["n_items"], holter["aami"]["categories"]) == (1, ["S"])
    assert client.get(path, params={"device": "test"}).json()["aami"]["categories"] == ["N", "V"]
    assert client.get(path, params={"month": "June"}).status_code == 422
    page = client.get(f"/projects/{project.id}?device=holter&month=").text
    assert "<option selected>holter</option>" in page
