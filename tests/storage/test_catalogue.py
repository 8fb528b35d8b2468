"""Streams, groups, runs, and the worker's own rows."""

from __future__ import annotations

import threading

import msgspec
import numpy as np
import pytest

from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, catalogue, checkpoints, positions, runs, waveforms, workers
from storage.errors import SignalChangedError, UnknownRowError
from storage.workers import Heartbeat

T0_US = 1_700_000_000_000_000
CHANNELS = (Channel("MLII", "mV", 200.0, 1024.0), Channel("V1", "mV", 100.0, 0.0))
SIGNAL = Signal(stream="s", group="ecg", fs_hz=360.0, t0_us=T0_US, channels=CHANNELS)
MACHINE = Annotator("machine", "beats", "1")


def _ensure(conn, **changes):
    return catalogue.ensure_stream(conn, **({"name": "s", "device": "d", "t0_us": T0_US} | changes))


def test_a_stream_is_registered_once_and_keeps_its_first_facts(any_database):
    with any_database.transaction() as conn:
        first = _ensure(conn, synthetic=True, note="SYNTHETIC")
        assert _ensure(conn, device="other", t0_us=5, note="other") == first == catalogue.stream_named(conn, "s")
    assert (first.device_name, first.t0_us, first.synthetic, first.note) == ("d", T0_US, True, "SYNTHETIC")
    assert (first.patient_id, first.ended_us) == (None, None)


def test_a_patient_named_later_is_filled_in(any_database):
    with any_database.transaction() as conn:
        _ensure(conn)
        assert _ensure(conn, patient_pseudonym="P-1").patient_pseudonym == "P-1"
        assert _ensure(conn, patient_pseudonym="P-2").patient_pseudonym == "P-1"
        catalogue.describe_patient(conn, "P-1", birth_year=1950, sex="F")
        row = conn.execute("SELECT birth_year, sex FROM patients WHERE pseudonym = 'P-1'").fetchone()
    assert row == (1950, "F")


def test_many_workers_register_one_stream_and_group_once(any_database):
    seen = []

    def work():
        with any_database.transaction() as conn:
            stream = _ensure(conn, patient_pseudonym="P-1")
            seen.append((stream, catalogue.ensure_group(conn, stream.id, SIGNAL)))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 5
    assert len({(stream.id, group.id) for stream, group in seen}) == 1


def test_a_group_gives_back_its_signal(any_database):
    with any_database.transaction() as conn:
        stream = _ensure(conn)
        group = catalogue.ensure_group(conn, stream.id, SIGNAL)
        other = catalogue.ensure_group(conn, stream.id, msgspec.structs.replace(SIGNAL, group="accel", fs_hz=25.0))
        assert catalogue.groups_of(conn, stream.id) == [other, group]
        assert catalogue.group_by_id(conn, group.id) == group
    assert group.signal == SIGNAL
    assert (group.first_sample, group.next_sample) == (0, 0)


@pytest.mark.parametrize(
    ("fs_hz", "cell"), [(0.1, 256), (1.0, 256), (25.0, 768), (125.0, 3_840), (250.0, 7_424), (360.0, 10_752)]
)
def test_a_cell_is_about_thirty_seconds_and_a_multiple_of_256(fs_hz, cell):
    assert catalogue.cell_length(fs_hz) == cell


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fs_hz": 250.0}, "sampling rate of 's'/'ecg' must stay 360 Hz, got 250 Hz"),
        ({"channels": CHANNELS[:1]}, r"channels of 's'/'ecg' must stay MLII \(200 adu/mV, offset 1024\), V1"),
        ({"channels": (CHANNELS[0], Channel("V1", "uV", 100.0))}, r"V1 \(100 adu/uV"),
        ({"t0_us": T0_US + 1_000_001}, "time of sample 0 of 's'/'ecg' must stay within 1000000 us"),
    ],
    ids=["rate", "fewer channels", "unit", "origin"],
)
def test_a_signal_that_changes_is_refused_with_both_values(any_database, changes, reason):
    with any_database.transaction() as conn:
        stream = _ensure(conn)
        catalogue.ensure_group(conn, stream.id, SIGNAL)
        with pytest.raises(SignalChangedError, match=reason):
            catalogue.ensure_group(conn, stream.id, msgspec.structs.replace(SIGNAL, **changes))


def test_an_origin_that_jitters_is_the_same_origin(any_database):
    with any_database.transaction() as conn:
        stream = _ensure(conn)
        group = catalogue.ensure_group(conn, stream.id, SIGNAL)
        moved = msgspec.structs.replace(SIGNAL, t0_us=T0_US + 1_388)
        assert catalogue.ensure_group(conn, stream.id, moved) == group


def test_nothing_of_an_ended_stream_is_ongoing(any_database, filled):
    spans = [
        Annotation(start=start, end=36_000, label="VT", annotator=MACHINE, ongoing=True) for start in (3_600, 7_200)
    ]
    with any_database.transaction() as conn:
        run_id = runs.ensure_run(conn, filled.id, MACHINE, {})
        annotations.propose(conn, filled.stream_id, filled, run_id, spans)
        end_us = filled.signal.clock.us_at(36_000)
        catalogue.end_stream(conn, filled.stream_id, at_us=end_us)
        rows = annotations.spans_between(conn, filled.stream_id, 0, end_us)
    assert [(row.ongoing, row.end_us, row.revision) for row in rows] == [(False, end_us, 0)] * 2


def test_a_group_is_sealed_until_more_samples_come(any_database, filled):
    with any_database.transaction() as conn:
        assert not catalogue.group_by_id(conn, filled.id).sealed
        waveforms.seal(conn, filled)
        assert catalogue.group_by_id(conn, filled.id).sealed
        waveforms.store_blocks(conn, filled, [Block(36_000, np.zeros((1, 2), np.int16))])
        assert not catalogue.group_by_id(conn, filled.id).sealed


def test_unknown_streams_and_groups_are_told(any_database):
    with any_database.transaction() as conn:
        with pytest.raises(UnknownRowError, match="'nowhere'"):
            catalogue.stream_named(conn, "nowhere")
        with pytest.raises(UnknownRowError, match="id 7"):
            catalogue.stream_by_id(conn, 7)
        with pytest.raises(UnknownRowError, match="id 7"):
            catalogue.group_by_id(conn, 7)


def test_list_streams_sums_up_what_is_there(any_database):
    with any_database.transaction() as conn:
        stream = _ensure(conn)
        _ensure(conn, name="a", patient_pseudonym="P-1")
        group = catalogue.ensure_group(conn, stream.id, SIGNAL)
        waveforms.store_blocks(conn, group, [Block(360, np.zeros((720, 2), np.int16))])
        span = Annotation(start=400, end=500, label="VT", annotator=MACHINE)
        annotations.propose(conn, stream.id, group, runs.ensure_run(conn, group.id, MACHINE, {}), [span])
        catalogue.end_stream(conn, stream.id, at_us=T0_US + 3_000_000)
        empty, full = catalogue.list_streams(conn)
    assert (empty.stream.name, empty.n_groups, empty.n_samples, empty.first_us, empty.last_us) == (
        "a",
        0,
        0,
        None,
        None,
    )
    assert (full.n_groups, full.n_samples, full.n_proposed) == (1, 720, 1)
    assert (full.first_us, full.last_us) == (T0_US + 1_000_000, T0_US + 3_000_000)
    assert full.stream.ended_us == T0_US + 3_000_000
    assert full.received_us is not None
    assert empty.received_us is None


def test_a_run_is_one_for_equal_name_version_and_parameters(any_database):
    with any_database.transaction() as conn:
        group = catalogue.ensure_group(conn, _ensure(conn).id, SIGNAL)
        first = runs.ensure_run(conn, group.id, MACHINE, {"a": 1, "b": [2.5]})
        assert runs.ensure_run(conn, group.id, MACHINE, {"b": [2.5], "a": 1}) == first
        others = {
            runs.ensure_run(conn, group.id, MACHINE, {"a": 2}),
            runs.ensure_run(conn, group.id, Annotator("machine", "beats", "2"), {"a": 1, "b": [2.5]}),
        }
        listed = runs.list_runs(conn, group.id)
    assert len(others | {first}) == 3
    assert (listed[0].id, listed[0].name, listed[0].parameters) == (first, "beats", {"a": 1, "b": [2.5]})


def test_a_checkpoint_replaces_the_one_before_and_holds_for_its_version_alone(any_database):
    state = bytes(range(256)) * 100
    with any_database.transaction() as conn:
        group = catalogue.ensure_group(conn, _ensure(conn).id, SIGNAL)
        assert checkpoints.load(conn, group.id, "beats", "1") is None
        checkpoints.save(conn, group.id, "beats", "1", 360, b"old")
        checkpoints.save(conn, group.id, "beats", "1", 720, state)
        assert checkpoints.load(conn, group.id, "beats", "1") == (720, state)
        assert checkpoints.load(conn, group.id, "beats", "2") is None
        checkpoints.forget(conn, group.id, "beats")
        assert checkpoints.load(conn, group.id, "beats", "1") is None


def test_positions_are_kept_for_each_source_topic_and_partition(any_database):
    with any_database.transaction() as conn:
        positions.save(conn, "kafka", {("waveform.v1", 0): 10, ("waveform.v1", 1): 20})
        positions.save(conn, "kafka", {("waveform.v1", 1): 25})
        positions.save(conn, "kafka", {})
        positions.save(conn, "local", {("file", 0): 1})
        assert positions.load(conn, "kafka") == {("waveform.v1", 0): 10, ("waveform.v1", 1): 25}
        assert positions.load(conn, "elsewhere") == {}


def test_a_heartbeat_replaces_the_workers_last(any_database):
    beat = Heartbeat(
        worker="host-1",
        source="kafka",
        state="running",
        started_us=T0_US,
        lag=7,
        n_messages=1,
        n_samples=360,
        n_dead_letters=0,
        samples_per_s=360.0,
    )
    with any_database.transaction() as conn:
        workers.heartbeat(conn, beat)
        workers.heartbeat(conn, msgspec.structs.replace(beat, lag=None, state="waiting"))
        (row,) = workers.list_workers(conn)
    assert (row.worker, row.state, row.lag, row.n_samples, row.samples_per_s) == ("host-1", "waiting", None, 360, 360.0)
    assert 0 <= row.age_us < 60_000_000
