"""Blinding, attacked: every route and page, as everybody; what others read is looked for in each answer.

There are no sockets. Exports and releases of the command line are the operator's.
"""

from __future__ import annotations

import json

import pytest

from storage import projects, users
from storage.projects import PROJECT_ROLES
from tests.labeling_server.programme_kit import LOGINS, OPERATOR, design, make_project, next_of, read_all, span

pytestmark = pytest.mark.usefixtures("cheap_hashes")

SECRET_LABELS = {"ann": "AFL", "bob": "SVTA"}
PAGES = (
    "/",
    "/account",
    "/projects",
    "/dashboard",
    "/dashboard/figures.json",
    "/projects/{project_id}",
    "/projects/{project_id}/places?by=beats&first=R1&second=R2&said=N&other=N",
    "/projects/{project_id}/read",
    "/projects/{project_id}/mine",
    "/projects/{project_id}/lesson?item=1",
    "/projects/{project_id}/disputes",
    "/projects/{project_id}/audits",
    "/projects/{project_id}/quality",
    "/projects/{project_id}/guideline",
    "/projects/{project_id}/releases",
    "/projects/{project_id}/releases/{version}/certificate",
    "/streams/{stream_id}",
)
WRITES = (
    ("POST", "/api/projects/{project_id}/next", {}),
    ("POST", "/api/items/1/reading", {"answer": "read"}),
    ("POST", "/api/items/1/later", {}),
    ("POST", "/api/items/1/adjudication", {"answer": "read", "code": "missed", "reason": "r"}),
    ("POST", "/api/items/1/audit", {"verdict": "confirmed"}),
    ("PUT", "/api/items/1/truth", {"answer": "read"}),
    ("POST", "/api/projects/{project_id}/audits", {"n_random": 2}),
    ("POST", "/api/projects/{project_id}/readers/1/test", {}),
    ("POST", "/api/projects/{project_id}/guideline", {"body": "## 1 A", "why": "w", "base": 9}),
    ("POST", "/api/projects/{project_id}/guideline/acknowledgement", {"version": 9}),
    ("POST", "/api/projects/{project_id}/guideline/read-again", {"labels": ["AFL"]}),
    ("POST", "/api/projects/{project_id}/releases", {"version": "9.9"}),
    ("POST", "/api/projects/{project_id}/releases/1.0/signature", {"meaning": "m"}),
    ("PUT", "/api/projects/{project_id}/codes", {"codes": ["missed"]}),
    ("PUT", "/api/projects/{project_id}/design", {"n_readers": 2, "double_share": 1.0}),
)


@pytest.fixture
def project(database, recording):
    return make_project(database, recording)


class Attack:
    """Asks for everything, and looks in each answer for labels, logins and pseudonyms of others.

    The workstation's own rows hold what machines and people said of the recording, which is no reading of an item.
    """

    def __init__(self, client, project, recording):
        described = client.get("/api/openapi.json").json()["paths"]
        self.paths = [path for path, methods in described.items() if "get" in methods]
        self.values = {
            "project_id": project.id,
            "stream_id": recording.stream_id,
            "item_id": 1,
            "number": 0,
            "annotation_id": "0" * 32,
            "reader_id": 1,
            "version": "1.0",
            "session_id": 1,
        }
        self.ranges = ("", f"group_id={recording.group_id}&start=0&end=5000")
        self.n_asked = 0
        self.leaks = []

    def run(self, client, login, *, names):
        """As somebody, for whom the labels of others, and these names, are secret."""
        labels = {label for owner, label in SECRET_LABELS.items() if owner != login}
        for path in [*self.paths, *PAGES]:
            for query in self.ranges:
                asked = self._filled(path)
                separator = "&" if "?" in asked else "?"
                answer = client.get(asked + (separator + query if query else ""), follow_redirects=False)
                if "project" in path or "item" in path:
                    self._look(login, asked, answer, labels, names)
                self.n_asked += 1
        for method, path, body in WRITES:
            asked = self._filled(path)
            answer = client.write(method, asked, body)
            self._look(login, asked, answer, labels, names)
            self.n_asked += 1

    def _filled(self, path):
        for name, value in self.values.items():
            path = path.replace("{" + name + "}", str(value))
        return path

    def _look(self, login, asked, answer, labels, names):
        if answer.status_code >= 400:
            # a refusal repeats what was sent, and tells nothing of others
            text = json.dumps(answer.json()) if "json" in answer.headers["content-type"] else answer.text
            text = text.split('id="config"')[0]
        else:
            text = answer.text
        found = [label for label in labels if f'"label": "{label}"' in text or f'"label":"{label}"' in text]
        found += [name for name in names if f">{name}<" in text or f'"{name}"' in text]
        if found:
            self.leaks.append((login, asked, found))


def test_no_answer_to_readers_and_strangers_holds_what_another_read(as_user, project, database, recording):
    design(as_user("boss"), project)
    for login, label in SECRET_LABELS.items():
        read_all(as_user(login), project, lambda item, name=label: span(item, name))
    attack = Attack(as_user("ann"), project, recording)
    for login in (*SECRET_LABELS, "second", "guest"):
        attack.run(as_user(login), login, names={"R1", "R2", *LOGINS} - {login})
    assert attack.leaks == []
    assert attack.n_asked > 350


@pytest.mark.parametrize("role", [role for role in PROJECT_ROLES if role != "reader"])
def test_who_reads_and_holds_another_role_sees_nothing_of_others_before_they_have_read(
    as_user, project, database, recording, role
):
    with database.transaction() as conn:
        projects.give_role(conn, project, "bob", role, actor=OPERATOR)
    design(as_user("boss"), project)
    read_all(as_user("ann"), project, lambda item: span(item, SECRET_LABELS["ann"]))
    bob = as_user("bob")
    assert next_of(bob, project)["item"] is not None
    attack = Attack(bob, project, recording)
    attack.run(bob, "bob", names={"R1", "ann"})
    assert attack.leaks == []
    assert attack.n_asked > 80


def test_the_checker_finds_what_is_there(as_user, project, database, recording):
    """Somebody who may see results, attacked the same way: labels and pseudonyms are found."""
    design(as_user("boss"), project)
    for login, label in SECRET_LABELS.items():
        read_all(as_user(login), project, lambda item, name=label: span(item, name))
    attack = Attack(as_user("judge"), project, recording)
    attack.run(as_user("judge"), "judge", names={"R1", "R2"})
    paths = {path for _, path, _ in attack.leaks}
    assert f"/api/projects/{project.id}/disputes" in paths
    assert f"/api/projects/{project.id}/agreement" in paths
    with database.transaction() as conn:
        assert users.named(conn, "judge").role == "reader"
