"""Every stream at once: how much of it is there, how much is missing, in how many gaps."""

from __future__ import annotations

import numpy as np
import pytest

from signal_processing.values import Block, Channel, Signal
from storage import catalogue, listing, waveforms
from storage.batch_writer import BatchWriter, SavedTimeline

T0_US = 1_762_000_000_000_000
FS_HZ = 250.0


def register(conn, name, *, groups=(("ecg", FS_HZ, 3),)):
    stream = catalogue.ensure_stream(conn, name=name, device=f"device of {name}", t0_us=T0_US)
    rows = []
    for group, fs_hz, n_channels in groups:
        channels = tuple(Channel(f"c{i}", "mV", 200.0) for i in range(n_channels))
        rows.append(catalogue.ensure_group(conn, stream.id, Signal(name, group, fs_hz, T0_US, channels)))
    return stream, rows


def store(conn, group, *ranges):
    for start, end in ranges:
        samples = np.zeros((end - start, group.signal.n_channels), np.int16)
        waveforms.store_blocks(conn, catalogue.group_by_id(conn, group.id), [Block(start, samples)])


def test_listing_says_of_each_stream_what_is_there_and_what_is_not(any_database):
    with any_database.transaction() as conn:
        stream, (ecg, acc) = register(conn, "a", groups=(("ecg", FS_HZ, 3), ("acc", 50.0, 2)))
        store(conn, ecg, (250, 1_000), (2_000, 2_500))
        store(conn, acc, (0, 100))
        register(conn, "b", groups=())
        found = listing.listing(conn)
    one, other = found.streams
    assert (one.name, one.device_name, one.ended_us, one.n_stored, one.n_missing) == (
        "a",
        "device of a",
        None,
        1_350,
        1_000,
    )
    assert (one.first_us, one.end_us) == (T0_US, T0_US + 10_000_000)
    assert [(g.name, g.fs_hz, g.n_channels, g.n_missing) for g in one.groups] == [
        ("ecg", FS_HZ, 3, 1_000),
        ("acc", 50.0, 2, 0),
    ]
    assert 0 <= found.now_us - one.stored_us < 60_000_000
    assert (other.name, other.groups, other.end_us, other.stored_us) == ("b", (), None, None)
    assert stream.id == one.id


def test_listing_says_what_is_known_of_clocks_and_restarts(any_database):
    with any_database.transaction() as conn:
        _, (ecg, acc) = register(conn, "a", groups=(("ecg", FS_HZ, 3), ("acc", 50.0, 2)))
        register(conn, "b")
        writer = BatchWriter()
        writer.add_timeline(ecg, 0, SavedTimeline(b"x", 2, None, None, None))
        writer.add_timeline(acc, 0, SavedTimeline(b"x", 1, -120.5, 8.25, -3.5))
        writer.write(conn)
        one, other = listing.listing(conn).streams
    assert (one.offset_ms, one.drift_ppm, one.sample_drift_ppm, one.n_restarts) == (-120.5, 8.25, -3.5, 2)
    assert (other.offset_ms, other.drift_ppm, other.sample_drift_ppm, other.n_restarts) == (None, None, None, 0)


def test_listing_agrees_with_the_catalogue(any_database):
    with any_database.transaction() as conn:
        _, (group,) = register(conn, "a", groups=(("ecg", 360.0, 1),))
        store(conn, group, (7, 1_234))
        (summary,) = catalogue.list_streams(conn)
        (found,) = listing.listing(conn).streams
    assert (found.first_us, found.end_us, found.n_stored) == (summary.first_us, summary.last_us, summary.n_samples)


def test_listing_leaves_out_what_has_ended_when_asked(any_database):
    with any_database.transaction() as conn:
        stream, _ = register(conn, "over")
        register(conn, "runs")
        catalogue.end_stream(conn, stream.id, at_us=T0_US)
        assert [one.name for one in listing.listing(conn, running_only=True).streams] == ["runs"]
        assert [one.name for one in listing.listing(conn).streams] == ["over", "runs"]


@pytest.mark.parametrize("sample_type", ["int16", "float32"])
def test_gaps_are_counted_within_cells_between_cells_and_in_the_tail(any_database, sample_type):
    with any_database.transaction() as conn:
        signal = Signal("a", "ecg", FS_HZ, T0_US, (Channel("c", "mV", 200.0), Channel("d", "mV", 200.0)), sample_type)
        stream = catalogue.ensure_stream(conn, name="a", device="d", t0_us=T0_US)
        group = catalogue.ensure_group(conn, stream.id, signal)
        n = group.cell_samples
        runs = [(0, 100), (200, n - 50), (n + 9, n + 90), (n + 95, 2 * n), (2 * n, 2 * n + 300), (3 * n, 3 * n + 9)]
        for start, end in runs:
            samples = np.zeros((end - start, 2), sample_type)
            waveforms.store_blocks(conn, catalogue.group_by_id(conn, group.id), [Block(start, samples)])
        whole = register(conn, "whole")[1][0]
        store(conn, whole, (0, 5_000))
        assert listing.n_gaps(conn, [group.id, whole.id]) == {group.id: 4}
        assert listing.n_gaps(conn, []) == {}
