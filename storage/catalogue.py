"""Patients, devices, streams and their channel groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from signal_processing.clock import SampleClock
from signal_processing.values import Channel, Signal
from signal_processing.waveform_codec import ENVELOPE_BIN
from storage import queries
from storage.errors import SignalChangedError, UnknownRowError
from storage.extent import Extent
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

_SQL = queries.load("catalogue")

CELL_S = 30.0
"""Length of a waveform cell, s, before rounding to a multiple of 256 samples."""

T0_TOLERANCE_US = 1_000_000
"""Origins that differ by less are one origin: producers reckon it from block times and round."""


class StreamRow(msgspec.Struct, frozen=True):
    """A recording, or a session of a device."""

    id: int
    name: str
    patient_id: int | None
    patient_pseudonym: str | None
    device_name: str
    t0_us: int
    ended_us: int | None
    synthetic: bool
    note: str


class StreamSummary(msgspec.Struct, frozen=True):
    """A stream and how much of it there is.

    Parameters
    ----------
    stream : the row itself.
    n_groups : channel groups.
    n_samples : stored sample times, summed over the groups.
    first_us, last_us : time of the first and one past the last stored sample; None while there is none.
    received_us : when samples last came in; None while there is none.
    fs_hz : rate of the fastest group that has samples; None while there is none.
    n_proposed : spans and events that wait for a decision.
    """

    stream: StreamRow
    n_groups: int
    n_samples: int
    first_us: int | None
    last_us: int | None
    received_us: int | None
    n_proposed: int
    fs_hz: float | None = None


class GroupRow(msgspec.Struct, frozen=True):
    """Equal-rate channels of a stream, and which samples there are: [first_sample, next_sample), equal when none.

    A `sealed` group has ended: no more samples of it are expected. Where there are gaps, `n_stored` is less than the
    extent. `ends_at` is the end as the device announced it, perhaps before all samples were there.
    """

    id: int
    stream_id: int
    signal: Signal
    first_sample: int
    next_sample: int
    cell_samples: int
    sealed: bool = False
    n_stored: int = 0
    ends_at: int | None = None

    @property
    def extent(self) -> Extent:
        """What was stored when the row was read."""
        return Extent(self.first_sample, self.next_sample, self.n_stored, self.sealed)


def cell_length(fs_hz: float) -> int:
    """Samples in a waveform cell: about 30 s, a multiple of 256, at least 256."""
    return max(round(CELL_S * fs_hz / ENVELOPE_BIN), 1) * ENVELOPE_BIN


def ensure_stream(
    conn: Connection[TupleRow],
    *,
    name: str,
    device: str,
    t0_us: int,
    patient_pseudonym: str | None = None,
    synthetic: bool = False,
    note: str = "",
) -> StreamRow:
    """The stream of that name, registered now if it was not; what was registered first stands.

    A patient named later is filled in; nothing else of a known stream changes.
    """
    patient_id = None
    if patient_pseudonym is not None:
        patient_id = _ensure(conn, "ensure_patient", {"pseudonym": patient_pseudonym})
    known = fetch_one(conn, _SQL["stream_named"], {"name": name})
    if known is None:
        facts = {
            "name": name,
            "patient_id": patient_id,
            "device_id": _ensure(conn, "ensure_device", {"name": device}),
            "t0_us": t0_us,
            "synthetic": synthetic,
            "note": note,
        }
        conn.execute(_SQL["insert_stream"], facts)
    elif known[2] is None and patient_id is not None:
        conn.execute(_SQL["set_stream_patient"], {"name": name, "patient_id": patient_id})
    else:
        return StreamRow(*known)
    return stream_named(conn, name)


def describe_patient(
    conn: Connection[TupleRow],
    pseudonym: str,
    *,
    birth_year: int | None = None,
    sex: str | None = None,
) -> None:
    """Fill in what is known of a patient: year of birth, and sex as F, M or X."""
    _ensure(conn, "ensure_patient", {"pseudonym": pseudonym})
    conn.execute(_SQL["describe_patient"], {"pseudonym": pseudonym, "birth_year": birth_year, "sex": sex})


def stream_named(conn: Connection[TupleRow], name: str) -> StreamRow:
    """The stream of that name.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    row = fetch_one(conn, _SQL["stream_named"], {"name": name})
    if row is None:
        msg = f"stream must be a registered one, got {name!r}"
        raise UnknownRowError(msg)
    return StreamRow(*row)


def stream_by_id(conn: Connection[TupleRow], stream_id: int) -> StreamRow:
    """The stream of that id.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    row = fetch_one(conn, _SQL["stream_by_id"], {"id": stream_id})
    if row is None:
        msg = f"stream must be a registered one, got id {stream_id}"
        raise UnknownRowError(msg)
    return StreamRow(*row)


def list_streams(
    conn: Connection[TupleRow], *, after: str | None = None, limit: int | None = None
) -> list[StreamSummary]:
    """Streams in the order of names, with their extents and what waits in them.

    Parameters
    ----------
    after : only those whose names come behind it.
    limit : at most so many; None means all.
    """
    return [_summary(row) for row in fetch(conn, _SQL["list_streams"], {"after": after, "limit": limit})]


def end_stream(conn: Connection[TupleRow], stream_id: int, *, at_us: int) -> None:
    """Note that no more samples are expected: nothing of it is ongoing any more. New samples reopen the stream."""
    conn.execute(_SQL["end_stream"], {"id": stream_id, "at_us": at_us})
    conn.execute(_SQL["end_ongoing"], {"id": stream_id})


def note_endings(conn: Connection[TupleRow], ends_at: Mapping[int, int]) -> None:
    """Note where groups (by id) end, because samples before it are still awaited: so that a restart knows."""
    if ends_at:
        conn.execute(_SQL["note_endings"], {"ids": list(ends_at), "ends": list(ends_at.values())})


def unfinished_groups(conn: Connection[TupleRow], *, silent_s: float, limit: int = 100) -> list[GroupRow]:
    """Groups whose end was announced, that are not sealed, and of which nothing was heard for that long."""
    parameters = {"silent_us": round(silent_s * 1e6), "limit": limit}
    return [group_of_row(row) for row in fetch(conn, _SQL["unfinished_groups"], parameters)]


def ensure_group(conn: Connection[TupleRow], stream_id: int, signal: Signal) -> GroupRow:
    """The stream's group of that name, registered now if it was not.

    Raises
    ------
    SignalChangedError : if rate, sample type, channels or origin differ from what was registered.
    """
    known = _group_named(conn, stream_id, signal.group)
    if known is None:
        _insert_group(conn, stream_id, signal)
        known = _group_named(conn, stream_id, signal.group)
    if known is None:
        msg = f"stream must be a registered one, got id {stream_id}"
        raise UnknownRowError(msg)
    _check_unchanged(known.signal, signal)
    return known


def groups_of(conn: Connection[TupleRow], stream_id: int) -> list[GroupRow]:
    """The stream's channel groups in the order of names."""
    return [group_of_row(row) for row in fetch(conn, _SQL["groups_of"], {"stream_id": stream_id})]


def group_by_id(conn: Connection[TupleRow], group_id: int) -> GroupRow:
    """The channel group of that id, with its extent of now.

    Raises
    ------
    UnknownRowError : if there is none.
    """
    row = fetch_one(conn, _SQL["group_by_id"], {"id": group_id})
    if row is None:
        msg = f"channel group must be a registered one, got id {group_id}"
        raise UnknownRowError(msg)
    return group_of_row(row)


def _ensure(conn: Connection[TupleRow], statement: str, key: dict[str, str]) -> int:
    row = fetch_one(conn, _SQL[statement], key)
    if row is None:  # another transaction made it between our insert and our look: it is visible to the next statement
        row = fetch_one(conn, _SQL[statement], key)
    assert row is not None  # noqa: S101 - the insert waited for the other transaction, so the row is there
    identity: int = row[0]
    return identity


def _group_named(conn: Connection[TupleRow], stream_id: int, name: str) -> GroupRow | None:
    return next((group for group in groups_of(conn, stream_id) if group.signal.group == name), None)


def _insert_group(conn: Connection[TupleRow], stream_id: int, signal: Signal) -> None:
    facts = {
        "stream_id": stream_id,
        "name": signal.group,
        "fs_hz": signal.fs_hz,
        "t0_us": signal.t0_us,
        "cell_samples": cell_length(signal.fs_hz),
        "sample_type": signal.sample_type,
    }
    row = fetch_one(conn, _SQL["insert_group"], facts)
    if row is None:  # another worker was faster; its channels are committed with it
        return
    channels = {
        "group_id": row[0],
        "positions": list(range(signal.n_channels)),
        "names": [channel.name for channel in signal.channels],
        "units": [channel.unit for channel in signal.channels],
        "gains": [channel.gain for channel in signal.channels],
        "offsets": [channel.offset for channel in signal.channels],
    }
    conn.execute(_SQL["insert_signals"], channels)


def _check_unchanged(known: Signal, given: Signal) -> None:
    where = f"{known.stream!r}/{known.group!r}"
    if given.fs_hz != known.fs_hz:
        msg = f"sampling rate of {where} must stay {known.fs_hz:g} Hz, got {given.fs_hz:g} Hz"
        raise SignalChangedError(msg)
    if given.sample_type != known.sample_type:
        msg = f"samples of {where} must stay {known.sample_type}, got {given.sample_type}"
        raise SignalChangedError(msg)
    if given.channels != known.channels:
        msg = f"channels of {where} must stay {_listed(known)}, got {_listed(given)}"
        raise SignalChangedError(msg)
    if abs(given.t0_us - known.t0_us) > T0_TOLERANCE_US:
        limit = f"within {T0_TOLERANCE_US} us of {known.t0_us} us"
        msg = f"time of sample 0 of {where} must stay {limit}, got {given.t0_us} us"
        raise SignalChangedError(msg)


def _listed(signal: Signal) -> str:
    return ", ".join(
        f"{channel.name} ({channel.gain:g} adu/{channel.unit}, offset {channel.offset:g})"
        for channel in signal.channels
    )


def group_of_row(row: TupleRow) -> GroupRow:
    """The group of a row as the statements named `groups_...` give it."""
    identity, stream_id, stream, name, fs_hz, t0_us, *extent, sample_type = row[:-4]
    channels = tuple(Channel(*facts) for facts in zip(*row[-4:], strict=True))
    signal = Signal(stream, name, fs_hz, t0_us, channels, sample_type)
    return GroupRow(identity, stream_id, signal, *extent)


def _summary(row: TupleRow) -> StreamSummary:
    n_groups, n_samples, received_us, extents, n_proposed = row[9:]
    bounds = [(SampleClock(fs_hz, t0_us), first, end) for fs_hz, t0_us, first, end in extents]
    return StreamSummary(
        stream=StreamRow(*row[:9]),
        n_groups=n_groups,
        n_samples=n_samples,
        first_us=min((clock.us_at(first) for clock, first, _ in bounds), default=None),
        last_us=max((clock.us_at(end) for clock, _, end in bounds), default=None),
        received_us=received_us,
        n_proposed=n_proposed,
        fs_hz=max((clock.fs_hz for clock, *_ in bounds), default=None),
    )
