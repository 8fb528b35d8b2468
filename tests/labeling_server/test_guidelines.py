"""Guidelines: versions, acknowledged before reading goes on, stored with each reading, and what is read again."""

from __future__ import annotations

import pytest

from storage import readings
from tests.labeling_server.programme_kit import N_ITEMS, design, make_project, next_of, read_all, span

pytestmark = pytest.mark.usefixtures("cheap_hashes")

FIRST = "# Pilot\n\n## 1 Fibrillation\nLabels: AFIB\nNo P waves.\n\n## 2 Tachycardia\nLabels: VT\nThree beats.\n"
SECOND = FIRST.replace("No P waves.", "No P waves for 30 s.")


@pytest.fixture
def project(database, recording):
    return make_project(database, recording)


def publish(client, project, body, base, why="because"):
    return client.write("POST", f"/api/projects/{project.id}/guideline", {"body": body, "why": why, "base": base})


def acknowledge(client, project, version):
    path = f"/api/projects/{project.id}/guideline/acknowledgement"
    return client.write("POST", path, {"version": version})


def test_a_new_version_is_acknowledged_before_reading_goes_on_and_stored_with_what_is_read(as_user, project, database):
    boss = as_user("boss")
    assert publish(boss, project, FIRST, 0).json()["version"] == 1
    design(boss, project)
    ann = as_user("ann")
    held = next_of(ann, project)
    assert (held["item"], held["hold"], held["guideline"]) == (None, "guideline", 1)
    assert acknowledge(ann, project, 1).json() == {"version": 1}
    first = next_of(ann, project)["item"]
    # published while she reads: what is before her is handed in under the version that she knows
    told = publish(as_user("boss"), project, SECOND, 1).json()
    assert told["changed"] == [{"number": "1", "title": "Fibrillation", "how": "changed", "labels": ["AFIB"]}]
    ann = as_user("ann")
    assert ann.write("POST", f"/api/items/{first['id']}/reading", span(first)).status_code == 200
    assert next_of(ann, project)["hold"] == "guideline"
    old = acknowledge(ann, project, 1)
    assert (old.status_code, "the newest version is acknowledged, 2, got 1" in old.text) == (422, True)
    acknowledge(ann, project, 2)
    read_all(ann, project, span)
    with database.transaction() as conn:
        versions = [one.how.guideline for one in readings.of_project(conn, project.id)]
    assert sorted(versions) == [1] + [2] * (N_ITEMS - 1)


def test_what_is_published_never_changes_and_stays_to_be_read(as_user, project, database):
    boss = as_user("boss")
    publish(boss, project, FIRST, 0)
    publish(boss, project, SECOND, 1)
    path = f"/api/projects/{project.id}/guideline"
    assert boss.get(path).json()["version"] == 2
    assert boss.get(path, params={"version": 1}).json()["body"] == FIRST
    assert boss.get(path, params={"version": 3}).status_code == 404
    page = boss.get(f"/projects/{project.id}/guideline").text
    assert "No P waves for 30 s." in page
    assert '<span class="gone">- No P waves.' in page
    from storage.errors import ConstraintError

    with pytest.raises(ConstraintError, match="append-only"), database.transaction() as conn:
        conn.execute("UPDATE guidelines SET body = 'x'")


@pytest.mark.parametrize(
    ("body", "base", "why", "message"),
    [
        ("no clauses", 0, "w", "must have numbered clauses"),
        ("## 1 A\n## 1 B\n", 0, "w", "got 1 twice"),
        ("## 1 A\nLabels: NOTHING\n", 0, "w", "labels of a clause must be of the vocabulary"),
        (FIRST, 1, "w", "made from the newest, 0, got one made from 1"),
        (FIRST, 0, "", "why"),
        ("   ", 0, "w", "must have numbered clauses"),
    ],
)
def test_what_breaks_a_rule_is_not_published(as_user, project, body, base, why, message):
    boss = as_user("boss")
    answer = publish(boss, project, body, base, why)
    assert answer.status_code == 422
    assert message in answer.text
    assert boss.get(f"/api/projects/{project.id}/guideline").status_code == 404


def test_the_same_text_is_no_new_version(as_user, project):
    boss = as_user("boss")
    publish(boss, project, FIRST, 0)
    again = publish(boss, project, FIRST, 1)
    assert (again.status_code, "must differ from version 1" in again.text) == (422, True)


def test_only_owners_publish_and_everybody_in_the_project_reads(as_user, project):
    assert publish(as_user("ann"), project, FIRST, 0).status_code == 403
    publish(as_user("boss"), project, FIRST, 0)
    for login in ("ann", "judge", "eye", "rita"):
        assert as_user(login).get(f"/api/projects/{project.id}/guideline").status_code == 200
    assert as_user("second").get(f"/api/projects/{project.id}/guideline").status_code == 404


def test_html_of_an_author_is_shown_as_text(as_user, project):
    boss = as_user("boss")
    publish(boss, project, '## 1 A\n<script>alert(1)</script> [x](javascript:alert(1)) <b onclick="x">b</b>\n', 0)
    page = boss.get(f"/projects/{project.id}/guideline").text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<b onclick" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_items_of_a_changed_clauses_labels_are_read_again_by_choice(as_user, project):
    design(as_user("boss"), project)
    for login in ("ann", "bob"):
        read_all(as_user(login), project, lambda item: span(item, "AFIB" if item["id"] % 2 else "VT"))
    boss = as_user("boss")
    path = f"/api/projects/{project.id}/guideline/read-again"
    assert boss.write("POST", path, {"labels": ["AFIB"]}).json() == {"n_items": N_ITEMS // 2}
    assert boss.write("POST", path, {"labels": ["AFIB"]}).json() == {"n_items": 0}  # once
    assert design(boss, project)["n_items"] == N_ITEMS // 2
    assert len(read_all(as_user("ann"), project, span)) == N_ITEMS // 2
    assert as_user("ann").write("POST", path, {"labels": ["AFIB"]}).status_code == 403
