"""What is in the database by now, read beside the workers on a connection of one's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import psycopg

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One value instead of a row a group: ten times a second it must not cost what it measures.
_ALL = """
SELECT COALESCE(string_agg(int4send(id) || int8send(next_sample), ''::bytea), ''::bytea), COALESCE(sum(n_stored), 0)
FROM channel_groups
"""
_NAMES = "SELECT g.id, s.name FROM channel_groups g JOIN streams s ON s.id = g.stream_id"
_ROW = np.dtype([("id", ">i4"), ("next_sample", ">i8")])


class Look(NamedTuple):
    """One look.

    Parameters
    ----------
    at_s : wall time when the answer was there, s since 1970: what it shows was committed before.
    group_ids, next_samples : (n_groups,) int64.
    n_stored : samples of all groups.
    """

    at_s: float
    group_ids: NDArray[np.int64]
    next_samples: NDArray[np.int64]
    n_stored: int


class StoredReader:
    """Looks at `channel_groups`; context manager."""

    def __init__(self, dsn: str) -> None:
        self._conn = psycopg.connect(dsn, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._conn.close()

    @property
    def backend_pid(self) -> int:
        """The server's process that answers."""
        return self._conn.info.backend_pid

    def look(self) -> Look:
        """What is committed."""
        row = self._conn.execute(_ALL, binary=True).fetchone()
        at_s = time.time()
        assert row is not None
        rows = np.frombuffer(row[0], _ROW)
        return Look(at_s, rows["id"].astype(np.int64), rows["next_sample"].astype(np.int64), int(row[1]))

    def names(self) -> dict[int, str]:
        """The stream of each group, by the group's id."""
        return dict(self._conn.execute(_NAMES).fetchall())

    def n_stored(self) -> int:
        """Samples of all groups."""
        return self.look().n_stored

    def n_ended(self) -> int:
        """Streams that have ended."""
        row = self._conn.execute("SELECT count(*) FROM streams WHERE ended_us IS NOT NULL").fetchone()
        assert row is not None
        return int(row[0])
