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
    offset_ms : the server's clock less the device's, the shortest way of a message included; None while unknown.
    drift_ppm : how much faster the device's clock runs than the server's; None while unknown.
    sample_drift_ppm : how much more samples the device takes than its own clock says; None while unknown.
    n_restarts : of the device.
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
    offset_ms: float | None = None
    drift_ppm: float | None = None
    sample_drift_ppm: float | None = None
    n_restarts: int = 0


class StreamListing(msgspec.Struct, frozen=True):
    """A stream and its groups.

    Parameters
    ----------
    ended_us : None while it runs.
    n_proposed : spans and events that wait for a decision.
    """

    id: int
    name: str
    device_name: str
    t0_us: int
    ended_us: int | None
    synthetic: bool
    n_proposed: int
    groups: tuple[GroupListing, ...]

    @property
    def n_stored(self) -> int:
        """Sample times that are there, over all groups."""
        return sum(group.n_stored for group in self.groups)

    @property
    def offset_ms(self) -> float | None:
        """Of the clock of its device, by the first group that knows it."""
        return next((group.offset_ms for group in self.groups if group.offset_ms is not None), None)

    @property
    def drift_ppm(self) -> float | None:
        """Of the clock of its device, by the first group that knows it."""
        return next((group.drift_ppm for group in self.groups if group.drift_ppm is not None), None)

    @property
    def sample_drift_ppm(self) -> float | None:
        """Of its device's sampling, by the first group that knows it."""
        return next((group.sample_drift_ppm for group in self.groups if group.sample_drift_ppm is not None), None)

    @property
    def n_restarts(self) -> int:
        """Of its device: each group sees them by itself."""
        return max((group.n_restarts for group in self.groups), default=0)

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
    identity, name, fs_hz, n_channels, t0_us, first, end, n_stored, stored_us, *clocks, n_restarts = row
    offset_ms, drift_ppm, sample_drift_ppm = clocks
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
        offset_ms=offset_ms,
        drift_ppm=drift_ppm,
        sample_drift_ppm=sample_drift_ppm,
        n_restarts=n_restarts,
    )


@lru_cache(maxsize=256)
def _clock(fs_hz: float) -> SampleClock:
    """Few rates serve thousands of streams, and finding the exact ratio of one takes longer than all else here."""
    return SampleClock(fs_hz)
