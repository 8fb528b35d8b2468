"""What stands in the database of one channel group as the evidence of its hours, and the hours as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import storage.annotations as annotation_rows
from labeling_server.api.requests import extent_us
from signal_processing.errors import InvalidValueError
from signal_processing.hourly import HOUR_US, NO_RR_US, Evidence, Hours, hour_edges_us, hourly, intersection
from signal_processing.vocabulary import LabelKind
from storage import beats, waveforms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import tzinfo

    from numpy.typing import NDArray

    from storage.annotation_row import AnnotationRow
    from storage.catalogue import GroupRow

MAX_HOURS = 400 * 24
"""Rows of one table: more than a year in hours is no page."""

_ACCEPTED = ("confirmed", "corrected")
_FIBRILLATION = ("AFIB", "AFL")


class HourTable(NamedTuple):
    """The hours of all that is stored of a group, and `total`, the same in one row; both empty without samples."""

    hours: Hours
    total: Hours


def hours_of(conn: Any, group: GroupRow, zone: tzinfo) -> HourTable:
    """The hours of a zone's clock of all that is stored of a group.

    Raises
    ------
    InvalidValueError : if there are more than `MAX_HOURS`.
    """
    start_us, end_us = extent_us([group]) or (group.signal.t0_us, group.signal.t0_us)
    n_hours = (end_us - start_us) // HOUR_US
    if n_hours > MAX_HOURS:
        msg = f"a table of hours has at most {MAX_HOURS} of them, the recording has {n_hours}"
        raise InvalidValueError(msg)
    evidence = _evidence(conn, group, start_us, end_us)
    whole = np.unique(np.array([start_us, end_us], np.int64))
    return HourTable(hourly(evidence, hour_edges_us(start_us, end_us, zone)), hourly(evidence, whole))


def _evidence(conn: Any, group: GroupRow, start_us: int, end_us: int) -> Evidence:
    clock = group.signal.clock
    found = beats.read_beats(conn, group, group.first_sample, group.next_sample)
    stored = waveforms.stored_ranges(conn, group, group.first_sample, group.next_sample)
    spans = annotation_rows.spans_between(conn, group.stream_id, start_us, end_us)
    own = [row for row in spans if row.group_id == group.id and row.status != "rejected"]
    noise = [row for row in own if row.kind == LabelKind.QUALITY]
    fibrillation = [row for row in own if row.label in _FIBRILLATION]
    tachycardia = [row for row in own if row.label == "VT"]
    return Evidence(
        beats_us=clock.us_at(found.samples),
        numbers=found.numbers,
        stored_us=clock.us_at(stored),
        noise_us=_unreadable(group, noise),
        af_confirmed_us=_ranges(_with_status(fibrillation, _ACCEPTED)),
        af_proposed_us=_ranges(_with_status(fibrillation, ("proposed",))),
        vt_confirmed_us=_ranges(_with_status(tachycardia, _ACCEPTED))[:, 0],
        vt_proposed_us=_ranges(_with_status(tachycardia, ("proposed",)))[:, 0],
    )


def _unreadable(group: GroupRow, rows: Sequence[AnnotationRow]) -> NDArray[np.int64]:
    """Where no lead can be read; what names no lead is said of all."""
    channels = group.signal.channels
    leads = [channel.name for channel in channels if channel.unit == "mV"] or [channel.name for channel in channels]
    return intersection([_ranges(row for row in rows if row.channel in (None, lead)) for lead in leads])


def _with_status(rows: Iterable[AnnotationRow], statuses: Collection[str]) -> list[AnnotationRow]:
    """What a reader called ambiguous is neither confirmed nor still proposed."""
    return [row for row in rows if row.status in statuses]


def _ranges(rows: Iterable[AnnotationRow]) -> NDArray[np.int64]:
    return np.array([(row.start_us, row.end_us) for row in rows], np.int64).reshape(-1, 2)


def hours_json(hours: Hours) -> list[dict[str, Any]]:
    """One object an hour; times in microseconds UTC, durations in seconds, null where nothing can be said."""
    return [_hour_json(hours, i) for i in range(len(hours.n_beats))]


def _hour_json(hours: Hours, i: int) -> dict[str, Any]:
    counts = ("n_beats", "n_normal", "n_supraventricular", "n_ventricular", "n_other", "n_pauses")
    rates = ("rate_mean_bpm", "rate_min_bpm", "rate_max_bpm")
    durations = ("af_confirmed_us", "af_proposed_us", "noise_us", "signal_us")
    has_rr = hours.longest_rr_at_us[i] != NO_RR_US
    return {
        "start_us": int(hours.edges_us[i]),
        "end_us": int(hours.edges_us[i + 1]),
        **{name: int(getattr(hours, name)[i]) for name in (*counts, "n_vt_confirmed", "n_vt_proposed")},
        **{name: _rounded(getattr(hours, name)[i], 1) for name in rates},
        "longest_rr_s": round(int(hours.longest_rr_us[i]) / 1e6, 3) if has_rr else None,
        "longest_rr_at_us": int(hours.longest_rr_at_us[i]) if has_rr else None,
        **{f"{name.removesuffix('_us')}_s": round(int(getattr(hours, name)[i]) / 1e6, 3) for name in durations},
    }


def _rounded(value: float, n_digits: int) -> float | None:
    return None if np.isnan(value) else round(float(value), n_digits)
