"""Exclusive layers: the newest act wins, what it cuts has a history and comes back with its undo, nothing is lost."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from signal_processing import layers
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, catalogue, overlaps, revisions, runs, waveforms
from storage.annotation_row import Actor, state_of
from storage.database import Database
from storage.errors import ConstraintError, ContentionError

MACHINE = Annotator("machine", "rhythms", "1")
FIRST, SECOND = Actor(None, "first"), Actor(None, "second")
SLOT_S = 10
"""Times of these tests are counted in slots of ten seconds."""


class Desk:
    """People at one recording: what they do, in a transaction that is given; times in slots."""

    def __init__(self, conn, group):
        self.conn, self.group = conn, group
        self.aftermath = overlaps.Aftermath()

    def us(self, slot):
        return self.group.signal.clock.us_at(round(slot * SLOT_S * self.group.signal.fs_hz))

    def propose(self, label, start, end, channel=None):
        run_id = runs.ensure_run(self.conn, self.group.id, MACHINE, {})
        at, to = (round(slot * SLOT_S * self.group.signal.fs_hz) for slot in (start, end))
        span = Annotation(start=at, end=to, label=label, annotator=MACHINE, channel=channel, confidence=0.5)
        annotations.propose(self.conn, self.group.stream_id, self.group, run_id, [span])
        (row,) = [
            row for row in self.rows() if (row.label, row.start_us, row.channel) == (label, self.us(start), channel)
        ]
        return row

    def add(self, label, start, end, *, channel=None, actor=FIRST, **more):
        self.aftermath = overlaps.Aftermath()
        return revisions.add(
            self.conn,
            stream_id=self.group.stream_id,
            group_id=self.group.id,
            start_us=self.us(start),
            end_us=self.us(end),
            label=label,
            channel=channel,
            actor=actor,
            view={},
            aftermath=self.aftermath,
            **more,
        )

    def do(self, row, action, *, actor=FIRST, undoes=None, **changes):
        self.aftermath = overlaps.Aftermath()
        return revisions.revise(
            self.conn,
            row.id,
            expected_revision=self.now(row).revision,
            actor=actor,
            action=action,
            changes=changes,
            undoes=undoes,
            aftermath=self.aftermath,
        )

    def erase(self, layer_id, start, end, *, channel=None, actor=FIRST):
        (layer,) = [layer for layer in layers.EXCLUSIVE if layer.id == layer_id]
        scope = overlaps.Scope(self.group.stream_id, self.group.id, layer, channel)
        return overlaps.erase(self.conn, scope, self.us(start), self.us(end), actor=actor, view={"page": 1})

    def now(self, row):
        return annotations.get(self.conn, row.id)

    def history(self, row):
        return revisions.history(self.conn, row.id)

    def rows(self):
        end_us = self.us(1000)
        return annotations.spans_between(
            self.conn, self.group.stream_id, 0, end_us, statuses=annotations.STATUSES, with_deleted=True
        )

    def standing(self):
        """(label, start, end) of what is decided, in slots."""
        decided = [row for row in self.rows() if row.status in overlaps.DECIDED and not row.deleted]
        return [(row.label, self.slot(row.start_us), self.slot(row.end_us)) for row in decided]

    def slot(self, us):
        return (us - self.us(0)) / (SLOT_S * 1e6)

    def stand(self):
        """How everything stands, but for numbers of revisions and who was last."""
        return {
            row.id: {
                name: value
                for name, value in state_of(row).items()
                if name not in {"revision", "updated_us", "updated_by"}
            }
            for row in self.rows()
        }


@pytest.fixture(scope="module")
def shared(postgres_dsn, postgres_template, copies):
    """A database with a group of 100 s, and the group; one for all tests that leave nothing in it."""
    signal = Signal("overlaps", "ecg", 250.0, 1_700_000_000_000_000, tuple(Channel(f"lead-{i}", "mV") for i in (0, 1)))
    name = copies(postgres_dsn, postgres_template)
    with Database.open(make_conninfo(postgres_dsn, dbname=name)) as database:
        with database.transaction() as conn:
            stream = catalogue.ensure_stream(conn, name=signal.stream, device="device-1", t0_us=signal.t0_us)
            group = catalogue.ensure_group(conn, stream.id, signal)
            waveforms.store_blocks(conn, group, [Block(0, np.zeros((25_000, 2), np.int16))])
            group = catalogue.group_by_id(conn, group.id)
        yield database, group


@contextmanager
def _desk(shared):
    database, group = shared
    with database.transaction() as conn, conn.transaction(force_rollback=True):
        yield Desk(conn, group)


@pytest.fixture
def desk(shared):
    with _desk(shared) as opened:
        yield opened


# What is cut ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [
        (0, 4, [("SR", 0, 4), ("AFIB", 4, 6)]),
        (4, 8, [("AFIB", 2, 4), ("SR", 4, 8)]),
        (3, 5, [("AFIB", 2, 3), ("SR", 3, 5), ("AFIB", 5, 6)]),
        (2, 6, [("SR", 2, 6)]),
        (1, 7, [("SR", 1, 7)]),
        (6, 7, [("AFIB", 2, 6), ("SR", 6, 7)]),
    ],
)
def test_what_a_new_span_covers_is_cut_out_of_what_was_decided(desk, start, end, left):
    desk.add("AFIB", 2, 6)
    desk.add("SR", start, end, actor=SECOND)
    assert desk.standing() == left


def test_good_to_seventy_and_bad_from_there_on_is_what_is_said(desk):
    desk.add("FLAT", 0, 9)
    desk.add("NOISY", 7, 10)
    assert desk.standing() == [("FLAT", 0, 7), ("NOISY", 7, 10)]


def test_the_same_label_over_itself_leaves_no_slivers(desk):
    desk.add("AFIB", 2, 4)
    desk.add("AFIB", 3.5, 6)
    desk.add("AFIB", 1, 5)
    assert desk.standing() == [("AFIB", 1, 5), ("AFIB", 5, 6)]


@pytest.mark.parametrize(
    ("label", "channel"), [("VT", None), ("TACHY", None), ("NOISY", None), ("STDEV", None), ("SR", "lead-0")]
)
def test_another_layer_or_scope_is_never_cut(desk, label, channel):
    whole = desk.add("AFIB", 2, 6)
    desk.add(label, 0, 9, channel=channel)
    assert desk.now(whole) == whole
    assert desk.aftermath.rows == {}


def test_spans_of_free_layers_overlap(desk):
    desk.add("PAUSE", 2, 6)
    desk.add("ASYSTOLE", 3, 9)
    assert desk.standing() == [("PAUSE", 2, 6), ("ASYSTOLE", 3, 9)]


def test_what_is_proposed_rejected_or_ambiguous_cuts_nothing_and_is_not_cut(desk):
    proposed, rejected, unsure = (desk.propose(label, 2, 6) for label in ("AFIB", "AFL", "SVTA"))
    rejected, unsure = desk.do(rejected, "reject"), desk.do(unsure, "ambiguous")
    desk.add("SR", 0, 9)
    assert [desk.now(row) for row in (proposed, rejected, unsure)] == [proposed, rejected, unsure]


@pytest.mark.parametrize("action", ["confirm", "correct", "relabel", "move", "undo"])
def test_whatever_makes_a_span_decided_cuts(desk, action):
    proposal = desk.propose("AFIB", 2, 6)
    desk.add("SR", 0, 4)
    changes = {"relabel": {"label": "AFL"}, "move": {"end_us": desk.us(5)}, "undo": {"status": "confirmed"}}
    row = desk.do(proposal, action, **changes.get(action, {}))
    assert desk.standing() == [("SR", 0, 2), (row.label, 2, desk.slot(row.end_us))]


def test_a_restored_span_cuts_what_took_its_place(desk):
    row = desk.do(desk.add("AFIB", 2, 6), "delete")
    desk.add("SR", 0, 4)
    desk.do(row, "restore")
    assert desk.standing() == [("SR", 0, 2), ("AFIB", 2, 6)]


def test_a_comment_on_spans_that_overlapped_before_the_rule_cuts_nothing(desk):
    row = desk.add("AFIB", 2, 6)
    other = desk.add("SR", 6, 9)
    desk.conn.execute("UPDATE annotations SET start_us = %s WHERE id = %s", [desk.us(4), other.id])
    desk.do(row, "note", note="P waves?")
    desk.do(row, "describe", severity="mild")
    assert desk.standing() == [("AFIB", 2, 6), ("SR", 4, 9)]
    desk.do(row, "confirm")
    assert desk.standing() == [("AFIB", 2, 6), ("SR", 6, 9)]


# What a history says ----------------------------------------------------------------------------------------------


def test_a_cut_is_a_revision_of_who_made_it_with_its_cause(desk):
    whole = desk.do(desk.propose("AFIB", 2, 6), "confirm")
    cause = desk.add("SR", 5, 9, actor=SECOND)
    cut = desk.history(whole)[-1]
    assert (cut.action, cut.login, cut.cause_id, cut.cause_revision) == ("cut", "second", cause.id, 1)
    assert cut.before == state_of(whole)
    assert (cut.after["status"], desk.slot(cut.after["end_us"])) == ("confirmed", 5)
    assert list(desk.aftermath.rows.values()) == [desk.now(whole)]


def test_the_second_part_is_a_persons_own_row_that_says_what_it_came_from(desk):
    pause = desk.add("PAUSE", 0, 1)
    said = {"note": "no P waves", "severity": "severe", "evidence": [pause.id]}
    whole = desk.do(desk.propose("AFIB", 2, 6), "confirm", **said)
    cause = desk.add("SR", 3, 4, actor=SECOND)
    (part,) = [row for row in desk.rows() if (row.label, row.author.kind) == ("AFIB", "human")]
    (made,) = desk.history(part)
    assert (part.author.name, part.status, part.confidence) == ("second", "confirmed", None)
    assert (part.note, part.severity, part.evidence) == ("no P waves", "severe", (pause.id,))
    assert (made.action, made.before, made.split_from) == ("cut", None, whole.id)
    assert (made.cause_id, made.cause_revision) == (cause.id, 1)
    assert desk.aftermath.rows.keys() == {whole.id, part.id}


def test_what_is_wholly_covered_keeps_its_row_bounds_and_history(desk):
    row = desk.add("AFIB", 3, 4)
    desk.add("SR", 2, 6)
    assert (desk.now(row).deleted, desk.now(row).start_us, desk.now(row).revision) == (True, row.start_us, 2)
    assert [entry.action for entry in desk.history(row)] == ["add", "cut"]


def test_a_span_whose_signal_changed_since_is_not_looked_at_by_being_cut(desk):
    whole = desk.add("AFIB", 2, 6)
    annotations.mark_changed(desk.conn, [(desk.group, (0, 25_000))])
    desk.add("SR", 3, 4)
    marked = [row.signal_changed_us is not None for row in desk.rows()]
    assert marked == [True, False, True]
    assert desk.now(whole).signal_changed_us is not None


# Undo -------------------------------------------------------------------------------------------------------------


def test_undo_puts_both_parts_together_again_and_redo_parts_the_same_rows(desk):
    whole = desk.add("AFIB", 2, 6)
    before = desk.stand()
    row = desk.add("SR", 3, 4)
    after = desk.stand()
    undone = desk.do(row, "undo", undoes=1)
    assert desk.standing() == [("AFIB", 2, 6)]
    assert {identity: desk.stand()[identity] for identity in before} == before
    assert desk.now(whole) in desk.aftermath.rows.values()
    desk.do(row, "redo", undoes=undone.revision)
    assert desk.stand() == after


def test_undo_of_a_move_gives_back_what_the_move_took(desk):
    desk.add("AFIB", 0, 4)
    row = desk.add("SR", 4, 6)
    moved = desk.do(row, "move", start_us=desk.us(1))
    assert desk.standing() == [("AFIB", 0, 1), ("SR", 1, 6)]
    desk.do(row, "undo", undoes=moved.revision, start_us=row.start_us)
    assert desk.standing() == [("AFIB", 0, 4), ("SR", 4, 6)]


def test_undo_of_a_move_leaves_a_span_where_a_colleague_moved_it_before_its_former_start(desk):
    row = desk.add("AFIB", 3, 4)
    moved = desk.do(row, "move", start_us=desk.us(0), end_us=desk.us(2))
    desk.do(row, "move", actor=SECOND, end_us=desk.us(1))
    desk.do(row, "undo", undoes=moved.revision)
    assert desk.standing() == [("AFIB", 0, 1)]


@pytest.mark.parametrize("changed", [0, 1])
def test_what_was_changed_since_stays_and_is_counted_both_parts_together(desk, changed):
    desk.add("AFIB", 2, 6)
    row = desk.add("SR", 3, 4)
    part = [one for one in desk.rows() if one.label == "AFIB"][changed]
    desk.do(part, "relabel", label="AFL", actor=SECOND)
    desk.do(row, "undo", undoes=1)
    assert [(start, end) for _, start, end in desk.standing()] == [(2, 3), (4, 6)]
    assert desk.aftermath.n_left == 2
    assert desk.aftermath.rows == {}


def test_a_change_that_was_taken_back_is_none(desk):
    desk.add("AFIB", 2, 6)
    row = desk.add("SR", 5, 7)
    part = desk.rows()[0]
    relabelled = desk.do(part, "relabel", label="AFL")
    desk.do(part, "undo", undoes=relabelled.revision)
    desk.do(row, "undo", undoes=1)
    assert (desk.standing(), desk.aftermath.n_left) == ([("AFIB", 2, 6)], 0)


def test_taking_back_an_older_act_does_not_overlap_what_was_decided_since(desk):
    whole = desk.propose("AFIB", 2, 6)
    cut = desk.add("SR", 0, 9)
    decided = desk.do(whole, "confirm")
    desk.do(whole, "reject")
    desk.add("NOD", 4, 5)
    desk.do(decided, "undo", undoes=decided.revision, status="proposed")
    assert desk.aftermath.n_left == 2
    assert desk.now(cut).end_us == desk.us(2)
    assert desk.standing() == [("SR", 0, 2), ("NOD", 4, 5), ("SR", 6, 9)]


def test_an_undo_that_names_no_revision_takes_back_its_own_row_alone(desk):
    desk.add("AFIB", 2, 6)
    row = desk.add("SR", 5, 7)
    desk.do(row, "undo", deleted=True)
    assert desk.standing() == [("AFIB", 2, 5)]


def test_a_revision_to_take_back_must_be_one_of_the_row_and_go_with_undo_or_redo(desk):
    row = desk.add("AFIB", 2, 6)
    with pytest.raises(ConstraintError, match=r"within \[1, 1\], got 2"):
        desk.do(row, "undo", undoes=2)
    with pytest.raises(ConstraintError, match="got action 'confirm'"):
        desk.do(row, "confirm", undoes=1)


def test_an_addition_that_is_sent_again_tells_again_what_it_cut(desk):
    whole = desk.add("AFIB", 2, 6)
    identity = "6a1f7c1e-7d5c-4a52-9d0b-2f0e5a1c9b11"
    row = desk.add("SR", 3, 4, annotation_id=identity)
    told = desk.aftermath.rows
    assert desk.add("SR", 3, 4, annotation_id=identity) == row
    assert desk.aftermath.rows == told
    assert whole.id in told


# Erasing ----------------------------------------------------------------------------------------------------------


def test_erasing_cuts_a_layer_and_one_undo_puts_all_back(desk):
    desk.add("AFIB", 0, 4)
    desk.add("SR", 4, 5)
    desk.add("AFL", 5, 9)
    desk.add("VT", 3, 6)
    before = desk.stand()
    first, *others = desk.erase("rhythm", 2, 7)
    assert desk.standing() == [("AFIB", 0, 2), ("VT", 3, 6), ("AFL", 7, 9)]
    act, *_ = desk.history(first)[::-1]
    assert (act.action, act.cause_id, act.view) == ("erase", None, {"page": 1})
    cuts = [desk.history(row)[-1] for row in others]
    assert {(cut.action, cut.cause_id, cut.cause_action) for cut in cuts} == {("cut", first.id, "erase")}
    after = desk.stand()
    undone = desk.do(first, "undo", undoes=first.revision)
    assert desk.stand() == before
    desk.do(first, "redo", undoes=undone.revision)
    assert desk.stand() == after


def test_erasing_the_middle_of_one_span_and_undoing_it_leaves_one_span(desk):
    desk.add("NOISY", 0, 9)
    first, part = desk.erase("quality", 3, 5)
    assert desk.standing() == [("NOISY", 0, 3), ("NOISY", 5, 9)]
    desk.do(first, "undo", undoes=first.revision)
    assert (desk.standing(), desk.now(part).deleted) == ([("NOISY", 0, 9)], True)


def test_erasing_where_nothing_is_decided_does_nothing_and_an_empty_range_is_refused(desk):
    desk.propose("AFIB", 0, 4)
    assert desk.erase("rhythm", 0, 4) == []
    with pytest.raises(ConstraintError, match="must end after it starts"):
        desk.erase("rhythm", 4, 4)


# Laws -------------------------------------------------------------------------------------------------------------

SLOTS = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted).filter(lambda pair: pair[0] < pair[1])
LABEL = st.sampled_from(["SR", "AFIB", "AFL", "VT", "NOISY", "PAUSE"])
ACTION = st.sampled_from(
    ["add", "add", "move", "move", "confirm", "relabel", "reject", "delete", "restore", "erase", "undo", "undo"]
)
STEP = st.tuples(
    ACTION, st.sampled_from([FIRST, SECOND]), st.integers(0, 30), LABEL, SLOTS, st.sampled_from([None, None, "lead-1"])
)


class Person:
    """What somebody can undo and redo, as a page keeps it: (row, revision)."""

    def __init__(self):
        self.undo, self.redo = [], []


def _step(desk, people, step):
    """Do one thing; gives the row and the revision that it made, None when there was nothing to do."""
    action, actor, place, label, (start, end), channel = step
    person = people[actor]
    if action == "undo":
        which, other = (person.undo, person.redo) if place % 3 or not person.redo else (person.redo, person.undo)
        if not which:
            return None
        row, revision = which.pop()
        row = desk.do(row, "undo" if which is person.undo else "redo", actor=actor, undoes=revision)
        other.append((row, row.revision))
        return row
    row = _done(desk, action, actor, place, label, start, end, channel)
    if row is not None:
        person.undo.append((row, row.revision))
    return row


def _done(desk, action, actor, place, label, start, end, channel):
    if action == "add":
        return desk.add(label, start, end, channel=channel, actor=actor)
    if action == "erase":
        return next(
            iter(desk.erase("rhythm" if place % 2 else "quality", start, end, channel=channel, actor=actor)), None
        )
    rows = desk.rows()
    row = rows[place % len(rows)]
    changes = {"move": {"start_us": desk.us(start), "end_us": desk.us(end)}, "relabel": {"label": label}}
    return desk.do(row, action, actor=actor, **changes.get(action, {}))


def _overlaps(desk):
    """Pairs of decided spans that contradict each other."""
    found = []
    decided = [row for row in desk.rows() if row.status in overlaps.DECIDED and not row.deleted]
    for one, other in itertools.combinations(decided, 2):
        layer = layers.exclusive_layer_of(one.label)
        is_same = layer is not None and layer is layers.layer_of(other.label) and one.channel == other.channel
        if is_same and one.start_us < other.end_us and other.start_us < one.end_us:
            found.append((one, other))
    return found


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=14))
def test_after_any_acts_nothing_contradicts_the_newest_wins_and_undo_restores_all(shared, steps):
    with _desk(shared) as desk:
        people = {FIRST: Person(), SECOND: Person()}
        for label, start, end in [("AFIB", 1, 4), ("AFL", 3, 8), ("SR", 0, 9), ("NOISY", 2, 5)]:
            desk.propose(label, start, end)
        before, known, row = {}, set(), None
        for step in steps:
            before = desk.stand()
            row = _step(desk, people, step)
            now = {one.id: one for one in desk.rows()}
            assert known <= now.keys()
            assert _overlaps(desk) == []
            assert row is None or now[row.id] == row  # nothing of the newest is cut
            assert all(one.revision == len(desk.history(one)) for one in now.values())
            known = now.keys()
        if row is None:
            return
        after = desk.stand()
        undone = desk.do(row, "undo", undoes=row.revision)
        restored = desk.stand()
        assert {identity: restored[identity] for identity in before} == before
        assert all(restored[identity]["deleted"] for identity in restored.keys() - before.keys())
        assert desk.aftermath.n_left == 0
        desk.do(row, "redo", undoes=undone.revision)
        assert desk.stand() == after


# Two at once ------------------------------------------------------------------------------------------------------


def test_people_who_decide_at_once_neither_deadlock_nor_slip_past_the_rule(any_database, filled):
    with any_database.transaction() as conn:
        desk = Desk(conn, filled)
        proposals = [
            desk.propose(label, start, start + 5) for start, label in enumerate(["AFIB", "AFL", "SVTA", "NOD"])
        ]
    barrier = threading.Barrier(2)
    errors = []

    def work(actor, rows):
        try:
            for turn in range(12):
                barrier.wait(timeout=60)
                with any_database.transaction() as conn:
                    own = Desk(conn, filled)
                    if turn % 3 == 0:
                        own.add("SR", turn % 4, turn % 4 + 3, actor=actor)
                    else:
                        own.do(
                            rows[turn % 2], "move", actor=actor, start_us=own.us(turn % 5), end_us=own.us(turn % 5 + 4)
                        )
        except Exception as error:  # noqa: BLE001 - told by the test
            errors.append(error)
            barrier.abort()

    threads = [
        threading.Thread(target=work, args=(actor, rows))
        for actor, rows in ((FIRST, proposals[::2]), (SECOND, proposals[1::2]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert errors == []
    with any_database.transaction() as conn:
        assert _overlaps(Desk(conn, filled)) == []


def test_an_act_waits_for_another_on_the_stream_but_not_in_a_free_layer(any_database, filled):
    with any_database.transaction() as conn:
        rhythm, event = (Desk(conn, filled).propose(label, 2, 6) for label in ("AFIB", "PAUSE"))
    with any_database.transaction() as first:
        Desk(first, filled).add("SR", 0, 4)
        with any_database.transaction() as second:
            second.execute("SET LOCAL lock_timeout = '5s'")
            Desk(second, filled).do(event, "confirm")
        for act in (lambda desk: desk.do(rhythm, "confirm"), lambda desk: desk.do(event, "relabel", label="AFL")):
            with pytest.raises(ContentionError):
                _hurried(any_database, filled, act)


def _hurried(database, group, act):
    with database.transaction() as conn:
        conn.execute("SET LOCAL lock_timeout = '50ms'")
        act(Desk(conn, group))
