"""The table of hours: everything is counted in exactly one hour, and nothing is told of what could not be seen."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal_processing.errors import InvalidValueError
from signal_processing.hourly import HOUR_US, Evidence, covered_us, hour_edges_us, hourly, intersection, union
from signal_processing.vocabulary import label

S = 1_000_000
NONE = np.zeros((0, 2), np.int64)
BERLIN = ZoneInfo("Europe/Berlin")

quickly = settings(max_examples=60, deadline=None)
ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6).map(
    lambda found: np.array(found, np.int64).reshape(-1, 2)
)


def us(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp()) * S


def evidence(beats_s, codes=None, *, stored=((0, 10_000),), noise=(), confirmed=(), proposed=(), vt=()):
    def in_us(found):
        return (np.array(found, np.float64).reshape(-1, 2) * S).astype(np.int64)

    beats_us = np.round(np.array(beats_s, np.float64) * S).astype(np.int64)
    numbers = np.array([label(code).number for code in codes or "N" * len(beats_us)], np.int16)
    starts = np.array([start * S for start in vt], np.int64)
    return Evidence(beats_us, numbers, in_us(stored), in_us(noise), in_us(confirmed), in_us(proposed), starts, starts)


def table(known, *edges_s):
    return hourly(known, np.array(edges_s, np.int64) * S)


def as_mask(found, n=61):
    mask = np.zeros(n, bool)
    for start, end in found:
        mask[start:end] = True
    return mask


@quickly
@given(ranges)
def test_a_union_covers_what_its_ranges_cover_in_disjoint_order(found):
    disjoint = union(found)
    np.testing.assert_array_equal(as_mask(disjoint), as_mask(found))
    assert (disjoint.ravel()[1:] > disjoint.ravel()[:-1]).all()


@quickly
@given(st.lists(ranges, min_size=1, max_size=3))
def test_an_intersection_is_what_all_groups_cover(groups):
    common = np.logical_and.reduce([as_mask(found) for found in groups])
    np.testing.assert_array_equal(as_mask(intersection(groups)), common)


@quickly
@given(ranges, st.lists(st.integers(0, 60), max_size=8))
def test_what_is_covered_until_a_time_is_counted_second_by_second(found, until):
    expected = [as_mask(found)[:at].sum() for at in until]
    np.testing.assert_array_equal(covered_us(union(found), np.array(until, np.int64)), expected)


@quickly
@given(
    st.lists(st.tuples(st.integers(0, 599), st.sampled_from("NVAQ/")), max_size=60),
    ranges,
    ranges,
    st.sets(st.integers(1, 599), max_size=5),
)
def test_totals_are_the_sums_of_the_hours_and_every_beat_is_in_one(found, noise, fibrillation, cuts):
    found.sort()
    known = evidence(
        [at for at, _ in found], [code for _, code in found], stored=[(0, 300), (320, 600)], noise=noise * 8,
        confirmed=fibrillation * 3, proposed=fibrillation * 5, vt=[at for at, _ in found[:3]],
    )  # fmt: skip
    hours, whole = table(known, 0, *sorted(cuts), 600), table(known, 0, 600)
    assert hours.n_beats.sum() == len(found)
    sums = [name for name in hours._fields if name.startswith("n_") or name in ("noise_us", "signal_us")]
    for name in (*sums, "af_confirmed_us", "af_proposed_us"):
        assert getattr(hours, name).sum() == getattr(whole, name)[0], name
    np.testing.assert_array_equal(
        hours.n_normal + hours.n_supraventricular + hours.n_ventricular + hours.n_other, hours.n_beats
    )
    assert hours.longest_rr_us.max() == whole.longest_rr_us[0]
    assert np.fmin.reduce(hours.rate_min_bpm) == pytest.approx(whole.rate_min_bpm[0], nan_ok=True)
    assert np.fmax.reduce(hours.rate_max_bpm) == pytest.approx(whole.rate_max_bpm[0], nan_ok=True)


def test_an_interval_across_missing_samples_or_noise_is_none():
    beats_s = [0, 1, 2, 5, 6, 9, 10]
    hours = table(evidence(beats_s, stored=[(0, 3), (4, 20)], noise=[(7, 8)]), 0, 20)
    assert hours.longest_rr_us[0] == S
    assert hours.n_pauses[0] == 0


def test_a_pause_is_told_with_its_length_and_where_it_begins():
    hours = table(evidence([0, 1, 3, 6.5, 7.5]), 0, 3, 20)
    assert hours.n_pauses.tolist() == [0, 1]  # 2.0 s is none yet
    assert hours.longest_rr_us.tolist() == [2 * S, 3.5 * S]
    assert hours.longest_rr_at_us.tolist() == [S, 3 * S]


def test_least_and_greatest_rate_are_over_eight_intervals_in_a_row():
    slow, fast = np.arange(20.0), 20 + 0.5 * np.arange(9)
    hours = table(evidence([*slow, *fast]), 0, 40)
    assert hours.rate_max_bpm[0] == pytest.approx(120)
    assert hours.rate_min_bpm[0] == pytest.approx(60)
    # of seven intervals no such rate is told, a mean is
    short = table(evidence(slow[:8]), 0, 40)
    assert np.isnan(short.rate_max_bpm[0])
    assert short.rate_mean_bpm[0] == pytest.approx(60)


def test_what_is_confirmed_is_not_proposed_once_more():
    hours = table(evidence([], confirmed=[(0, 10)], proposed=[(5, 12), (11, 15)]), 0, 20)
    assert (hours.af_confirmed_us[0], hours.af_proposed_us[0]) == (10 * S, 5 * S)


@pytest.mark.parametrize(
    ("day", "n_hours"), [((2026, 3, 28, 23), 23), ((2026, 10, 24, 22), 25), ((2026, 6, 1, 22), 24)]
)
def test_the_days_of_the_change_have_23_and_25_hours(day, n_hours):
    start = us(*day)
    edges = hour_edges_us(start, start + n_hours * HOUR_US, BERLIN)
    assert len(edges) - 1 == n_hours
    local = [datetime.fromtimestamp(edge // S, UTC).astimezone(BERLIN) for edge in edges.tolist()]
    assert (local[0].hour, local[-1].hour) == (0, 0)
    assert (local[-1].date() - local[0].date()).days == 1
    assert all((at.minute, at.second) == (0, 0) for at in local)


@quickly
@given(
    st.integers(0, 2_000_000_000),
    st.integers(0, 200_000),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_hours_follow_each_other_without_a_gap_and_none_is_longer_than_an_hour(start_s, length_s, zone):
    edges = hour_edges_us(start_s * S, (start_s + length_s) * S, ZoneInfo(zone))
    assert (edges[0], edges[-1]) == (start_s * S, (start_s + length_s) * S)
    assert ((np.diff(edges) > 0) & (np.diff(edges) <= HOUR_US)).all()


def test_a_table_without_an_edge_is_refused():
    with pytest.raises(InvalidValueError, match="at least 1 edge, got 0"):
        hourly(evidence([]), np.array([], np.int64))


def test_nothing_known_gives_hours_of_nothing():
    hours = hourly(evidence([], stored=[]), np.array([0, HOUR_US], np.int64))
    assert (hours.n_beats[0], hours.signal_us[0]) == (0, 0)
    assert np.isnan(hours.rate_mean_bpm[0])
    np.testing.assert_array_equal(union(NONE), NONE)
