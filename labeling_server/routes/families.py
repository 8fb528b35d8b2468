"""Families of beats over REST: templates with counts, members, and waveforms to lay over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from fastapi import Query, Request, Response

from labeling_server.api import answers, window_codec
from labeling_server.api.paging import note_next
from labeling_server.api.requests import Db, api_router
from labeling_server.family_requests import (
    Asked,
    AskedFamilies,
    FamilyNumber,
    Shelf,
    family_json,
)
from labeling_server.routes.streams import PACKED
from signal_processing import beat_windows
from signal_processing.morphology import OTHER
from signal_processing.sample_types import SAMPLE_FORMATS
from signal_processing.values import Block
from storage import waveforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labeling_server.beat_families import GroupFamilies

router = api_router("/api/streams/{stream_id}/families", tag="families")

MAX_MEMBERS = 500_000
MAX_STRIPS = 120
STRIP_S = 1.2
"""Signal on both sides of a member's R peak in its strip, s."""

Order = Literal["unlike", "time"]
Offset = Annotated[int, Query(ge=0, le=MAX_MEMBERS, description="Members to leave out from the first")]


@router.get("", response_model=answers.Families)
def list_families(asked: Asked) -> dict[str, Any]:
    """Every family, the largest first: count, labels, template and spread a lead in mV; number 0 is what is of none."""
    found = asked.found
    channels = asked.group.signal.channels
    rows = [family_json(found, family.number) for family in found.families]
    if len(found.members(OTHER)):
        rows.append(family_json(found, OTHER))
    return {
        "n_beats": len(found.beats.samples),
        "leads": [{"position": lead, "name": channels[lead].name} for lead in found.leads],
        "point_hz": beat_windows.POINT_HZ,
        "n_before": beat_windows.N_BEFORE,
        "families": rows,
    }


@router.get("/waveforms", response_class=Response, responses=PACKED)
def get_waveforms(asked: Asked, per_family: Annotated[int, Query(ge=1, le=40)] = 24) -> Response:
    """Members of every family, evenly picked, in mV on its template; binary (see `labeling_server.api.window_codec`).

    A run is one member: it begins at the sample of its beat and holds the points of its window, leads interleaved.
    `families` in the header says of which family each run is.
    """
    found = asked.found
    numbers, runs = [], []
    for family in found.families:
        kept = np.flatnonzero(_are_standing(found.beats.samples, family.examples))
        for i in kept[np.unique(np.linspace(0, len(kept) - 1, min(per_family, len(kept))).astype(int))]:
            numbers.append(family.number)
            runs.append(Block(int(family.examples[i]), family.waveforms[i].T))
    header = {"group_id": asked.group.id, "n_channels": len(found.leads), "families": numbers}
    packed = window_codec.encode_blocks(header, runs, SAMPLE_FORMATS["float32"])
    return Response(packed, media_type=window_codec.MEDIA_TYPE)


def _are_standing(samples: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the wanted are among ascending samples: `np.isin` sorts all of a day for each family."""
    at = np.searchsorted(samples, wanted)
    found: NDArray[np.bool_] = (at < len(samples)) & (samples[np.minimum(at, len(samples) - 1)] == wanted)
    return found


@router.get("/{family}", response_model=answers.FamilyMembers)
def list_members(
    family: FamilyNumber,
    asked: Asked,
    request: Request,
    response: Response,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_MEMBERS)] = 100,
    order: Order = "unlike",
) -> dict[str, Any]:
    """Members of a family: their samples, label numbers, whether a person touched them, and how like the template."""
    members = _members(asked, family, order)
    note_next(request, response, offset=offset, limit=limit, total=len(members))
    return _members_json(asked.found, members, offset, limit)


@router.get("/{family}/half", response_model=answers.FamilyHalf)
def get_half(family: FamilyNumber, asked: Asked, database: Db, shelf: Shelf) -> dict[str, Any]:
    """The smaller of the two groups that a family falls into by its waveforms: what a split may take out of it."""
    asked.members(family)
    samples = shelf.half(database, asked.group, asked.found, family)
    return {"total": len(asked.members(family)), "samples": samples.tolist()}


@router.get("/{family}/strips", response_class=Response, responses=PACKED)
def get_strips(
    family: FamilyNumber,
    asked: Asked,
    database: Db,
    request: Request,
    *,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_STRIPS)] = 24,
    order: Order = "unlike",
) -> Response:
    """The same with the digital samples around each member, binary; `strips` says of which member each run is."""
    members = _members(asked, family, order)
    reach = asked.group.signal.clock.n_samples(STRIP_S)
    leads = list(asked.found.leads)
    strips, runs = [], []
    with database.transaction() as conn:
        for i, sample in enumerate(asked.found.beats.samples[members[offset : offset + limit]].tolist()):
            for run in waveforms.read_window(conn, asked.group, sample - reach, sample + reach):
                strips.append(i)
                runs.append(Block(run.start, run.samples[:, leads]))
    header = _members_json(asked.found, members, offset, limit)
    header |= {"n_channels": len(leads), "leads": leads, "reach": reach, "strips": strips}
    packed = window_codec.encode_blocks(header, runs, asked.group.signal.sample_format)
    response = Response(packed, media_type=window_codec.MEDIA_TYPE)
    note_next(request, response, offset=offset, limit=limit, total=len(members))
    return response


def _members(asked: AskedFamilies, family: int, order: Order) -> NDArray[np.intp]:
    """Places of a family's members in `found.beats`: the least like the template first, or in the order of time."""
    members = asked.members(family)
    if order == "time":
        return members
    return members[np.argsort(asked.found.similarities[members], kind="stable")]


def _members_json(found: GroupFamilies, members: NDArray[np.intp], offset: int, limit: int) -> dict[str, Any]:
    some = members[offset : offset + limit]
    return {
        "total": len(members),
        "samples": found.beats.samples[some].tolist(),
        "numbers": found.beats.numbers[some].tolist(),
        "touched": found.beats.origin[some].tolist(),
        "similarities": np.round(found.similarities[some].astype(float), 3).tolist(),
    }
