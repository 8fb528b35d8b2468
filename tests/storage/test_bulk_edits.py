"""Bulk edits: what many edits one by one would have made, at once, and undone as one."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal_processing import vocabulary
from signal_processing.errors import UnknownLabelError
from signal_processing.values import Annotation, Annotator
from storage import annotations, beats, bulk_edits, revisions, runs
from storage.annotation_row import Actor, state_of
from storage.bulk_edit_row import MAX_BEATS, MAX_SAMPLE
from storage.bulk_edits import WantedEdit
from storage.errors import ConstraintError, UnknownRowError

N, V, A = 1, 5, 8
MACHINE = Annotator("machine", "beats", "1")
N_BEATS = 12
SAMPLES = 100 + 301 * np.arange(N_BEATS)
NUMBERS = np.array([V if i % 5 == 0 else N for i in range(N_BEATS)], np.int16)
VIEW = {"speed_mm_s": 25}


@pytest.fixture
def run_id(any_database, filled):
    """A run that found twelve beats, every fifth a V, and gave no confidence for the last."""
    with any_database.transaction() as conn:
        run_id = runs.ensure_run(conn, filled.id, MACHINE, {})
        found = [
            Annotation(
                start=sample,
                end=sample,
                label=vocabulary.label_of_number(number).code,
                annotator=MACHINE,
                confidence=0.1 * i if i < N_BEATS - 1 else None,
            )
            for i, (sample, number) in enumerate(zip(SAMPLES.tolist(), NUMBERS.tolist(), strict=True))
        ]
        beats.store_beats(conn, filled, run_id, found)
        return run_id


def wanted(places=range(N_BEATS), action="relabel", label="A", **more):
    places = list(places)
    return WantedEdit(SAMPLES[places], NUMBERS[places], action, label if action == "relabel" else None, **more)


@pytest.fixture
def edit(any_database, filled, run_id, reader):
    """Do a bulk edit in a transaction of its own."""

    def do(*places, bulk_id=None, actor=None, **what):
        with any_database.transaction() as conn:
            return bulk_edits.apply(
                conn,
                filled,
                wanted(*places, **what),
                bulk_id=bulk_id or uuid.uuid4(),
                actor=actor or reader.actor,
                view=VIEW,
            )

    return do


@pytest.fixture
def step(any_database, reader):
    """Undo or redo in a transaction of its own."""

    def do(action, done, actor=None):
        with any_database.transaction() as conn:
            return getattr(bulk_edits, action)(conn, done.id, actor or reader.actor)

    return do


def revise(conn, group, place, actor, action, **changes):
    """One edit of one beat, as the page does it alone; a beat that is gone stays so."""
    found = beats.read_beats(conn, group, SAMPLES[place], SAMPLES[place] + 1)
    if not len(found.samples):
        return
    identity = found.ids[0]
    if identity is None:
        sample, number, run = int(found.samples[0]), int(found.numbers[0]), int(found.run_ids[0])
        row = beats.touch_beat(conn, group, sample, number, run)
    else:
        row = annotations.get(conn, identity)
    revisions.revise(conn, row.id, expected_revision=row.revision, actor=actor, action=action, changes=changes)


def read(database, group):
    with database.transaction() as conn:
        return told(conn, group)


def told(conn, group):
    """What stands: samples, numbers, confidences and runs."""
    found = beats.read_beats(conn, group, 0, 36_000)
    return [tuple(column.tolist()) for column in (found.samples, found.numbers, found.run_ids)], [
        None if np.isnan(value) else value for value in found.confidences
    ]


def kept(conn):
    """Every row and every revision but for its part in a bulk edit and what was on the screen."""
    rows = conn.execute("SELECT * FROM annotations ORDER BY id").fetchall()
    said = conn.execute(
        "SELECT annotation_id, revision, action, user_id, login, at_us, before FROM annotation_revisions"
        " ORDER BY annotation_id, revision"
    ).fetchall()
    return rows, said


def counts(done):
    return done.n_changed, done.n_protected, done.n_same, done.n_gone


# The law -------------------------------------------------------------------------------------------------------------

place = st.integers(0, N_BEATS - 1)
labels = st.sampled_from(["N", "V", "A"])
single = st.tuples(place, st.sampled_from(["relabel", "confirm", "reject", "delete", "ambiguous", "note"]), labels)


def one_by_one(conn, group, asked, actor):
    """The edit as so many single ones, by the rules that its counts are told in."""
    for at, seen in zip(asked.samples.tolist(), asked.numbers.tolist(), strict=True):
        found = beats.read_beats(conn, group, at, at + 1)
        if found.numbers.tolist() != [seen]:
            continue
        row = None if found.ids[0] is None else annotations.get(conn, found.ids[0])
        is_so = asked.action == "confirm" and row is not None and row.status == "confirmed"
        is_decided = row is not None and row.status != "proposed"
        if is_so or (asked.label and vocabulary.label(asked.label).number == seen):
            continue
        if not is_decided or asked.include_reviewed:
            changes = {"label": asked.label} if asked.label else {}
            revise(conn, group, SAMPLES.tolist().index(at), actor, asked.action, **changes)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(single, max_size=6),
    places=st.sets(place, min_size=1),
    action=st.sampled_from(["relabel", "relabel", "confirm", "reject", "delete"]),
    label=labels,
    include_reviewed=st.booleans(),
)
def test_bulk_edit_makes_what_single_edits_make_and_its_undo_what_stood(
    any_database, filled, run_id, reader, before, places, action, label, include_reviewed
):
    asked = wanted(places, action, label, include_reviewed=include_reviewed)
    bulk_id, other = uuid.uuid4(), Actor(None, "other")
    with any_database.transaction() as conn, conn.transaction(force_rollback=True):
        for at, what, code in before:
            revise(conn, filled, at, other, what, **({"label": code} if what == "relabel" else {}))
        stood = told(conn, filled)
        seen = bulk_edits.preview(conn, filled, asked)
        with conn.transaction(force_rollback=True):
            one_by_one(conn, filled, asked, reader.actor)
            singles, single_rows = told(conn, filled), kept(conn)
        done = bulk_edits.apply(conn, filled, asked, bulk_id=bulk_id, actor=reader.actor, view=VIEW)
        assert told(conn, filled) == singles
        assert kept(conn) == single_rows
        assert counts(seen) == counts(done)
        assert sum(counts(done)) == len(places)
        assert sum(seen.by_label.values()) == done.n_changed
        assert bulk_edits.undo(conn, bulk_id, other).n_changed_since == 0
        assert told(conn, filled) == stood
        assert bulk_edits.redo(conn, bulk_id, other).n_changed_since == 0
        assert told(conn, filled) == singles
        states = conn.execute("SELECT id, annotation_state(a) FROM annotations a").fetchall()
        rows = annotations.get_many(conn, [identity for identity, _ in states])
        assert {identity: state_of(row) for identity, row in rows.items()} == dict(states)


# What is left alone --------------------------------------------------------------------------------------------------


def test_reviewed_beats_are_protected_unless_they_are_asked_for(any_database, filled, edit, reader):
    with any_database.transaction() as conn:
        for at, action in ((0, "confirm"), (1, "ambiguous"), (2, "note")):
            revise(conn, filled, at, reader.actor, action)
        seen = bulk_edits.preview(conn, filled, wanted())
        every = bulk_edits.preview(conn, filled, wanted(include_reviewed=True))
    assert (counts(seen), seen.by_label) == ((10, 2, 0, 0), {"N": 8, "V": 2})
    assert (counts(every), every.by_label) == ((12, 0, 0, 0), {"N": 9, "V": 3})
    assert counts(edit()) == (10, 2, 0, 0)
    assert read(any_database, filled)[0][1] == (V, N, *[A] * 10)


def test_beats_that_do_not_stand_as_they_were_given_are_left_and_counted(any_database, filled, edit, reader):
    with any_database.transaction() as conn:
        revise(conn, filled, 1, reader.actor, "relabel", label="V")
        revise(conn, filled, 2, reader.actor, "delete")
    before = read(any_database, filled)
    assert counts(edit([1, 2, 2], action="reject")) == (0, 0, 0, 3)
    assert read(any_database, filled) == before


def test_beat_given_twice_is_changed_once(edit):
    assert counts(edit([3, 3])) == (1, 0, 0, 1)


def test_beat_that_is_so_already_stays_a_machines(any_database, filled, edit):
    assert counts(edit(label="V")) == (9, 0, 3, 0)
    with any_database.transaction() as conn:
        found = beats.read_beats(conn, filled, 0, 36_000)
    assert [number for number, origin in zip(found.numbers, found.origin, strict=True) if not origin] == [V, V, V]


def test_beats_that_another_touches_in_the_very_moment_are_the_others(
    any_database, filled, edit, reader, run_id, monkeypatch
):
    second = Actor(None, "second")
    reading = bulk_edits.read_beats

    def read_then_lose_the_race(conn, group, start, end):
        found = reading(conn, group, start, end)
        with any_database.transaction() as other:
            revise(other, filled, 3, second, "relabel", label="V")
            revise(other, filled, 4, second, "confirm")
        return found

    monkeypatch.setattr(bulk_edits, "read_beats", read_then_lose_the_race)
    done = edit()
    assert counts(done) == (10, 1, 0, 1)
    assert read(any_database, filled)[0][1][3:5] == (V, N)


# Undo ----------------------------------------------------------------------------------------------------------------


def test_undo_leaves_what_was_changed_since_and_counts_it(any_database, filled, edit, step, reader):
    done = edit()
    with any_database.transaction() as conn:
        revise(conn, filled, 1, reader.actor, "relabel", label="V")
        revise(conn, filled, 2, reader.actor, "note", note="looked at")
    undone = step("undo", done)
    assert (undone.n_changed_since, undone.undone_by) == (2, "reader")
    assert read(any_database, filled)[0][1] == (V, V, A, *NUMBERS[3:].tolist())
    redone = step("redo", done)
    assert (redone.n_changed_since, redone.undone_us, redone.undone_by) == (2, None, None)
    assert read(any_database, filled)[0][1] == (A, V, *[A] * 10)


def test_undo_takes_along_what_was_changed_since_and_changed_back(any_database, filled, edit, step, reader):
    before = read(any_database, filled)
    done = edit()
    with any_database.transaction() as conn:
        revise(conn, filled, 1, reader.actor, "relabel", label="V")
        revise(conn, filled, 1, reader.actor, "undo", label="A", status="corrected")
    second = edit([2], label="N", include_reviewed=True)
    assert counts(second) == (0, 0, 0, 1)
    assert step("undo", done).n_changed_since == 0
    assert read(any_database, filled) == before


def test_undo_returns_a_beat_to_a_proposal_and_its_history_goes_on(any_database, filled, edit, step, reader):
    done = edit([1])
    step("undo", done, Actor(None, "colleague"))
    with any_database.transaction() as conn:
        found = beats.read_beats(conn, filled, SAMPLES[1], SAMPLES[1] + 1)
        row = annotations.get(conn, found.ids[0])
        history = revisions.history(conn, row.id)
    assert (row.label, row.status, row.deleted, row.revision) == ("N", "proposed", False, 2)
    assert [(entry.action, entry.login, entry.bulk_id, entry.view) for entry in history] == [
        ("relabel", "reader", done.id, VIEW),
        ("undo", "colleague", done.id, {}),
    ]
    assert counts(edit([1])) == (1, 0, 0, 0), "an undone decision protects nothing"


@pytest.mark.parametrize("action", ["undo", "redo"])
def test_step_sent_again_is_done_once(any_database, filled, edit, step, action):
    done = edit()
    step("undo", done)
    if action == "redo":
        step("redo", done)
    again = step(action, done)
    assert (again.undone_us is not None) == (action == "undo")
    with any_database.transaction() as conn:
        newest = conn.execute("SELECT DISTINCT revision FROM annotations").fetchall()
    assert newest == [(2 if action == "undo" else 3,)]


# Identity, rules, history --------------------------------------------------------------------------------------------


def test_edit_sent_again_is_done_once_and_answered_alike(any_database, filled, edit):
    first = edit()
    with any_database.transaction() as conn:
        rows = kept(conn)
    assert edit(bulk_id=first.id) == first
    with any_database.transaction() as conn:
        assert kept(conn) == rows


def test_identity_of_another_edit_is_refused(edit):
    first = edit()
    for how in ({"label": "V"}, {"actor": Actor(None, "other")}):
        with pytest.raises(ConstraintError, match=f"must be free, got {first.id}"):
            edit(bulk_id=first.id, **how)


@pytest.mark.parametrize(
    ("samples", "numbers", "action", "label", "reason"),
    [
        ([], [], "delete", None, f"1 to {MAX_BEATS} beats, got 0"),
        ([0] * (MAX_BEATS + 1), [1] * (MAX_BEATS + 1), "delete", None, f"1 to {MAX_BEATS} beats, got {MAX_BEATS + 1}"),
        ([1, 2], [1], "delete", None, "as many, got 2 and 1"),
        ([MAX_SAMPLE], [1], "delete", None, f"within {MAX_SAMPLE} of 0, got {MAX_SAMPLE}"),
        ([-(2**63)], [1], "delete", None, "within"),
        ([1], [1], "move", None, "one of relabel, delete, confirm, reject, got 'move'"),
        ([1], [1], "relabel", None, "must be given with relabel"),
        ([1], [1], "delete", "V", "with nothing else, got 'V'"),
        ([1], [1], "relabel", "AFIB", "got 'AFIB', a rhythm"),
    ],
)
def test_what_breaks_a_rule_is_refused_before_the_database(samples, numbers, action, label, reason):
    with pytest.raises(ConstraintError, match=reason):
        WantedEdit(np.array(samples, np.int64), np.array(numbers, np.int16), action, label)


def test_unknown_label_is_refused():
    with pytest.raises(UnknownLabelError):
        wanted(label="XX")


def test_edits_of_a_stream_are_listed_newest_first_page_by_page(any_database, filled, edit, step):
    ids = [edit([i]).id for i in range(1, 5)]
    with any_database.transaction() as conn:
        pages = [bulk_edits.history(conn, filled.stream_id, limit=3)]
        pages.append(bulk_edits.history(conn, filled.stream_id, limit=3, before=pages[0][-1].id))
        assert bulk_edits.history(conn, filled.stream_id + 1, limit=3) == []
    assert [[row.id for row in page] for page in pages] == [[ids[3], ids[2], ids[1]], [ids[0]]]
    newest = pages[0][0]
    assert (newest.first_sample, newest.end_sample, newest.view) == (SAMPLES[4], SAMPLES[4] + 1, VIEW)


def test_unknown_edit_is_told(any_database, reader):
    for act in (bulk_edits.undo, bulk_edits.redo):
        with pytest.raises(UnknownRowError, match="bulk edit must be a stored one"), any_database.transaction() as conn:
            act(conn, uuid.uuid4(), reader.actor)
