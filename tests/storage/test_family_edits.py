"""Edits of families as rows: each once, by whom, in the order in which they are applied."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from storage import family_edits
from storage.errors import ConstraintError, UnknownRowError
from storage.family_edits import NewFamilyEdit

GIVEN = np.array([500, 900, 1300])
PARTS = (np.array([200, 2**40]), np.empty(0, np.int64), GIVEN)
NEW = NewFamilyEdit("split", GIVEN, PARTS, 2**41, 3)
VIEW = {"speed_mm_s": 25}


@pytest.fixture
def add(any_database, group, reader):
    """Store an edit in a transaction of its own."""

    def do(new=NEW, edit_id=None):
        with any_database.transaction() as conn:
            return family_edits.add(conn, group, new, edit_id=edit_id or uuid.uuid4(), actor=reader.actor, view=VIEW)

    return do


def standing(database, group):
    with database.transaction() as conn:
        return family_edits.newest_change(conn, group.id), family_edits.standing(conn, group.id)


def test_an_edit_is_stored_once_by_its_identity_with_all_that_names_it(any_database, group, reader, add):
    done = add()
    assert add(edit_id=done.id) == done
    assert (done.number, done.first_sample, done.end_sample, done.login, done.view) == (1, 500, 1301, "reader", VIEW)
    ((number, action, parts, seen_end),) = standing(any_database, group)[1]
    assert (number, action, seen_end) == (1, "split", 2**41)
    for part, given in zip(parts, PARTS, strict=True):
        np.testing.assert_array_equal(part, given)
    with pytest.raises(ConstraintError, match="which is another one's"):
        add(NEW._replace(given=GIVEN[:2]), edit_id=done.id)
    with any_database.transaction() as conn, pytest.raises(UnknownRowError, match="must be a stored one"):
        family_edits.undo(conn, uuid.uuid4(), reader.actor)


def test_every_step_is_a_change_has_its_author_and_is_kept(any_database, group, reader, add):
    first, second = add(), add(NEW._replace(action="merge"))
    changes = [standing(any_database, group)[0]]
    for step in (family_edits.undo, family_edits.undo, family_edits.redo, family_edits.redo, family_edits.undo):
        with any_database.transaction() as conn:
            done = step(conn, first.id, reader.actor)
        changes.append(standing(any_database, group)[0])
    assert changes == [2, 3, 3, 4, 4, 5]
    assert (done.undone_by, done.undone_us, done.updated_us > first.updated_us) == ("reader", done.updated_us, True)
    assert [edit.number for edit in standing(any_database, group)[1]] == [second.number]
    with any_database.transaction() as conn:
        rows = family_edits.history(conn, group.id, limit=5)
        assert [row.number for row in rows] == [2, 1]
        assert family_edits.history(conn, group.id, limit=5, before=2) == rows[1:]
        steps = conn.execute("SELECT action, login FROM family_edit_steps WHERE edit_id = %s ORDER BY id", (first.id,))
        assert [action for action, login in steps if login == "reader"] == ["make", "undo", "redo", "undo"]
    with pytest.raises(ConstraintError), any_database.transaction() as conn:
        conn.execute("DELETE FROM family_edit_steps")


def test_edits_made_at_once_are_numbered_one_after_the_other(any_database, group, add):
    with ThreadPoolExecutor(4) as pool:
        numbers = [done.number for done in pool.map(lambda _: add(), range(12))]
    assert sorted(numbers) == list(range(1, 13))
    assert standing(any_database, group)[0] == 12
