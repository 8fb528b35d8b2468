"""Proposals accepted at once: what accepting each alone would have made, undone as one."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal_processing import vocabulary
from signal_processing.errors import UnknownLabelError
from signal_processing.values import Annotation, Annotator
from storage import acceptances, annotations, bulk_edits, revisions, runs
from storage.acceptances import WantedAcceptance
from storage.annotation_row import Actor
from storage.errors import ConstraintError, UnknownRowError

MACHINE = Annotator("machine", "rhythms", "1")
OTHER = Actor(None, "other")
VIEW = {"proposals": True}
END = 36_000


def span(start, end, label="AFIB", confidence=0.9, **facts):
    return Annotation(start=start, end=end, label=label, annotator=MACHINE, confidence=confidence, **facts)


SPANS = (
    span(0, 1_000, "AFIB", 0.95),
    span(2_000, 2_500, "VT", 0.99),
    span(3_000, 3_100, "PAUSE", 0.6),
    span(4_000, 9_000, "AFIB", 0.85),
    span(10_000, 11_000, "NOISY", None),
    span(12_000, 13_000, "TACHY", 0.9, ongoing=True),
    span(14_000, 15_000, "ASYSTOLE", 0.7),
    span(16_000, 20_000, "BRADY", 0.7),
)


@pytest.fixture
def proposals(any_database, filled):
    """Rows in the order of time."""
    with any_database.transaction() as conn:
        run_id = runs.ensure_run(conn, filled.id, MACHINE, {})
        annotations.propose(conn, filled.stream_id, filled, run_id, SPANS)
        return annotations.queue(conn, stream_id=filled.stream_id, order="time")


def wanted(group, at_least=0.0, start=0, end=END, **more):
    clock = group.signal.clock
    return WantedAcceptance(start_us=clock.us_at(start), end_us=clock.us_at(end), min_confidence=at_least, **more)


@pytest.fixture
def accept(any_database, filled, reader):
    """Accept in a transaction of its own."""

    def do(*args, bulk_id=None, actor=None, **more):
        with any_database.transaction() as conn:
            asked = wanted(filled, *args, **more)
            identity = bulk_id or uuid.uuid4()
            return acceptances.apply(
                conn, filled.stream_id, asked, bulk_id=identity, actor=actor or reader.actor, view=VIEW
            )

    return do


@pytest.fixture
def statuses(any_database, proposals):
    """Statuses by now, in the order of time."""

    def read():
        with any_database.transaction() as conn:
            rows = annotations.get_many(conn, [row.id for row in proposals])
        return [rows[row.id].status for row in proposals]

    return read


def kept(conn):
    """Every row and every revision but for its part in an acceptance and what was on the screen."""
    rows = conn.execute("SELECT * FROM annotations ORDER BY id").fetchall()
    said = conn.execute(
        "SELECT annotation_id, revision, action, user_id, login, at_us, before FROM annotation_revisions"
        " ORDER BY annotation_id, revision"
    ).fetchall()
    return rows, said


def revise(conn, row, action, actor=OTHER, **changes):
    now = annotations.get(conn, row.id)
    revisions.revise(conn, row.id, expected_revision=now.revision, actor=actor, action=action, changes=changes)


# The law -------------------------------------------------------------------------------------------------------------

decided = st.tuples(
    st.integers(0, len(SPANS) - 1), st.sampled_from(["confirm", "reject", "note", "ambiguous", "delete"])
)
bound = st.sampled_from([0, 1, 1_000, 2_400, 3_100, 9_000, 13_000, 19_999, 20_000, END])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(decided, max_size=4),
    at_least=st.sampled_from([0.0, 0.6, 0.7, 0.85, 0.9, 1.0]),
    bounds=st.tuples(bound, bound).map(sorted),
    label=st.sampled_from([None, None, "AFIB", "ASYSTOLE"]),
    include_emergent=st.booleans(),
)
def test_acceptance_makes_what_accepting_each_makes_and_its_undo_what_stood(
    any_database, filled, proposals, reader, before, at_least, bounds, label, include_emergent
):
    asked = wanted(filled, at_least, *bounds, label=label, include_emergent=include_emergent)
    bulk_id = uuid.uuid4()
    with any_database.transaction() as conn, conn.transaction(force_rollback=True):
        for at, action in before:
            revise(conn, proposals[at], action)
        stood = [annotations.get(conn, row.id) for row in proposals]
        due = [
            row
            for row, said in zip(stood, SPANS, strict=True)
            if row.status == "proposed"
            and not row.deleted
            and not said.ongoing
            and asked.start_us <= row.start_us < asked.end_us
            and row.end_us <= asked.end_us
            and label in (None, row.label)
            and (said.confidence or 0) >= at_least
            and (include_emergent or vocabulary.label(row.label).urgency < vocabulary.Urgency.EMERGENT)
        ]
        seen = acceptances.preview(conn, filled.stream_id, asked)
        with conn.transaction(force_rollback=True):
            for row in due:
                revise(conn, row, "confirm", reader.actor)
            singles = kept(conn)
        done = acceptances.apply(conn, filled.stream_id, asked, bulk_id=bulk_id, actor=reader.actor, view=VIEW)
        assert kept(conn) == singles
        counts = ("n_given", "n_changed", "n_emergent", "n_unsure", "n_ongoing", "n_overlapping")
        assert [getattr(seen, name) for name in counts] == [getattr(done, name) for name in counts]
        assert done.n_changed == len(due) == sum(seen.by_label.values())
        assert done.n_given == done.n_changed + done.n_emergent + done.n_unsure + done.n_ongoing
        assert acceptances.undo(conn, bulk_id, OTHER).n_changed_since == 0
        statuses = [(row.status, row.deleted, row.label, row.start_us, row.end_us) for row in stood]
        rows = [annotations.get(conn, row.id) for row in proposals]
        assert [(row.status, row.deleted, row.label, row.start_us, row.end_us) for row in rows] == statuses
        assert acceptances.redo(conn, bulk_id, OTHER).n_changed_since == 0
        assert {row.id for row in due} <= {
            row.id
            for row in annotations.get_many(conn, [row.id for row in proposals]).values()
            if row.status == "confirmed"
        }


# What overlaps ---------------------------------------------------------------------------------------------------


def decide(conn, group, reader, start, end, label):
    clock = group.signal.clock
    place = {"stream_id": group.stream_id, "group_id": group.id, "channel": None, "actor": reader.actor, "view": {}}
    return revisions.add(conn, start_us=clock.us_at(start), end_us=clock.us_at(end), label=label, **place)


def propose(conn, group, *spans):
    run_id = runs.ensure_run(conn, group.id, MACHINE, {})
    annotations.propose(conn, group.stream_id, group, run_id, spans)


def test_what_overlaps_something_decided_or_surer_stays_and_nothing_is_cut(
    any_database, filled, proposals, reader, accept
):
    with any_database.transaction() as conn:
        own = decide(conn, filled, reader, 500, 1_500, "SR")
        propose(
            conn,
            filled,
            span(4_500, 6_000, "AFL", 0.9),
            span(9_000, 9_500, "AFL", 0.5),
            span(1_000, 1_400, "NOISY", 0.9),
        )
        seen = acceptances.preview(conn, filled.stream_id, wanted(filled, 0.5))
    done = accept(0.5)
    # AFIB in the person's SR, and the AFIB in which a surer AFL lies; not one that begins where that ends, nor noise
    assert (done.n_overlapping, seen.n_overlapping) == (2, 2)
    assert done.n_changed == seen.n_changed == sum(seen.by_label.values())
    with any_database.transaction() as conn:
        assert annotations.get(conn, own.id) == own
        assert [annotations.get(conn, proposals[at].id).status for at in (0, 3)] == ["proposed", "proposed"]


def test_done_again_it_leaves_what_is_decided_otherwise_by_then(any_database, filled, proposals, reader, accept):
    bulk_id = uuid.uuid4()
    n_changed = accept(0.5, bulk_id=bulk_id).n_changed
    with any_database.transaction() as conn:
        assert acceptances.undo(conn, bulk_id, reader.actor).n_changed_since == 0
        own = decide(conn, filled, reader, 500, 1_500, "SR")
        assert acceptances.redo(conn, bulk_id, reader.actor).n_changed_since == 1
        assert annotations.get(conn, own.id) == own
        rows = [annotations.get(conn, row.id).status for row in proposals]
    assert (rows[0], rows.count("confirmed")) == ("proposed", n_changed - 1)


# What is left alone --------------------------------------------------------------------------------------------------


def test_emergent_ones_are_accepted_only_when_that_is_said(any_database, filled, accept, statuses):
    with any_database.transaction() as conn:
        seen = acceptances.preview(conn, filled.stream_id, wanted(filled, 0.7))
    assert (seen.n_given, seen.n_changed, seen.n_emergent, seen.n_unsure, seen.n_ongoing) == (8, 3, 2, 2, 1)
    assert (seen.by_label, seen.given_by_label["VT"]) == ({"AFIB": 2, "BRADY": 1}, 1)
    assert accept(0.7).n_changed == 3
    c, p = "confirmed", "proposed"
    assert statuses() == [c, p, p, c, p, p, p, c]
    assert accept(0.7, include_emergent=True).n_changed == 2
    assert statuses() == [c, c, p, c, p, p, c, c]


def test_what_reaches_beyond_the_range_was_not_seen_whole(accept, statuses):
    assert accept(0.0, 0, 8_999, label="AFIB").n_changed == 1
    assert statuses()[:4:3] == ["confirmed", "proposed"]
    assert accept(0.0, 4_000, 9_000).n_changed == 1


def test_without_a_confidence_there_is_no_certainty(accept, statuses):
    assert accept(0.05, 10_000, 11_000).n_unsure == 1
    assert accept(0.0, 10_000, 11_000).n_changed == 1
    assert statuses()[4] == "confirmed"


# Undo, identity, history ---------------------------------------------------------------------------------------------


def test_undo_leaves_what_was_changed_since_and_counts_it(any_database, accept, proposals, statuses, reader):
    done = accept(0.7)
    with any_database.transaction() as conn:
        revise(conn, proposals[0], "reject")
        undone = acceptances.undo(conn, done.id, reader.actor)
        history = revisions.history(conn, proposals[3].id)
    assert (undone.n_changed_since, undone.undone_by) == (1, "reader")
    assert statuses()[:4] == ["rejected", "proposed", "proposed", "proposed"]
    assert [(entry.action, entry.bulk_id, entry.view) for entry in history] == [
        ("confirm", done.id, VIEW),
        ("undo", done.id, {}),
    ]


def test_acceptance_sent_again_is_done_once_and_answered_alike(any_database, accept, proposals):
    first = accept(0.85)
    with any_database.transaction() as conn:
        rows = kept(conn)
    assert accept(0.85, bulk_id=first.id) == first
    for how in ({"label": "AFIB"}, {"actor": OTHER}):
        with pytest.raises(ConstraintError, match=f"must be free, got {first.id}"):
            accept(0.85, bulk_id=first.id, **how)
    with any_database.transaction() as conn:
        assert kept(conn) == rows
        assert acceptances.undo(conn, first.id, OTHER) == acceptances.undo(conn, first.id, OTHER)
        for other in (bulk_edits.undo, bulk_edits.redo):  # it is none of beats
            with pytest.raises(UnknownRowError):
                other(conn, first.id, OTHER)


def test_acceptances_of_a_stream_are_listed_newest_first_page_by_page(any_database, filled, accept, proposals):
    ids = [accept(1.0, 0, end).id for end in (1, 2, 3)]
    with any_database.transaction() as conn:
        pages = [acceptances.history(conn, filled.stream_id, limit=2)]
        pages.append(acceptances.history(conn, filled.stream_id, limit=2, before=pages[0][-1].id))
        assert bulk_edits.history(conn, filled.stream_id, limit=9) == []
    assert [[row.id for row in page] for page in pages] == [[ids[2], ids[1]], [ids[0]]]


def test_what_breaks_a_rule_is_refused_before_the_database(any_database):
    for how, reason in (
        ({"start_us": 2, "end_us": 1, "min_confidence": 0}, "not end before it starts"),
        ({"start_us": 1, "end_us": 2, "min_confidence": 1.01}, r"within \[0, 1\], got 1.01"),
        ({"start_us": 1, "end_us": 2, "min_confidence": float("nan")}, "got nan"),
        ({"start_us": 1, "end_us": 2, "min_confidence": 0, "label": "V"}, "got 'V', a beat"),
    ):
        with pytest.raises(ConstraintError, match=reason):
            WantedAcceptance(**how)
    with pytest.raises(UnknownLabelError):
        WantedAcceptance(start_us=1, end_us=2, min_confidence=0, label="XX")
    with pytest.raises(UnknownRowError, match="must be a stored one"), any_database.transaction() as conn:
        acceptances.undo(conn, uuid.uuid4(), OTHER)


def test_a_range_of_too_many_is_refused(filled, accept, proposals, statuses, monkeypatch):
    monkeypatch.setattr(acceptances, "MAX_PROPOSALS", 7)
    with pytest.raises(ConstraintError, match="at most 7 proposals"):
        accept(0.0)
    assert set(statuses()) == {"proposed"}
