"""Roles of a project hold in the database as well, whatever the server would have let through."""

import pytest

from storage import assignments, audits, guidelines, known_items, projects, readings, releases, users
from storage.annotation_row import Actor
from storage.errors import ConstraintError
from storage.readings import ReadingMarks

OPERATOR = Actor(None, "operator")
NOTHING = ReadingMarks.of([])


@pytest.fixture
def project(any_database):
    with any_database.transaction() as conn:
        made = projects.create(conn, name="pilot", actor=OPERATOR)
        for login in ("ann", "bob", "boss", "judge", "eye"):
            users.create(conn, login=login, password="correct horse", role="reader")  # noqa: S106 - a test's
        for login, role in (
            ("ann", "reader"),
            ("bob", "reader"),
            ("boss", "owner"),
            ("judge", "adjudicator"),
            ("eye", "auditor"),
        ):
            projects.give_role(conn, made, login, role, actor=OPERATOR)
        return made


@pytest.fixture
def item(any_database, project, group):
    with any_database.transaction() as conn:
        return readings.ensure_item(conn, project, group.stream_id, 0, 10)


def actor(conn, login):
    user = users.named(conn, login)
    return Actor(user.id, login)


def test_a_reading_is_its_readers_own(any_database, project, item):
    with any_database.transaction() as conn:
        ann = assignments.reader_of(conn, project.id, users.named(conn, "ann").id)
    for login in ("bob", "boss"):
        with pytest.raises(ConstraintError, match="handed in by its reader"), any_database.transaction() as conn:
            readings.hand_in(conn, item, ann, NOTHING, actor=actor(conn, login))
    with pytest.raises(ConstraintError, match="handed in by its reader"), any_database.transaction() as conn:
        readings.hand_in(conn, item, ann, NOTHING, actor=OPERATOR)
    with any_database.transaction() as conn:
        projects.take_role(conn, project, "ann", "reader", actor=OPERATOR)
    with pytest.raises(ConstraintError, match="must be by somebody who is reader"), any_database.transaction() as conn:
        readings.hand_in(conn, item, ann, NOTHING, actor=actor(conn, "ann"))


@pytest.mark.parametrize(
    ("name", "may", "may_not"),
    [("consensus", "judge", "ann"), ("audit", "eye", "judge"), ("gold", "boss", "eye")],
)
def test_decisions_are_of_those_who_may_decide(any_database, project, item, name, may, may_not):
    with any_database.transaction() as conn:
        reader = projects.ensure_reader(conn, project, name, "consensus")
    with pytest.raises(ConstraintError, match="a decision must be by somebody"), any_database.transaction() as conn:
        readings.hand_in(conn, item, reader, NOTHING, actor=actor(conn, may_not))
    with any_database.transaction() as conn:
        readings.hand_in(conn, item, reader, NOTHING, actor=actor(conn, may))


def test_guidelines_truth_audits_and_signatures_are_too(any_database, project, item):
    with pytest.raises(ConstraintError, match="owner"), any_database.transaction() as conn:
        guidelines.publish(conn, project, "## 1 A", why="w", actor=actor(conn, "ann"))
    with any_database.transaction() as conn:
        known_items.set_truth(conn, project, item, NOTHING, answer="read", kind="gold", actor=actor(conn, "boss"))
        audits.draw(conn, project, {item.id: "random"}, actor=actor(conn, "boss"))
    with pytest.raises(ConstraintError, match="an audit must be by somebody"), any_database.transaction() as conn:
        audits.confirm(conn, item, actor=actor(conn, "boss"))
    new = releases.NewRelease("1.0", "0" * 64, 1, 1, [])
    with pytest.raises(ConstraintError, match="owner"), any_database.transaction() as conn:
        releases.record(conn, project, new, actor=actor(conn, "ann"))
    with any_database.transaction() as conn:
        releases.record(conn, project, new, actor=actor(conn, "boss"))
    with pytest.raises(ConstraintError, match="a signature must be by"), any_database.transaction() as conn:
        releases.sign(conn, project, "1.0", role="owner", meaning="m", actor=actor(conn, "eye"))


def test_who_is_disabled_may_do_nothing_more(any_database, project, item):
    with any_database.transaction() as conn:
        ann = assignments.reader_of(conn, project.id, users.named(conn, "ann").id)
        users.disable(conn, "ann")
    with pytest.raises(ConstraintError, match="must be by somebody"), any_database.transaction() as conn:
        readings.hand_in(conn, item, ann, NOTHING, actor=actor(conn, "ann"))
