"""`rhythmark streams`: what comes in, how fast, how late, and what is missing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec

from dashboards.snapshot import live_within_us
from rhythmark.tables import as_table
from signal_processing.clock import US_PER_S
from storage import listing as stored
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings
    from storage.listing import GroupListing, Listing, StreamListing

_COLUMNS = ("stream", "device", "state", "from (UTC)", "minutes", "samples", "samples/s", "lag s", "missing", "gaps")
_MORE_COLUMNS = ("offset ms", "drift ppm", "sampling ppm", "restarts", "proposals", "groups", "")
_STATES = ("live", "silent", "empty", "ended")
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


class GroupState(msgspec.Struct, frozen=True):
    """A channel group, as the command says it; `n_gaps` is None where they were not counted."""

    name: str
    fs_hz: float
    n_channels: int
    n_missing: int
    n_gaps: int | None


class StreamState(msgspec.Struct, frozen=True):
    """A stream, as the command says it.

    Parameters
    ----------
    state : live, silent (nothing came for 10 s), empty (no sample yet), ended.
    samples_per_s : sample times stored a second since the last look; None at the first.
    nominal_per_s : what its groups' rates come to.
    lag_s : from the time of the newest stored sample to now; None for what has ended.
    n_missing, n_gaps : sample times that are not there, and in how many gaps; None where those were not counted.
    offset_ms : the server's clock less the device's, the shortest way of a message included.
    drift_ppm : of the device's clock against the server's, positive when it is fast.
    sample_drift_ppm : of the device's sampling against its own clock, positive when it is fast. Each of the three is
        None where it is not known.
    n_restarts : of the device.
    """

    stream: str
    device: str
    state: str
    first_us: int
    end_us: int
    n_samples: int
    samples_per_s: float | None
    nominal_per_s: float
    lag_s: float | None
    n_missing: int
    n_gaps: int | None
    offset_ms: float | None
    drift_ppm: float | None
    sample_drift_ppm: float | None
    n_restarts: int
    n_proposed: int
    groups: tuple[GroupState, ...]
    synthetic: bool


def run(arguments: Namespace, settings: Settings) -> int:
    """Print one row a stream, once or again and again."""
    never = Event()
    with Database.open(settings.required_dsn(), max_size=1) as database:
        before = None if arguments.over is None else _look(database, arguments)[0]
        if before is not None:
            never.wait(arguments.over)
        while True:
            now, gaps = _look(database, arguments)
            _say(states(now, before, gaps), arguments)
            if arguments.watch is None:
                return 0
            before = now
            never.wait(arguments.watch)


def _look(database: Database, arguments: Namespace) -> tuple[Listing, dict[int, int] | None]:
    with database.transaction() as conn:
        now = stored.listing(conn, running_only=arguments.live_only)
        if not arguments.gaps:
            return now, None
        return now, stored.n_gaps(conn, [one.id for stream in now.streams for one in stream.groups if one.n_missing])


def states(now: Listing, before: Listing | None, gaps: dict[int, int] | None) -> list[StreamState]:
    """What to say of each stream: those that run first, then by name."""
    counts = {} if before is None else {stream.id: stream.n_stored for stream in before.streams}
    elapsed_s = 0.0 if before is None else (now.now_us - before.now_us) / US_PER_S
    found = [
        _state(stream, now.now_us, _rate(stream.n_stored, counts.get(stream.id), elapsed_s), gaps)
        for stream in now.streams
    ]
    return sorted(found, key=lambda one: (_STATES.index(one.state), one.stream))


def _rate(n_now: int, n_before: int | None, elapsed_s: float) -> float | None:
    return None if n_before is None or elapsed_s <= 0 else (n_now - n_before) / elapsed_s


def _state(stream: StreamListing, now_us: int, rate: float | None, gaps: dict[int, int] | None) -> StreamState:
    first_us, end_us, name = stream.first_us, stream.end_us, _named(stream, now_us)
    groups = tuple(_group(group, gaps) for group in stream.groups)
    return StreamState(
        stream=stream.name,
        device=stream.device_name,
        state=name,
        first_us=stream.t0_us if first_us is None else first_us,
        end_us=stream.t0_us if end_us is None else end_us,
        n_samples=stream.n_stored,
        samples_per_s=rate,
        nominal_per_s=sum(group.fs_hz for group in stream.groups),
        lag_s=(now_us - end_us) / US_PER_S if end_us is not None and name != "ended" else None,
        n_missing=stream.n_missing,
        n_gaps=None if gaps is None else sum(group.n_gaps or 0 for group in groups),
        offset_ms=stream.offset_ms,
        drift_ppm=stream.drift_ppm,
        sample_drift_ppm=stream.sample_drift_ppm,
        n_restarts=stream.n_restarts,
        n_proposed=stream.n_proposed,
        groups=groups,
        synthetic=stream.synthetic,
    )


def _named(stream: StreamListing, now_us: int) -> str:
    if stream.ended_us is not None:
        return "ended"
    if stream.stored_us is None:
        return "empty"
    fastest_hz = max(group.fs_hz for group in stream.groups if group.n_stored)
    return "live" if now_us - stream.stored_us <= live_within_us(fastest_hz) else "silent"


def _group(group: GroupListing, gaps: dict[int, int] | None) -> GroupState:
    return GroupState(
        group.name, group.fs_hz, group.n_channels, group.n_missing, None if gaps is None else gaps.get(group.id, 0)
    )


def _say(found: list[StreamState], arguments: Namespace) -> None:
    shown = [one for one in found if one.state == "live"] if arguments.live_only else found
    if arguments.json:
        print(msgspec.json.encode(shown).decode(), flush=True)
        return
    if arguments.watch is not None and sys.stdout.isatty():
        print(_CLEAR, end="")
    table = as_table((*_COLUMNS, *_MORE_COLUMNS), [_row(one) for one in shown])
    print(table if shown else "no live streams" if arguments.live_only else "no streams are stored yet", flush=True)


def _row(one: StreamState) -> tuple[str, ...]:
    return (
        one.stream,
        one.device,
        one.state,
        datetime.fromtimestamp(one.first_us // US_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        f"{(one.end_us - one.first_us) / US_PER_S / 60:.1f}",
        str(one.n_samples),
        "-" if one.samples_per_s is None else f"{one.samples_per_s:.0f}/{one.nominal_per_s:.0f}",
        _or_dash(one.lag_s, ".1f"),
        str(one.n_missing),
        _or_dash(one.n_gaps, "d"),
        _or_dash(one.offset_ms, ".0f"),
        _or_dash(one.drift_ppm, ".1f"),
        _or_dash(one.sample_drift_ppm, ".1f"),
        str(one.n_restarts),
        str(one.n_proposed),
        ", ".join(f"{group.name} {group.fs_hz:g} Hz x{group.n_channels}" for group in one.groups),
        "SYNTHETIC" if one.synthetic else "",
    )


def _or_dash(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)
