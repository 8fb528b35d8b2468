"""Samples in and out: the tables follow from the set of samples, and what is read is what was stored."""

from __future__ import annotations

import itertools
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_kit import N_CHANNELS, N_SAMPLES, SAMPLES, blocks_of, contents, deliveries, plain_signal, register_plain

from signal_processing.values import INVALID_SAMPLE, Block
from storage import catalogue, waveforms
from storage.errors import ConstraintError, UnknownRowError


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(polls=deliveries())
def test_tables_depend_only_on_the_set_of_samples(any_database, polls):
    with any_database.transaction() as conn:
        bad, good = register_plain(conn), register_plain(conn)
    stored = []
    for poll in polls:
        with any_database.transaction() as conn:
            stored += waveforms.store_blocks(conn, bad, blocks_of(poll)).new
    everything = sorted({piece for poll in polls for piece in poll})
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, good, blocks_of(everything))
        assert contents(conn, bad) == contents(conn, good)
        read = waveforms.read_window(conn, bad, 0, N_SAMPLES)
        ranges = waveforms.stored_ranges(conn, bad, 0, N_SAMPLES)
    assert ranges.tolist() == [[block.start, block.end] for block in read]
    wanted = np.zeros(N_SAMPLES, bool)
    for low, high in everything:
        wanted[low:high] = True
    assert sum(map(len, stored)) == wanted.sum() == sum(map(len, read))
    for block in [*read, *stored]:
        assert wanted[block.start : block.end].all()
        np.testing.assert_array_equal(block.samples, SAMPLES[block.start : block.end])
    assert all(a.end < b.start for a, b in itertools.pairwise(read)), "runs that touch are one"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(polls=deliveries(), sealed_after=st.sets(st.integers(0, 12)))
def test_sealing_in_between_leaves_no_trace(database, polls, sealed_after):
    with database.transaction() as conn:
        bad, good = register_plain(conn), register_plain(conn)
        for i, poll in enumerate(polls):
            waveforms.store_blocks(conn, bad, blocks_of(poll))
            if i in sealed_after:
                waveforms.seal(conn, bad)
        waveforms.seal(conn, bad)
        waveforms.store_blocks(conn, good, blocks_of(sorted({piece for poll in polls for piece in poll})))
        waveforms.seal(conn, good)
        assert contents(conn, bad) == contents(conn, good)
        assert contents(conn, bad)[1] == [], "a sealed group has no tail"


def test_duplicates_are_counted_and_change_nothing(any_database, group, recording):
    blocks = [Block(i, recording[i : i + 360]) for i in range(0, 36_000, 360)]
    with any_database.transaction() as conn:
        first = waveforms.store_blocks(conn, group, blocks)
        before = contents(conn, group)
        again = waveforms.store_blocks(conn, group, blocks)
        assert contents(conn, group) == before
    assert (sum(map(len, first.new)), first.n_duplicate) == (36_000, 0)
    assert (again.new, again.n_duplicate, again.next_sample) == ([], 36_000, 36_000)


def test_overlap_keeps_what_is_there_and_stores_the_rest(any_database, group, recording):
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, group, [Block(100, recording[100:200])])
        stored = waveforms.store_blocks(conn, group, [Block(0, np.zeros((300, 2), np.int16))])
        (block,) = waveforms.read_window(conn, group, 0, 300)
    assert [(part.start, part.end) for part in stored.new] == [(0, 100), (200, 300)]
    assert stored.n_duplicate == 100
    np.testing.assert_array_equal(block.samples[100:200], recording[100:200])
    assert not block.samples[:100].any()


def test_new_parts_come_in_the_order_of_the_blocks_given(database, recording):
    with database.transaction() as conn:
        group = register_plain(conn, fs_hz=360.0)
        starts = [720, 0, 1440, 360]
        stored = waveforms.store_blocks(conn, group, [Block(i, recording[i : i + 360]) for i in starts])
    assert [block.start for block in stored.new] == starts


def test_incomplete_cell_stands_in_the_tail_until_it_is_passed(any_database, group, recording):
    cell = group.cell_samples
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, group, [Block(0, recording[: cell - 1])])
        blocks, tail, _ = contents(conn, group)
        assert (len(blocks), len(tail)) == (0, cell // 256)
        waveforms.store_blocks(conn, group, [Block(cell - 1, recording[cell - 1 : cell])])
        blocks, tail, _ = contents(conn, group)
        assert (len(blocks), len(tail)) == (1, 0)


def test_a_jump_over_many_cells_leaves_a_gap_and_no_rows_for_it(any_database, group, recording):
    far = group.cell_samples * 1_000
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, group, [Block(0, recording[:100]), Block(far, recording[:100])])
        read = waveforms.read_window(conn, group, 0, far + 100)
        blocks, _, extent = contents(conn, group)
    assert [(block.start, block.end) for block in read] == [(0, 100), (far, far + 100)]
    assert len(blocks) == 1
    assert extent == [(0, far + 100, 200)]


def test_samples_after_the_end_reopen_a_sealed_stream(any_database, group, recording):
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, group, [Block(0, recording[:1_000])])
        waveforms.seal(conn, group)
        catalogue.end_stream(conn, group.stream_id, at_us=group.signal.clock.us_at(1_000))
        waveforms.store_blocks(conn, group, [Block(0, recording[:1_000])])
        assert catalogue.stream_by_id(conn, group.stream_id).ended_us is not None, "a duplicate does not reopen"
        waveforms.store_blocks(conn, group, [Block(1_000, recording[1_000:1_100])])
        assert catalogue.stream_by_id(conn, group.stream_id).ended_us is None
        (block,) = waveforms.read_window(conn, group, 0, 2_000)
    assert len(block) == 1_100


def test_window_gives_what_was_stored_at_any_bounds(any_database, filled, recording):
    with any_database.transaction() as conn:
        for start, end in [(0, 1), (10_751, 10_753), (15_000, 25_800), (35_000, 99_999), (-50, 50)]:
            (block,) = waveforms.read_window(conn, filled, start, end)
            assert block.start == max(start, 0)
            np.testing.assert_array_equal(block.samples, recording[max(start, 0) : end])
        assert waveforms.read_window(conn, filled, 50_000, 60_000) == []
        assert waveforms.read_window(conn, filled, 10, 10) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    gap=st.tuples(st.integers(0, N_SAMPLES), st.integers(0, 900)),
    bounds=st.tuples(st.integers(0, N_SAMPLES - 1), st.integers(1, N_SAMPLES)),
    n_bins=st.integers(1, 40),
    invalid=st.integers(0, 600),
)
def test_envelope_is_that_of_the_samples_between_its_edges(database, gap, bounds, n_bins, invalid):
    start, end = bounds[0], min(bounds[0] + bounds[1], N_SAMPLES)
    samples = SAMPLES.copy()
    samples[700 : 700 + invalid, 0] = INVALID_SAMPLE
    there = np.ones(N_SAMPLES, bool)
    there[gap[0] : gap[0] + gap[1]] = False
    blocks = [Block(0, samples[: gap[0]]), Block(gap[0] + gap[1], samples[gap[0] + gap[1] :])]
    with database.transaction() as conn:
        group = register_plain(conn)
        waveforms.store_blocks(conn, group, [block for block in blocks if len(block)])
        if not there.any():
            return
        envelope = waveforms.read_envelope(conn, group, start, end, n_bins=n_bins)
    assert envelope.edges[0] <= start
    assert envelope.edges[-1] >= end
    assert (np.diff(envelope.edges) > 0).all()
    assert len(envelope.edges) == min(n_bins, end - start) + 1
    for i, (low, high) in enumerate(itertools.pairwise(envelope.edges)):
        for channel in range(N_CHANNELS):
            inside = samples[low:high, channel][there[low:high]]
            valid = inside[inside != INVALID_SAMPLE]
            if len(valid):
                assert (envelope.low[i, channel], envelope.high[i, channel]) == (valid.min(), valid.max())
            else:
                assert envelope.low.mask[i, channel]
                assert envelope.high.mask[i, channel]


def test_envelope_refuses_an_empty_range(database):
    with database.transaction() as conn:
        group = register_plain(conn)
        with pytest.raises(ConstraintError, match="at least 1 bin"):
            waveforms.read_envelope(conn, group, 10, 10, n_bins=4)
        with pytest.raises(ConstraintError, match="at least 1 bin"):
            waveforms.read_envelope(conn, group, 0, 10, n_bins=0)


def test_white_noise_is_stored_raw(database):
    noise = np.random.default_rng(1).integers(-32_000, 32_000, (2_000, 2)).astype(np.int16)
    with database.transaction() as conn:
        group = register_plain(conn)
        waveforms.store_blocks(conn, group, [Block(0, noise)])
        blocks, _, _ = contents(conn, group)
        (block,) = waveforms.read_window(conn, group, 0, 2_000)
    assert {row[3] for row in blocks} == {0}
    np.testing.assert_array_equal(block.samples, noise)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (Block(0, np.zeros((10, 3), np.int16)), "must be int16 with 2 channels, got int16 with 3"),
        (Block(0, np.zeros((10, 2))), "must be int16 with 2 channels, got float64 with 2"),
        (Block(-1, np.zeros((10, 2), np.int16)), "at least 0, got a block from -1"),
    ],
    ids=["channels", "dtype", "start"],
)
def test_store_refuses_a_block_that_does_not_fit(database, block, reason):
    with database.transaction() as conn:
        group = register_plain(conn)
        with pytest.raises(ConstraintError, match=reason):
            waveforms.store_blocks(conn, group, [block])


def test_store_refuses_an_unknown_group(database):
    with database.transaction() as conn:
        group = catalogue.GroupRow(999, 1, plain_signal("nowhere"), 0, 0, 1_024)
        with pytest.raises(UnknownRowError, match="999"):
            waveforms.store_blocks(conn, group, [Block(0, SAMPLES[:10])])


def test_empty_blocks_are_nothing(database):
    with database.transaction() as conn:
        group = register_plain(conn)
        assert waveforms.store_blocks(conn, group, []).new == []
        assert waveforms.store_blocks(conn, group, [Block(5, SAMPLES[:0])]).new == []
        waveforms.seal(conn, group)
        assert contents(conn, group) == ([], [], [(0, 0, 0)])


def test_nothing_of_a_transaction_that_failed_is_stored(database, recording):
    with database.transaction() as conn:
        group = register_plain(conn, fs_hz=360.0)
    with suppress(KeyboardInterrupt), database.transaction() as conn:
        waveforms.store_blocks(conn, group, [Block(0, recording)])
        raise KeyboardInterrupt
    with database.transaction() as conn:
        assert contents(conn, group) == ([], [], [(0, 0, 0)])


def test_payloads_lie_out_of_line_so_that_the_heap_stays_thin(any_database, filled):
    with any_database.transaction() as conn:
        (n_rows, heap) = conn.execute(
            "SELECT count(*), sum(pg_column_size(group_id) + pg_column_size(envelope)) FROM waveform_blocks"
        ).fetchone()
        (pages,) = conn.execute("SELECT max((ctid::text::point)[0]) + 1 FROM waveform_blocks").fetchone()
    assert n_rows == 3
    assert heap < 3_000
    assert pages == 1, "three rows of 20 kB of payload share a page of 8 kB"
