"""People and passwords: guessing is slowed, and everything is noted."""

from __future__ import annotations

import threading
import time

import argon2
import pytest

from storage import audit, users
from storage.annotation_row import Actor
from storage.database import Database
from storage.errors import ConstraintError, UnknownRowError

pytestmark = pytest.mark.usefixtures("cheap_hashes")  # people sign in again and again here

RIGHT = "correct horse"
WRONG = "battery staple"


@pytest.fixture
def anna(database):
    with database.transaction() as conn:
        return users.create(conn, login="anna", password=RIGHT, role="reader")


def _verify(database, password=RIGHT, *, login="anna", address="10.0.0.1"):
    with database.transaction() as conn:
        return users.verify(conn, login=login, password=password, address=address)


def _age_failures(database, by_s):
    with database.transaction() as conn:
        conn.execute("UPDATE login_failures SET at_us = at_us - %s", [by_s * 1_000_000])


def _actions(database):
    with database.transaction() as conn:
        return [(row.login, row.action) for row in audit.recent(conn)]


def test_the_right_password_gives_the_person(database, anna):
    assert _verify(database) == (anna, 0)
    assert anna.actor == Actor(anna.id, "anna")
    assert _actions(database) == [("anna", "login")]


def test_passwords_are_stored_as_argon2id_with_a_salt(database, anna):
    with database.transaction() as conn:
        users.create(conn, login="ben", password=RIGHT, role="viewer")
        hashes = [row[0] for row in conn.execute("SELECT password_hash FROM users")]
    assert all(one.startswith("$argon2id$") for one in hashes)
    assert len(set(hashes)) == 2


@pytest.mark.parametrize("login", ["anna", "nobody"])
def test_the_fourth_wrong_password_in_a_row_must_wait_and_ever_longer(database, anna, login):
    waits = []
    for _ in range(7):
        failed = _verify(database, WRONG, login=login)
        assert failed.user is None
        waits.append(failed.retry_after_s)
        _age_failures(database, failed.retry_after_s)
    assert waits == [0, 0, 1, 2, 4, 8, 16]


def test_an_attempt_during_the_wait_is_not_looked_at_even_when_it_is_right(database, anna):
    for _ in range(3):
        _verify(database, WRONG)
    assert _verify(database).user is None
    assert _actions(database)[0] == ("anna", "login-delayed")
    _age_failures(database, 1)
    assert _verify(database).user == anna


def test_the_right_password_forgives_the_failures_before_it(database, anna):
    for _ in range(2):
        _verify(database, WRONG)
    assert _verify(database).user == anna
    assert [_verify(database, WRONG).retry_after_s for _ in range(3)] == [0, 0, 1]


def test_an_address_that_tries_many_logins_must_wait_too(database, anna):
    waits = [_verify(database, WRONG, login=f"guess-{i}").retry_after_s for i in range(10)]
    assert waits == [0] * 9 + [1]
    assert _verify(database).retry_after_s == 1, "also for a login that never failed"
    assert _verify(database, address="10.0.0.2").user == anna, "others are not hindered"


def test_failures_are_forgotten_after_an_hour(database, anna):
    for _ in range(3):
        _verify(database, WRONG)
    _age_failures(database, 3_601)
    assert _verify(database, WRONG).retry_after_s == 0


@pytest.mark.parametrize(
    ("n_beyond", "elapsed_s", "expected"), [(-1, 0, 0), (0, 0, 1), (0, 1, 0), (5, 30.5, 2), (8, 0, 256), (99, 0, 300)]
)
def test_delay_doubles_up_to_five_minutes(n_beyond, elapsed_s, expected):
    assert users.remaining_delay_s(n_beyond, 0, int(elapsed_s * 1_000_000)) == expected


def test_guesses_at_the_same_moment_do_not_slip_through_together(database_dsn, anna):
    results = []
    with Database.open(database_dsn, max_size=8) as wide:
        threads = [threading.Thread(target=lambda: results.append(_verify(wide, WRONG))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with wide.transaction() as conn:
            assert conn.execute("SELECT count(*) FROM login_failures").fetchone() == (3,)
    assert sum(result.retry_after_s > 0 for result in results) == 6


def test_an_unknown_login_takes_as_long_as_a_known_one(database, monkeypatch):
    monkeypatch.setattr(users, "_hasher", argon2.PasswordHasher(time_cost=2, memory_cost=65_536))
    with database.transaction() as conn:
        users.create(conn, login="anna", password=RIGHT, role="reader")

    def fastest(login):
        took = []
        for i in range(3):
            began = time.perf_counter()
            _verify(database, WRONG, login=login, address=f"{login}-{i}")
            took.append(time.perf_counter() - began)
        return min(took)

    fastest("warm-up")
    known, unknown = fastest("anna"), fastest("nobody")
    assert 1 / 4 < known / unknown < 4


def test_a_disabled_person_cannot_log_in_until_enabled(database, anna):
    with database.transaction() as conn:
        users.disable(conn, "anna")
    assert _verify(database).user is None
    with database.transaction() as conn:
        users.enable(conn, "anna")
    assert _verify(database).user == anna


def test_a_new_password_replaces_the_old_and_forgives(database, anna):
    for _ in range(3):
        _verify(database, WRONG)
    with database.transaction() as conn:
        users.set_password(conn, "anna", "another horse")
    assert _verify(database, "another horse").user == anna
    assert _verify(database).user is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"login": "anna"}, "'anna' is taken"),
        ({"role": "king"}, "role must be one of admin, reader, viewer, got 'king'"),
        ({"password": "short"}, "at least 8 characters, got 5"),
        ({"login": ""}, "login"),
    ],
)
def test_an_account_that_breaks_a_rule_is_refused(database, anna, facts, reason):
    with pytest.raises(ConstraintError, match=reason), database.transaction() as conn:
        users.create(conn, **({"login": "ben", "password": RIGHT, "role": "reader"} | facts))


def test_unknown_people_are_told(database):
    with database.transaction() as conn:
        for ask in (users.disable, users.enable):
            with pytest.raises(UnknownRowError, match="'nobody'"):
                ask(conn, "nobody")
        with pytest.raises(UnknownRowError, match="999"):
            users.find(conn, 999)


def test_people_are_listed_by_login(database, anna):
    with database.transaction() as conn:
        aaron = users.create(conn, login="aaron", password=RIGHT, role="admin")
        assert users.list_users(conn) == [aaron, anna]
        assert users.find(conn, anna.id) == anna


def test_the_audit_log_keeps_who_did_what_and_cannot_be_rewritten(database, anna):
    with database.transaction() as conn:
        audit.record(conn, anna.actor, "export", "stream s", {"format": "wfdb"})
        (row,) = audit.recent(conn)
    assert (row.user_id, row.login, row.action, row.subject, row.detail) == (
        anna.id,
        "anna",
        "export",
        "stream s",
        {"format": "wfdb"},
    )
    for statement in ("DELETE FROM audit_log", "UPDATE audit_log SET login = 'x'", "TRUNCATE audit_log"):
        with pytest.raises(ConstraintError, match="append-only"), database.transaction() as conn:
            conn.execute(statement)
