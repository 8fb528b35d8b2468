"""The trail: whole while nobody touches it, and every alteration found; annotations as they stood before."""

from __future__ import annotations

import random
import threading
import uuid

import numpy as np
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from signal_processing.values import Annotation, Annotator, Block
from storage import (
    annotations,
    as_of,
    audit,
    audit_trail,
    beats,
    bulk_edits,
    catalogue,
    projects,
    readings,
    revisions,
    runs,
    users,
    waveforms,
)
from storage.annotation_row import Actor
from storage.audit_trail import Head
from storage.bulk_edits import WantedEdit
from storage.database import Database
from storage.errors import ConstraintError
from storage.readings import ReadingMarks

MACHINE = Annotator("machine", "rhythms", "1")
SAMPLES = np.arange(100, 3_100, 300)
N_ALTERATIONS = 200
CHAINED = ("audit_log", "audit_head", "annotation_revisions", "revision_seals", "readings")


class Programme:
    """People who edit spans and beats, log in, and hand in readings."""

    def __init__(self, database, group, ada):
        self.database, self.group, self.ada = database, group, ada
        with database.transaction() as conn:
            run_id = runs.ensure_run(conn, group.id, MACHINE, {})
            spans = [Annotation(start=1_000 * i, end=1_000 * i + 800, label="VT", annotator=MACHINE) for i in range(6)]
            annotations.propose(conn, group.stream_id, group, run_id, spans)
            found = [Annotation(start=int(at), end=int(at), label="N", annotator=MACHINE) for at in SAMPLES]
            beats.store_beats(conn, group, run_id, found)
            self.ids = [row.id for row in annotations.queue(conn, stream_id=group.stream_id)]

    def revise(self, place, action, **changes):
        with self.database.transaction() as conn:
            row = annotations.get(conn, self.ids[place])
            return revisions.revise(
                conn,
                row.id,
                expected_revision=row.revision,
                actor=self.ada,
                action=action,
                changes=changes,
                view={"x": 1},
            )

    def mark(self, start, end):
        clock = self.group.signal.clock
        with self.database.transaction() as conn:
            return revisions.add(
                conn, stream_id=self.group.stream_id, group_id=self.group.id, start_us=clock.us_at(start),
                end_us=clock.us_at(end), label="AFIB", channel=None, actor=self.ada, view={},
            )  # fmt: skip

    def relabel_beats(self):
        with self.database.transaction() as conn:
            wanted = WantedEdit(SAMPLES, np.ones(len(SAMPLES), np.int16), "relabel", "V")
            return bulk_edits.apply(conn, self.group, wanted, bulk_id=uuid.uuid4(), actor=self.ada, view={})

    def read(self):
        with self.database.transaction() as conn:
            project = projects.create(conn, name="pilot", actor=self.ada)
            item = readings.ensure_item(conn, project, self.group.stream_id, 0, 2_000_000_000_000_000)
            for name in ("R1", "R2", "R3"):
                reader = projects.ensure_reader(conn, project, name, "imported")
                readings.hand_in(conn, item, reader, ReadingMarks.of([(5, 5, "N"), (9, 9, "V")]), actor=self.ada)

    def work(self):
        self.revise(0, "confirm")
        self.revise(0, "note", note="fast")
        self.revise(1, "reject")
        self.revise(1, "undo", status="proposed")
        self.revise(2, "relabel", label="AFIB")
        self.revise(3, "delete")
        self.mark(500, 1_500)  # cuts what is decided there
        self.relabel_beats()
        self.read()
        with self.database.transaction() as conn:
            audit.record(conn, self.ada, "export", "stream x", {"format": "wfdb"})
            audit_trail.seal(conn, self.ada)
        self.revise(4, "ambiguous")

    def verified(self, **more):
        with self.database.transaction() as conn:
            return audit_trail.verify(conn, **more)


@pytest.fixture
def programme(any_database, filled, reader):
    made = Programme(any_database, filled, reader.actor)
    made.work()
    return made


def test_a_trail_that_nobody_touched_is_whole(programme):
    found = programme.verified()
    assert found.faults == []
    assert found.n_entries > 5
    assert found.n_revisions > 15
    assert found.n_readings == 3
    assert found.head.seq == found.n_entries


def test_each_revision_seals_the_state_that_it_left(programme):
    with programme.database.transaction() as conn:
        (without,) = conn.execute("SELECT count(*) FROM revision_seals WHERE state_hash IS NULL").fetchone()
    assert without == 0


def other(value, rng):
    """A value of the same type that is another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 1_000])
    if isinstance(value, bytes):
        at = rng.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << rng.randrange(8))]) + value[at + 1 :]
    return "other" if value is None else f"{value}x"


def alteration(conn, rng):
    """One random change of one row of the trail, past the triggers that refuse it; says what it was."""
    kind = rng.choice(["alter", "alter", "remove", "swap"])
    if kind == "swap":
        first, second = rng.sample([seq for (seq,) in conn.execute("SELECT seq FROM audit_log").fetchall()], 2)
        conn.execute("UPDATE audit_log SET seq = -1 WHERE seq = %s", [first])
        conn.execute("UPDATE audit_log SET seq = %s WHERE seq = %s", [first, second])
        conn.execute("UPDATE audit_log SET seq = %s WHERE seq = -1", [second])
        return f"entries {first} and {second} change places"
    columns = {
        "audit_log": ["seq", "at_us", "login", "action", "subject", "hash"],
        "audit_head": ["seq", "hash"],
        "annotation_revisions": ["revision", "action", "login", "at_us"],
        "revision_seals": ["revision", "hash", "state_hash"],
        "readings": ["login", "source", "submitted_us", "reader_id"],
        "annotations": ["label", "start_us", "status", "note", "deleted", "revision"],
    }
    table = rng.choice(list(CHAINED) if kind == "remove" else list(columns))
    touched = "annotations a WHERE a.revision > 0" if table == "annotations" else f"{table} a"
    places = [place for (place,) in conn.execute(f"SELECT a.ctid::text FROM {touched} ORDER BY 1").fetchall()]  # noqa: S608 - names of tables of this test
    place = rng.choice(places)
    if kind == "remove":
        conn.execute(f"DELETE FROM {table} WHERE ctid = %s::tid", [place])  # noqa: S608 - names of tables of this test
        return f"a row of {table} is gone"
    column = rng.choice(columns[table])
    (value,) = conn.execute(f"SELECT {column} FROM {table} WHERE ctid = %s::tid", [place]).fetchone()  # noqa: S608 - names of tables of this test
    conn.execute(f"UPDATE {table} SET {column} = %s WHERE ctid = %s::tid", [other(value, rng), place])  # noqa: S608 - names of tables of this test
    return f"{column} of a row of {table} is another"


def test_each_of_two_hundred_alterations_is_found(programme):
    rng = random.Random(7)  # noqa: S311 - not for secrets
    unseen, seen, n_done = [], set(), 0
    while n_done < N_ALTERATIONS:
        with programme.database.transaction() as conn:
            conn.execute("SET LOCAL session_replication_role = replica")  # whoever does this may switch off triggers
            try:
                what = alteration(conn, rng)
            except psycopg.errors.IntegrityError:  # two rows of one number: the table refuses it whoever asks
                conn.rollback()
                continue
            seen.add(what)
            n_done += 1
            if not audit_trail.verify(conn).faults:
                unseen.append(what)
            conn.rollback()
    assert unseen == []
    assert len(seen) > 30
    assert programme.verified().faults == []


def test_a_history_that_goes_with_all_that_belongs_to_it_is_missed_by_the_seal(programme):
    with programme.database.transaction() as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        for table in ("revision_seals", "annotation_revisions"):
            conn.execute(f"DELETE FROM {table} WHERE annotation_id = %s", [programme.ids[2]])  # noqa: S608 - names of tables of this test
        conn.execute("DELETE FROM annotations WHERE id = %s", [programme.ids[2]])
        (fault,) = audit_trail.verify(conn).faults
        conn.rollback()
    assert "seals of revisions" in fault.what


def test_a_head_that_was_kept_finds_a_chain_that_was_written_anew(programme):
    head = programme.verified().head
    assert programme.verified(known=head).faults == []
    assert "not the one that was kept" in programme.verified(known=Head(head.seq, "00" * 32)).faults[0].what
    assert programme.verified(known=Head(head.seq + 5, head.hash)).faults
    assert programme.verified(known=Head(0, "")).faults == []


@pytest.mark.parametrize(
    ("table", "column"),
    [("audit_log", "login"), ("annotation_revisions", "login"), ("revision_seals", "hash"), ("readings", "login")],
)
def test_the_trail_refuses_to_be_changed_or_emptied(programme, table, column):
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608 - names of tables of this test
        with pytest.raises(ConstraintError, match="append-only"), programme.database.transaction() as conn:
            conn.execute(statement)


def test_many_at_once_make_one_chain(any_database):
    def note(n):
        for i in range(20):
            with any_database.transaction() as conn:
                audit.record(conn, Actor(None, f"user {n}"), "login", f"{i}")

    threads = [threading.Thread(target=note, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_database.transaction() as conn:
        found = audit_trail.verify(conn)
    assert (found.n_entries, found.faults) == (120, [])


def test_what_is_rolled_back_leaves_no_gap(any_database):
    for fails in (False, True, False):
        with any_database.transaction() as conn:
            audit.record(conn, Actor(None, "ada"), "login", "here")
            if fails:
                conn.rollback()
    with any_database.transaction() as conn:
        found = audit_trail.verify(conn)
    assert (found.n_entries, found.faults) == (2, [])


def test_an_empty_trail_is_whole(any_database):
    with any_database.transaction() as conn:
        found = audit_trail.verify(conn)
    assert (found.n_entries, found.n_revisions, found.n_readings, found.faults) == (0, 0, 0, [])
    assert found.head.seq == 0


# As it was ------------------------------------------------------------------------------------------------------


def states(database, stream_id):
    """As the tables have them, not as the module under test says."""
    with database.transaction() as conn:
        ids = [
            one for (one,) in conn.execute("SELECT id FROM annotations WHERE stream_id = %s", [stream_id]).fetchall()
        ]
        found = annotations.get_many(conn, ids).values()
    return sorted(found, key=lambda row: (row.start_us, row.end_us, row.id))


def test_each_past_is_equal_to_a_copy_that_was_taken_then(any_database, filled, reader):
    programme = Programme(any_database, filled, reader.actor)
    steps = [
        lambda: programme.revise(0, "confirm"),
        lambda: programme.revise(0, "describe", severity="severe", certainty="probable"),
        lambda: programme.revise(1, "reject"),
        lambda: programme.revise(2, "relabel", label="AFIB"),
        lambda: programme.revise(0, "link", evidence=[programme.ids[1]]),
        lambda: programme.mark(300, 1_700),
        programme.relabel_beats,
        lambda: programme.revise(3, "delete"),
        lambda: programme.revise(3, "restore"),
        lambda: programme.revise(1, "undo", status="proposed"),
    ]
    copies = []
    for step in (lambda: None, *steps):
        step()
        with any_database.transaction() as conn:
            (at_us,) = conn.execute("SELECT clock_us()").fetchone()
        copies.append((at_us, states(any_database, filled.stream_id)))
    for number, (at_us, copy) in enumerate(copies):
        with any_database.transaction() as conn:
            assert as_of.rows(conn, filled.stream_id, at_us) == copy, f"after step {number}"
    with any_database.transaction() as conn:
        assert as_of.rows(conn, filled.stream_id, copies[0][0] - 60_000_000) == []


def test_a_past_is_equal_to_a_backup_of_the_whole_database_that_was_taken_then(database_dsn, signal, recording):
    """A copy of the database's files, as PostgreSQL makes it while nobody is connected; read as any database is."""
    name = conninfo_to_dict(database_dsn)["dbname"]
    with Database.open(database_dsn) as database:
        with database.transaction() as conn:
            ada = users.create(conn, login="ada", password="correct horse", role="reader")  # noqa: S106 - a test's
            stream = catalogue.ensure_stream(conn, name="s", device="d", t0_us=signal.t0_us)
            group = catalogue.ensure_group(conn, stream.id, signal)
            waveforms.store_blocks(conn, group, [Block(0, recording)])
        programme = Programme(database, group, ada.actor)
        (before_us,) = query(database, "SELECT clock_us()")
    backups = []
    steps = (
        lambda: programme.revise(0, "confirm"),
        lambda: (programme.revise(1, "reject"), programme.mark(300, 1_700), programme.relabel_beats()),
        lambda: (programme.revise(0, "relabel", label="AFIB"), programme.revise(2, "delete")),
    )
    try:
        for number, step in enumerate(steps):
            with Database.open(database_dsn) as programme.database:
                step()
                (at_us,) = query(programme.database, "SELECT clock_us()")
            backups.append((f"{name}_backup_{number}", at_us))
            with psycopg.connect(make_conninfo(database_dsn, dbname="postgres"), autocommit=True) as conn:
                conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
                wanted = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                conn.execute(wanted.format(sql.Identifier(backups[-1][0]), sql.Identifier(name)))
        for backup, at_us in backups:
            with Database.open(make_conninfo(database_dsn, dbname=backup)) as then:
                copy = states(then, stream.id)
            with Database.open(database_dsn) as now, now.transaction() as conn:
                assert as_of.rows(conn, stream.id, at_us) == copy
                assert as_of.rows(conn, stream.id, before_us) != copy
    finally:
        with psycopg.connect(make_conninfo(database_dsn, dbname="postgres"), autocommit=True) as conn:
            for backup, _ in backups:
                conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(backup)))


def query(database, statement):
    with database.transaction() as conn:
        return conn.execute(statement).fetchone()
