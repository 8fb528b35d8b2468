"""Old days go whole, with their beats and overviews; what people said stays, and so do the samples they said it of."""

from __future__ import annotations

import numpy as np
import pytest

from signal_processing.values import Annotation, Annotator, Block
from storage import annotations as labels
from storage import audit, beats, catalogue, retention, revisions, runs, waveforms
from storage.annotation_row import Actor
from storage.errors import StorageError
from storage.partitions import DAY_US
from tests.storage.conftest import register, samples_of, signal_of

MIDNIGHT_US = 19_675 * DAY_US
FS_HZ = 1.0
DAY = 86_400
ACTOR = Actor(None, "operator")
SAMPLES = samples_of(3 * DAY)


@pytest.fixture
def three_days(any_database):
    """1 Hz from midnight to midnight, three days, with a beat every 100 s."""
    with any_database.transaction() as conn:
        group = register(conn, signal_of(fs_hz=FS_HZ, t0_us=MIDNIGHT_US))
        waveforms.store_blocks(conn, group, [Block(0, SAMPLES)])
        run = runs.ensure_run(conn, group.id, Annotator("machine", "d", "1"), {})
        found = [Annotation(start=i, end=i, label="N", annotator=Annotator("machine", "d", "1")) for i in _beats()]
        beats.store_beats(conn, group, run, found)
        return catalogue.group_by_id(conn, group.id)


def _beats():
    return range(0, 3 * DAY, 100)


def _cell_at(group, sample):
    return sample - sample % group.cell_samples


def _stored(conn, group):
    (row,) = conn.execute(
        "SELECT first_sample, next_sample, n_stored FROM channel_groups WHERE id = %s", [group.id]
    ).fetchall()
    return row


def _label(conn, group, at_s, **kind):
    at_us = MIDNIGHT_US + at_s * 1_000_000
    return revisions.add(
        conn, stream_id=group.stream_id, group_id=group.id, start_us=at_us, end_us=at_us + 5_000_000, label="AFIB",
        channel=None, actor=ACTOR, view={}, **kind,
    )  # fmt: skip


def test_whole_days_go_with_their_beats_and_overviews_and_the_extents_follow(any_database, three_days):
    with any_database.transaction() as conn:
        dropped = retention.apply(conn, MIDNIGHT_US + DAY_US + DAY_US // 2, actor=ACTOR)
        group = catalogue.group_by_id(conn, three_days.id)
        first = _cell_at(group, DAY) + group.cell_samples  # the cell that midnight falls into belongs to the first day
        assert (len(dropped.partitions), dropped.n_groups, dropped.n_samples) == (1, 1, first)
        assert _stored(conn, group) == (first, 3 * DAY, 3 * DAY - first)
        (block,) = waveforms.read_window(conn, group, 0, 3 * DAY)
        np.testing.assert_array_equal(block.samples, SAMPLES[first:])
        found = beats.read_beats(conn, group, 0, 3 * DAY).samples
        np.testing.assert_array_equal(found, [i for i in _beats() if i >= first])
        overview = waveforms.read_envelope(conn, group, 0, 3 * DAY, n_bins=60)
        assert overview.low.mask[: DAY // 4_500].all()
        assert not overview.low.mask[-2:].any()
        assert audit.recent(conn)[0].detail["n_samples"] == first


def test_cells_of_a_fast_group_are_dropped_and_kept_like_others(any_database):
    with any_database.transaction() as conn:
        group = register(conn, signal_of(fs_hz=250.0, t0_us=MIDNIGHT_US))
        waveforms.store_blocks(conn, group, [Block(0, SAMPLES[:50_000])])
        waveforms.seal(conn, group)
        _label(conn, group, 100)
        dropped = retention.apply(conn, MIDNIGHT_US + DAY_US, actor=ACTOR)
        (block,) = waveforms.read_window(conn, group, 0, 50_000)
    assert (dropped.n_kept_blocks, dropped.n_samples) == (1, 50_000 - group.cell_samples)
    assert block.start == _cell_at(group, 25_000)


def test_a_second_time_nothing_is_left_to_drop(any_database, three_days):
    with any_database.transaction() as conn:
        retention.apply(conn, MIDNIGHT_US + 2 * DAY_US, actor=ACTOR)
        before = _stored(conn, three_days)
        assert retention.apply(conn, MIDNIGHT_US + 2 * DAY_US, actor=ACTOR).partitions == []
        assert _stored(conn, three_days) == before


def test_samples_that_a_person_labelled_stay_until_that_is_asked_for_as_well(any_database, three_days):
    group = three_days
    with any_database.transaction() as conn:
        _label(conn, group, 5_000)
        kept = _cell_at(group, 5_000)
        dropped = retention.apply(conn, MIDNIGHT_US + DAY_US, actor=ACTOR)
        assert dropped.n_kept_blocks == 1
        block, *_ = waveforms.read_window(conn, group, 0, 3 * DAY)
        assert (block.start, block.end) == (kept, kept + group.cell_samples)
        np.testing.assert_array_equal(block.samples, SAMPLES[block.start : block.end])
        found = beats.read_beats(conn, group, 0, DAY // 2).samples
        np.testing.assert_array_equal(found, [i for i in _beats() if kept <= i < block.end])
        assert _stored(conn, group)[0] == kept
        assert retention.apply(conn, MIDNIGHT_US + DAY_US, actor=ACTOR).partitions == [], "the rest of the day stays"
        retention.apply(conn, MIDNIGHT_US + DAY_US, actor=ACTOR, keep_labelled=False)
        assert waveforms.read_window(conn, group, 0, DAY // 2) == []
        assert len(labels.spans_between(conn, group.stream_id, MIDNIGHT_US, MIDNIGHT_US + DAY_US)) == 1


def test_a_stream_that_lost_everything_takes_samples_again(any_database, three_days):
    with any_database.transaction() as conn:
        waveforms.seal(conn, three_days)
        retention.apply(conn, MIDNIGHT_US + 4 * DAY_US, actor=ACTOR)
        assert _stored(conn, three_days) == (3 * DAY, 3 * DAY, 0)
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, three_days, [Block(3 * DAY, SAMPLES[:500])])
        assert _stored(conn, three_days) == (3 * DAY, 3 * DAY + 500, 500)
        (block,) = waveforms.read_window(conn, three_days, 0, 4 * DAY)
    np.testing.assert_array_equal(block.samples, SAMPLES[:500])


def test_days_to_keep_are_set_shown_and_forgotten(database):
    with database.transaction() as conn:
        assert retention.keep_days(conn) is None
        retention.set_keep_days(conn, 30, actor=ACTOR)
        retention.set_keep_days(conn, 90, actor=ACTOR)
        assert retention.keep_days(conn) == 90
        assert [entry.detail["days"] for entry in audit.recent(conn)] == [90, 30]
        retention.set_keep_days(conn, None, actor=ACTOR)
        assert retention.keep_days(conn) is None
    with pytest.raises(StorageError, match="days"), database.transaction() as conn:
        retention.set_keep_days(conn, 0, actor=ACTOR)
