"""Every stream as it stands, for thousands at once; what is missing in one, and how often it breaks off."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from signal_processing.clock import SampleClock
from storage import queries
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("listing")


class GroupListing(msgspec.Struct, frozen=True):
    """A channel group as it stands.

    Parameters
    ----------
    first_us, end_us : time of the first and one past the newest stored sample; None while there is none.
    n_stored, n_missing : sample times between them that are there, and that are not.
    stored_us : when samples last came in.
    """

    id: int
    name: str
    fs_hz: float
    n_channels: int
    first_us: int | None
    end_us: int | None
    n_stored: int
    n_missing: int
    stored_us: int


class StreamListing(msgspec.Struct, frozen=True):
    """A stream and its groups.

    Parameters
    ----------
    ended_us : None while it runs.
    n_proposed : spans and events that wait for a decision.
    drift_ppm : how much faster the device's clock runs than the server's; None where it is not known.
    """

    id: int
    name: str
    device_name: str
    t0_us: int
    ended_us: int | None
    synthetic: bool
    n_proposed: int
    groups: tuple[GroupListing, ...]
    drift_ppm: float | None = None

    @property
    def n_stored(self) -> int:
        """Sample times that are there, over all groups."""
        return sum(group.n_stored for group in self.groups)

    @property
    def n_missing(self) -> int:
        """Sample times that are not, over all groups."""
        return sum(group.n_missing for group in self.groups)

    @property
    def first_us(self) -> int | None:
        """Time of the first stored sample."""
        return min((group.first_us for group in self.groups if group.first_us is not None), default=None)

    @property
    def end_us(self) -> int | None:
        """One past the time of the newest stored sample."""
        return max((group.end_us for group in self.groups if group.end_us is not None), default=None)

    @property
    def stored_us(self) -> int | None:
        """When samples last came in; None while none did."""
        return max((group.stored_us for group in self.groups if group.n_stored), default=None)


class Listing(msgspec.Struct, frozen=True):
    """All streams at `now_us` of the database's clock."""

    now_us: int
    streams: tuple[StreamListing, ...]


def listing(conn: Connection[TupleRow], *, running_only: bool = False) -> Listing:
    """Every stream in the order in which they were registered, ended ones too unless `running_only`."""
    row = fetch_one(conn, _SQL["now"])
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    rows = fetch(conn, _SQL["groups"], {"running_only": running_only})
    return Listing(row[0], tuple(_stream(list(group)) for _, group in groupby(rows, key=lambda one: one[0])))


def n_gaps(conn: Connection[TupleRow], group_ids: Collection[int]) -> dict[int, int]:
    """How often the samples of each group break off and go on later; groups without a gap are left out.

    Walks every stored run of those groups: ask for the ones that lack samples only.
    """
    return dict(fetch(conn, _SQL["gaps"], {"group_ids": list(group_ids)})) if group_ids else {}


def _stream(rows: list[TupleRow]) -> StreamListing:
    identity, name, device, t0_us, ended_us, synthetic, n_proposed = rows[0][:7]
    groups = tuple(_group(row[7:]) for row in rows if row[7] is not None)
    return StreamListing(identity, name, device, t0_us, ended_us, synthetic, n_proposed, groups)


def _group(row: TupleRow) -> GroupListing:
    identity, name, fs_hz, n_channels, t0_us, first, end, n_stored, stored_us = row
    clock = _clock(fs_hz)
    return GroupListing(
        id=identity,
        name=name,
        fs_hz=fs_hz,
        n_channels=n_channels,
        first_us=t0_us + clock.us_at(first) if n_stored else None,
        end_us=t0_us + clock.us_at(end) if n_stored else None,
        n_stored=n_stored,
        n_missing=end - first - n_stored,
        stored_us=stored_us,
    )


@lru_cache(maxsize=256)
def _clock(fs_hz: float) -> SampleClock:
    """Few rates serve thousands of streams, and finding the exact ratio of one takes longer than all else here."""
    return SampleClock(fs_hz)
