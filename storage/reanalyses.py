"""Reading stored streams again with a newer version of a detector, without touching what people decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from signal_processing.clock import US_PER_S
from storage import queries
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.catalogue import GroupRow

_SQL = queries.load("reanalyses")

SAME_SHARE = 0.5
"""Two spans of one label are the same question when they share this part of what they cover together."""
_POINT_PAD_US = 225_000
"""Added on each side of both: two points share half when they are 150 ms apart, EC57's window."""
_MOVED_US = 60 * US_PER_S
"""How far a person may have moved the beginning of a span that is still found."""


class Reached(msgspec.Struct, frozen=True):
    """How far one detector has read one group again, and what came of it.

    Parameters
    ----------
    next_sample : everything before it is read.
    state : of the detector, for the driver.
    is_done : the group had ended there, and so has the reading.
    n_beats, n_proposed : said anew.
    n_withdrawn : proposals of older versions that nobody had touched.
    n_answered : new proposals that people had decided before.
    """

    next_sample: int
    state: bytes
    is_done: bool = False
    n_beats: int = 0
    n_proposed: int = 0
    n_withdrawn: int = 0
    n_answered: int = 0


def load(conn: Connection[TupleRow], group_id: int, detector: str, version: str) -> Reached | None:
    """How far that version has come; None if it has not begun."""
    row = fetch_one(conn, _SQL["load"], {"group_id": group_id, "detector": detector, "version": version})
    return None if row is None else Reached(*row)


def begin(conn: Connection[TupleRow], group_id: int, detector: str, version: str, reached: Reached) -> None:
    """Note that it begins; one that has begun goes on as it stands."""
    key = {"group_id": group_id, "detector": detector, "version": version}
    conn.execute(_SQL["begin"], {**key, "next_sample": reached.next_sample, "state": reached.state})


def is_claimed(conn: Connection[TupleRow], group_id: int, detector: str, version: str, *, at: int) -> bool:
    """Hold the reading until the transaction ends; False if it no longer stands at that sample: another one goes on."""
    row = fetch_one(conn, _SQL["claim"], {"group_id": group_id, "detector": detector, "version": version})
    return row is not None and row[0] == at


def save(conn: Connection[TupleRow], group_id: int, detector: str, version: str, reached: Reached) -> None:
    """Note how far it is, in the transaction that stores what was said."""
    key = {"group_id": group_id, "detector": detector, "version": version}
    conn.execute(_SQL["save"], {**key, **msgspec.structs.asdict(reached)})


def forget(conn: Connection[TupleRow], group_id: int, detector: str, version: str) -> None:
    """Begin anew the next time."""
    conn.execute(_SQL["forget"], {"group_id": group_id, "detector": detector, "version": version})


def cover_cells(conn: Connection[TupleRow], run_id: int, first_cell: int, end_cell: int) -> None:
    """Let a run speak for the cells [first_cell, end_cell), also where it found no beat and an older one did."""
    conn.execute(_SQL["cover_cells"], {"run_id": run_id, "first_cell": first_cell, "end_cell": end_cell})


def withdraw_older(conn: Connection[TupleRow], group: GroupRow, run_id: int, *, until_us: int | None) -> int:
    """Withdraw what older versions of a run's detector proposed and nobody touched; the rows stay.

    Parameters
    ----------
    until_us : only what has ended by then; None means all.

    Returns
    -------
    Number of proposals that were withdrawn now.
    """
    parameters = {"run_id": run_id, "stream_id": group.stream_id, "until_us": until_us}
    return conn.execute(_SQL["withdraw"], parameters).rowcount


def link_answered(conn: Connection[TupleRow], ids: Collection[uuid.UUID]) -> int:
    """Take proposals off the queue whose question a person answered before, and point each to its answer.

    One that has since grown beyond its answer is asked again.

    Returns
    -------
    Number of proposals that were found to be answered now.
    """
    parameters = {"ids": list(ids), "share": SAME_SHARE, "pad_us": _POINT_PAD_US, "moved_us": _MOVED_US}
    return sum(is_answered for (is_answered,) in fetch(conn, _SQL["link_answered"], parameters))
