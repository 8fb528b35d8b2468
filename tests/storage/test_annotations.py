"""Proposals, decisions and their history: nothing that a person did is lost."""

from __future__ import annotations

import itertools
import threading
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal_processing.errors import UnknownLabelError
from signal_processing.values import Annotation, Annotator, Channel, Signal, annotation_id
from storage import annotations, catalogue, revisions, runs
from storage.annotation_row import Actor
from storage.errors import ConstraintError, StaleRevisionError, UnknownRowError

MACHINE = Annotator("machine", "rhythms", "1")


def _span(start, end, label="VT", **facts):
    return Annotation(start=start, end=end, label=label, annotator=MACHINE, **facts)


def _propose(conn, group, *spans):
    run_id = runs.ensure_run(conn, group.id, MACHINE, {})
    return annotations.propose(conn, group.stream_id, group, run_id, spans)


def _id(group, span):
    return annotation_id(group.signal.stream, group.signal.group, span)


@pytest.fixture
def proposal(any_database, filled):
    """A machine's span from 10 s to 20 s."""
    span = _span(3_600, 7_200, confidence=0.75, figures={"rate_bpm": 182.0})
    with any_database.transaction() as conn:
        _propose(conn, filled, span)
        return annotations.get(conn, _id(filled, span))


@pytest.fixture
def edit(any_database, reader):
    """Do one thing in a transaction of its own."""

    def do(row, action, *, actor=None, view=None, **changes):
        with any_database.transaction() as conn:
            return revisions.revise(
                conn,
                row.id,
                expected_revision=row.revision,
                actor=actor or reader.actor,
                action=action,
                changes=changes,
                view=view or {},
            )

    return do


def _history(database, row):
    with database.transaction() as conn:
        return revisions.history(conn, row.id)


# What machines say -----------------------------------------------------------------------------------------------


def test_a_proposal_carries_what_the_machine_said_in_microseconds(proposal, filled):
    clock = filled.signal.clock
    assert (proposal.start_us, proposal.end_us) == (clock.us_at(3_600), clock.us_at(7_200))
    assert (proposal.label, proposal.kind, proposal.status, proposal.revision) == ("VT", "rhythm", "proposed", 0)
    assert (proposal.author, proposal.updated_by) == (MACHINE, "rhythms")
    assert (proposal.confidence, proposal.figures) == (0.75, {"rate_bpm": 182.0})
    assert proposal.stream_name == filled.signal.stream


def test_saying_it_again_changes_nothing(any_database, filled):
    span = _span(3_600, 7_200)
    with any_database.transaction() as conn:
        assert _propose(conn, filled, span) == 1
        before = annotations.get(conn, _id(filled, span))
        assert _propose(conn, filled, span) == 0
        assert annotations.get(conn, _id(filled, span)) == before


def test_an_ongoing_proposal_grows_and_ends_while_nobody_touched_it(any_database, filled):
    with any_database.transaction() as conn:
        assert _propose(conn, filled, _span(0, 1_000, ongoing=True, figures={"rate_bpm": 150.0})) == 1
        assert _propose(conn, filled, _span(0, 2_000, ongoing=True, figures={"rate_bpm": 160.0})) == 1
        assert _propose(conn, filled, _span(0, 2_500)) == 1
        row = annotations.get(conn, _id(filled, _span(0, 0)))
    assert row.end_us == row.machine_end_us == filled.signal.clock.us_at(2_500)
    assert (row.ongoing, row.revision) == (False, 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(replayed_from=st.integers(0, 4), cuts=st.sets(st.integers(1, 7)))
def test_a_replay_of_what_was_said_ends_as_the_first_time(any_database, filled, replayed_from, cuts):
    said = [_span(0, 500 * i, ongoing=i < 5, figures={"n": float(i)}) for i in range(1, 6)]
    sequence = said + said[replayed_from:]
    with any_database.transaction() as conn:
        for low, high in itertools.pairwise([0, *sorted(cuts & set(range(len(sequence)))), len(sequence)]):
            _propose(conn, filled, *sequence[low:high])
        row = annotations.get(conn, _id(filled, said[0]))
        conn.execute("DELETE FROM annotations")
    assert (row.end_us, row.ongoing, row.figures) == (filled.signal.clock.us_at(2_500), False, {"n": 5.0})


def test_a_touched_proposal_keeps_the_persons_bounds_while_the_machine_goes_on(any_database, filled, edit):
    clock = filled.signal.clock
    with any_database.transaction() as conn:
        _propose(conn, filled, _span(0, 1_000, ongoing=True))
        row = annotations.get(conn, _id(filled, _span(0, 0)))
    confirmed = edit(row, "confirm")
    with any_database.transaction() as conn:
        assert _propose(conn, filled, _span(0, 9_000, ongoing=True, figures={"rate_bpm": 1.0})) == 1
        now = annotations.get(conn, row.id)
    assert (now.end_us, now.machine_end_us, now.ongoing) == (clock.us_at(1_000), clock.us_at(9_000), True)
    assert (now.figures, now.revision, now.updated_us) == ({}, 1, confirmed.updated_us)


def test_a_page_confirms_the_bounds_that_its_reader_saw(any_database, filled, edit):
    with any_database.transaction() as conn:
        _propose(conn, filled, _span(0, 1_000, ongoing=True))
        seen = annotations.get(conn, _id(filled, _span(0, 0)))
        _propose(conn, filled, _span(0, 2_000, ongoing=True))
    confirmed = edit(seen, "confirm", end_us=seen.end_us)
    assert (confirmed.end_us, confirmed.status) == (seen.end_us, "confirmed")


# What people do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "changes", "status", "deleted"),
    [
        ("confirm", {}, "confirmed", False),
        ("reject", {}, "rejected", False),
        ("ambiguous", {}, "ambiguous", False),
        ("correct", {"label": "AFIB"}, "corrected", False),
        ("relabel", {"label": "SVTA"}, "corrected", False),
        ("note", {"note": "T wave?"}, "proposed", False),
        ("delete", {}, "proposed", True),
        ("restore", {}, "proposed", False),
    ],
)
def test_an_action_gives_the_status_it_stands_for(
    any_database, proposal, edit, reader, action, changes, status, deleted
):
    row = edit(proposal, action, view={"gain": 10}, **changes)
    assert (row.status, row.deleted, row.revision, row.updated_by) == (status, deleted, 1, "reader")
    for field, value in changes.items():
        assert getattr(row, field) == value
    (entry,) = _history(any_database, row)
    assert (entry.action, entry.user_id, entry.login, entry.view) == (action, reader.id, "reader", {"gain": 10})
    assert entry.before["status"] == "proposed"
    assert entry.before["label"] == "VT"
    assert entry.after["status"] == status
    assert entry.at_us == row.updated_us > proposal.created_us


def test_moving_an_edge_corrects_a_machines_span(proposal, edit):
    row = edit(proposal, "move", start_us=proposal.start_us + 1_000, end_us=proposal.end_us - 2_000)
    assert (row.start_us - proposal.start_us, row.end_us - proposal.end_us) == (1_000, -2_000)
    assert (row.status, row.machine_end_us) == ("corrected", proposal.machine_end_us)


def test_undo_restores_every_field_and_stays_in_the_history(any_database, proposal, edit):
    steps = [("relabel", {"label": "AFIB"}), ("move", {"end_us": proposal.end_us - 5}), ("delete", {})]
    row = proposal
    for action, changes in steps:
        row = edit(row, action, **changes)
    for entry in reversed(_history(any_database, row)):
        former = {field: entry.before[field] for field in ("label", "start_us", "end_us", "status", "deleted", "note")}
        row = edit(row, "undo", **former)
    for field in ("label", "start_us", "end_us", "status", "deleted", "channel", "note"):
        assert getattr(row, field) == getattr(proposal, field)
    actions = [entry.action for entry in _history(any_database, row)]
    assert actions == ["relabel", "move", "delete", "undo", "undo", "undo"]


def test_reset_goes_back_to_what_the_machine_says_now(any_database, filled, edit):
    with any_database.transaction() as conn:
        _propose(conn, filled, _span(0, 1_000, ongoing=True))
        row = annotations.get(conn, _id(filled, _span(0, 0)))
    row = edit(edit(row, "relabel", label="AFIB"), "delete")
    with any_database.transaction() as conn:
        _propose(conn, filled, _span(0, 2_000))
    row = edit(row, "reset")
    assert (row.label, row.kind, row.status, row.deleted) == ("VT", "rhythm", "proposed", False)
    assert row.end_us == filled.signal.clock.us_at(2_000)


def test_reset_refuses_what_a_person_added(any_database, filled, reader, edit):
    row = _add(any_database, filled, reader.actor)
    with pytest.raises(ConstraintError, match="only a machine's proposal can be reset"):
        edit(row, "reset")


def test_a_relabel_may_change_the_kind_and_the_urgency(proposal, edit):
    row = edit(proposal, "relabel", label="NOISY")
    assert (proposal.urgency, row.kind, row.urgency) == (3, "quality", 0)


def test_history_gives_both_sides_of_every_revision(any_database, proposal, edit):
    row = edit(edit(proposal, "relabel", label="AFIB"), "reject")
    first, second = _history(any_database, row)
    assert (first.before["label"], first.after["label"]) == ("VT", "AFIB")
    assert first.after == second.before
    assert (second.after["status"], second.after["revision"]) == ("rejected", 2)


# Two people ------------------------------------------------------------------------------------------------------


def test_a_second_edit_from_the_same_revision_is_a_conflict_that_shows_the_first(any_database, proposal, edit):
    edit(proposal, "relabel", label="AFIB")
    with pytest.raises(StaleRevisionError, match="must be at revision 0 to be revised, but is at 1") as conflict:
        edit(proposal, "reject")
    assert (conflict.value.current.label, conflict.value.current.revision) == ("AFIB", 1)
    assert conflict.value.current.updated_by == "reader"
    assert [entry.action for entry in _history(any_database, proposal)] == ["relabel"]


def test_of_many_edits_at_the_same_moment_one_wins_and_the_others_are_told(any_database, proposal, edit):
    won, lost = [], []
    barrier = threading.Barrier(6)

    def work(label):
        barrier.wait()
        try:
            won.append(edit(proposal, "relabel", label=label))
        except StaleRevisionError as conflict:
            lost.append(conflict.current)

    threads = [threading.Thread(target=work, args=[label]) for label in ("AFIB", "AFL", "SR", "BRADY", "SVTA", "VFL")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 5)
    assert {row.label for row in lost} == {won[0].label}


# Rules -----------------------------------------------------------------------------------------------------------


def _add(database, group, actor, **changes):
    facts = {
        "start_us": group.signal.clock.us_at(100),
        "end_us": group.signal.clock.us_at(200),
        "label": "AFIB",
        "channel": None,
    } | changes
    with database.transaction() as conn:
        return revisions.add(conn, stream_id=group.stream_id, group_id=group.id, actor=actor, view={"from": 1}, **facts)


def test_what_a_person_adds_is_theirs_and_confirmed(any_database, filled, reader):
    row = _add(any_database, filled, reader.actor, channel="lead-1", note="seen twice")
    assert (row.status, row.revision, row.author) == ("confirmed", 1, Annotator("human", "reader"))
    assert (row.channel, row.note, row.machine_end_us, row.run_id) == ("lead-1", "seen twice", None, None)
    (entry,) = _history(any_database, row)
    assert (entry.action, entry.before, entry.view) == ("add", None, {"from": 1})


def test_what_a_person_adds_twice_with_one_identity_is_there_once(any_database, filled, reader, edit):
    identity = uuid.uuid4()
    row = _add(any_database, filled, reader.actor, annotation_id=identity)
    moved = edit(row, "relabel", label="AFL")
    again = _add(any_database, filled, reader.actor, annotation_id=identity)
    assert (row.id, again) == (identity, moved)
    assert [entry.action for entry in _history(any_database, row)] == ["add", "relabel"]


def test_an_identity_of_another_persons_annotation_is_refused(any_database, filled, reader):
    row = _add(any_database, filled, reader.actor, annotation_id=uuid.uuid4())
    with pytest.raises(ConstraintError, match=f"must be free, got {row.id}"):
        _add(any_database, filled, Actor(reader.actor.user_id, "second"), annotation_id=row.id)


def test_an_identity_of_a_machines_proposal_is_refused(any_database, filled, proposal, reader):
    with pytest.raises(ConstraintError, match="must be free"):
        _add(any_database, filled, reader.actor, annotation_id=proposal.id)


def test_relabelling_ones_own_span_leaves_it_confirmed(any_database, filled, reader, edit):
    row = edit(_add(any_database, filled, reader.actor), "relabel", label="AFL")
    assert row.status == "confirmed"


END_US = 1_700_000_100_000_000


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"label": "NONSENSE"}, UnknownLabelError, "got 'NONSENSE'"),
        ({"channel": "aVR"}, ConstraintError, "one of lead-0, lead-1, or none for all, got 'aVR'"),
        ({"end_us": 1_700_000_000_000_001}, ConstraintError, "must not end before it starts"),
        ({"start_us": 1_699_999_999_999_999}, ConstraintError, r"start within the stored signal, \[1700000000000000"),
        ({"start_us": END_US, "end_us": END_US}, ConstraintError, "start within the stored signal"),
        ({"end_us": END_US + 1}, ConstraintError, f"at most {END_US} us, got {END_US + 1}"),
        ({"label": "V"}, ConstraintError, "a beat must be a point"),
    ],
    ids=["label", "channel", "end before start", "before", "after", "beyond", "long beat"],
)
def test_a_span_that_breaks_a_rule_is_refused_with_the_rule(any_database, filled, reader, changes, error, reason):
    with pytest.raises(error, match=reason):
        _add(any_database, filled, reader.actor, **changes)
    with any_database.transaction() as conn:
        assert annotations.spans_between(conn, filled.stream_id, 0, 2 * END_US) == []


def test_a_span_may_reach_from_the_first_to_one_past_the_last_sample(any_database, filled, reader):
    row = _add(any_database, filled, reader.actor, start_us=1_700_000_000_000_000, end_us=END_US)
    assert row.end_us == END_US


def test_a_group_without_samples_takes_no_span(any_database, group, reader):
    with pytest.raises(ConstraintError, match="within the stored signal"):
        _add(any_database, group, reader.actor)


@pytest.mark.parametrize(
    ("action", "changes", "reason"),
    [
        ("approve", {}, "action must be one of confirm, correct"),
        (
            "confirm",
            {"status": "rejected"},
            "'confirm' may change certainty, channel, end_us, evidence, .*, got status",
        ),
        ("move", {"end_us": 0}, "must not end before it starts"),
        ("relabel", {"label": "V"}, "a rhythm cannot become a beat"),
        ("undo", {"status": "splendid"}, "status must be one of proposed"),
        ("undo", {"revision": 0}, "got revision"),
    ],
)
def test_an_edit_that_breaks_a_rule_changes_nothing(any_database, proposal, edit, action, changes, reason):
    with pytest.raises(ConstraintError, match=reason):
        edit(proposal, action, **changes)
    with any_database.transaction() as conn:
        assert annotations.get(conn, proposal.id) == proposal
        assert revisions.history(conn, proposal.id) == []


def test_an_unknown_annotation_is_told(any_database, proposal, reader):
    unknown = annotation_id("nowhere", "ecg", _span(0, 1))
    with any_database.transaction() as conn:
        for ask in (annotations.get, revisions.history):
            with pytest.raises(UnknownRowError, match=str(unknown)):
                ask(conn, unknown)
        with pytest.raises(UnknownRowError, match=str(unknown)):
            revisions.revise(conn, unknown, expected_revision=0, actor=reader.actor, action="confirm")


def test_an_edit_by_nobody_known_is_refused(any_database, proposal, edit):
    with pytest.raises(ConstraintError, match="user"):
        edit(proposal, "confirm", actor=Actor(999, "ghost"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE annotation_revisions SET login = 'other'",
        "DELETE FROM annotation_revisions",
        "TRUNCATE annotation_revisions",
    ],
)
def test_the_history_cannot_be_rewritten(any_database, proposal, edit, statement):
    edit(proposal, "confirm")
    with pytest.raises(ConstraintError, match="append-only"), any_database.transaction() as conn:
        conn.execute(statement)


# Reading ---------------------------------------------------------------------------------------------------------


spans = st.tuples(st.integers(0, 3_000), st.sampled_from([0, 1, 9, 10, 11, 299, 301, 2_000]))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=st.sets(spans, max_size=12), window=st.tuples(st.integers(-10, 3_500), st.integers(1, 1_500)))
def test_spans_between_gives_exactly_those_that_overlap_of_every_length(database, spans, window):
    """Lengths in seconds lie on both sides of the bounds of the length classes; points are half-open like the rest."""
    with database.transaction() as conn, conn.transaction(force_rollback=True):
        signal_group = _slow_group(conn)
        clock = signal_group.signal.clock
        _propose(conn, signal_group, *(_span(start, start + length, label="SR") for start, length in spans))
        low, high = window[0], window[0] + window[1]
        found = annotations.spans_between(conn, signal_group.stream_id, clock.us_at(low), clock.us_at(high))
        read = [(clock.sample_at(row.start_us), clock.sample_at(row.end_us)) for row in found]
    # two spans of one start and label are one span: its first end stands
    starts = {start for start, _ in spans}
    assert len({start for start, _ in read}) == len(read) <= len(starts)
    for start, end in read:
        assert start < high
        assert end > low or start == end >= low
    for start, length in spans:
        only_one = sum(other == start for other, _ in spans) == 1
        overlaps = start < high and (start + length > low or (length == 0 and start >= low))
        if only_one:
            assert ((start, start + length) in read) == overlaps


def _slow_group(conn):
    signal = Signal("slow", "spo2", 1.0, 1_700_000_000_000_000, (Channel("SpO2", "%"),))
    stream = catalogue.ensure_stream(conn, name="slow", device="d", t0_us=signal.t0_us)
    return catalogue.ensure_group(conn, stream.id, signal)


def test_spans_between_leaves_out_deleted_ones_and_other_statuses_when_asked(any_database, filled, edit):
    spans = [_span(100 * i, 100 * i + 50) for i in range(4)]
    with any_database.transaction() as conn:
        _propose(conn, filled, *spans)
        rows = annotations.spans_between(conn, filled.stream_id, 0, END_US)
    edit(rows[0], "confirm")
    edit(rows[1], "reject")
    edit(rows[2], "delete")

    def starts(**filters):
        with any_database.transaction() as conn:
            found = annotations.spans_between(conn, filled.stream_id, 0, END_US, **filters)
        return [rows.index(next(row for row in rows if row.id == one.id)) for one in found]

    assert starts() == [0, 1, 3]
    assert starts(statuses=["confirmed", "proposed"]) == [0, 3]
    assert starts(with_deleted=True) == [0, 1, 2, 3]


def test_queue_gives_what_waits_in_the_order_that_was_asked(any_database, filled, edit):
    said = [
        _span(0, 100, "NOISY", confidence=0.5),
        _span(200, 300, "AFIB", confidence=0.9),
        _span(400, 500, "VT", confidence=0.99),
        _span(600, 700, "AFIB", confidence=0.1),
        _span(800, 900, "VT", confidence=0.9),
        _span(1_000, 1_100, "SR"),
    ]
    with any_database.transaction() as conn:
        _propose(conn, filled, *said)
    at = {_id(filled, span): span.start for span in said}

    def order(**how):
        with any_database.transaction() as conn:
            return [at[row.id] for row in annotations.queue(conn, **how)]

    assert order() == [400, 800, 200, 600, 0, 1_000]
    assert order(order="uncertainty") == [1_000, 600, 0, 800, 200, 400]
    assert order(order="newest") == [800, 400, 600, 200, 1_000, 0]
    assert order(order="time") == [0, 200, 400, 600, 800, 1_000]
    assert order(order="label") == [200, 600, 0, 1_000, 400, 800]
    assert order(order="risk") == [600, 800, 400, 200, 0, 1_000]
    assert order(limit=2) == [400, 800]
    assert order(stream_id=filled.stream_id, limit=1) == [400]
    assert order(stream_id=filled.stream_id + 1) == []
    with any_database.transaction() as conn:
        urgent = annotations.queue(conn)[0]
        with pytest.raises(ConstraintError, match="got 'colour'"):
            annotations.queue(conn, order="colour")
    edit(urgent, "confirm")
    assert order() == [800, 200, 600, 0, 1_000]


def test_reads_of_a_window_use_an_index(any_database, filled):
    with any_database.transaction() as conn:
        _propose(conn, filled, *(_span(i, i + 1) for i in range(3_000)))
        conn.execute("ANALYZE annotations")
        plan = conn.execute(
            "EXPLAIN SELECT * FROM annotation_states WHERE stream_id = %s AND length_class = 0 AND start_us >= %s"
            " AND start_us < %s AND kind IN ('rhythm', 'event', 'quality')",
            [filled.stream_id, 1_700_000_000_000_000, 1_700_000_000_100_000],
        ).fetchall()
    assert "annotations_span" in str(plan)


def test_an_error_in_the_middle_leaves_the_transaction_as_it_was(any_database, proposal, reader):
    def fail():
        with any_database.transaction() as conn:
            revisions.revise(conn, proposal.id, expected_revision=0, actor=reader.actor, action="confirm")
            conn.execute("INSERT INTO users (login) VALUES (NULL)")

    with pytest.raises(ConstraintError):
        fail()
    with any_database.transaction() as conn:
        assert annotations.get(conn, proposal.id) == proposal


# What rows refer to --------------------------------------------------------------------------------------------------


def test_a_revision_is_of_a_user_that_exists(any_database, proposal):
    nobody = Actor(1 << 30, "nobody")
    with (
        pytest.raises(ConstraintError, match="a revision must be of a user that exists"),
        any_database.transaction() as conn,
    ):
        revisions.revise(conn, proposal.id, expected_revision=0, actor=nobody, action="confirm")


def test_who_edited_is_never_deleted(any_database, proposal, edit, reader):
    edit(proposal, "confirm")
    for statement in ("DELETE FROM users WHERE id = %s", "TRUNCATE users CASCADE"):
        with (
            pytest.raises(ConstraintError, match="users are disabled, never deleted"),
            any_database.transaction() as conn,
        ):
            conn.execute(statement, [reader.id] if "%s" in statement else None)


def test_a_row_is_of_a_group_of_its_stream(any_database, proposal, filled):
    with any_database.transaction() as conn:
        other = catalogue.ensure_stream(conn, name="other", device="other", t0_us=0)
    with pytest.raises(ConstraintError, match="annotations_group_of_stream_fkey"), any_database.transaction() as conn:
        conn.execute("UPDATE annotations SET stream_id = %s WHERE id = %s", [other.id, proposal.id])
