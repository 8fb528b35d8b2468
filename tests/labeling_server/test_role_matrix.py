"""Every route of reading programmes by every role: one table of who may, and every route must stand in it."""

from __future__ import annotations

import pytest

from storage import projects, users
from storage.projects import PROJECT_ROLES
from tests.labeling_server.conftest import PASSWORD
from tests.labeling_server.programme_kit import OPERATOR, make_project

pytestmark = pytest.mark.usefixtures("cheap_hashes")

ALL = frozenset(PROJECT_ROLES)
RESULTS = {"owner", "adjudicator", "auditor", "researcher"}
RELEASES = RESULTS
READING = {"answer": "read"}
DECISION = {**READING, "code": "missed", "reason": "r"}
# method, path: body, roles that may, whether the server's administrator may without a role in the project
MATRIX = {
    ("GET", "/api/projects/{project_id}/agreement"): (None, RESULTS, True),
    ("PUT", "/api/projects/{project_id}/design"): ({"n_readers": 1, "double_share": 1.0}, {"owner"}, True),
    ("POST", "/api/projects/{project_id}/next"): ({}, {"reader"}, False),
    ("GET", "/api/projects/{project_id}/progress"): (None, {"reader"}, False),
    ("GET", "/api/projects/{project_id}/disputes"): (None, {"adjudicator"}, False),
    ("POST", "/api/items/{item_id}/adjudication"): (DECISION, {"adjudicator"}, False),
    ("PUT", "/api/items/{item_id}/truth"): (READING, {"owner"}, False),
    ("PUT", "/api/projects/{project_id}/codes"): ({"codes": ["missed"]}, {"owner"}, True),
    ("POST", "/api/projects/{project_id}/readers/{reader_id}/test"): ({}, {"owner"}, True),
    ("POST", "/api/projects/{project_id}/audits"): ({}, {"owner", "auditor"}, True),
    ("GET", "/api/projects/{project_id}/audits"): (None, {"auditor"}, False),
    ("GET", "/api/items/{item_id}/machine"): (None, {"adjudicator", "auditor"}, False),
    ("GET", "/api/projects/{project_id}/quality"): (None, {"owner", "auditor"}, True),
    ("GET", "/api/projects/{project_id}/mine"): (None, {"reader"}, False),
    ("GET", "/api/projects/{project_id}/guideline"): (None, ALL, True),
    ("POST", "/api/projects/{project_id}/guideline"): ({"body": "## 1 A", "why": "w", "base": 9}, {"owner"}, True),
    ("POST", "/api/projects/{project_id}/guideline/acknowledgement"): ({"version": 1}, ALL, False),
    ("POST", "/api/projects/{project_id}/guideline/read-again"): ({"labels": ["VT"]}, {"owner"}, True),
    ("GET", "/api/projects/{project_id}/releases"): (None, RELEASES, True),
    ("POST", "/api/projects/{project_id}/releases"): ({"version": "1.0"}, {"owner"}, False),
    ("POST", "/api/projects/{project_id}/releases/{version}/signature"): (
        {"meaning": "m"},
        {"owner", "adjudicator", "auditor"},
        False,
    ),
    ("GET", "/api/projects/{project_id}/releases/{version}/archive"): (None, {"owner", "researcher"}, False),
}
# what everybody may call: it answers of one's own projects, or of an item that is before one
OWN = {
    ("GET", "/api/projects"),
    ("POST", "/api/items/{item_id}/reading"),
    ("POST", "/api/items/{item_id}/later"),
    ("POST", "/api/items/{item_id}/audit"),
    ("GET", "/api/items/{item_id}/lesson"),
}
PAGES = {
    "": RESULTS,
    "/read": {"reader"},
    "/mine": {"reader"},
    "/lesson": {"reader"},
    "/disputes": {"adjudicator"},
    "/audits": {"auditor"},
    "/quality": {"owner", "auditor"},
    "/guideline": ALL,
    "/releases": RELEASES,
}
BY_ADMIN = {"", "/quality", "/guideline", "/releases"}


@pytest.fixture
def project(database, recording):
    """A person of each role, one without any, and the server's administrator."""
    made = make_project(database, recording)
    with database.transaction() as conn:
        for login, role in (("moni", "monitor"), ("none", None), ("chief", None)):
            users.create(conn, login=login, password=PASSWORD, role="admin" if login == "chief" else "reader")
            if role:
                projects.give_role(conn, made, login, role, actor=OPERATOR)
        # the researcher of the kit only looks; here the roles of the project alone are asked
        users.create(conn, login="resi", password=PASSWORD, role="reader")
        projects.give_role(conn, made, "resi", "researcher", actor=OPERATOR)
        conn.execute(
            "INSERT INTO guidelines (project_id, version, body, why, login) VALUES (%s, 1, '## 1 A', 'w', 'operator')",
            [made.id],
        )
    return made


LOGINS = {
    "ann": "reader",
    "judge": "adjudicator",
    "boss": "owner",
    "eye": "auditor",
    "moni": "monitor",
    "resi": "researcher",
    "none": None,
    "chief": "admin",
}


def filled(path, project):
    values = {"project_id": project.id, "item_id": 1, "reader_id": 1, "version": "1.0"}
    for name, value in values.items():
        path = path.replace("{" + name + "}", str(value))
    return path


def test_every_route_of_programmes_stands_in_the_table(as_user, project):
    described = as_user("ann").get("/api/openapi.json").json()["paths"]
    routes = {
        (method.upper(), path)
        for path, operations in described.items()
        for method, operation in operations.items()
        if "programme" in operation["tags"]
    }
    assert routes == {*MATRIX, *OWN}


@pytest.mark.parametrize("login", LOGINS)
def test_each_role_may_what_the_table_says_and_nothing_else(as_user, project, login):
    client, role = as_user(login), LOGINS[login]
    wrong = []
    for (method, path), (body, roles, admin_may) in MATRIX.items():
        asked = filled(path, project)
        answer = client.get(asked) if method == "GET" else client.write(method, asked, body)
        may = role in roles or (role == "admin" and admin_may)
        # refused by the role: 403, or 404 for who has nothing to do with the project
        is_refused = answer.status_code == 403 or (role is None and answer.status_code == 404)
        if may == is_refused or (answer.status_code >= 500 and answer.status_code != 501):
            wrong.append((method, path, answer.status_code, answer.text[:200]))
    assert wrong == []


@pytest.mark.parametrize("login", LOGINS)
def test_each_role_opens_its_pages_and_sees_their_tabs_alone(as_user, project, login):
    client, role = as_user(login), LOGINS[login]
    for path, roles in PAGES.items():
        answer = client.get(f"/projects/{project.id}{path}", follow_redirects=False)
        may = role in roles or (role == "admin" and path in BY_ADMIN)
        assert (answer.status_code == 200) is may, (path, answer.status_code)
        if may and path != "":
            for other, others in PAGES.items():
                has_tab = f'href="/projects/{project.id}{other}"' in answer.text
                expected = role in others or (role == "admin" and other in BY_ADMIN)
                assert other == "/lesson" or has_tab is expected, (path, other)
