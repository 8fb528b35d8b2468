"""Projects, roles in them, and readings that are handed in once."""

from __future__ import annotations

import numpy as np
import pytest

from storage import audit, catalogue, projects, readings, users
from storage.annotation_row import Actor
from storage.errors import ConstraintError, UnknownRowError
from storage.readings import ReadingMarks

T0_US = 1_700_000_000_000_000
OPERATOR = Actor(None, "operator")
END_US = T0_US + 10_000_000


@pytest.fixture
def project(any_database):
    with any_database.transaction() as conn:
        return projects.create(conn, name="af-2026", actor=OPERATOR, description="strips")


@pytest.fixture
def item(any_database, project):
    with any_database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="one", device="d", t0_us=T0_US)
        return readings.ensure_item(conn, project, stream.id, T0_US, END_US)


@pytest.fixture
def reader(any_database, project):
    with any_database.transaction() as conn:
        return projects.ensure_reader(conn, project, "R1", "imported")


def person(database, login):
    with database.transaction() as conn:
        return users.create(conn, login=login, password="correct horse", role="reader")  # noqa: S106 - of a test


def hand_in(database, item, reader, *marks, answer="read"):
    placed = ReadingMarks.of((T0_US + start, T0_US + end, name) for start, end, name in marks)
    with database.transaction() as conn:
        return readings.hand_in(conn, item, reader, placed, actor=OPERATOR, answer=answer, source="file")


def test_who_makes_a_project_owns_it_and_sees_it(any_database):
    ada = person(any_database, "ada")
    with any_database.transaction() as conn:
        made = projects.create(conn, name="mine", actor=ada.actor)
        projects.create(conn, name="other", actor=OPERATOR)
        assert projects.roles_of(conn, made.id, ada.id) == {"owner"}
        assert [one.project.name for one in projects.listed(conn, of_user=ada.id)] == ["mine"]
        assert [one.project.name for one in projects.listed(conn)] == ["mine", "other"]
        assert projects.named(conn, "mine") == projects.by_id(conn, made.id) == made
        assert made.tolerance_us == 150_000


@pytest.mark.parametrize("name", ["", " a", "a b", "a/b", "-a", "x" * 65, "ä"])
def test_a_name_that_is_none_is_refused(any_database, name):
    with pytest.raises(ConstraintError, match="name of a project must be 1 to 64"), any_database.transaction() as conn:
        projects.create(conn, name=name, actor=OPERATOR)


def test_names_are_taken_once_and_unknown_ones_are_said(any_database, project):
    with pytest.raises(ConstraintError, match="'af-2026' is taken"), any_database.transaction() as conn:
        projects.create(conn, name=project.name, actor=OPERATOR)
    with any_database.transaction() as conn:
        with pytest.raises(UnknownRowError, match="got 'none'"):
            projects.named(conn, "none")
        with pytest.raises(UnknownRowError, match="got number 77"):
            projects.by_id(conn, 77)


def test_other_values_beyond_their_bounds_are_refused_by_their_rule(any_database, project):
    with any_database.transaction() as conn:
        with pytest.raises(ConstraintError, match=r"tolerance of a project must be within \[0, 10000000\] us, got -1"):
            projects.create(conn, name="p", actor=OPERATOR, tolerance_us=-1)
        with pytest.raises(ConstraintError, match="description of a project must have at most 2000"):
            projects.create(conn, name="p", actor=OPERATOR, description="x" * 2_001)
        with pytest.raises(ConstraintError, match="name of a reader must be 1 to 64"):
            projects.ensure_reader(conn, project, "a\nb", "imported")
        assert [one.project.name for one in projects.listed(conn)] == [project.name]


def test_roles_are_given_taken_back_and_noted_and_the_last_owner_stays(any_database, project):
    ada = person(any_database, "ada")
    with any_database.transaction() as conn:
        for role in ("owner", "reader", "reader"):
            projects.give_role(conn, project, "ada", role, actor=OPERATOR)
        projects.take_role(conn, project, "ada", "reader", actor=OPERATOR)
        assert [(one.login, one.role) for one in projects.members(conn, project.id)] == [("ada", "owner")]
        noted = [row.action for row in reversed(audit.recent(conn))]
        assert noted == ["project-created", "role-given", "role-given", "role-taken"]
    with (
        pytest.raises(ConstraintError, match="must keep an owner, 'ada' is the last"),
        any_database.transaction() as conn,
    ):
        projects.take_role(conn, project, "ada", "owner", actor=OPERATOR)
    with any_database.transaction() as conn:
        assert projects.roles_of(conn, project.id, ada.id) == {"owner"}
        with pytest.raises(ConstraintError, match="got 'auditor'"):
            projects.take_role(conn, project, "ada", "auditor", actor=OPERATOR)
        with pytest.raises(ConstraintError, match=r"must be one of owner, .*got 'king'"):
            projects.give_role(conn, project, "ada", "king", actor=OPERATOR)
        with pytest.raises(UnknownRowError, match="got 'nobody'"):
            projects.give_role(conn, project, "nobody", "reader", actor=OPERATOR)


def test_a_name_stands_for_one_reader(any_database, project):
    ada, ben = person(any_database, "ada"), person(any_database, "ben")
    with any_database.transaction() as conn:
        first = projects.ensure_reader(conn, project, "R1", "person", user_id=ada.id)
        assert projects.ensure_reader(conn, project, "R1", "person", user_id=ada.id) == first
        with pytest.raises(ConstraintError, match="got 'R1'"):
            projects.ensure_reader(conn, project, "R1", "imported")
        with pytest.raises(ConstraintError, match="got 'R1'"):
            projects.ensure_reader(conn, project, "R1", "person", user_id=ben.id)
        with pytest.raises(ConstraintError, match="by another name"):
            projects.ensure_reader(conn, project, "R2", "person", user_id=ada.id)
        assert [one.name for one in projects.readers(conn, project.id)] == ["R1"]


def test_a_reading_comes_back_as_it_was_handed_in_in_order(any_database, project, item, reader):
    hand_in(any_database, item, reader, (5_000, 5_000, "N"), (1_000, 9_000, "AFIB"), (1_000, 1_000, "V"))
    with any_database.transaction() as conn:
        (found,) = readings.of_project(conn, project.id)
        newest = readings.newest(conn, project.id)
        assert readings.places(conn, project.id, [item.id, 99])[item.id].stream_name == "one"
    assert found[:5] == (item, "one", "stream one", "R1", "read")
    assert (found.marks.starts_us - T0_US).tolist() == [1_000, 1_000, 5_000]
    assert (found.marks.ends_us - T0_US).tolist() == [1_000, 9_000, 5_000]
    assert found.marks.labels.tolist() == ["V", "AFIB", "N"]
    assert newest > 0


def test_a_day_of_beats_comes_back_whole(any_database, project, item, reader):
    rng = np.random.default_rng(0)
    starts = np.sort(rng.integers(T0_US, END_US, 100_000))
    labels = np.array(["N", "V", "S"])[rng.integers(0, 3, len(starts))]
    with any_database.transaction() as conn:
        readings.hand_in(conn, item, reader, ReadingMarks(starts, starts, labels), actor=OPERATOR)
        (found,) = readings.of_project(conn, project.id)
    assert np.array_equal(found.marks.starts_us, starts)
    assert sorted(zip(starts.tolist(), labels.tolist(), strict=True)) == list(
        zip(found.marks.starts_us.tolist(), found.marks.labels.tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("marks", "answer", "why"),
    [
        ([(-1, -1, "N")], "read", "a mark must lie within its item"),
        ([(0, 10_000_001, "AFIB")], "read", "a mark must lie within its item"),
        ([(50, 40, "AFIB")], "read", "a mark must lie within its item"),
        ([(0, 100, "VT"), (99, 200, "VT")], "read", "spans of one label must not overlap in a reading, got 'VT'"),
        ([(0, 0, "")], "read", "none of them empty"),
        ([(0, 0, "N")], "ambiguous", "must come without marks, got 1"),
        ([], "maybe", "answer must be one of read, ambiguous, unreadable, got 'maybe'"),
    ],
)
def test_a_reading_that_breaks_a_rule_is_refused_and_nothing_is_stored(
    any_database, project, item, reader, marks, answer, why
):
    with pytest.raises(ConstraintError, match=why):
        hand_in(any_database, item, reader, *marks, answer=answer)
    with any_database.transaction() as conn:
        assert readings.of_project(conn, project.id) == []


def test_spans_may_touch_and_other_labels_may_overlap(any_database, item, reader):
    hand_in(
        any_database, item, reader, (0, 100, "VT"), (100, 200, "VT"), (50, 150, "AFIB"), (50, 50, "V"), (50, 50, "V")
    )


def test_a_reading_is_handed_in_once_and_never_changed(any_database, project, item, reader):
    hand_in(any_database, item, reader, answer="unreadable")
    with pytest.raises(ConstraintError, match="'R1' has read item"):
        hand_in(any_database, item, reader, (0, 0, "N"))
    for statement in ("UPDATE readings SET login = 'x'", "DELETE FROM readings", "TRUNCATE readings CASCADE"):
        with pytest.raises(ConstraintError, match="append-only"), any_database.transaction() as conn:
            conn.execute(statement)
    with any_database.transaction() as conn:
        assert [one.answer for one in readings.of_project(conn, project.id)] == ["unreadable"]


def test_a_reader_of_another_project_cannot_hand_in(any_database, item):
    with any_database.transaction() as conn:
        other = projects.create(conn, name="other", actor=OPERATOR)
        stranger = projects.ensure_reader(conn, other, "R1", "imported")
    with pytest.raises(ConstraintError):
        hand_in(any_database, item, stranger, (0, 0, "N"))


def test_the_same_place_is_one_item(any_database, project, item):
    with any_database.transaction() as conn:
        assert readings.ensure_item(conn, project, item.stream_id, T0_US, END_US) == item
    with pytest.raises(ConstraintError), any_database.transaction() as conn:
        readings.ensure_item(conn, project, item.stream_id, T0_US, T0_US)


def test_patients_are_named_by_pseudonym_where_there_is_one(any_database, project, reader):
    with any_database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="two", device="d", t0_us=T0_US, patient_pseudonym="P-7")
        item = readings.ensure_item(conn, project, stream.id, T0_US, END_US)
    hand_in(any_database, item, reader)
    with any_database.transaction() as conn:
        assert [one.patient for one in readings.of_project(conn, project.id)] == ["P-7"]


def test_the_database_itself_refuses_arrays_of_different_lengths(any_database, item, reader):
    statement = (
        "INSERT INTO readings (project_id, item_id, reader_id, answer, starts_us, ends_us, names, codes, login)"
        " VALUES (%s, %s, %s, 'read', '{1}', '{}', '{}', '{}', 'x')"
    )
    with pytest.raises(ConstraintError), any_database.transaction() as conn:
        conn.execute(statement, [item.project_id, item.id, reader.id])
