"""Databases for tests: an embedded PostgreSQL, and a real TimescaleDB where one can be had; reference recordings.

Each test gets a database of its own, copied from a migrated template in milliseconds.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import argon2
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from storage import migrations, users
from storage.database import Database
from storage.embedded import EmbeddedServer

pytest_plugins = ["tests.kafka_fixtures"]

# A run started in the background of a shell ignores Ctrl+C, and so would every program that the tests start and stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

WFDB_PROGRAM_FIXTURES = {"wfdb_program", "bxb"}


def _has_wfdb_programs():
    return shutil.which("bxb", path=os.environ.get("RHYTHMARK_WFDB_BIN")) is not None


def pytest_report_header():
    """WFDB's C programs come from no registry; what must hold without them is compared with what they once said."""
    if _has_wfdb_programs():
        return "WFDB's programs: found, tests compare with them"
    return "WFDB's programs: not on PATH nor at RHYTHMARK_WFDB_BIN, tests that run them are deselected"


def pytest_collection_modifyitems(config, items):
    """Without WFDB's programs the tests that run them are no part of the run; the header says so."""
    if _has_wfdb_programs():
        return
    left_out = [item for item in items if WFDB_PROGRAM_FIXTURES & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


_numbers = itertools.count(1)

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
MEMORY_BYTES = 8 * 2**30
"""Free there at least: databases and logs of both servers take one to two of it."""
SMALL_LOG = {"max_wal_size": "512MB"}


@contextmanager
def _server_folder():
    """A folder that PostgreSQL's account can reach (pytest's own is closed to it), in memory where there is much.

    A test's database is some hundred files, and on a disk to make them takes longer than most tests.
    """
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    folder = Path(tempfile.mkdtemp(prefix="rhythmark-test-", dir=MEMORY if in_memory else None))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_dsn():
    """An embedded PostgreSQL for the whole run."""
    with _server_folder() as folder, EmbeddedServer(folder, durable=False, settings=SMALL_LOG) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def timescale_dsn():
    """A PostgreSQL that has preloaded TimescaleDB: RHYTHMARK_TEST_DSN, or a local installation started for the run."""
    given = os.environ.get("RHYTHMARK_TEST_DSN")
    if given:
        yield given
        return
    bin_dir = _timescale_bin_dir()
    if bin_dir is None:
        pytest.skip("no TimescaleDB: set RHYTHMARK_TEST_DSN, or install it into a local PostgreSQL")
    settings = SMALL_LOG | {
        "shared_preload_libraries": "timescaledb",
        "timescaledb.telemetry_level": "off",
        "timescaledb.max_background_workers": "0",  # no jobs are tested, and their scheduler slows every DROP DATABASE
    }
    with (
        _server_folder() as folder,
        EmbeddedServer(folder, bin_dir=bin_dir, durable=False, settings=settings) as dsn,
    ):
        yield dsn


def _timescale_bin_dir():
    for bin_dir in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        config = bin_dir / "pg_config"
        if not config.exists():
            continue
        said = subprocess.run([config, "--sharedir"], capture_output=True, text=True, check=True)
        if (Path(said.stdout.strip()) / "extension" / "timescaledb.control").exists():
            return bin_dir
    return None


@contextmanager
def _template(server_dsn):
    """A migrated database that others are copied from; its name is this process's own, for a server may be shared."""
    name = f"rhythmark_template_{os.getpid()}"
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    migrations.upgrade(make_conninfo(server_dsn, dbname=name))
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        # TimescaleDB's scheduler visits every database it may connect to, and a visited one cannot be copied
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
    yield name
    _dropped(server_dsn, name)


@pytest.fixture(scope="session")
def postgres_template(postgres_dsn):
    with _template(postgres_dsn) as name:
        yield name


@pytest.fixture(scope="session")
def timescale_template(timescale_dsn):
    with _template(timescale_dsn) as name:
        yield name


def _copied(server_dsn, template):
    """The name of a new copy of a template."""
    name = f"rhythmark_test_{os.getpid()}_{next(_numbers)}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def _dropped(server_dsn, name):
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def copies():
    """Gives copies of templates; the next one is made while a test has its own: a copy takes a quarter of a second."""
    ahead = {}
    with ThreadPoolExecutor(1) as pool:

        def copy(server_dsn, template):
            made = ahead.pop((server_dsn, template), None)
            name = _copied(server_dsn, template) if made is None or made.exception() else made.result()
            ahead[server_dsn, template] = pool.submit(_copied, server_dsn, template)
            return name

        yield copy
    for (server_dsn, _), made in ahead.items():
        with suppress(psycopg.Error):  # a server of the tests' own may be gone by now, and its databases with it
            _dropped(server_dsn, made.result())


@contextmanager
def _copy(server_dsn, template, copies):
    """A database of its own, dropped at the end."""
    name = copies(server_dsn, template)
    try:
        yield make_conninfo(server_dsn, dbname=name)
    finally:
        _dropped(server_dsn, name)


@pytest.fixture
def database_dsn(postgres_dsn, postgres_template, copies):
    """Address of a migrated, empty database; for tests that start programs of their own."""
    with _copy(postgres_dsn, postgres_template, copies) as dsn:
        yield dsn


@pytest.fixture
def database(database_dsn):
    """A migrated, empty Database on plain PostgreSQL."""
    with Database.open(database_dsn) as opened:
        yield opened


@pytest.fixture
def other_database_dsn(postgres_dsn, postgres_template, copies):
    """Address of a second migrated, empty database, for the run that nothing disturbs."""
    with _copy(postgres_dsn, postgres_template, copies) as dsn:
        yield dsn


@pytest.fixture
def other_database(other_database_dsn):
    """The second database, opened."""
    with Database.open(other_database_dsn) as opened:
        yield opened


@pytest.fixture
def empty_dsn(postgres_dsn, copies):
    """Address of a database without any migration."""
    with _copy(postgres_dsn, "template1", copies) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def timescale_shared_dsn(timescale_dsn, timescale_template, copies):
    with _copy(timescale_dsn, timescale_template, copies) as dsn:
        yield dsn


@pytest.fixture
def timescale_database_dsn(timescale_shared_dsn):
    """Address of a migrated, empty database on TimescaleDB; the test is skipped where there is none.

    One for the whole run, emptied before each test: to copy one with the extension takes most of a second.
    """
    with psycopg.connect(timescale_shared_dsn, autocommit=True) as conn:
        tables = conn.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
        ).fetchall()
        conn.execute("SET session_replication_role = replica")  # the append-only tables refuse to be emptied otherwise
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
        conn.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(names))
    return timescale_shared_dsn


@pytest.fixture
def timescale_database(timescale_database_dsn):
    """A migrated, empty Database on TimescaleDB; the test is skipped where there is none."""
    with Database.open(timescale_database_dsn) as opened:
        yield opened


@pytest.fixture(
    params=["database", pytest.param("timescale_database", marks=pytest.mark.timescaledb)],
    ids=["postgresql", "timescaledb"],
)
def any_database(request):
    """The same test on plain PostgreSQL and on TimescaleDB."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def browser():
    """A real Chromium for the whole run; the test is skipped where there is none. Its driver runs once in a process."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on PATH: install Debian's package chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def data_dir():
    """The reference recordings: RHYTHMARK_DATA, or ../shared/data beside the repository; else the test is skipped."""
    default = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("RHYTHMARK_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no reference recordings at {folder}: set RHYTHMARK_DATA")
    return folder


@pytest.fixture
def cheap_hashes(monkeypatch):
    """The same algorithm with little work, for tests that hash a hundred times."""
    monkeypatch.setattr(users, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=1_024))
    users._dummy_hash.cache_clear()
    yield
    users._dummy_hash.cache_clear()
