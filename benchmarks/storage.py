"""Storage: bytes a sample on disk, and the time to read windows, overviews and spans."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import resample_poly

from benchmarks import workload
from benchmarks.figures import Figure, against, median_ms
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations as labels
from storage import catalogue, runs, waveforms
from storage.database import Database, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.catalogue import GroupRow

WINDOW_S = 10
N_CALLS = 500
DAY_S = 86_400
LOAD_HZ = 250
LEADS = tuple(Channel(name, "mV", 200.0) for name in ("I", "II", "III"))
"""5 uV a step."""
N_SPANS = 200
"""Of the day's stream: so many rhythm, event and quality spans make an eventful day."""
N_OTHER_SPANS = 100_000
"""Of 200 other streams at the same time."""
_TABLES = """
    SELECT t.name, sum(pg_relation_size(c.oid)), coalesce(sum(pg_total_relation_size(nullif(c.reltoastrelid, 0))), 0),
           sum(pg_indexes_size(c.oid))
    FROM unnest(ARRAY['waveform_blocks', 'waveform_tail', 'waveform_pyramid']) AS t (name)
    JOIN pg_class c ON c.oid = t.name::regclass OR c.oid IN (SELECT inhrelid FROM pg_inherits
                                                            WHERE inhparent = t.name::regclass)
    WHERE c.relkind = 'r' GROUP BY t.name ORDER BY t.name
"""


def figures() -> Iterator[Figure]:
    """Load real records at both rates, then read them; a database of its own for each load."""
    for name, recordings in (("mitdb 360 Hz", _mitdb), ("250 Hz, 3 leads", _at_250_hz)):
        with workload.server_dsn() as dsn, Database.open(dsn) as database:
            yield from _real_records(database, dsn, name, recordings())
    with workload.server_dsn() as dsn, Database.open(dsn) as database:
        yield from _day(database, dsn)


def _mitdb() -> Iterator[tuple[Signal, list[Block]]]:
    return map(workload.recording, workload.mitdb_records())


def _at_250_hz() -> Iterator[tuple[Signal, list[Block]]]:
    """The same records as a monitor sends them: 250 Hz, 5 uV a step, the third lead the difference of two."""
    for path in workload.mitdb_records():
        signal, blocks = workload.recording(path)
        yield Signal(signal.stream, "ecg", LOAD_HZ, signal.t0_us, LEADS), [Block(0, _resampled(signal, blocks))]


def _resampled(signal: Signal, blocks: list[Block]) -> Any:
    millivolts = np.concatenate([signal.physical(block).samples for block in blocks])
    leads = resample_poly(np.nan_to_num(millivolts), LOAD_HZ, round(signal.fs_hz), axis=0)
    three = np.column_stack([leads, leads[:, 0] - leads[:, 1]])
    return np.round(three * LEADS[0].gain).astype(np.int16)


def _real_records(
    database: Database, dsn: str, name: str, recordings: Iterator[tuple[Signal, list[Block]]]
) -> Iterator[Figure]:
    groups, n_values, entropies = [], 0, []
    for signal, blocks in recordings:
        groups.append(_store(database, signal, blocks))
        n_values += sum(block.samples.size for block in blocks)
        entropies.append(workload.delta_entropy_bytes(blocks))
    entropy = Figure(f"entropy of deltas, mean of records, {name}", float(np.mean(entropies)), "B/sample")
    yield entropy
    total = 0.0
    for table, part, size in _parts(dsn):
        total += size
        yield Figure(f"of these {table} {part}, {name}", size / n_values, "B/sample")
    yield against(
        Figure(f"bytes on disk, {name}, indexes and pyramids included", total / n_values, "B/sample"), entropy
    )
    yield _window(database, groups, f"10 s window, {name}")
    columnstore = _columnstore_bytes(database, dsn)
    if columnstore is not None:
        yield against(Figure(f"bytes in the columnstore, {name}", columnstore / n_values, "B/sample"), entropy)
        yield _window(database, groups, f"10 s window in the columnstore, {name}")


def _columnstore_bytes(database: Database, dsn: str) -> float | None:
    """Move all chunks into the columnstore; None where there is none: plain PostgreSQL, the Apache licence."""
    if database.capabilities.timescaledb_licence != "timescale":
        return None
    with connect(dsn, autocommit=True) as conn:
        conn.execute(
            "ALTER TABLE waveform_blocks SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'group_id',"
            " timescaledb.orderby = 'start_us')"
        )
        for (chunk,) in conn.execute("SELECT show_chunks('waveform_blocks')::text").fetchall():
            conn.execute("CALL convert_to_columnstore(%s::regclass)", [chunk])
        conn.execute("VACUUM (ANALYZE) waveform_blocks")
        row: Any = conn.execute(
            "SELECT hypertable_size('waveform_blocks') + pg_total_relation_size('waveform_pyramid')"
            " + pg_total_relation_size('waveform_tail')"
        ).fetchone()
    return float(row[0])


def _parts(dsn: str) -> list[tuple[str, str, float]]:
    """Bytes on disk of the tables of samples after a vacuum, as autovacuum leaves them: rows, payloads, indexes."""
    with connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM (ANALYZE) waveform_blocks, waveform_tail, waveform_pyramid")
        rows = conn.execute(_TABLES).fetchall()
    names = ("rows", "payloads out of line", "keys")
    return [(row[0], part, float(size)) for row in rows for part, size in zip(names, row[1:], strict=True)]


def _day(database: Database, dsn: str) -> Iterator[Figure]:
    """24 h of 3 leads at 250 Hz, cut from real records end to end."""
    signal = Signal("day", "ecg", LOAD_HZ, workload.START_US, LEADS)
    group = _store(database, signal, _looped(n_samples=LOAD_HZ * DAY_S))
    _add_spans(database, group)
    with connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM (ANALYZE)")
    yield _window(database, [group], "10 s window of 24 h, 3 leads")
    with database.transaction() as conn:
        overview_ms = median_ms(
            lambda _: waveforms.read_envelope(conn, group, 0, LOAD_HZ * DAY_S, n_bins=2000), n_calls=100, n_warm_up=3
        )
        yield Figure("overview of 24 h, 3 leads, 2000 px", overview_ms, "ms")
        end_us = signal.clock.us_at(LOAD_HZ * DAY_S)
        n_found = len(labels.spans_between(conn, group.stream_id, signal.t0_us, end_us))
        assert n_found == N_SPANS
        spans_ms = median_ms(
            lambda _: labels.spans_between(conn, group.stream_id, signal.t0_us, end_us), n_calls=100, n_warm_up=10
        )
        yield Figure(f"the {N_SPANS} spans of 24 h, of {N_SPANS + N_OTHER_SPANS}", spans_ms, "ms")


def _add_spans(database: Database, group: GroupRow) -> None:
    rng = np.random.default_rng(0)
    with database.transaction() as conn:
        run_id = runs.ensure_run(conn, group.id, Annotator("machine", "benchmark", "1"), {})
        spans = [_span(int(start), int(rng.exponential(8)) + 1) for start in _starts(rng, N_SPANS)]
        labels.propose(conn, group.stream_id, group, run_id, spans)
        device = catalogue.ensure_stream(conn, name="others", device="benchmark", t0_us=group.signal.t0_us)
        others = [device.id]
        for i in range(199):
            stream = catalogue.ensure_stream(conn, name=f"other-{i}", device="benchmark", t0_us=group.signal.t0_us)
            others.append(stream.id)
        conn.execute(
            """INSERT INTO annotations (id, stream_id, group_id, kind, label, start_us, end_us, urgency, status,
                                        author_kind, author_name, updated_by)
               SELECT gen_random_uuid(), (%(streams)s::integer[])[1 + i %% cardinality(%(streams)s::integer[])],
                      %(group_id)s, 'event', 'PAUSE', %(t0_us)s + (i::bigint * 7919 %% 86400) * 1000000,
                      %(t0_us)s + (i::bigint * 7919 %% 86400 + i %% 9) * 1000000, 1, 'proposed', 'machine', 'b', 'b'
               FROM generate_series(1, %(n)s) AS i""",
            {"streams": others, "group_id": group.id, "t0_us": group.signal.t0_us, "n": N_OTHER_SPANS},
        )


def _starts(rng: np.random.Generator, n: int) -> Any:
    return np.sort(rng.choice(DAY_S - 100, n, replace=False))


def _span(start_s: int, length_s: int) -> Annotation:
    return Annotation(
        start=start_s * LOAD_HZ,
        end=(start_s + length_s) * LOAD_HZ,
        label="AFIB",
        annotator=Annotator("machine", "benchmark", "1"),
        confidence=0.9,
    )


def _looped(n_samples: int) -> list[Block]:
    signal, blocks = workload.recording(workload.mitdb_records()[0])
    three = _resampled(signal, blocks)
    length = LOAD_HZ * 600
    return [
        Block(start, np.take(three, range(start, start + length), axis=0, mode="wrap"))
        for start in range(0, n_samples, length)
    ]


def _store(database: Database, signal: Signal, blocks: list[Block]) -> GroupRow:
    with database.transaction() as conn:
        name = f"{signal.stream}-{uuid.uuid4().hex[:8]}"
        stream = catalogue.ensure_stream(conn, name=name, device="benchmark", t0_us=signal.t0_us)
        group = catalogue.ensure_group(conn, stream.id, signal)
        waveforms.store_blocks(conn, group, blocks)
        waveforms.seal(conn, group)
        return group


def _window(database: Database, groups: list[GroupRow], name: str) -> Figure:
    rng = np.random.default_rng(0)
    with database.transaction() as conn:
        groups = [catalogue.group_by_id(conn, group.id) for group in groups]

        def read(_: int) -> None:
            group = groups[rng.integers(len(groups))]
            n_samples = group.signal.clock.n_samples(WINDOW_S)
            start = int(rng.integers(group.next_sample - n_samples))
            read_samples = sum(map(len, waveforms.read_window(conn, group, start, start + n_samples)))
            assert read_samples == n_samples

        return Figure(name, median_ms(read, n_calls=N_CALLS), "ms")
