"""A recording in hours: beats by class, heart rate, pauses, fibrillation, runs, noise. What a Holter table says.

Hours are those of a clock on the wall, cut at UTC instants: the day on which summer time begins has 23 of them and the
day on which it ends 25; the first and the last hour of a recording are as long as it lasted in them. An RR interval
belongs to the hour in which it begins, so that everything is counted in exactly one hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from signal_processing.clock import US_PER_S
from signal_processing.errors import InvalidValueError
from signal_processing.vocabulary import LABELS, LabelKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from numpy.typing import NDArray

HOUR_US = 3600 * US_PER_S
RATE_WINDOW_RR = 8
"""Least and greatest heart rate are of so many RR intervals in a row: one early beat is not a tachycardia."""
PAUSE_S = 2.0
"""An RR interval above it is a pause (2017 ISHNE-HRS consensus, doi 10.1016/j.hrthm.2017.03.038)."""
NO_RR_US = -1
"""Stands for the time of the longest RR interval where there is none."""

_BEATS = [entry for entry in LABELS if entry.kind is LabelKind.BEAT]
_ALL_BEATS = np.array([entry.number for entry in _BEATS])
_NUMBERS_OF = {letter: np.array([entry.number for entry in _BEATS if entry.aami == letter]) for letter in "NSV"}


class Evidence(NamedTuple):
    """What is known of a recording; times in microseconds UTC, ranges (n, 2) half-open, in any order, may overlap.

    Parameters
    ----------
    beats_us, numbers : (n_beats,) int64 ascending, and their label numbers; numbers that are no beat do not count.
    stored_us : ranges of stored samples.
    noise_us : ranges that cannot be read: RR intervals that touch them are no evidence of anything.
    af_confirmed_us, af_proposed_us : ranges of atrial fibrillation and flutter.
    vt_confirmed_us, vt_proposed_us : (n,) starts of runs of ventricular tachycardia.
    """

    beats_us: NDArray[np.int64]
    numbers: NDArray[np.int16]
    stored_us: NDArray[np.int64]
    noise_us: NDArray[np.int64]
    af_confirmed_us: NDArray[np.int64]
    af_proposed_us: NDArray[np.int64]
    vt_confirmed_us: NDArray[np.int64]
    vt_proposed_us: NDArray[np.int64]


class Hours(NamedTuple):
    """A table with one row an hour, all columns (n_hours,) but `edges_us` (n_hours + 1,).

    Parameters
    ----------
    n_beats : the sum of the four classes that follow; `n_other` are fusion, paced and unclassifiable beats.
    rate_mean_bpm : 60 over the mean of the RR intervals; NaN without one.
    rate_min_bpm, rate_max_bpm : over `RATE_WINDOW_RR` intervals in a row; NaN without so many.
    longest_rr_us, longest_rr_at_us : length and start; 0 and `NO_RR_US` without one.
    n_pauses : RR intervals above `PAUSE_S`.
    af_confirmed_us, af_proposed_us : time in it; what is confirmed is not counted as proposed once more.
    n_vt_confirmed, n_vt_proposed : runs that begin in the hour.
    noise_us, signal_us : time that cannot be read, and time of stored samples.
    """

    edges_us: NDArray[np.int64]
    n_beats: NDArray[np.int64]
    n_normal: NDArray[np.int64]
    n_supraventricular: NDArray[np.int64]
    n_ventricular: NDArray[np.int64]
    n_other: NDArray[np.int64]
    rate_mean_bpm: NDArray[np.float64]
    rate_min_bpm: NDArray[np.float64]
    rate_max_bpm: NDArray[np.float64]
    longest_rr_us: NDArray[np.int64]
    longest_rr_at_us: NDArray[np.int64]
    n_pauses: NDArray[np.int64]
    af_confirmed_us: NDArray[np.int64]
    af_proposed_us: NDArray[np.int64]
    n_vt_confirmed: NDArray[np.int64]
    n_vt_proposed: NDArray[np.int64]
    noise_us: NDArray[np.int64]
    signal_us: NDArray[np.int64]


def hour_edges_us(start_us: int, end_us: int, zone: tzinfo) -> NDArray[np.int64]:
    """The hours of a zone's clock within [start_us, end_us): (n_hours + 1,), the first and the last may be cut."""
    edges = [start_us]
    while edges[-1] < end_us:
        edges.append(min(_next_hour_us(edges[-1], zone), end_us))
    return np.array(edges, np.int64)


def hourly(evidence: Evidence, edges_us: NDArray[np.int64]) -> Hours:
    """What is known, in each [edge, next edge); edges from first to last alone give the totals.

    Raises
    ------
    InvalidValueError : if there is no edge.
    """
    if not len(edges_us):
        msg = "a table of hours needs at least 1 edge, got 0"
        raise InvalidValueError(msg)
    is_beat = np.isin(evidence.numbers, _ALL_BEATS)
    beats_us, numbers = evidence.beats_us[is_beat], evidence.numbers[is_beat]
    counts = {letter: _count(beats_us[np.isin(numbers, known)], edges_us) for letter, known in _NUMBERS_OF.items()}
    n_beats = _count(beats_us, edges_us)
    noise, confirmed = union(evidence.noise_us), union(evidence.af_confirmed_us)
    either = union(np.concatenate([confirmed, evidence.af_proposed_us]))
    af_confirmed_us = np.diff(covered_us(confirmed, edges_us))
    rr = _intervals(beats_us, union(evidence.stored_us), noise)
    measured = _measured(rr, edges_us)
    slowest, fastest = _extreme_rates(rr, edges_us)
    return Hours(
        edges_us=edges_us,
        n_beats=n_beats,
        n_normal=counts["N"],
        n_supraventricular=counts["S"],
        n_ventricular=counts["V"],
        n_other=n_beats - sum(counts.values()),
        rate_mean_bpm=measured.mean_bpm,
        rate_min_bpm=slowest,
        rate_max_bpm=fastest,
        longest_rr_us=measured.longest_us,
        longest_rr_at_us=measured.longest_at_us,
        n_pauses=measured.n_pauses,
        af_confirmed_us=af_confirmed_us,
        af_proposed_us=np.diff(covered_us(either, edges_us)) - af_confirmed_us,
        n_vt_confirmed=_count(np.sort(evidence.vt_confirmed_us), edges_us),
        n_vt_proposed=_count(np.sort(evidence.vt_proposed_us), edges_us),
        noise_us=np.diff(covered_us(noise, edges_us)),
        signal_us=np.diff(covered_us(union(evidence.stored_us), edges_us)),
    )


def union(ranges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Half-open ranges (n, 2) as disjoint ones in order; those that touch are one."""
    ranges = ranges[ranges[:, 1] > ranges[:, 0]]
    if not len(ranges):
        return ranges
    ordered = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ordered[:, 1])
    firsts = np.flatnonzero(np.r_[True, ordered[1:, 0] > reached[:-1]])
    return np.stack([ordered[firsts, 0], np.maximum.reduceat(ordered[:, 1], firsts)], axis=1)


def intersection(groups: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Where ranges of all groups are, of at least one group: disjoint half-open ranges (n, 2) in order."""
    disjoint = [union(ranges) for ranges in groups]
    starts, ends = np.concatenate(disjoint).T
    at = np.concatenate([ends, starts])  # where one ends and another begins at once, nothing is common in between
    order = np.argsort(at, kind="stable")
    depth = np.cumsum(np.r_[np.full(len(ends), -1), np.ones(len(starts), np.int64)][order])
    firsts = np.flatnonzero(depth == len(disjoint))
    return np.stack([at[order][firsts], at[order][np.minimum(firsts + 1, len(at) - 1)]], axis=1)


def covered_us(ranges: NDArray[np.int64], until: NDArray[np.int64]) -> NDArray[np.int64]:
    """How much of disjoint ranges in order (n, 2) lies before each time `until` (m,): (m,)."""
    if not len(ranges):
        return np.zeros(len(until), np.int64)
    starts, ends = ranges.T
    whole = np.r_[0, np.cumsum(ends - starts)]
    at = np.maximum(np.searchsorted(starts, until, side="right") - 1, 0)
    covered: NDArray[np.int64] = whole[at] + np.clip(until - starts[at], 0, ends[at] - starts[at])
    return covered


class _Intervals(NamedTuple):
    """RR intervals: where each begins, how long it is, and whether it is one: all of it stored and none of it noise."""

    at_us: NDArray[np.int64]
    length_us: NDArray[np.int64]
    is_seen: NDArray[np.bool_]


class _Measured(NamedTuple):
    """Of the intervals that begin in each hour: mean rate, the longest and where it begins, pauses."""

    mean_bpm: NDArray[np.float64]
    longest_us: NDArray[np.int64]
    longest_at_us: NDArray[np.int64]
    n_pauses: NDArray[np.int64]


def _next_hour_us(at_us: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at_us // US_PER_S, UTC).astimezone(zone).utcoffset() or timedelta()
    offset_us = offset // timedelta(microseconds=1)
    return ((at_us + offset_us) // HOUR_US + 1) * HOUR_US - offset_us


def _count(sorted_us: NDArray[np.int64], edges_us: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.diff(np.searchsorted(sorted_us, edges_us))


def _intervals(beats_us: NDArray[np.int64], stored: NDArray[np.int64], noise: NDArray[np.int64]) -> _Intervals:
    # two detectors may say the same beat; np.unique hashes what is in order already, most of the time of a day's table
    at = beats_us[np.r_[True, np.diff(beats_us) > 0][: len(beats_us)]]
    length = np.diff(at)
    is_stored = np.diff(covered_us(stored, at)) == length
    is_clean = np.diff(covered_us(noise, at)) == 0
    return _Intervals(at[: len(length)], length, is_stored & is_clean)


def _measured(rr: _Intervals, edges_us: NDArray[np.int64]) -> _Measured:
    at, length = rr.at_us[rr.is_seen], rr.length_us[rr.is_seen]
    n_hours = len(edges_us) - 1
    mean_bpm = np.full(n_hours, np.nan)
    longest_us, longest_at_us = np.zeros(n_hours, np.int64), np.full(n_hours, NO_RR_US, np.int64)
    for i_hour, (low, high) in _filled(at, edges_us):
        here = length[low:high]
        mean_bpm[i_hour] = 60.0 * US_PER_S / here.mean()
        i_longest = int(here.argmax())
        longest_us[i_hour], longest_at_us[i_hour] = here[i_longest], at[low + i_longest]
    return _Measured(mean_bpm, longest_us, longest_at_us, _count(at[length > PAUSE_S * US_PER_S], edges_us))


def _extreme_rates(rr: _Intervals, edges_us: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest rate over `RATE_WINDOW_RR` intervals in a row that begin in each hour, bpm."""
    n_hours = len(edges_us) - 1
    slowest, fastest = np.full(n_hours, np.nan), np.full(n_hours, np.nan)
    if len(rr.at_us) < RATE_WINDOW_RR:
        return slowest, fastest
    firsts = np.flatnonzero(sliding_window_view(rr.is_seen, RATE_WINDOW_RR).all(axis=1))
    lengths = sliding_window_view(rr.length_us, RATE_WINDOW_RR).sum(axis=1)[firsts]
    rates = RATE_WINDOW_RR * 60.0 * US_PER_S / lengths
    for i_hour, (low, high) in _filled(rr.at_us[firsts], edges_us):
        slowest[i_hour], fastest[i_hour] = rates[low:high].min(), rates[low:high].max()
    return slowest, fastest


def _filled(sorted_us: NDArray[np.int64], edges_us: NDArray[np.int64]) -> list[tuple[int, tuple[int, int]]]:
    """Of each hour in which something is: its number, and the range of what is in it."""
    cuts = np.searchsorted(sorted_us, edges_us)
    return [(int(i), (int(cuts[i]), int(cuts[i + 1]))) for i in np.flatnonzero(cuts[1:] > cuts[:-1])]
