"""What the server notes of those who look and of those who are refused."""

from __future__ import annotations

from storage import audit, audit_trail, projects
from storage.annotation_row import Actor


def noted(database, action):
    with database.transaction() as conn:
        assert audit_trail.verify(conn).faults == []
        return [(one.login, one.subject) for one in reversed(audit.recent(conn)) if one.action == action]


def test_who_opens_a_recording_is_noted_and_who_misses_it_is_not(database, client, recording):
    client.get(f"/streams/{recording.stream_id}")
    client.get("/streams/99999")
    assert noted(database, "opened") == [("reader", "stream test-recording")]


def test_who_sees_results_and_who_is_refused_is_noted(database, client, recording):
    with database.transaction() as conn:
        project = projects.create(conn, name="pilot", actor=Actor(None, "operator"))
        projects.give_role(conn, project, "reader", "reader", actor=Actor(None, "operator"))
    client.get(f"/projects/{project.id}")
    client.get(f"/api/projects/{project.id}/agreement")
    assert noted(database, "refused") == [
        ("reader", f"GET /projects/{project.id}"),
        ("reader", f"GET /api/projects/{project.id}/agreement"),
    ]
    with database.transaction() as conn:
        projects.give_role(conn, project, "reader", "auditor", actor=Actor(None, "operator"))
    client.get(f"/projects/{project.id}")
    assert noted(database, "opened") == [("reader", "agreement of project pilot")]


def test_a_write_by_one_who_only_looks_is_noted_without_what_he_wrote(database, anonymous, recording):
    anonymous.sign_in("guest")
    with database.transaction() as conn:
        identity = conn.execute("SELECT id FROM annotations LIMIT 1").fetchone()[0]
    anonymous.write("PATCH", f"/api/spans/{identity}?x=1", {"action": "confirm", "note": "Smith, John"}, revision=0)
    ((login, subject),) = noted(database, "refused")
    assert login == "guest"
    assert subject.endswith(str(identity))
    with database.transaction() as conn:
        assert all("Smith" not in str(one.detail) for one in audit.recent(conn))


def test_who_is_not_signed_in_is_refused_without_a_note(database, anonymous, recording):
    assert anonymous.get("/api/projects").status_code == 401
    assert noted(database, "refused") == []
