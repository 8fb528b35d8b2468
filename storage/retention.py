"""Old days of samples are dropped, whole partitions or chunks at a time, in one transaction.

Machine beats and the pyramid of those days go with them, and the catalogue's extents are corrected. Annotations, their
revisions and the audit log stay. So do, by default, the samples of every cell in which a person labelled something, of
all channel groups of the stream: what a decision was made on can be looked at as long as the decision stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog
from psycopg import sql

from storage import audit, catalogue, partitions, pyramids, queries
from storage.database import probe
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor

_SQL = queries.load("retention")
_log = structlog.get_logger(__name__)


class Dropped(msgspec.Struct, frozen=True):
    """What was dropped.

    Parameters
    ----------
    partitions : names of the partitions or chunks that went, oldest first.
    n_groups, n_samples : channel groups that lost samples, and how many sample times in all.
    n_kept_blocks : rows in these days that stayed, because a person labelled something there.
    """

    partitions: list[str]
    n_groups: int
    n_samples: int
    n_kept_blocks: int


class _Part(msgspec.Struct, frozen=True):
    name: str
    start_us: int
    end_us: int


def keep_days(conn: Connection[TupleRow]) -> int | None:
    """How many days samples are kept; None means for ever, as it is unless somebody said otherwise."""
    row = fetch_one(conn, _SQL["get_days"])
    return None if row is None else row[0]


def set_keep_days(conn: Connection[TupleRow], days: int | None, *, actor: Actor) -> None:
    """Say how long samples are kept; nothing goes before `apply`.

    Raises
    ------
    ConstraintError : if it is less than a day.
    """
    if days is None:
        conn.execute(_SQL["forget_days"])
    else:
        conn.execute(_SQL["set_days"], {"days": days, "login": actor.login})
    audit.record(conn, actor, "retention-set", "samples", {"days": days})


def cutoff_us(conn: Connection[TupleRow], days: int) -> int:
    """Midnight UTC before which samples are older than that many days."""
    cutoff: int = fetch_value(conn, _SQL["cutoff"], {"days": days})
    return cutoff


def apply(conn: Connection[TupleRow], before_us: int, *, actor: Actor, keep_labelled: bool = True) -> Dropped:
    """Drop the days that ended by `before_us`.

    Writers of these groups, and for the moment of dropping all readers, wait; after 5 s of waiting for them it gives
    up instead.

    Raises
    ------
    ContentionError : if the tables stayed locked; nothing has changed then.
    """
    is_hypertable = probe(conn).timescaledb_version is not None
    parts = [_Part(*row) for row in fetch(conn, _SQL["chunks" if is_hypertable else "partitions"])]
    conn.execute("SET LOCAL lock_timeout = '5s'")
    dropped: list[_Part] = []
    groups: set[int] = set()
    n_samples = n_kept = 0
    for part in parts:
        if part.end_us > before_us:
            continue
        bounds = {"start_us": part.start_us, "end_us": part.end_us, "keep_labelled": keep_labelled}
        for statement in _SQL["make_tables"].split(";"):
            conn.execute(statement)
        for statement in ("lock_groups", "find_kept", "find_gone"):
            conn.execute(_SQL[statement], bounds)
        gone = fetch(conn, _SQL["gone"])
        kept = fetch_value(conn, _SQL["count_kept"])
        if not gone and kept:  # only what stays is left of the day
            continue
        _drop(conn, part, is_hypertable=is_hypertable)
        _put_back(conn)
        conn.execute(_SQL["forget_beats"], bounds)
        conn.execute(_SQL["correct_extents"])
        _refresh_pyramids(conn, gone)
        dropped.append(part)
        groups.update(row[0] for row in gone)
        n_samples += sum(row[1] for row in gone)
        n_kept += kept
    result = Dropped([part.name for part in dropped], len(groups), n_samples, n_kept)
    if dropped:
        detail = {**msgspec.to_builtins(result), "before_us": before_us, "labelled_kept": keep_labelled}
        audit.record(conn, actor, "retention", "samples", detail)
        _log.info("old samples dropped", n_days=len(dropped), n_samples=n_samples, n_kept_blocks=n_kept)
    return result


def _drop(conn: Connection[TupleRow], part: _Part, *, is_hypertable: bool) -> None:
    if is_hypertable:
        conn.execute(_SQL["drop_chunks"], {"start_us": part.start_us, "end_us": part.end_us})
    else:
        conn.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part.name)))


def _put_back(conn: Connection[TupleRow]) -> None:
    row = fetch_one(conn, _SQL["count_kept"])
    if row is not None and row[0]:
        partitions.ensure_here(conn, row[1])
        conn.execute(_SQL["put_back"])


def _refresh_pyramids(conn: Connection[TupleRow], gone: list[TupleRow]) -> None:
    for group_id, _, start, end in gone:
        group = catalogue.group_by_id(conn, group_id)
        tail = 0 if group.sealed else group.next_sample % group.cell_samples
        open_from = group.next_sample - tail
        pyramids.refresh(conn, [pyramids.CellChange(group, open_from, open_from, [(start, end)])])
