"""The coarse level of the envelopes follows from the stored samples, whatever the order they came in."""

from __future__ import annotations

import itertools

import numpy as np
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal_processing.values import INVALID_SAMPLE, Block, Channel, Signal
from storage import catalogue, migrations, pyramids, waveforms
from storage.database import Database
from storage.pyramids import COARSE_BIN, SPAN

_numbers = itertools.count()
N_SAMPLES = 5 * SPAN // 2
PIECE = SPAN // 8
_RNG = np.random.default_rng(3)
SAMPLES = _RNG.normal(0, 20, (N_SAMPLES, 2)).cumsum(axis=0).astype(np.int16)
SAMPLES[20_000:30_000, 0] = INVALID_SAMPLE


def _register(conn):
    """A group whose cells (7,424 samples) straddle bins and spans."""
    channels = tuple(Channel(name, "mV", 200.0) for name in ("I", "II"))
    signal = Signal(f"stream-{next(_numbers)}", "ecg", 250.0, 1_700_000_000_000_000, channels)
    stream = catalogue.ensure_stream(conn, name=signal.stream, device="device", t0_us=signal.t0_us)
    return catalogue.ensure_group(conn, stream.id, signal)


def _spans(conn, group):
    return conn.execute(
        "SELECT span, envelope FROM waveform_pyramid WHERE group_id = %s ORDER BY span", [group.id]
    ).fetchall()


def _expected(there, open_from):
    """What the definition says, from the samples alone."""
    rows = []
    for span in range(open_from // SPAN):
        inside = slice(span * SPAN, (span + 1) * SPAN)
        if not there[inside].any():
            continue
        valid = there[inside, None] & (SAMPLES[inside] != INVALID_SAMPLE)
        low = np.where(valid, SAMPLES[inside], 32_767).reshape(-1, COARSE_BIN, 2).min(axis=1)
        high = np.where(valid, SAMPLES[inside], -32_768).reshape(-1, COARSE_BIN, 2).max(axis=1)
        rows.append((span, np.stack([low, high], axis=-1).astype("<i2").tobytes()))
    return rows


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.permutations(range(N_SAMPLES // PIECE)),
    n_kept=st.integers(1, N_SAMPLES // PIECE),
    sealed_after=st.sets(st.integers(0, 19), max_size=3),
)
def test_pyramid_follows_from_the_set_of_samples(any_database, pieces, n_kept, sealed_after):
    there = np.zeros(N_SAMPLES, bool)
    with any_database.transaction() as conn:
        group = _register(conn)
        for i, piece in enumerate(pieces[:n_kept]):
            start = piece * PIECE + piece % 3  # not at the edge of a bin
            waveforms.store_blocks(conn, group, [Block(start, SAMPLES[start : start + PIECE])])
            there[start : start + PIECE] = True
            if i in sealed_after:
                waveforms.seal(conn, group)
        group = catalogue.group_by_id(conn, group.id)
        tail = 0 if group.sealed else group.next_sample % group.cell_samples
        assert _spans(conn, group) == _expected(there, group.next_sample - tail)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(0, N_SAMPLES - COARSE_BIN),
    length=st.integers(COARSE_BIN, N_SAMPLES),
    gap=st.integers(0, 2 * SPAN),
)
def test_overview_from_the_pyramid_says_what_the_samples_say(database, start, length, gap):
    end = min(start + length, N_SAMPLES)
    there = np.ones(N_SAMPLES, bool)
    there[gap : gap + SPAN // 3] = False
    with database.transaction() as conn:
        group = _register(conn)
        blocks = [Block(0, SAMPLES[:gap]), Block(gap + SPAN // 3, SAMPLES[gap + SPAN // 3 :])]
        waveforms.store_blocks(conn, group, [block for block in blocks if len(block)])
        n_bins = max((end - start) // COARSE_BIN, 1)
        envelope = waveforms.read_envelope(conn, group, start, end, n_bins=n_bins)
    assert envelope.edges[0] <= start
    assert envelope.edges[-1] >= end
    for i, (low, high) in enumerate(itertools.pairwise(envelope.edges)):
        inside = SAMPLES[low:high]
        valid = there[low:high, None] & (inside != INVALID_SAMPLE)
        assert (envelope.low[i].mask == ~valid.any(axis=0)).all()
        np.testing.assert_array_equal(
            envelope.low[i].filled(0), np.where(valid.any(axis=0), np.where(valid, inside, 32_767).min(axis=0), 0)
        )
        np.testing.assert_array_equal(
            envelope.high[i].filled(0), np.where(valid.any(axis=0), np.where(valid, inside, -32_768).max(axis=0), 0)
        )


def test_pyramid_of_many_groups_is_made_in_one_call(database):
    with database.transaction() as conn:
        groups = [_register(conn) for _ in range(3)]
        for group in groups:
            waveforms.store_blocks(conn, group, [Block(0, SAMPLES)])
        wanted = [_spans(conn, group) for group in groups]
        conn.execute("DELETE FROM waveform_pyramid")
        end = N_SAMPLES - N_SAMPLES % groups[0].cell_samples
        pyramids.refresh(conn, [pyramids.CellChange(group, 0, end, [(0, end)]) for group in groups])
        assert [_spans(conn, group) for group in groups] == wanted
        assert all(len(rows) == N_SAMPLES // SPAN for rows in wanted)


def test_a_completed_cell_within_a_span_asks_the_database_nothing():
    group = catalogue.GroupRow(1, 1, Signal("s", "ecg", 250.0, 0, (Channel("I", "mV"),)), 0, 0, 7_424)
    pyramids.refresh(None, [pyramids.CellChange(group, SPAN + 7_424, SPAN + 14_848, [(SPAN + 7_424, SPAN + 14_848)])])


def test_migration_makes_the_pyramid_of_what_is_stored(database_dsn, database):
    with database.transaction() as conn:
        group = _register(conn)
        waveforms.store_blocks(conn, group, [Block(0, SAMPLES[:PIECE]), Block(SPAN, SAMPLES[SPAN:])])
        wanted = _spans(conn, group)
        (name,) = (entry.name for entry in migrations.migrations() if entry.name.endswith("_pyramid"))
    with psycopg.connect(database_dsn) as conn:
        conn.execute("DROP TABLE waveform_pyramid")
        conn.execute("DELETE FROM schema_migrations WHERE name = %s", [name])
    assert migrations.upgrade(database_dsn) == [name]
    with Database.open(database_dsn) as again, again.transaction() as conn:
        assert len(wanted) == 2
        assert _spans(conn, group) == wanted
