"""One's own account: password, sessions that one sees and ends, and invitations."""

from __future__ import annotations

import pytest

from storage import accounts, users
from storage.annotation_row import Actor
from storage.errors import ConstraintError, UnknownRowError
from tests.labeling_server.conftest import PASSWORD, Client

pytestmark = pytest.mark.usefixtures("cheap_hashes")

NEW = "another password"


@pytest.fixture
def two(app):
    """The same person in two browsers."""
    with Client(app) as one, Client(app) as other:
        for client in (one, other):
            assert client.sign_in("reader").status_code == 303
        yield one, other


def change(client, current, new):
    return client.write("PUT", "/api/account/password", {"current": current, "new": new})


def test_a_new_password_signs_out_everywhere_else(two):
    one, other = two
    assert change(one, PASSWORD, NEW).status_code == 200
    assert one.get("/api/session").status_code == 200
    assert other.get("/api/session").status_code == 401
    assert other.sign_in("reader").status_code == 401
    assert other.sign_in("reader", NEW).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "code", "why"),
    [
        ("wrong", NEW, 403, "the current password must be right"),
        (PASSWORD, "short", 422, "at least 8 characters, got 5"),
        (PASSWORD, PASSWORD, 422, "must be another one"),
        (PASSWORD, "", 422, "new"),
    ],
)
def test_a_password_that_breaks_a_rule_stays_as_it_was(two, current, new, code, why):
    one, other = two
    answer = change(one, current, new)
    assert answer.status_code == code
    assert why in answer.text
    assert PASSWORD not in answer.text
    assert other.get("/api/session").status_code == 200


def test_guesses_of_the_current_password_are_slowed_down(two):
    one, _ = two
    told = [change(one, f"guess {number}", NEW).text for number in range(5)]
    assert "Try again in" in told[-1]
    assert "Try again in" in change(one, PASSWORD, NEW).text  # also the right one


def test_a_viewer_may_change_their_own_password(anonymous):
    anonymous.sign_in("guest")
    answer = change(anonymous, PASSWORD, NEW)
    assert answer.status_code == 200, answer.text


def test_sessions_are_seen_and_ended(two, database):
    one, other = two
    with database.transaction() as conn:
        user = users.named(conn, "reader")
        rows = accounts.sessions_of(conn, user.id, one.csrf, within_us=10**12)
    assert sorted(row.is_this for row in rows) == [False, True]
    page = one.get("/account").text
    assert "/api/account/sessions/" in page
    theirs = next(row.id for row in rows if not row.is_this)
    assert one.write("POST", f"/api/account/sessions/{theirs}/end", {}).status_code == 200
    assert other.get("/api/session").status_code == 401
    assert one.get("/api/session").status_code == 200
    assert one.write("POST", f"/api/account/sessions/{theirs}/end", {}).status_code == 404
    assert "/api/account/sessions/" not in one.get("/account").text


def test_nobody_ends_the_session_of_another(two, app, database):
    one, _ = two
    with Client(app) as second:
        second.sign_in("second")
        with database.transaction() as conn:
            user = users.named(conn, "second")
            (theirs,) = accounts.sessions_of(conn, user.id, "", within_us=10**12)
        assert one.write("POST", f"/api/account/sessions/{theirs.id}/end", {}).status_code == 404
        assert second.get("/api/session").status_code == 200


def test_signing_out_ends_the_session_also_for_a_cookie_that_was_kept(two):
    one, _ = two
    kept = dict(one.cookies)
    one.post("/logout", data={"csrf": one.csrf}, follow_redirects=False)
    one.cookies.update(kept)
    assert one.get("/api/session").status_code == 401


def test_the_database_holds_no_token_with_which_one_could_sign_in(two, database):
    one, _ = two
    with database.transaction() as conn:
        token = accounts.invite(conn, login="new", role="reader", actor=Actor(None, "operator"))
        text = str(conn.execute("SELECT token_hash FROM user_sessions").fetchall())
        text += str(conn.execute("SELECT * FROM invitations").fetchall())
        text += str(conn.execute("SELECT * FROM audit_log").fetchall())
    assert one.csrf not in text
    assert token not in text


@pytest.fixture
def token(database, recording):
    with database.transaction() as conn:
        return accounts.invite(conn, login="new", role="viewer", actor=Actor(None, "operator"))


def accept(client, token, password=NEW, again=None):
    body = {"password": password, "again": password if again is None else again}
    return client.post(f"/invitation/{token}", data=body, follow_redirects=False)


def test_who_is_invited_chooses_a_password_once_and_is_in(anonymous, token, database):
    assert "You were invited as new" in anonymous.get(f"/invitation/{token}").text
    assert accept(anonymous, token).status_code == 303
    assert anonymous.get("/api/session").json()["login"] == "new"
    assert anonymous.get("/api/session").json()["role"] == "viewer"
    again = accept(anonymous, token)
    assert (again.status_code, "this one is not open" in again.text) == (404, True)
    with database.transaction() as conn:
        assert users.named(conn, "new").role == "viewer"


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [("short", None, "at least 8 characters"), (NEW, NEW + "x", "typed twice alike")],
)
def test_an_invitation_stays_open_until_it_is_used_well(anonymous, token, password, again, why):
    answer = accept(anonymous, token, password, again)
    assert answer.status_code == 422
    assert why in answer.text
    assert "You were invited as new" in answer.text
    assert accept(anonymous, token).status_code == 303


def test_an_old_or_forged_invitation_and_a_form_of_another_site_are_refused(anonymous, token, database):
    assert accept(anonymous, "x" * 43).status_code == 404
    foreign = anonymous.post(
        f"/invitation/{token}",
        data={"password": NEW, "again": NEW},
        headers={"Origin": "https://elsewhere.example"},
        follow_redirects=False,
    )
    assert foreign.status_code == 403
    with database.transaction() as conn:
        conn.execute("UPDATE invitations SET expires_us = clock_us() - 1")
    assert accept(anonymous, token).status_code == 404
    with database.transaction() as conn, pytest.raises(UnknownRowError):
        users.named(conn, "new")


def test_nobody_is_invited_by_a_login_that_is_taken(database, recording):
    with database.transaction() as conn, pytest.raises(ConstraintError, match="'reader' is taken"):
        accounts.invite(conn, login="reader", role="reader", actor=Actor(None, "operator"))
    with database.transaction() as conn, pytest.raises(ConstraintError, match="role must be one of"):
        accounts.invite(conn, login="other", role="king", actor=Actor(None, "operator"))
