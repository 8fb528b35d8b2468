"""The connection pool, what the server was found to be, and the one place where psycopg's errors become ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import msgspec
import psycopg
from psycopg import Connection, conninfo
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from storage import binary_arrays, errors, queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

_SQL = queries.load("server")

_CONNECT_OPTIONS: dict[str, Any] = {
    "application_name": "rhythmark",
    "connect_timeout": 5,
    # a server that vanished without a word is noticed within seconds, not after the kernel's quarter of an hour
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    # and the server lets go of a client that vanished: what it had locked, others wait for
    "options": "-c timezone=UTC -c tcp_user_timeout=10000 -c tcp_keepalives_idle=10"
    " -c idle_in_transaction_session_timeout=120000",
}
# Beyond this the pool gives an attempt up; the next request starts a new one at once. psycopg's default (5 min of
# doubling waits) would leave a worker waiting minutes after the server is back.
_RECONNECT_TIMEOUT_S = 2.0

MAX_PORT = 65_535

_UNAVAILABLE = ("08", "57P", "53", "25006", "58000")
_CONTENTION = ("40001", "40P01", "55P03")
_NOT_MIGRATED = ("42P01", "42703", "42883", "3F000")
_CONSTRAINT = ("22", "23", "P0001")


binary_arrays.register(psycopg.adapters)
set_json_loads(msgspec.json.decode)  # of the small documents in hundreds of rows, 0.1 us each where json takes 2.5


class Capabilities(msgspec.Struct, frozen=True):
    """What the server was found to be.

    Parameters
    ----------
    server_version : as the server says it ("18.6").
    timescaledb_version : None where the database lacks the extension.
    timescaledb_licence : "timescale" (columnstore, retention) or "apache" (hypertables only); None without it.
    """

    server_version: str
    timescaledb_version: str | None
    timescaledb_licence: str | None


def _kind(error: Exception, state: str) -> tuple[type[errors.StorageError], str]:
    """Which error of ours, and how its message begins."""
    unanswered = isinstance(error, (PoolTimeout, PoolClosed, TooManyRequests, psycopg.OperationalError)) and not state
    rules: list[tuple[bool, type[errors.StorageError], str]] = [
        (state == "53100", errors.DiskFullError, "the database server has no disk space left"),
        (unanswered or state.startswith(_UNAVAILABLE), errors.DatabaseUnavailableError, "the database does not answer"),
        (state in _CONTENTION, errors.ContentionError, "another transaction was in the way"),
        (state in _NOT_MIGRATED, errors.SchemaError, "the database must be migrated (`rhythmark db upgrade`)"),
        (
            state.startswith(_CONSTRAINT) or isinstance(error, psycopg.DataError),
            errors.ConstraintError,
            "the database refuses the value",
        ),
    ]
    for applies, kind, text in rules:
        if applies:
            return kind, text
    return errors.StorageError, f"database error {state or 'without a code'}"


def translated(error: Exception) -> errors.StorageError:
    """The error of ours that stands for one of psycopg's; the server's message is kept, never the connection string."""
    kind, text = _kind(error, getattr(error, "sqlstate", None) or "")
    return kind(f"{text}: {str(error).strip() or type(error).__name__}")


@contextmanager
def translating() -> Iterator[None]:
    """Let no exception of psycopg out of the block."""
    try:
        yield
    except (psycopg.Error, PoolTimeout, PoolClosed, TooManyRequests) as error:
        raise translated(error) from error


def connect(dsn: str, *, autocommit: bool = False) -> Connection[TupleRow]:
    """One connection of its own, outside any pool.

    Raises
    ------
    DatabaseUnavailableError : if the server does not answer.
    """
    try:
        facts = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # what libpq says of it may hold a part of the password
        msg = "address of the database must be a URI, postgresql://user:password@host:port/name, or key=value pairs"
        raise errors.ConstraintError(msg) from None
    for port in filter(None, str(facts.get("port") or "").split(",")):  # libpq would say so too, but as a server away
        if not (port.isdecimal() and 1 <= int(port) <= MAX_PORT):
            msg = f"port of the database must be within [1, {MAX_PORT}], got {port!r}"
            raise errors.ConstraintError(msg)
    with translating():
        return psycopg.connect(dsn, autocommit=autocommit, **_CONNECT_OPTIONS)


def probe(conn: Connection[TupleRow]) -> Capabilities:
    """Ask a server what it is."""
    row = conn.execute(_SQL["capabilities"]).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return Capabilities(*row)


class Database:
    """A pool of connections to one migrated database.

    Parameters
    ----------
    pool : open or about to be; the database closes it.
    capabilities : what the server was found to be.
    """

    def __init__(self, pool: ConnectionPool[Connection[TupleRow]], capabilities: Capabilities) -> None:
        self._pool = pool
        self.capabilities = capabilities

    @classmethod
    def open(cls, dsn: str, *, min_size: int = 1, max_size: int = 8, timeout_s: float = 10.0) -> Self:
        """Connect, look at the server, and start a pool.

        Parameters
        ----------
        dsn : libpq connection string or URI.
        min_size, max_size : connections kept and allowed.
        timeout_s : how long `transaction` waits for a connection.

        Raises
        ------
        DatabaseUnavailableError : if the server does not answer.
        """
        with connect(dsn) as conn:
            capabilities = probe(conn)
        pool = ConnectionPool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=timeout_s,
            reconnect_timeout=_RECONNECT_TIMEOUT_S,
            kwargs=_CONNECT_OPTIONS,
            # a connection that died with the server is replaced here instead of failing the transaction
            check=ConnectionPool.check_connection,
            open=True,
        )
        return cls(pool, capabilities)

    @contextmanager
    def transaction(self) -> Iterator[Connection[TupleRow]]:
        """A connection inside a transaction: committed at the end, rolled back on any error.

        Raises
        ------
        StorageError : whatever psycopg raised inside or at the commit, translated.
        """
        with translating(), self._pool.connection() as conn:
            yield conn

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
