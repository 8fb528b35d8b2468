"""What can be said of a span beside its label: severity, certainty, lead, comment, and what it rests on."""

from __future__ import annotations

import uuid
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from signal_processing.values import Annotation, Annotator, Channel, Signal
from storage import annotations, beats, bulk_edits, catalogue, evidence, queries, revisions, runs
from storage.annotation_row import CERTAINTIES, SEVERITIES, state_of
from storage.annotations import Place
from storage.bulk_edits import WantedEdit
from storage.errors import ConstraintError, UnknownRowError

MACHINE = Annotator("machine", "rhythms", "1")
KEPT_BY_HISTORY_ALONE = {"revision", "updated_us", "updated_by"}
NO_PAGE = {"after_id": None, "after_start_us": None, "after_end_us": None, "limit": None}
NEW_FIELDS = ("severity", "certainty", "evidence")


class Said(NamedTuple):
    """Proposals at 10 s, 30 s and 50 s, and what edits need."""

    rows: list
    group: object
    actor: object


@pytest.fixture
def said(any_database, filled, reader):
    spans = [
        Annotation(start=at, end=at + 720, label=label, annotator=MACHINE)
        for at, label in ((3_600, "AFIB"), (10_800, "PAUSE"), (18_000, "NOISY"))
    ]
    with any_database.transaction() as conn:
        run_id = runs.ensure_run(conn, filled.id, MACHINE, {})
        annotations.propose(conn, filled.stream_id, filled, run_id, spans)
        return Said(annotations.queue(conn, order="time"), filled, reader.actor)


def revise(conn, said, row, action="describe", **changes):
    now = annotations.get(conn, row.id)
    facts = {"expected_revision": now.revision, "actor": said.actor, "action": action, "changes": changes}
    return revisions.revise(conn, row.id, **facts)


def content(row):
    return {field: value for field, value in state_of(row).items() if field not in KEPT_BY_HISTORY_ALONE}


def ids(rows):
    return [row.id for row in rows]


changes = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.sampled_from([None, *SEVERITIES]),
        "certainty": st.sampled_from([None, *CERTAINTIES]),
        "channel": st.sampled_from([None, "lead-0", "lead-1"]),
        "note": st.sampled_from(["", "P waves in the T waves"]),
        "evidence": st.lists(st.sampled_from([1, 2]), unique=True),
    },
)
actions = st.sampled_from(["describe", "link", "correct", "note", "confirm", "reject"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(actions, changes), min_size=1, max_size=5))
def test_what_was_said_is_read_back_kept_by_the_history_and_undone_step_by_step(any_database, said, steps):
    first, *others = said.rows
    with any_database.transaction() as conn, conn.transaction(force_rollback=True):
        stood = [content(first)]
        for action, wanted in steps:
            links = {"evidence": [others[i - 1].id for i in wanted["evidence"]]} if "evidence" in wanted else {}
            row = revise(conn, said, first, action, **wanted | links)
            for field, value in (wanted | links).items():
                assert list(getattr(row, field) or ()) == list(value or ())
            stood.append(content(row))
        entries = revisions.history(conn, first.id)
        keep = [{k: v for k, v in entry.before.items() if k not in KEPT_BY_HISTORY_ALONE} for entry in entries]
        assert keep == stood[:-1]
        for entry, expected in zip(reversed(entries), reversed(stood[:-1]), strict=True):
            former = {field: entry.before[field] for field in (*NEW_FIELDS, "channel", "note", "status")}
            assert content(revise(conn, said, first, "undo", **former)) == expected
        reset = content(revise(conn, said, first, "reset"))
        assert reset == stood[0]


def test_a_persons_own_span_says_all_of_it_from_the_start(any_database, said):
    clock = said.group.signal.clock
    with any_database.transaction() as conn:
        row = revisions.add(
            conn,
            stream_id=said.group.stream_id,
            group_id=said.group.id,
            start_us=clock.us_at(0),
            end_us=clock.us_at(720),
            label="STDEV",
            channel="lead-1",
            actor=said.actor,
            view={},
            severity="moderate",
            certainty="certain",
            evidence=ids(said.rows[:2]),
        )
        assert row == annotations.get(conn, row.id)
    assert (row.severity, row.certainty, row.evidence) == ("moderate", "certain", tuple(ids(said.rows[:2])))


def test_links_are_read_in_both_directions_and_the_deleted_stay(any_database, said):
    af, pause, noise = said.rows
    with any_database.transaction() as conn:
        revise(conn, said, af, "link", evidence=[noise.id, pause.id])
        revise(conn, said, pause, "link", evidence=[noise.id])
        revise(conn, said, noise, "delete")
        assert ids(evidence.of(conn, af.id)) == [noise.id, pause.id]
        assert [row.deleted for row in evidence.of(conn, af.id)] == [True, False]
        assert ids(evidence.resting_on(conn, noise.id)) == [af.id, pause.id]
        place = Place(af.start_us, af.end_us, af.id)
        assert ids(evidence.resting_on(conn, noise.id, after=place, limit=1)) == [pause.id]
        assert evidence.resting_on(conn, af.id) == []
        conn.execute("SET LOCAL enable_seqscan = off")  # of three rows it would be cheaper
        plan = conn.execute("EXPLAIN " + queries.load("evidence")["resting_on"], NO_PAGE | {"id": af.id}).fetchall()
        assert "annotations_evidence" in str(plan)
        with pytest.raises(UnknownRowError, match="must be a stored one"):
            evidence.resting_on(conn, uuid.uuid4())


def _elsewhere(conn):
    """A span of another stream."""
    signal = Signal("elsewhere", "ecg", 1.0, 1_700_000_000_000_000, (Channel("I", "mV"),))
    stream = catalogue.ensure_stream(conn, name=signal.stream, device="d", t0_us=signal.t0_us)
    group = catalogue.ensure_group(conn, stream.id, signal)
    run_id = runs.ensure_run(conn, group.id, MACHINE, {})
    annotations.propose(conn, stream.id, group, run_id, [Annotation(start=0, end=5, label="VT", annotator=MACHINE)])
    return annotations.queue(conn, stream_id=stream.id)[0].id


REFUSED = [
    (lambda _c, _s: {"severity": "awful"}, "severity must be one of mild, moderate, severe, .* got 'awful'"),
    (lambda _c, _s: {"certainty": ""}, "certainty must be one of possible, probable, certain, .* got ''"),
    (lambda _c, s: {"evidence": [s.rows[0].id]}, "must not rest on itself"),
    (lambda _c, s: {"evidence": [s.rows[1].id] * 2}, "must name each annotation once, got .* twice"),
    (lambda _c, _s: {"evidence": [uuid.uuid4()]}, "must be stored annotations of stream 1, got id"),
    (lambda c, _s: {"evidence": [_elsewhere(c)]}, "must be stored annotations of stream 1, got id"),
    (lambda _c, _s: {"evidence": [uuid.uuid4() for _ in range(65)]}, "at most 64 others, got 65"),
]


def test_what_breaks_a_rule_is_refused_and_changes_nothing(any_database, said):
    for change, reason in REFUSED:
        with any_database.transaction() as conn:
            wanted = change(conn, said)
        with pytest.raises(ConstraintError, match=reason), any_database.transaction() as conn:
            revise(conn, said, said.rows[0], "link", **wanted)
    with any_database.transaction() as conn:
        assert annotations.get(conn, said.rows[0].id) == said.rows[0]


def _as_kept_before(conn, row, revision):
    """Makes the newest revision of a row one that was kept when these fields did not exist."""
    (before,) = conn.execute(
        "SELECT before FROM annotation_revisions WHERE (annotation_id, revision) = (%s, %s)", [row.id, revision]
    ).fetchone()
    older = {field: value for field, value in before.items() if field not in NEW_FIELDS}
    # the history refuses changes: what stands in for an older version's is the owner of the table
    conn.execute("ALTER TABLE annotation_revisions DISABLE TRIGGER annotation_revisions_append_only")
    conn.execute(
        "UPDATE annotation_revisions SET before = %s WHERE (annotation_id, revision) = (%s, %s)",
        [Jsonb(older), row.id, revision],
    )
    conn.execute("ALTER TABLE annotation_revisions ENABLE TRIGGER annotation_revisions_append_only")


def test_histories_of_before_these_fields_are_whole_and_can_be_reset(any_database, said):
    with any_database.transaction() as conn:
        row = revise(conn, said, said.rows[0], "relabel", label="AFL")
        _as_kept_before(conn, row, 1)
    with any_database.transaction() as conn:
        (entry,) = revisions.history(conn, row.id)
        assert entry.before == state_of(said.rows[0])
        assert content(revise(conn, said, row, "reset")) == content(said.rows[0])


def test_bulk_undo_knows_what_was_changed_and_changed_back_before_these_fields(any_database, filled, said):
    found = [Annotation(start=at, end=at, label="N", annotator=MACHINE) for at in (100, 500)]
    bulk_id = uuid.uuid4()
    with any_database.transaction() as conn:
        run_id = runs.ensure_run(conn, filled.id, MACHINE, {})
        beats.store_beats(conn, filled, run_id, found)
        seen = beats.read_beats(conn, filled, 0, 1_000)
        wanted = WantedEdit(seen.samples, seen.numbers, "relabel", "V")
        bulk_edits.apply(conn, filled, wanted, bulk_id=bulk_id, actor=said.actor, view={})
        row = annotations.get(conn, beats.read_beats(conn, filled, 100, 101).ids[0])
        row = revise(conn, said, row, "relabel", label="A")
        _as_kept_before(conn, row, 2)
        revise(conn, said, row, "undo", label="V")
        assert bulk_edits.undo(conn, bulk_id, said.actor).n_changed_since == 0


def test_describing_and_linking_decide_nothing_also_where_a_beat_becomes_a_row_by_it(any_database, filled, said):
    af = said.rows[0]
    with any_database.transaction() as conn:
        run_id = runs.ensure_run(conn, filled.id, MACHINE, {})
        beats.store_beats(conn, filled, run_id, [Annotation(start=100, end=100, label="V", annotator=MACHINE)])
        touched = revise(conn, said, beats.touch_beat(conn, filled, 100, 5, run_id), "link")
        described = revise(conn, said, af, severity="severe", certainty="probable")
        linked = revise(conn, said, af, "link", evidence=[touched.id])
        assert (touched.status, touched.label, touched.revision) == ("proposed", "V", 1)
        assert (described.status, linked.status, linked.severity) == ("proposed", "proposed", "severe")
        assert ids(evidence.resting_on(conn, touched.id)) == [linked.id]
        assert linked.id in ids(annotations.queue(conn))
