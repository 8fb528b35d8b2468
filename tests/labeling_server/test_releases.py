"""Releases over REST: made when nothing is open, signed, and taken by researchers, who can do nothing else."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from formats.parquet_files import read_table
from labeling_server.app import create_app
from labeling_server.settings import ServerSettings
from tests.labeling_server.conftest import Client
from tests.labeling_server.programme_kit import app_with_releases, design, make_project_of_three, read_all, span

pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def app(database, recording, tmp_path):
    return app_with_releases(database, tmp_path / "releases")


@pytest.fixture
def project(database, recording):
    return make_project_of_three(database, recording, n_items=2)


@pytest.fixture
def read(as_user, project):
    design(as_user("boss"), project)
    for login in ("ann", "bob"):
        read_all(as_user(login), project, span)
    return project


def make(client, project, version="1.0", **more):
    return client.write("POST", f"/api/projects/{project.id}/releases", {"version": version, **more})


def sign(client, project, version="1.0"):
    path = f"/api/projects/{project.id}/releases/{version}/signature"
    return client.write("POST", path, {"meaning": "I have looked at it"})


def archive_of(client, project, version="1.0"):
    return client.get(f"/api/projects/{project.id}/releases/{version}/archive")


def test_an_owner_makes_and_signs_and_a_researcher_takes_what_is_whole(as_user, read):
    boss = as_user("boss")
    made = make(boss, read)
    assert made.status_code == 200, made.text
    assert (made.json()["n_records"], made.json()["signatures"]) == (3, [])
    rita = as_user("rita")
    assert rita.get(f"/api/projects/{read.id}/releases").json() == []
    assert archive_of(rita, read).status_code == 404  # nobody stands for it yet
    signed = sign(as_user("boss"), read).json()
    assert [(one["login"], one["role"]) for one in signed["signatures"]] == [("boss", "owner")]
    assert sign(as_user("eye"), read).json()["signatures"][1]["role"] == "auditor"
    twice = sign(as_user("eye"), read)
    assert (twice.status_code, "signed once by each person" in twice.text) == (422, True)
    answer = archive_of(as_user("rita"), read)
    assert answer.headers["content-type"] == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    names = packed.namelist()
    assert {"pilot-1.0/SHA256SUMS", "pilot-1.0/datasheet.html", "pilot-1.0/items.parquet"} <= set(names)
    sums = packed.read("pilot-1.0/SHA256SUMS").decode().splitlines()
    for line in sums:
        digest, name = line.split("  ")
        assert hashlib.sha256(packed.read(f"pilot-1.0/{name}")).hexdigest() == digest
    assert len(sums) == len(names) - 1
    assert hashlib.sha256(packed.read("pilot-1.0/SHA256SUMS")).hexdigest() == made.json()["sha256"]
    assert {name.split("/")[-1] for name in names if name.startswith("pilot-1.0/records/00001")} >= {"00001.fin"}
    page = as_user("rita").get(f"/projects/{read.id}/releases/1.0/certificate").text
    assert made.json()["sha256"] in page
    assert "I have looked at it" in page
    path = f"/projects/{read.id}/releases/1.0/certificate.pdf"
    pdf, again = (as_user("rita").get(path) for _ in range(2))
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.content == again.content


def test_a_release_tells_how_it_was_read_and_why_it_was_decided(as_user, project, tmp_path):
    boss = as_user("boss")
    items = boss.get(f"/api/projects/{project.id}/agreement").json()["n_items"]
    assert items == 0
    text = "## 1 Fibrillation\nLabels: AFIB\nNo P waves.\n"
    boss.write("POST", f"/api/projects/{project.id}/guideline", {"body": text, "why": "the first", "base": 0})
    design(boss, project, assisted_share=0.5)
    for login, label in (("ann", "AFIB"), ("bob", "AFL")):
        client = as_user(login)
        client.write("POST", f"/api/projects/{project.id}/guideline/acknowledgement", {"version": 1})
        read_all(client, project, lambda item, name=label: span(item, name) | {"seconds": 9.5})
    judge = as_user("judge")
    for one in judge.get(f"/api/projects/{project.id}/disputes").json():
        body = span(one["item"]) | {"code": "rhythm", "reason": "irregular throughout"}
        assert judge.write("POST", f"/api/items/{one['item']['id']}/adjudication", body).status_code == 200
    boss = as_user("boss")
    boss.write("POST", f"/api/projects/{project.id}/audits", {"n_random": 2})
    eye = as_user("eye")
    for one in eye.get(f"/api/projects/{project.id}/audits").json():
        eye.write("POST", f"/api/items/{one['item']['id']}/audit", {"verdict": "confirmed"})
    assert make(as_user("boss"), project).status_code == 200
    folder = tmp_path / "releases" / str(project.id) / "1.0"
    table = read_table(folder / "items.parquet")
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    final = [row for row in rows if row["annotator"] == "fin"]
    assert [(row["source"], row["code"], row["reason"]) for row in final] == [
        ("adjudicated", "rhythm", "irregular throughout")
    ] * 4
    people = [row for row in rows if row["seconds"] == 9.5]
    assert len(people) == 8
    assert {row["guideline"] for row in people} == {1}
    assert {row["assisted"] for row in people} == {True, False}
    assert (folder / "guidelines" / "version-1.md").read_text() == text
    sheet = (folder / "datasheet.md").read_text()
    assert "- version 1: the first" in sheet
    assert "| audits overturned | all | 0.000 |" in sheet
    assert "automation bias" in sheet


def test_a_researcher_can_do_nothing_else(as_user, read):
    make(as_user("boss"), read)
    sign(as_user("boss"), read)
    rita = as_user("rita")
    for path in ("disputes", "audits", "quality", "mine", "progress"):
        assert rita.get(f"/api/projects/{read.id}/{path}").status_code == 403, path
    for path in ("read", "mine", "disputes", "audits", "quality", "lesson"):
        assert rita.get(f"/projects/{read.id}/{path}").status_code == 403, path
    for path, body in (
        ("next", {}),
        ("releases", {"version": "2.0"}),
        ("releases/1.0/signature", {"meaning": "m"}),
        ("audits", {"n_random": 1}),
        ("guideline", {"body": "## 1 A\n", "why": "w", "base": 0}),
    ):
        assert rita.write("POST", f"/api/projects/{read.id}/{path}", body).status_code == 403, path
    assert rita.write("PUT", "/api/items/1/truth", {"answer": "read"}).status_code == 403


def test_a_release_is_refused_while_something_is_open_unless_an_owner_says_why(as_user, project):
    boss = as_user("boss")
    refused = make(boss, project)
    assert (refused.status_code, "4 items nobody was given" in refused.text) == (422, True)
    design(boss, project)
    refused = make(boss, project)
    assert (refused.status_code, "4 items are still read" in refused.text) == (422, True)
    read_all(as_user("ann"), project, span)
    read_all(as_user("bob"), project, lambda item: span(item, "AFL"))
    refused = make(as_user("boss"), project)
    assert "4 items wait for an adjudicator" in refused.text
    assert as_user("boss").get(f"/api/projects/{project.id}/releases").json() == []
    made = make(as_user("boss"), project, exception="a preview for the board")
    assert made.json()["exceptions"] == [
        "4 items wait for an adjudicator; released all the same: a preview for the board"
    ]


def test_audits_over_their_limit_and_missed_targets_stop_a_release(as_user, read):
    boss = as_user("boss")
    design(boss, read, audit_limit=0.2, targets={"AFIB": 0.9})
    assert "nothing was audited" in make(boss, read).text
    boss.write("POST", f"/api/projects/{read.id}/audits", {"n_random": 4})
    assert "4 audits are not done" in make(boss, read).text
    eye = as_user("eye")
    for one in eye.get(f"/api/projects/{read.id}/audits").json():
        instead = span(one["item"], "AFL") | {"code": "rhythm", "reason": "r"}
        assert (
            eye.write(
                "POST", f"/api/items/{one['item']['id']}/audit", {"verdict": "overturned", "instead": instead}
            ).status_code
            == 200
        )
    told = make(as_user("boss"), read).text
    assert "100.0% of audits were overturned, the limit is 20.0%" in told
    assert "agreement on" not in told  # their spans are equal
    design(as_user("boss"), read, audit_limit=None, targets={"AFIB": 0.9, "VT": 0.5})
    assert "agreement on VT must be 0.5, got nothing" in make(as_user("boss"), read).text


def test_an_identifier_in_a_note_stops_a_release_until_it_is_let_pass(as_user, read, database, recording):
    with database.transaction() as conn:
        conn.execute("UPDATE streams SET note = 'call 030 1234567 for Mrs Smith' WHERE id = %s", [recording.stream_id])
    boss = as_user("boss")
    refused = make(boss, read)
    assert (refused.status_code, "must hold no identifier" in refused.text) == (422, True)
    assert "030 1234567" in refused.text  # the owner decides, and must see it
    assert boss.get(f"/api/projects/{read.id}/releases").json() == []


def test_the_same_version_is_not_made_twice_and_a_wrong_name_not_at_all(as_user, read):
    boss = as_user("boss")
    assert make(boss, read).status_code == 200
    again = make(boss, read)
    assert (again.status_code, "'1.0' of 'pilot' was released before" in again.text) == (422, True)
    assert make(boss, read, "../../etc").status_code == 422
    assert make(boss, read, "").status_code == 422
    assert archive_of(boss, read, "..%2f..").status_code in {404, 422}


def test_a_server_without_a_place_for_releases_says_so(database, recording, project):
    settings = ServerSettings(secret_key="a secret of more than 32 characters", project="Tests")  # noqa: S106 - of a test
    with Client(create_app(database, settings=settings)) as client:
        client.sign_in("boss")
        answer = make(client, project)
    assert (answer.status_code, "makes no releases" in answer.text) == (501, True)


def test_a_place_that_refuses_leaves_nothing_half_and_says_where_to_look(as_user, read, tmp_path):
    (tmp_path / "releases").write_text("a file where a folder should be")
    answer = make(as_user("boss"), read)
    assert (answer.status_code, "the server's log says why" in answer.text) == (507, True)
    assert str(tmp_path) not in answer.text
    assert as_user("boss").get(f"/api/projects/{read.id}/releases").json() == []
    (tmp_path / "releases").unlink()
    assert make(as_user("boss"), read).status_code == 200
