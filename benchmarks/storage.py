"""Storage: bytes a sample on disk, and the time to read windows and overviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import workload
from benchmarks.figures import Figure, against, median_ms
from signal_processing.values import Block, Channel, Signal
from storage import catalogue, waveforms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.catalogue import GroupRow
    from storage.database import Database

WINDOW_S = 10
N_CALLS = 500
DAY_S = 86_400
_WAVEFORM_BYTES = """
    SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c
    WHERE c.relkind = 'r' AND (c.relname IN ('waveform_blocks', 'waveform_tail', 'waveform_pyramid')
        OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'waveform_blocks'::regclass))
"""


def figures() -> Iterator[Figure]:
    """Load the records, then read them."""
    with workload.database() as database:
        yield from _real_records(database)
        yield from _day(database)


def _real_records(database: Database) -> Iterator[Figure]:
    groups, n_values, entropies = [], 0, []
    for path in workload.mitdb_records():
        signal, blocks = workload.recording(path)
        groups.append(_store(database, signal, blocks))
        n_values += sum(block.samples.size for block in blocks)
        entropies.append(workload.delta_entropy_bytes(blocks))
    with database.transaction() as conn:
        row: Any = conn.execute(_WAVEFORM_BYTES).fetchone()
    entropy = Figure("entropy of deltas, mean of mitdb records", float(np.mean(entropies)), "B/sample")
    yield entropy
    yield against(
        Figure("bytes on disk, mitdb 360 Hz, indexes included", float(row[0]) / n_values, "B/sample"), entropy
    )
    yield _window(database, groups, "10 s window, mitdb, 2 leads")


def _day(database: Database) -> Iterator[Figure]:
    """24 h of 3 leads at 250 Hz, cut from real records end to end."""
    channels = tuple(Channel(name, "mV", 200.0) for name in ("I", "II", "III"))
    signal = Signal("day", "ecg", 250.0, workload.START_US, channels)
    group = _store(database, signal, _looped(n_samples=250 * DAY_S))
    with database.transaction() as conn:
        conn.execute("ANALYZE waveform_blocks")
    yield _window(database, [group], "10 s window of 24 h, 3 leads")
    with database.transaction() as conn:
        overview_ms = median_ms(
            lambda _: waveforms.read_envelope(conn, group, 0, 250 * DAY_S, n_bins=2000), n_calls=30, n_warm_up=3
        )
    yield Figure("overview of 24 h, 3 leads, 2000 px", overview_ms, "ms")


def _looped(n_samples: int) -> list[Block]:
    _, blocks = workload.recording(workload.mitdb_records()[0])
    lead = np.concatenate([block.samples for block in blocks])
    three = np.column_stack([lead, lead[:, 0] - lead[:, 1]]).astype(np.int16)
    length = 250 * 600
    return [
        Block(start, np.take(three, range(start, start + length), axis=0, mode="wrap"))
        for start in range(0, n_samples, length)
    ]


def _store(database: Database, signal: Signal, blocks: list[Block]) -> GroupRow:
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name=signal.stream, device="benchmark", t0_us=signal.t0_us)
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
