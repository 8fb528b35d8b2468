"""The batched writer leaves the rows that storing group by group leaves, and notices when it is not alone."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_kit import N_SAMPLES, SAMPLES, blocks_of, contents, deliveries, plain_signal, register_plain

from signal_processing.values import Annotation, Annotator, Block
from storage import beats, catalogue, registration, runs, waveforms
from storage.batch_writer import BatchWriter
from storage.errors import StaleRowsError

BEATS = Annotator("machine", "beats", "1")


class Held:
    """A group as a worker holds it: samples go through the open cell, unless they are of a cell that is complete."""

    def __init__(self, conn, group):
        self.group = catalogue.group_by_id(conn, group.id)
        self.extent = self.group.extent
        self.cell = waveforms.open_cell(conn, self.group, self.extent)

    def store(self, conn, blocks):
        if self.extent.sealed or min(block.start for block in blocks) < self.cell.start:
            waveforms.store_blocks(conn, self.group, blocks)
            self.__init__(conn, self.group)
            return
        new = self.cell.new_parts(blocks)
        if new:
            writer, before = BatchWriter(), self.extent
            self.extent = before.with_parts(new)
            writer.add_samples(self.group, before, self.extent, self.cell.take(new))
            writer.write(conn)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(polls=deliveries(), reloaded_after=st.sets(st.integers(0, 12)))
def test_writer_leaves_the_rows_that_follow_from_the_set_of_samples(any_database, polls, reloaded_after):
    with any_database.transaction() as conn:
        batched, good = register_plain(conn), register_plain(conn)
        held = Held(conn, batched)
    for i, poll in enumerate(polls):
        with any_database.transaction() as conn:
            held.store(conn, blocks_of(poll))
            if i in reloaded_after:  # a worker that starts anew finds the open cell as the other one left it
                held = Held(conn, batched)
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, good, blocks_of(sorted({piece for poll in polls for piece in poll})))
        assert contents(conn, batched) == contents(conn, good)


def test_writer_writes_many_groups_at_once(any_database):
    with any_database.transaction() as conn:
        groups = [register_plain(conn) for _ in range(5)]
        writer = BatchWriter()
        for i, group in enumerate(groups):
            held = Held(conn, group)
            after = held.extent.with_parts([Block(0, SAMPLES[: 500 * (i + 1)])])
            change = held.cell.take([Block(0, SAMPLES[: 500 * (i + 1)])])
            writer.add_samples(group, held.extent, after, change)
        writer.write(conn)
        for i, group in enumerate(groups):
            (read,) = waveforms.read_window(conn, group, 0, N_SAMPLES)
            np.testing.assert_array_equal(read.samples, SAMPLES[: 500 * (i + 1)])


def test_writer_refuses_to_add_to_a_group_that_somebody_else_wrote(any_database):
    with any_database.transaction() as conn:
        group = register_plain(conn)
        mine, theirs = Held(conn, group), Held(conn, group)
        theirs.store(conn, [Block(0, SAMPLES[:100])])
    stale = "all 1 channel groups must stand as this worker left them, 1 do not"
    with pytest.raises(StaleRowsError, match=stale), any_database.transaction() as conn:
        mine.store(conn, [Block(100, SAMPLES[100:200])])
    with any_database.transaction() as conn:
        (read,) = waveforms.read_window(conn, group, 0, N_SAMPLES)
        assert (read.start, read.end) == (0, 100)


def beat(sample, label="N", confidence=0.5):
    return Annotation(start=sample, end=sample, label=label, annotator=BEATS, confidence=confidence)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(polls=st.lists(st.lists(st.integers(0, 2_000), max_size=8), min_size=1, max_size=6))
def test_writer_adds_beats_as_a_set_in_any_order(database, polls):
    with database.transaction() as conn:
        group = register_plain(conn)
        run = runs.ensure_run(conn, group.id, BEATS, {})
        for i, poll in enumerate(polls):
            writer = BatchWriter()
            for sample in poll:
                writer.add_beat(group, run, beat(sample, label="NVS"[i % 3]))
            writer.write(conn)
        found = beats.read_beats(conn, group, 0, N_SAMPLES)
    newest = {sample: "NVS"[i % 3] for i, poll in enumerate(polls) for sample in poll}
    assert found.samples.tolist() == sorted(newest)
    assert found.numbers.tolist() == [beats.vocabulary.label(newest[sample]).number for sample in sorted(newest)]


def test_registration_gives_one_group_to_all_who_ask_and_keeps_what_was_first(any_database):
    signal = _signals("s1", "s2")
    wanted = [registration.Wanted("device-1", one) for one in signal]
    with any_database.transaction() as conn:
        first = registration.ensure_groups(conn, wanted)
        other = [registration.Wanted("device-2", one) for one in _signals("s2", "s3", t0_us=1)]
        again = registration.ensure_groups(conn, [*wanted, *other])
        assert {key: row.id for key, row in again.items() if key in first} == {
            key: row.id for key, row in first.items()
        }
        assert again["s2", "ecg"].signal == signal[1]
        assert again["s3", "ecg"].signal.t0_us == 1
        assert catalogue.stream_named(conn, "s2").device_name == "device-1"
        assert catalogue.stream_named(conn, "s3").device_name == "device-2"


def test_registration_finds_the_runs_that_were_registered_one_by_one(database):
    with database.transaction() as conn:
        group = register_plain(conn)
        one = runs.ensure_run(conn, group.id, BEATS, {"threshold_mv": 1.5})
        found = registration.ensure_runs(conn, [group.id], [(BEATS, {"threshold_mv": 1.5}), (BEATS, {})])
        assert min(found.values()) == one
        assert len(set(found.values())) == 2


def _signals(*streams, t0_us=1_700_000_000_000_000):
    return [msgspec.structs.replace(plain_signal(stream), t0_us=t0_us) for stream in streams]
