"""A partition a day on plain PostgreSQL: made by whoever needs it first, without waiting in circles."""

from __future__ import annotations

import threading

import numpy as np
import psycopg
import pytest

from signal_processing.values import Block, Channel, Signal
from storage import catalogue, migrations, partitions, queries, sample_runs, waveforms
from storage.database import Database
from storage.errors import StorageError
from storage.partitions import DAY_US
from tests.storage.conftest import register, signal_of

DAYS_OF = (7_305 * DAY_US, 19_675 * DAY_US)  # 1 January 1990, 14 November 2023
SAMPLES = np.arange(40_000, dtype=np.int16).reshape(-1, 2)


def _partitions(conn):
    rows = conn.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'waveform_blocks'::regclass ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]


def test_recordings_of_any_year_get_partitions_of_their_days(database):
    with database.transaction() as conn:
        assert _partitions(conn) == []
        for i, t0_us in enumerate(DAYS_OF):
            group = register(conn, signal_of(f"stream-{i}", t0_us=t0_us + DAY_US - 30_000_000))
            waveforms.store_blocks(conn, group, [Block(0, SAMPLES)])
            waveforms.seal(conn, group)
            (block,) = waveforms.read_window(conn, group, 0, 20_000)
            np.testing.assert_array_equal(block.samples, SAMPLES)
        # the second cell of each begins at midnight less 0.13 s, the third after it
        assert _partitions(conn) == [f"waveform_blocks_{day}" for day in ("19900101", "20231114")]
        waveforms.store_blocks(conn, group, [Block(20_000, SAMPLES)])
        waveforms.seal(conn, group)
        assert _partitions(conn)[-1] == "waveform_blocks_20231115"
        (block,) = waveforms.read_window(conn, group, 0, 40_000)
        assert len(block) == 40_000


def test_a_day_before_1970_has_a_partition_too(database):
    with database.transaction() as conn:
        group = register(conn, signal_of(t0_us=-3 * DAY_US // 2))
        waveforms.store_blocks(conn, group, [Block(0, SAMPLES)])
        assert _partitions(conn) == ["waveform_blocks_19691230"]


def test_workers_that_need_each_others_days_do_not_wait_in_a_circle(database):
    with database.transaction() as conn:
        groups = [[register(conn, signal_of(f"{who}-{i}", t0_us=DAYS_OF[i])) for i in (0, 1)] for who in "ab"]
    both_hold_one = threading.Barrier(2, timeout=30)
    failures = []

    def work(first, second):
        try:
            with database.transaction() as conn:
                waveforms.store_blocks(conn, first, [Block(0, SAMPLES)])
                both_hold_one.wait()
                waveforms.store_blocks(conn, second, [Block(0, SAMPLES)])
        except StorageError as error:
            failures.append(error)

    (a0, a1), (b0, b1) = groups
    threads = [threading.Thread(target=work, args=pair) for pair in ((a0, a1), (b1, b0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with database.transaction() as conn:
        assert len(_partitions(conn)) == 2
        for group in (a0, a1, b0, b1):
            assert sum(map(len, waveforms.read_window(conn, group, 0, 20_000))) == 20_000


def test_many_who_need_the_same_day_at_once_make_it_once(database):
    start = threading.Barrier(4, timeout=30)
    failures = []

    def work():
        try:
            with database.transaction() as conn:
                start.wait()
                partitions.ensure(conn, DAYS_OF)
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with database.transaction() as conn:
        assert len(_partitions(conn)) == 2


def test_a_window_is_planned_with_the_partition_of_its_day_alone(database):
    with database.transaction() as conn:
        partitions.ensure(conn, range(DAYS_OF[1], DAYS_OF[1] + 20 * DAY_US, DAY_US))
        bounds = {"group_id": 1, "start": 0, "end": 9, "sample_bytes": 2, "raw_codec": 0}
        bounds |= {"start_us": DAYS_OF[1] + 5, "end_us": DAYS_OF[1] + 9}
        plan = conn.execute("EXPLAIN " + queries.load("waveforms")["read_blocks"], bounds).fetchall()
    assert "waveform_blocks_20231114" in str(plan)
    assert "waveform_blocks_20231115" not in str(plan)


@pytest.mark.timescaledb
def test_timescaledb_makes_its_own_chunks(timescale_database):
    with timescale_database.transaction() as conn:
        for i, t0_us in enumerate(DAYS_OF):
            waveforms.store_blocks(conn, register(conn, signal_of(f"s-{i}", t0_us=t0_us)), [Block(0, SAMPLES)])
        chunks = conn.execute("SELECT count(*) FROM show_chunks('waveform_blocks')").fetchone()
    assert chunks == (2,)


def test_samples_stored_before_there_were_partitions_move_into_theirs(empty_dsn, monkeypatch):
    known = migrations.migrations()
    (number,) = (entry.number for entry in known if entry.name.endswith("_partitions"))
    with monkeypatch.context() as before:
        before.setattr(migrations, "migrations", lambda: known[: number - 1])
        migrations.upgrade(empty_dsn)
    signal = Signal("s", "ecg", 360.0, DAYS_OF[1], (Channel("I", "mV"), Channel("II", "mV")))
    with psycopg.connect(empty_dsn) as conn:  # in plain SQL: today's code knows columns that were not there yet
        group = _stored_of_old(conn, signal, [0, 360 * 86_400])
    assert migrations.upgrade(empty_dsn)[0].endswith("_partitions")
    with psycopg.connect(empty_dsn) as conn:
        assert _partitions(conn) == ["waveform_blocks_20231114", "waveform_blocks_20231115"]
    with Database.open(empty_dsn) as database, database.transaction() as conn:
        read = waveforms.read_window(conn, group, 0, 360 * 86_400 + 20_000)
        assert [(block.start, len(block)) for block in read] == [(0, 20_000), (360 * 86_400, 20_000)]
        for block in read:
            np.testing.assert_array_equal(block.samples, SAMPLES)


def _stored_of_old(conn, signal, starts):
    """A group with a complete cell at each of `starts`, in the tables of the time before partitions."""
    conn.execute("INSERT INTO devices (name) VALUES ('d')")
    conn.execute("INSERT INTO streams (name, device_id, t0_us) SELECT 's', id, %s FROM devices", [signal.t0_us])
    n_samples = len(SAMPLES)
    extent = {"t0_us": signal.t0_us, "cell": n_samples - n_samples % 256 + 256, "end": starts[-1] + n_samples}
    (group_id,) = conn.execute(
        "INSERT INTO channel_groups (stream_id, name, fs_hz, t0_us, cell_samples, next_sample, n_stored, sealed)"
        " SELECT id, 'ecg', 360, %(t0_us)s, %(cell)s, %(end)s, %(end)s, true FROM streams RETURNING id",
        extent,
    ).fetchone()
    for start in starts:
        codec, payload = sample_runs.packed(SAMPLES)
        envelope = sample_runs.raw(sample_runs.envelope(Block(start, SAMPLES)))
        row = [group_id, n_samples, signal.clock.us_at(start), start, codec, envelope, payload]
        conn.execute(
            "INSERT INTO waveform_blocks (group_id, n_samples, start_us, start_sample, codec, envelope, payload)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            row,
        )
    return catalogue.GroupRow(group_id, 1, signal, 0, extent["end"], extent["cell"], sealed=True)
