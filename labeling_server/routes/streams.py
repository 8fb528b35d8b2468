"""Recordings over REST: what there is, samples, envelopes, beats, the overview, and what is new."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import Query, Response

import storage.annotations as annotation_rows
from labeling_server.api import answers, window_codec
from labeling_server.api.bounds import MAX_ROW_ID, Microseconds, RowId, Sample
from labeling_server.api.paging import AfterSpan, AnyPage, after_span, place_of
from labeling_server.api.requests import (
    Db,
    api_router,
    check_channel,
    check_duration,
    check_order,
    check_range,
    group_in_stream,
)
from labeling_server.api.rows_json import annotation_json, group_json, stream_json
from labeling_server.heart_rate import rate_trend
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from storage import beats, catalogue, waveforms

router = api_router("/api/streams", tag="recordings")

MAX_BINS = 4_000
MAX_ENVELOPE_BINS = 16_384
"""A page of full disclosure: half an hour in lines of 1,000 pixels takes two such answers."""
MAX_ENVELOPE_SAMPLES = 2**34
"""Samples times channels that one envelope covers, four months of six leads at 250 Hz: bins of 4096 take memory."""
Bins = Annotated[int, Query(ge=1, le=MAX_BINS)]

PACKED: dict[int | str, dict[str, Any]] = {
    200: {"content": {window_codec.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
"""How a route describes that it answers with samples."""


@router.get("", response_model=list[answers.StreamSummary])
def list_streams(
    database: Db,
    _: ApiReader,
    page: AnyPage,
    after: Annotated[RowId | None, Query(description="Id of the last recording of the page before")] = None,
) -> list[dict[str, Any]]:
    """Recordings in the order of names, with their extents and the number of proposals that wait."""
    with database.transaction() as conn:
        name = None if after is None else catalogue.stream_by_id(conn, after).name
        summaries = catalogue.list_streams(conn, after=name, limit=page.n_wanted)
    return [
        {**stream_json(row.stream), "first_us": row.first_us, "last_us": row.last_us, "n_proposed": row.n_proposed}
        for row in page.cut(summaries, after=lambda last: last.stream.id)
    ]


@router.get("/{stream_id}", response_model=answers.StreamWithGroups)
def get_stream(stream_id: RowId, database: Db, _: ApiReader) -> dict[str, Any]:
    """One recording with its channel groups."""
    with database.transaction() as conn:
        stream = catalogue.stream_by_id(conn, stream_id)
        groups = catalogue.groups_of(conn, stream_id)
    return {**stream_json(stream), "groups": [group_json(group) for group in groups]}


@router.get("/{stream_id}/window", response_class=Response, responses=PACKED)
def get_window(stream_id: RowId, group_id: RowId, start: Sample, end: Sample, database: Db, _: ApiReader) -> Response:
    """Digital samples within [start, end), binary (see `labeling_server.api.window_codec`)."""
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, group_id)
        check_range(start, end, n_columns=group.signal.n_channels)
        blocks = waveforms.read_window(conn, group, start, end)
    header = {"group_id": group_id, "start": start, "end": end, "next_sample": group.next_sample}
    header["n_channels"] = group.signal.n_channels
    packed = window_codec.encode_blocks(header, blocks, group.signal.sample_format)
    return Response(packed, media_type=window_codec.MEDIA_TYPE)


@router.get("/{stream_id}/envelope", response_class=Response, responses=PACKED)
def get_envelope(  # noqa: PLR0913 - each is a parameter of the address
    stream_id: RowId,
    group_id: RowId,
    start: Sample,
    end: Sample,
    database: Db,
    _: ApiReader,
    *,
    bins: Annotated[int, Query(ge=1, le=MAX_ENVELOPE_BINS)] = 1000,
    channel: Annotated[int | None, Query(ge=0, le=MAX_ROW_ID)] = None,
    edges: Literal["all", "ends"] = "all",
) -> Response:
    """Minimum and maximum per bin within [start, end), binary; the type's "no sample" where none is.

    `channel` asks for one by its position; `edges=ends` for the first and the last edge only, where the bins are even.
    """
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, group_id)
        check_range(start, end, n_columns=group.signal.n_channels, at_most=MAX_ENVELOPE_SAMPLES)
        check_channel(group, channel)
        envelope = waveforms.read_envelope(conn, group, start, end, n_bins=bins)
    if channel is not None:
        envelope = envelope.of_channel(channel)
    said = envelope.edges if edges == "all" else envelope.edges[[0, -1]]
    header = {"group_id": group_id, "n_channels": envelope.low.shape[1], "edges": said.tolist()}
    packed = window_codec.encode_envelope(header, envelope, group.signal.sample_format)
    return Response(packed, media_type=window_codec.MEDIA_TYPE)


@router.get("/{stream_id}/beats", response_model=answers.Beats)
def get_beats(
    stream_id: RowId, group_id: RowId, start: Sample, end: Sample, database: Db, _: ApiReader
) -> dict[str, Any]:
    """Beats within [start, end) samples: machine beats less touched ones, plus those that persons made or changed."""
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, group_id)
        check_range(start, end)
        return beats_json(beats.read_beats(conn, group, start, end))


@router.get("/{stream_id}/beat-marks", response_class=Response, responses=PACKED)
def get_beat_marks(
    stream_id: RowId,
    group_id: RowId,
    start: Sample,
    end: Sample,
    database: Db,
    _: ApiReader,
    by: Literal["all", "people"] = "all",
) -> Response:
    """Where the beats of hours are and what they are called, binary (see `labeling_server.api.window_codec`).

    `by=people`: only those that a person made or changed.
    """
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, group_id)
        check_duration(start, end, group.signal.fs_hz)
        found = beats.read_beats(conn, group, start, end)
    shown = found.origin == beats.HUMAN if by == "people" else slice(None)
    header = {"group_id": group_id, "start": start, "end": end}
    packed = window_codec.encode_beats(header, found.samples[shown], found.numbers[shown])
    return Response(packed, media_type=window_codec.MEDIA_TYPE)


def beats_json(found: beats.Beats) -> dict[str, Any]:
    """Beats as parallel lists."""
    return {
        "samples": found.samples.tolist(),
        "numbers": found.numbers.tolist(),
        "confidences": [None if np.isnan(c) else round(float(c), 3) for c in found.confidences],
        "touched": found.origin.tolist(),
        "ids": [None if identity is None else str(identity) for identity in found.ids],
        "run_ids": found.run_ids.tolist(),
    }


@router.get("/{stream_id}/spans", response_model=list[answers.Annotation])
def get_spans(
    stream_id: RowId,
    start_us: Microseconds,
    end_us: Microseconds,
    database: Db,
    _: ApiReader,
    page: AnyPage,
    after: AfterSpan = None,
) -> list[dict[str, Any]]:
    """Spans and events that touch [start_us, end_us), in the order of starts, whatever their status."""
    check_order(start_us, end_us)
    place = place_of(after)
    with database.transaction() as conn:
        catalogue.stream_by_id(conn, stream_id)
        found = annotation_rows.spans_between(conn, stream_id, start_us, end_us, after=place, limit=page.n_wanted)
    return [annotation_json(row) for row in page.cut(found, after=after_span)]


@router.get("/{stream_id}/overview", response_model=answers.Overview)
def get_overview(stream_id: RowId, group_id: RowId, database: Db, _: ApiReader, bins: Bins = 400) -> dict[str, Any]:
    """The whole recording in little: median heart rate per bin, and every span as [start_us, end_us, label, status]."""
    with database.transaction() as conn:
        group = group_in_stream(conn, stream_id, group_id)
        found = beats.read_beats(conn, group, group.first_sample, group.next_sample)
        clock = group.signal.clock
        start_us, end_us = clock.us_at(group.first_sample), clock.us_at(group.next_sample)
        spans = annotation_rows.spans_between(conn, stream_id, start_us, end_us + 1)
    edges, rates = rate_trend(found, group, n_bins=bins)
    return {
        "edges_us": clock.us_at(edges).tolist(),
        "rate_bpm": [None if np.isnan(rate) else round(float(rate), 1) for rate in rates],
        "spans": [[row.start_us, row.end_us, row.label, row.status] for row in spans if not row.deleted],
    }


@router.get("/{stream_id}/live", response_model=answers.Live)
def get_live(
    stream_id: RowId, group_id: RowId, start: Sample, end: Sample, database: Db, _: ApiReader
) -> dict[str, Any]:
    """What a page asks for every second: where the head is, and beats and spans of what it shows."""
    with database.transaction() as conn:
        stream = catalogue.stream_by_id(conn, stream_id)
        group = group_in_stream(conn, stream_id, group_id)
        check_range(start, end)
        clock = group.signal.clock
        spans = annotation_rows.spans_between(conn, stream_id, clock.us_at(start), clock.us_at(end))
        found = beats.read_beats(conn, group, start, end)
    return {
        "first_sample": group.first_sample,
        "next_sample": group.next_sample,
        "ended_us": stream.ended_us,
        "start": start,
        "end": end,
        "spans": [annotation_json(row) for row in spans],
        "beats": beats_json(found),
    }
