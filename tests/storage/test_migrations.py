"""Migrations add up to the schema, run once, and use TimescaleDB where it is there."""

from __future__ import annotations

import os
import shutil
import threading
from importlib import resources
from pathlib import Path

import numpy as np
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from signal_processing.values import Block, Channel, Signal
from storage import catalogue, migrations, queries, waveforms
from storage.database import Database
from storage.errors import DatabaseUnavailableError, SchemaError, StorageError

SCHEMA = Path(migrations.__file__).parent / "schema.sql"


def test_migrations_add_up_to_the_schema_file(any_database):
    with any_database.transaction() as conn:
        listing = migrations.schema_listing(conn)
    if os.environ.get("RHYTHMARK_WRITE_SCHEMA"):  # how the file is made anew after a migration is added
        SCHEMA.write_text(listing, encoding="utf-8")
    assert listing == SCHEMA.read_text(encoding="utf-8")


def test_upgrade_applies_each_migration_once(empty_dsn):
    names = [migration.name for migration in migrations.migrations()]
    assert migrations.status(empty_dsn).pending == names
    assert migrations.upgrade(empty_dsn) == names
    assert migrations.upgrade(empty_dsn) == []
    assert migrations.status(empty_dsn).applied == names
    assert migrations.status(empty_dsn).pending == []


def test_upgrade_run_by_many_at_once_applies_each_migration_once(empty_dsn):
    applied = []
    threads = [threading.Thread(target=lambda: applied.extend(migrations.upgrade(empty_dsn))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert applied == [migration.name for migration in migrations.migrations()]


def test_upgrade_refuses_a_migration_that_was_edited_after_it_was_applied(database_dsn):
    with psycopg.connect(database_dsn) as conn:
        conn.execute("UPDATE schema_migrations SET checksum = 'other' WHERE number = 1")
    assert migrations.status(database_dsn).changed == ["0001_house"]
    with pytest.raises(SchemaError, match="'0001_house' has another checksum"):
        migrations.upgrade(database_dsn)


def test_upgrade_refuses_a_database_of_newer_code(database_dsn):
    with psycopg.connect(database_dsn) as conn:
        conn.execute("INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, '9999_future', '')")
    with pytest.raises(SchemaError, match="9999_future"):
        migrations.upgrade(database_dsn)


def test_a_migration_that_fails_leaves_nothing_of_itself(empty_dsn, monkeypatch):
    broken = migrations.Migration(1, "0001_broken", "CREATE TABLE half (a integer); SELECT 1 / 0")
    monkeypatch.setattr(migrations, "migrations", lambda: [broken])
    with pytest.raises(StorageError, match="division by zero"):
        migrations.upgrade(empty_dsn)
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("SELECT to_regclass('half')").fetchone() == (None,)
        assert conn.execute("SELECT count(*) FROM schema_migrations").fetchone() == (0,)


def test_status_and_upgrade_say_that_the_server_does_not_answer():
    dsn = "postgresql://nobody@127.0.0.1:1/none"
    for ask in (migrations.status, migrations.upgrade, Database.open):
        with pytest.raises(DatabaseUnavailableError, match="does not answer"):
            ask(dsn)


def test_using_a_database_that_is_not_migrated_names_the_command(empty_dsn):
    with (
        Database.open(empty_dsn) as database,
        pytest.raises(SchemaError, match="rhythmark db upgrade"),
        database.transaction() as conn,
    ):
        catalogue.list_streams(conn)


def test_require_current_names_what_is_missing_and_the_command(empty_dsn):
    with pytest.raises(SchemaError, match=r"`rhythmark db upgrade`.*0001_house.* not applied"):
        migrations.require_current(empty_dsn)
    migrations.upgrade(empty_dsn)
    migrations.require_current(empty_dsn)


def test_status_on_plain_postgresql_says_that_timescaledb_is_not_installed(database_dsn):
    status = migrations.status(database_dsn)
    assert (status.timescaledb_version, status.timescaledb_licence) == (None, None)
    assert status.timescaledb_note.startswith("not installed")
    assert status.server_version.startswith("18.")


@pytest.mark.timescaledb
def test_waveforms_are_a_hypertable_where_timescaledb_is(timescale_database_dsn):
    status = migrations.status(timescale_database_dsn)
    assert status.timescaledb_version
    assert status.timescaledb_licence in {"timescale", "apache"}
    assert status.timescaledb_note.startswith("in use, version")
    with psycopg.connect(timescale_database_dsn) as conn:
        dimension = conn.execute(
            "SELECT column_name, integer_interval, integer_now_func FROM timescaledb_information.dimensions"
            " WHERE hypertable_name = 'waveform_blocks'"
        ).fetchall()
    assert dimension == [("start_us", 86_400_000_000, "now_us")]


@pytest.mark.timescaledb
def test_samples_move_into_the_hypertable_when_the_extension_comes_later(timescale_dsn, monkeypatch):
    name = f"rhythmark_later_{os.getpid()}"
    with psycopg.connect(timescale_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        dsn = make_conninfo(timescale_dsn, dbname=name)
        try:
            _check_that_samples_move(dsn, monkeypatch)
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _check_that_samples_move(dsn, monkeypatch):
    with monkeypatch.context() as without:
        without.setattr(migrations, "_create_extension", lambda _: None)
        migrations.upgrade(dsn)
    samples = np.arange(20_000, dtype=np.int16).reshape(-1, 1)
    signal = Signal("s", "ecg", 360.0, 1_700_000_000_000_000, (Channel("I", "mV"),))
    with Database.open(dsn) as database, database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="s", device="d", t0_us=signal.t0_us)
        group = catalogue.ensure_group(conn, stream.id, signal)
        waveforms.store_blocks(conn, group, [Block(0, samples)])
    assert "installed on the server but not in this database" in migrations.status(dsn).timescaledb_note
    assert migrations.upgrade(dsn) == []
    with Database.open(dsn) as database, database.transaction() as conn:
        assert database.capabilities.timescaledb_version
        (block,) = waveforms.read_window(conn, group, 0, 20_000)
        (chunks,) = conn.execute("SELECT count(*) FROM show_chunks('waveform_blocks')").fetchone()
    np.testing.assert_array_equal(block.samples, samples)
    assert chunks == 1


@pytest.mark.timescaledb
def test_upgrade_goes_on_with_plain_tables_when_the_role_may_not_create_the_extension(timescale_dsn):
    name = f"rhythmark_humble_{os.getpid()}"
    role = {"role": sql.Identifier(name), "password": sql.Literal("secret")}
    with psycopg.connect(timescale_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE ROLE {role} LOGIN PASSWORD {password}").format(**role))
        conn.execute(sql.SQL("CREATE DATABASE {role}").format(**role))
        try:
            # the extension is a trusted one: whoever may create in the database may create it
            with psycopg.connect(make_conninfo(timescale_dsn, dbname=name)) as inside:
                inside.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {role}").format(**role))
            dsn = make_conninfo(timescale_dsn, dbname=name, user=name, password="secret")  # noqa: S106 - a test's
            assert migrations.upgrade(dsn) == [migration.name for migration in migrations.migrations()]
            status = migrations.status(dsn)
            assert status.timescaledb_version is None
            assert "a permitted role must run CREATE EXTENSION" in status.timescaledb_note
        finally:
            conn.execute(sql.SQL("DROP DATABASE {role} WITH (FORCE)").format(**role))
            conn.execute(sql.SQL("DROP ROLE {role}").format(**role))


def test_migrations_must_be_numbered_without_a_gap(tmp_path, monkeypatch):
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("0001_a.sql", "0003_b.sql"):
        shutil.copy(SCHEMA, folder / name)
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    with pytest.raises(SchemaError, match=r"got \[1, 3\]"):
        migrations.migrations()


def test_named_sql_is_split_at_its_names():
    text = "-- a comment\n\n-- name: first\nSELECT 1;\n-- name: second\n-- why\nSELECT 2\n"
    assert queries.parse(text) == {"first": "SELECT 1", "second": "-- why\nSELECT 2"}


@pytest.mark.parametrize("text", ["-- name: a\nSELECT 1\n-- name: a\nSELECT 2", "-- name: a\n\n"])
def test_named_sql_refuses_a_name_twice_or_without_a_statement(text):
    with pytest.raises(SchemaError, match="'a'"):
        queries.parse(text)


def test_every_statement_of_the_room_is_named_and_parses():
    folder = Path(queries.__file__).parent / "sql"
    assert {path.stem for path in folder.glob("*.sql")} >= {"waveforms", "annotations", "users"}
    for path in folder.glob("*.sql"):
        assert queries.load(path.stem)


def test_database_address_in_a_message_never_shows_the_password():
    dsn = make_conninfo("postgresql://user@127.0.0.1:1/none", password="topsecret")  # noqa: S106 - a test's
    assert conninfo_to_dict(dsn)["password"] == "topsecret"  # noqa: S105 - a test's
    with pytest.raises(DatabaseUnavailableError) as caught:
        Database.open(dsn)
    assert "topsecret" not in str(caught.value)


def test_no_index_holds_what_every_message_changes_of_a_group(any_database):
    """Else the server cannot update the row in place, and each index of the table grows with every message."""
    query = """SELECT a.attname FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
        WHERE i.indrelid = 'channel_groups'::regclass"""
    with any_database.transaction() as conn:
        indexed = {name for (name,) in conn.execute(query)}
    assert indexed
    assert not indexed & {"next_sample", "n_stored", "updated_us"}
