"""Numbered migrations: each once, in order, in its own transaction, under a lock that all starters share."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING

import msgspec
import psycopg
import structlog

from storage import pyramids, queries
from storage.database import Capabilities, connect, probe, translating
from storage.errors import SchemaError
from storage.rows import fetch_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("server")
_FILE = re.compile(r"(\d{4})_\w+\.sql")

_log = structlog.get_logger(__name__)


class Migration(msgspec.Struct, frozen=True):
    """One file of `storage/migrations`."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text: an applied migration is never edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationStatus(msgspec.Struct, frozen=True):
    """What `rhythmark db status` says.

    Parameters
    ----------
    server_version, timescaledb_version, timescaledb_licence : what was found; None where the extension is not in use.
    timescaledb_note : one sentence on the extension: in use, not there, or there and why not used.
    applied, pending : names of migrations, in order.
    changed : names of applied migrations whose text differs from what was applied.
    """

    server_version: str
    timescaledb_version: str | None
    timescaledb_licence: str | None
    timescaledb_note: str
    applied: list[str]
    pending: list[str]
    changed: list[str]


def migrations() -> list[Migration]:
    """Every migration there is, in order.

    Raises
    ------
    SchemaError : if the numbers are not 1, 2, 3, ...
    """
    files = sorted(
        (entry for entry in resources.files("storage").joinpath("migrations").iterdir() if _FILE.fullmatch(entry.name)),
        key=lambda entry: entry.name,
    )
    found = [
        Migration(int(entry.name[:4]), entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in files
    ]
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        msg = f"migrations must be numbered 1, 2, 3, ... without a gap, got {numbers}"
        raise SchemaError(msg)
    return found


def upgrade(dsn: str) -> list[str]:
    """Apply what is pending, and use TimescaleDB where it is there; a second run changes nothing.

    Returns
    -------
    Names of the migrations that were applied now.

    Raises
    ------
    SchemaError : if an applied migration was edited since, or is unknown to this code.
    DatabaseUnavailableError : if the server does not answer.
    """
    with connect(dsn, autocommit=True) as conn, translating(), _locked(conn):
        conn.execute(_SQL["create_migrations_table"])
        pending = _checked_pending(conn)
        _create_extension(dsn)
        for migration in pending:
            with conn.transaction():
                conn.execute(migration.sql)
                if migration.name.endswith("_pyramid"):
                    pyramids.fill(conn)
                conn.execute(_SQL["record_migration"], (migration.number, migration.name, migration.checksum))
            _log.info("migration applied", migration=migration.name)
        _adopt_timescaledb(dsn)
    return [migration.name for migration in pending]


def require_current(dsn: str) -> None:
    """Refuse a database that lacks a migration, before anything runs on it.

    Raises
    ------
    DatabaseUnavailableError : if the server does not answer.
    SchemaError : if a migration is missing.
    """
    pending = status(dsn).pending
    if pending:
        msg = f"the database must be migrated (`rhythmark db upgrade`): {', '.join(pending)} not applied"
        raise SchemaError(msg)


def status(dsn: str) -> MigrationStatus:
    """What the server is and which migrations it has; changes nothing."""
    with connect(dsn, autocommit=True) as conn, translating():
        capabilities = probe(conn)
        applied = _applied(conn)
        known = {migration.number: migration for migration in migrations()}
        return MigrationStatus(
            server_version=capabilities.server_version,
            timescaledb_version=capabilities.timescaledb_version,
            timescaledb_licence=capabilities.timescaledb_licence,
            timescaledb_note=_timescaledb_note(conn, capabilities),
            applied=[name for name, _ in applied.values()],
            pending=[migration.name for number, migration in known.items() if number not in applied],
            changed=[
                name
                for number, (name, checksum) in applied.items()
                if number not in known or known[number].checksum != checksum
            ],
        )


@contextmanager
def _locked(conn: Connection[TupleRow]) -> Iterator[None]:
    conn.execute(_SQL["lock_migrations"])
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute(_SQL["unlock_migrations"])


def _applied(conn: Connection[TupleRow]) -> dict[int, tuple[str, str]]:
    exists = conn.execute(_SQL["has_migrations_table"]).fetchone()
    if exists is None or not exists[0]:
        return {}
    return {number: (name, checksum) for number, name, checksum in conn.execute(_SQL["applied_migrations"])}


def _checked_pending(conn: Connection[TupleRow]) -> list[Migration]:
    known = {migration.number: migration for migration in migrations()}
    applied = _applied(conn)
    for number, (name, checksum) in applied.items():
        if number not in known:
            msg = f"every applied migration must be known to this code, got {name!r}; known are 1 to {len(known)}"
            raise SchemaError(msg)
        if known[number].checksum != checksum:
            msg = f"an applied migration must not be edited: {name!r} has another checksum than when it was applied"
            raise SchemaError(msg)
    return [migration for number, migration in known.items() if number not in applied]


def _create_extension(dsn: str) -> None:
    """On a connection of its own: a server that has not preloaded the library ends the connection."""
    with connect(dsn, autocommit=True) as conn:
        if probe(conn).timescaledb_version or conn.execute(_SQL["extension_available"]).fetchone() is None:
            return
        try:
            conn.execute(_SQL["create_extension"])
        except psycopg.Error as error:
            _log.warning("TimescaleDB is there but not used", reason=str(error).strip())


def _adopt_timescaledb(dsn: str) -> None:
    """Make the waveforms a hypertable; existing rows move into its chunks. A new connection, to see the extension."""
    with connect(dsn, autocommit=True) as conn, translating():
        if probe(conn).timescaledb_version is None:
            return
        with conn.transaction():
            done = conn.execute(_SQL["is_hypertable"]).fetchone()
            if done is not None and done[0]:
                conn.execute(_SQL["set_chunk_length"])  # of chunks to come; older ones were of a week
                return
            if fetch_value(conn, _SQL["is_partitioned"]):
                conn.execute(_SQL["leave_partitions"])
            conn.execute(_SQL["create_hypertable"])
            conn.execute(_SQL["set_integer_now"])
        _log.info("waveforms are a hypertable")


def _timescaledb_note(conn: Connection[TupleRow], capabilities: Capabilities) -> str:
    if capabilities.timescaledb_version is not None:
        return f"in use, version {capabilities.timescaledb_version}, licence {capabilities.timescaledb_licence}"
    available = conn.execute(_SQL["extension_available"]).fetchone()
    if available is None:
        return "not installed on the server; plain tables are used"
    return (
        f"version {available[0]} is installed on the server but not in this database: the server must preload it "
        "(shared_preload_libraries) and a permitted role must run CREATE EXTENSION timescaledb; plain tables are used"
    )


def schema_listing(conn: Connection[TupleRow]) -> str:
    """The schema that a database has, as text that is the same on every server version: `storage/schema.sql`."""
    rows = conn.execute(queries.load("schema")["listing"]).fetchall()
    return "".join(f"{row[0].rstrip()};\n\n" for row in rows)
