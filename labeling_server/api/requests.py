"""What every API route takes from its request: a session, the database, the stream or group that the path names.

A route of the API is declared on an `api_router`, with fields from `labeling_server.api.bounds` and a model from
`labeling_server.api.answers`; its refusals are described by `labeling_server.api.openapi`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, status

from labeling_server.api.bounds import MAX_ROW_ID
from labeling_server.sessions import ApiReader, OwnAccount  # noqa: TC001 - FastAPI reads it at run time
from signal_processing.errors import InvalidValueError
from storage.catalogue import GroupRow, group_by_id
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi.dependencies.models import Dependant

MAX_WINDOW_SAMPLES = 2_000_000
"""Samples times channels in one window: more would hold up the page and the pool."""
MAX_MARKS_S = 6 * 3600.0
"""Signal whose beats one answer holds in the small form, s: some 30,000 beats of 8 bytes."""


MAX_SHOWN = 100
"""Characters of a value that a refusal repeats."""

_REVISION = re.compile(r'"([0-9]{1,10})"')


def known_query(request: Request, _: ApiReader) -> None:
    """A query whose parameters the route knows: one that is mistyped would filter nothing, and nobody would notice.

    Raises
    ------
    InvalidValueError : if there is another one.
    """
    _check_query(request)


def known_query_of_own(request: Request, _: OwnAccount) -> None:
    """The same for routes on one's own account, which viewers may call as well."""
    _check_query(request)


def _check_query(request: Request) -> None:
    known = _query_names(request.scope["route"].dependant)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        allowed = ", ".join(sorted(known)) or "none"
        msg = f"query parameters must be among those of the route ({allowed}), got {unknown[0]!r:.{MAX_SHOWN}}"
        raise InvalidValueError(msg)


def _query_names(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*(_query_names(other) for other in dependant.dependencies))


def api_router(prefix: str, *, tag: str, of_own_account: bool = False) -> APIRouter:
    """Where routes of the API are declared: for signed-in people only, with no query parameter unknown to the route."""
    checked = known_query_of_own if of_own_account else known_query
    return APIRouter(prefix=prefix, tags=[tag], dependencies=[Depends(checked)])


def database_of(request: Request) -> Database:
    """The database that the application was created with."""
    database: Database = request.app.state.database
    return database


Db = Annotated[Database, Depends(database_of)]


def group_in_stream(conn: Any, stream_id: int, group_id: int) -> GroupRow:
    """The channel group, which must belong to the stream.

    Raises
    ------
    InvalidValueError : if it belongs to another one.
    """
    group = group_by_id(conn, group_id)
    if group.stream_id != stream_id:
        msg = f"channel group {group_id} must belong to stream {stream_id}, but belongs to {group.stream_id}"
        raise InvalidValueError(msg)
    return group


def check_range(start: int, end: int, *, n_columns: int = 1, at_most: int = MAX_WINDOW_SAMPLES) -> None:
    """A sample range that one answer can carry.

    Raises
    ------
    InvalidValueError : if it ends before it starts, or holds more samples, all columns counted.
    """
    check_order(start, end)
    if (end - start) * n_columns > at_most:
        msg = f"a window must hold at most {at_most} samples, got {(end - start) * n_columns}"
        raise InvalidValueError(msg)


def check_order(start: int, end: int) -> None:
    """A range that does not end before it starts.

    Raises
    ------
    InvalidValueError : if it does.
    """
    if end < start:
        msg = f"range must not end before it starts, got [{start}, {end})"
        raise InvalidValueError(msg)


def check_duration(start: int, end: int, fs_hz: float) -> None:
    """A sample range of which an answer can carry all beats in the small form.

    Raises
    ------
    InvalidValueError : if it ends before it starts, or is longer than `MAX_MARKS_S`.
    """
    check_order(start, end)
    if end - start > MAX_MARKS_S * fs_hz:
        msg = f"beats in the small form are of at most {MAX_MARKS_S:g} s, got {(end - start) / fs_hz:g} s"
        raise InvalidValueError(msg)


def check_channel(group: GroupRow, channel: int | None) -> None:
    """One of the group's channels, by its position; None means all.

    Raises
    ------
    InvalidValueError : if there is none at that position.
    """
    n_channels = group.signal.n_channels
    if channel is not None and not 0 <= channel < n_channels:
        msg = f"channel must be within [0, {n_channels}), got {channel}"
        raise InvalidValueError(msg)


def check_channel_name(group: GroupRow, channel: str | None) -> None:
    """One of the group's channels, by its name; None means all.

    Raises
    ------
    InvalidValueError : if there is none of that name.
    """
    names = [one.name for one in group.signal.channels]
    if channel is not None and channel not in names:
        msg = f"channel must be one of {', '.join(names)}, or none for all, got {channel!r:.{MAX_SHOWN}}"
        raise InvalidValueError(msg)


def extent_us(groups: Iterable[GroupRow]) -> tuple[int, int] | None:
    """Time of the first and one past the last sample of a stream's groups; None while there is none."""
    filled = [group for group in groups if group.next_sample > group.first_sample]
    if not filled:
        return None
    firsts = [group.signal.clock.us_at(group.first_sample) for group in filled]
    return min(firsts), max(group.signal.clock.us_at(group.next_sample) for group in filled)


def expected_revision(
    if_match: Annotated[
        str | None, Header(description='The revision that was seen, as `"3"`: the ETag of the annotation')
    ] = None,
) -> int:
    """The revision that the page saw, from `If-Match: "3"`; 428 without one, so that no edit is ever blind.

    Raises
    ------
    InvalidValueError : if it is anything else; `*` and weak tags would make a blind edit of it.
    """
    if if_match is None:
        raise HTTPException(status.HTTP_428_PRECONDITION_REQUIRED, 'edits must carry If-Match: "REVISION"')
    found = _REVISION.fullmatch(if_match.strip())
    if found is None or int(found[1]) > MAX_ROW_ID:
        msg = f'If-Match must be a revision within [0, {MAX_ROW_ID}], such as "3", got {if_match!r:.{MAX_SHOWN}}'
        raise InvalidValueError(msg)
    return int(found[1])


ExpectedRevision = Annotated[int, Depends(expected_revision)]
