"""psycopg's errors become ours in one place; a pool outlives its server."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg
from psycopg_pool import PoolTimeout

from signal_processing.errors import RhythmarkError
from storage.database import Database, translated
from storage.embedded import EmbeddedServer
from storage.errors import (
    ConstraintError,
    ContentionError,
    DatabaseUnavailableError,
    DiskFullError,
    RetryLaterError,
    SchemaError,
    StorageError,
)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pg.DiskFull("could not extend file"), DiskFullError),
        (pg.AdminShutdown("terminating connection"), DatabaseUnavailableError),
        (pg.CrashShutdown(), DatabaseUnavailableError),
        (pg.CannotConnectNow("starting up"), DatabaseUnavailableError),
        (pg.ConnectionFailure(), DatabaseUnavailableError),
        (pg.TooManyConnections(), DatabaseUnavailableError),
        (pg.OutOfMemory(), DatabaseUnavailableError),
        (pg.ReadOnlySqlTransaction("a standby"), DatabaseUnavailableError),
        (psycopg.OperationalError("consuming input failed"), DatabaseUnavailableError),
        (PoolTimeout("no connection in 10 s"), DatabaseUnavailableError),
        (pg.DeadlockDetected(), ContentionError),
        (pg.SerializationFailure(), ContentionError),
        (pg.LockNotAvailable(), ContentionError),
        (pg.UndefinedTable("streams"), SchemaError),
        (pg.UndefinedColumn(), SchemaError),
        (pg.UniqueViolation(), ConstraintError),
        (pg.CheckViolation(), ConstraintError),
        (pg.RestrictViolation("append-only"), ConstraintError),
        (pg.NumericValueOutOfRange(), ConstraintError),
        (psycopg.DataError("NUL"), ConstraintError),
        (pg.InsufficientPrivilege(), StorageError),
        (psycopg.ProgrammingError("odd"), StorageError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_of_psycopg_becomes_one_of_ours(error, kind):
    assert type(translated(error)) is kind
    assert isinstance(translated(error), RhythmarkError)


def test_what_may_be_done_again_is_told_apart_from_what_is_wrong():
    assert {kind for kind in StorageError.__subclasses__() if issubclass(kind, RetryLaterError)} == {RetryLaterError}
    assert set(RetryLaterError.__subclasses__()) == {DatabaseUnavailableError, DiskFullError, ContentionError}


def test_disk_full_inside_a_transaction_is_translated_and_nothing_is_stored(database):
    def fill():
        with database.transaction() as conn:
            conn.execute("INSERT INTO devices (name) VALUES ('a')")
            conn.execute("DO $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$")

    with pytest.raises(DiskFullError, match="no disk space left: no space left on device"):
        fill()
    with database.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM devices").fetchone() == (0,)


def test_transaction_commits_at_the_end_and_rolls_back_on_an_error(database):
    class OurError(Exception):
        pass

    def fail():
        with database.transaction() as conn:
            conn.execute("INSERT INTO devices (name) VALUES ('lost')")
            raise OurError

    with database.transaction() as conn:
        conn.execute("INSERT INTO devices (name) VALUES ('kept')")
    with pytest.raises(OurError):
        fail()
    with database.transaction() as conn:
        assert conn.execute("SELECT name FROM devices").fetchall() == [("kept",)]


def test_constraint_is_translated_also_when_it_breaks_at_the_commit(database):
    def break_at_commit():
        with database.transaction() as conn:
            conn.execute("CREATE TABLE late (a integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            conn.execute("INSERT INTO late VALUES (1), (1)")

    with pytest.raises(ConstraintError, match="duplicate key"):
        break_at_commit()


def test_capabilities_tell_what_the_server_is(database):
    assert database.capabilities.server_version.startswith("18.")
    assert database.capabilities.timescaledb_version is None


@pytest.mark.timescaledb
def test_capabilities_tell_of_timescaledb_and_its_licence(timescale_database):
    assert timescale_database.capabilities.timescaledb_version
    assert timescale_database.capabilities.timescaledb_licence in {"timescale", "apache"}


def test_connections_that_the_server_cut_are_replaced_unseen(database, database_dsn):
    with database.transaction() as conn:
        mine = conn.info.backend_pid
    with psycopg.connect(database_dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
    with database.transaction() as conn:
        assert conn.info.backend_pid != mine


def test_database_waits_while_the_server_is_gone_and_goes_on_soon_after_it_is_back(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="rhythmark-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = EmbeddedServer(folder / "data", durable=False)
        dsn = server.start()
        port = psycopg.conninfo.conninfo_to_dict(dsn)["port"]
        database = Database.open(dsn, timeout_s=1.0)
        try:
            server.stop()
            for _ in range(3):
                with pytest.raises(DatabaseUnavailableError), database.transaction() as conn:
                    conn.execute("SELECT 1")
            monkeypatch.setattr("storage.embedded._free_port", lambda: int(port))
            assert server.start() == dsn
            assert _first_answer(database) == 1
        finally:
            database.close()
            server.stop()


def _first_answer(database):
    """What a worker does: wait and do the whole transaction again."""
    for _ in range(30):
        try:
            with database.transaction() as conn:
                return conn.execute("SELECT 1").fetchone()[0]
        except DatabaseUnavailableError:
            continue
    return None


def test_many_threads_share_the_pool(database_dsn):
    seen = []

    def work(database):
        for _ in range(10):
            with database.transaction() as conn:
                seen.append(conn.execute("SELECT pg_backend_pid()").fetchone()[0])

    with Database.open(database_dsn, max_size=3) as database:
        threads = [threading.Thread(target=work, args=[database]) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen) == 60
    assert len(set(seen)) <= 3
