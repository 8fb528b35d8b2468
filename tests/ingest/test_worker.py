"""The worker on the local source and a real database: what it stores, what it refuses, what it survives."""

from __future__ import annotations

import time
from threading import Event, Thread

import msgspec
import numpy as np
import pytest
from ingest_kit import (
    InstantClock,
    Peaks,
    content,
    drain,
    ecg,
    message,
    no_detectors,
    peaks_for,
    samples,
    send_all,
    wait_until,
    worker_on,
)

from ingest import pipeline
from ingest.backoff import Backoff
from ingest.errors import BrokerUnavailableError, TooManyDeadLettersError
from ingest.local_source import LocalSource
from ingest.wire import encode, messages_of
from ingest.worker import Worker, WorkerSettings
from signal_processing.values import Block
from storage import catalogue, waveforms, workers
from storage.batch_writer import BatchWriter
from storage.errors import ConstraintError, DatabaseUnavailableError, DiskFullError


def stored_samples(database, stream="s1", group="ecg"):
    with database.transaction() as conn:
        row = catalogue.stream_named(conn, stream)
        (found,) = [g for g in catalogue.groups_of(conn, row.id) if g.signal.group == group]
        return waveforms.read_window(conn, found, 0, found.next_sample)


def ingest(database, send, *, detectors=peaks_for, **changes):
    """Send to a fresh local source and let a worker take it all."""
    source = LocalSource()
    send(source)
    worker = worker_on(database, source, detectors=detectors, **changes)
    drain(worker, n_messages=source.lag())
    return source, worker


def reasons(source):
    return [letter.reason for letter in source.dead_letters]


def test_worker_stores_samples_beats_and_spans_of_a_replay(database):
    values = samples(15_000)
    ingest(database, lambda source: send_all(source, ecg(), values))
    assert np.array_equal(np.concatenate([block.samples for block in stored_samples(database)]), values)
    rows = content(database)
    assert sum(len(row[5]) for row in rows["beats"]) > 30
    assert [(row[3], row[15]) for row in rows["annotations"]] == [("FLAT", False), ("FLAT", False)]
    assert rows["streams"][0][2] is not None
    assert rows["groups"][0][8] is True
    assert rows["tail"] == []


def test_worker_leaves_the_same_rows_however_the_messages_are_cut(database, other_database):
    signal, values = ecg(), samples(9_000)
    ingest(database, lambda source: send_all(source, signal, values, block_s=0.2))
    ingest(other_database, lambda source: send_all(source, signal, values, block_s=7.0))
    assert content(database) == content(other_database)


def test_worker_changes_nothing_when_everything_comes_again(database):
    signal, values = ecg(), samples(9_000)
    ingest(database, lambda source: send_all(source, signal, values))
    before = content(database)
    _, worker = ingest(database, lambda source: send_all(source, signal, values))
    assert content(database) == before
    assert worker.progress.n_samples == 0
    assert worker.progress.n_duplicate_samples == len(values)


def test_worker_stores_each_sample_once_when_messages_are_repeated(database):
    signal, values = ecg(), samples(5_000)
    sent = list(messages_of(signal, [Block(i, values[i : i + 250]) for i in range(0, 5_000, 250)], device="d"))

    def send(source):
        for one in [*sent[:8], *sent[3:10], sent[2], *sent[8:]]:
            source.send(one)

    _, worker = ingest(database, send)
    assert np.array_equal(np.concatenate([block.samples for block in stored_samples(database)]), values)
    assert worker.progress.n_samples == 5_000


def test_worker_keeps_a_gap_a_gap(database):
    values = samples(3_000)

    def send(source):
        for one in messages_of(ecg(), [Block(0, values[:1000]), Block(1700, values[1700:])], device="d"):
            source.send(one)

    source, _ = ingest(database, send)
    assert [(block.start, block.end) for block in stored_samples(database)] == [(0, 1000), (1700, 3000)]
    assert reasons(source) == []


def test_worker_stores_late_samples_and_goes_on(database):
    values = samples(3_500)
    parts = [
        Block(0, values[:1000]),
        Block(2000, values[2000:3250]),  # 5 s: enough to give up what is missing before them
        Block(1000, values[1000:2000]),
        Block(3250, values[3250:]),
    ]
    source = LocalSource(max_batch=1)
    for one in messages_of(ecg(), parts, device="d"):
        source.send(one)
    worker = worker_on(database, source)
    drain(worker, n_messages=4)
    assert np.array_equal(np.concatenate([block.samples for block in stored_samples(database)]), values)
    assert reasons(source) == []
    assert worker.progress.n_late_samples == 1_000
    assert worker.progress.heartbeat(lag=0).note == "1000 samples came too late for the detectors"


def test_worker_goes_on_from_the_checkpoint_as_if_it_had_never_stopped(database, other_database):
    signal, values = ecg(), samples(15_000)
    ingest(other_database, lambda source: send_all(source, signal, values))
    source = LocalSource(max_batch=7)
    n_messages = send_all(source, signal, values).n_messages
    for _ in range(6):  # a new worker each time, as after a crash; 10 s of signal a checkpoint, 7 s a batch
        source.reopen()
        drain(worker_on(database, source), n_messages=7)
    source.reopen()
    drain(worker_on(database, source), n_messages=n_messages - 42)
    assert content(database) == content(other_database)


def test_worker_lets_a_new_version_of_a_detector_read_what_is_stored(database):
    values = samples(10_000)
    source = LocalSource(capacity=100)
    sent = list(messages_of(ecg(), [Block(i, values[i : i + 250]) for i in range(0, 10_000, 250)], device="d"))
    for one in sent[:30]:
        source.send(one)
    drain(worker_on(database, source), n_messages=30)
    source.reopen()
    for one in sent[30:]:
        source.send(one)
    drain(worker_on(database, source, detectors=lambda _: [Peaks(version="2")]), n_messages=10)
    rows = content(database)["beats"]
    n_beats = {version: sum(len(row[5]) for row in rows if row[2] == version) for version in ("1", "2")}
    assert n_beats["2"] > n_beats["1"] > 20


def test_worker_ends_a_stream_when_all_its_groups_have_ended(database):
    source = LocalSource()
    worker = worker_on(database, source)
    for group in ("ecg", "ppg"):
        first, second = messages_of(ecg(group=group), [Block(0, samples(500)), Block(500, samples(500))], device="d")
        source.send(first)
        drain(worker, n_messages=1)
        if group == "ppg":
            source.send(second)
            drain(worker, n_messages=1)
            assert content(database)["streams"][0][2] is None
    ecg_end = msgspec.structs.replace(second, group="ecg")
    source.send(ecg_end)
    drain(worker, n_messages=1)
    assert content(database)["streams"][0][2] is not None


@pytest.mark.parametrize("is_restarted", [False, True])
def test_worker_ends_a_stream_with_its_last_group_when_it_was_restarted_in_between(database, is_restarted):
    source = LocalSource()
    worker = worker_on(database, source, detectors=no_detectors)
    sent = {
        group: list(messages_of(ecg(group=group), [Block(0, samples(500)), Block(500, samples(500))], device="d"))
        for group in ("ecg", "ppg")
    }
    ended = []
    for one in (sent["ecg"][0], sent["ppg"][0], sent["ecg"][1], sent["ppg"][1]):
        if is_restarted:
            source.reopen()
            worker = worker_on(database, source, detectors=no_detectors)
        source.send(one)
        drain(worker, n_messages=1)
        ended.append(content(database)["streams"][0][2] is not None)
    assert ended == [False, False, False, True]


def test_worker_reopens_an_ended_stream_when_another_group_of_it_begins(database):
    first, second = (messages_of(ecg(group=name), [Block(0, samples(500))], device="d") for name in ("ecg", "ppg"))
    source, _ = ingest(database, lambda source: [source.send(one) for one in first])
    assert content(database)["streams"][0][2] is not None
    source.reopen()
    source.send(changed(next(second), last=False))
    drain(worker_on(database, source), n_messages=1)
    assert content(database)["streams"][0][2] is None


BAD = {
    "rubbish": (b"rubbish", "must be a waveform message of schema 1"),
    "version": (encode(message(schema=3)), "schema must be 1 or 2, got 3"),
    "length": (encode(message(data=bytes(39))), "must hold 40 bytes, got 39"),
    "unit": (encode(message(units=["mV", "parsec"])), "unit of 'V5' must be one of"),
    "rate 0": (encode(message(fs=0.0)), "fs must be within"),
    "rate NaN": (encode(message(fs=float("nan"))), "fs must be within"),
    "50 years": (encode(message(t0_ns=time.time_ns() - int(50 * 365.25 * 86_400e9))), "t0 must be within"),
    "key": (encode(message(stream_id="s2")), "key must be the stream's name, 's2', got b's1'"),
}


@pytest.mark.parametrize("name", BAD)
def test_worker_puts_a_bad_message_aside_and_takes_the_rest_of_its_batch(database, name):
    value, expected = BAD[name]
    values = samples(1_000)
    sent = list(messages_of(ecg(), [Block(i, values[i : i + 250]) for i in range(0, 1000, 250)], device="d"))

    def send(source):
        for i, one in enumerate(sent):
            source.send(one)
            if i == 1:
                source.put(b"s1", value)

    source, worker = ingest(database, send)
    (letter,) = source.dead_letters
    assert expected in letter.reason
    assert (letter.received.value, letter.received.offset) == (value, 2)
    assert np.array_equal(np.concatenate([block.samples for block in stored_samples(database)]), values)
    assert worker.progress.n_dead_letters == 1
    assert source.lag() == 0


def changed(one, **changes):
    return msgspec.structs.replace(one, **changes)


CHANGED = {
    "rate": ({"fs": 500.0}, "fs of 's1'/'ecg' must stay 250 Hz, got 500 Hz"),
    "unknown channel": ({"channels": ["MLII", "XX"]}, r"must stay ['MLII', 'V5'], got ['MLII', 'XX']"),
    "gain": ({"gain": [100.0, 200.0]}, "got another unit, gain or offset"),
    # a run that began long before; were it the next of this run, its clock would have been put right
    "time": ({"seq": 9_000, "t0_ns": time.time_ns() - 10**15}, "samples must not be before t0 of their channel group"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_worker_puts_aside_messages_that_contradict_their_stream(database, name):
    changes, expected = CHANGED[name]
    values = samples(1_000)
    sent = list(messages_of(ecg(), [Block(i, values[i : i + 250]) for i in range(0, 1000, 250)], device="d"))

    def send(source):
        for one in (*sent[:3], changed(sent[3], **changes, last=False), sent[3]):
            source.send(one)

    source, _ = ingest(database, send)
    (reason,) = reasons(source)
    assert expected in reason
    assert np.array_equal(np.concatenate([block.samples for block in stored_samples(database)]), values)


def test_worker_bears_a_clock_that_is_off_by_less_than_the_tolerance(database):
    first, second = messages_of(ecg(), [Block(0, samples(250)), Block(250, samples(250))], device="d")
    drifted = changed(second, t0_ns=second.t0_ns + 900_000_000)
    source, _ = ingest(database, lambda source: [source.send(first), source.send(drifted)])
    assert reasons(source) == []


def test_worker_stops_when_most_messages_fail_and_leaves_them_where_they_are(database):
    source = LocalSource()
    for _ in range(300):
        source.put(b"s1", b"rubbish")
    worker = worker_on(database, source)
    with pytest.raises(TooManyDeadLettersError, match="at most 50% of the last 300 messages may fail, but 300 did"):
        worker.run(Event())
    assert list(source.dead_letters) == []
    with database.transaction() as conn:
        (row,) = workers.list_workers(conn)
    assert row.state == "failed"
    assert "schema 1" in row.note
    source.reopen()
    source.seek(source.poll(0).unplaced, {})
    assert source.lag() == 300


def test_worker_keeps_storing_when_a_detector_fails(database):
    values = samples(5_000)
    source, worker = ingest(
        database,
        lambda source: send_all(source, ecg(), values),
        detectors=lambda _: [Peaks(fail_at=2_000), Peaks("more")],
    )
    assert worker.progress.n_samples == 5_000
    assert reasons(source) == []
    assert {row[1] for row in content(database)["beats"]} == {"more"}


def test_worker_isolates_a_stream_that_the_database_refuses(database, monkeypatch):
    write = BatchWriter.write

    def refusing(writer, conn):
        write(writer, conn)
        bad = (
            "SELECT FROM channel_groups g JOIN streams s ON s.id = g.stream_id WHERE s.name = 'bad' AND g.n_stored > 0"
        )
        if conn.execute(bad).fetchone() is not None:
            msg = "the database refuses the value"
            raise ConstraintError(msg)

    monkeypatch.setattr(BatchWriter, "write", refusing)

    def send(source):
        for stream in ("s1", "bad", "s3"):
            send_all(source, ecg(stream), samples(500))

    source, _ = ingest(database, send)
    assert reasons(source) == ["cannot be stored: ConstraintError: the database refuses the value"] * 2
    assert [(row[0], row[7]) for row in content(database)["groups"]] == [("bad", 0), ("s1", 500), ("s3", 500)]


@pytest.mark.parametrize("error", [DatabaseUnavailableError, DiskFullError])
def test_worker_waits_and_loses_nothing_when_the_database_fails_for_a_while(
    database, other_database, monkeypatch, error
):
    write, failures = BatchWriter.write, iter(range(4))

    def failing(writer, conn):
        write(writer, conn)
        if next(failures, None) is not None:
            msg = "no"
            raise error(msg)  # after the write: it must be rolled back, states included

    monkeypatch.setattr(BatchWriter, "write", failing)
    values = samples(9_000)
    source = LocalSource(max_batch=10)
    n_messages = send_all(source, ecg(), values).n_messages
    worker = worker_on(database, source, backoff=Backoff(first_s=0.01, cap_s=0.02))
    drain(worker, n_messages=n_messages)
    assert next(failures, None) is None
    found = content(database)
    ingest(other_database, lambda source: send_all(source, ecg(t0_us=found["groups"][0][3]), values))
    assert content(other_database) == found


def test_worker_waits_longer_and_longer_up_to_the_cap_while_the_broker_is_gone(database):
    class GoneSource(LocalSource):
        n_left = 8

        def poll(self, timeout_s):
            if self.n_left:
                self.n_left -= 1
                msg = "the broker does not answer"
                raise BrokerUnavailableError(msg)
            return super().poll(timeout_s)

    clock = InstantClock()
    settings = WorkerSettings(poll_s=0.01, backoff=Backoff(first_s=0.5, cap_s=8.0))
    source = GoneSource()
    send_all(source, ecg(), samples(500))
    worker = Worker(database, source, detectors=no_detectors, clock=clock, settings=settings)
    drain(worker, n_messages=2)
    assert clock.waits_s == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


def test_worker_stops_within_seconds_and_says_so(database):
    source, stop = LocalSource(), Event()
    send_all(source, ecg(), samples(2_000))
    worker = worker_on(database, source)
    thread = Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    wait_until(lambda: worker.progress.n_samples == 2_000)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    with database.transaction() as conn:
        (row,) = workers.list_workers(conn)
    assert (row.state, row.n_samples, row.n_messages, row.lag) == ("stopped", 2_000, 8, 0)


def test_worker_stops_while_it_waits_for_the_database(database, monkeypatch):
    def gone(*_):
        msg = "gone"
        raise DatabaseUnavailableError(msg)

    monkeypatch.setattr(BatchWriter, "write", gone)
    source, stop = LocalSource(), Event()
    send_all(source, ecg(), samples(500))
    worker = worker_on(database, source, backoff=Backoff(first_s=60, cap_s=60))
    thread = Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    wait_until(lambda: worker.progress.state == "waiting")
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    source.reopen()
    assert source.lag() is not None


def test_worker_takes_turns_with_another_that_stored_part_of_the_stream(database, other_database):
    values, signal = samples(6_000), ecg()
    sent = list(messages_of(signal, [Block(i, values[i : i + 250]) for i in range(0, 6_000, 250)], device="d"))
    one, other = LocalSource(), LocalSource()
    mine, theirs = worker_on(database, one), worker_on(database, other)
    for source, worker, part in ((one, mine, sent[:8]), (other, theirs, sent[:16]), (one, mine, sent[4:])):
        for each in part:
            source.send(each)
        drain(worker, n_messages=len(part))
    ingest(other_database, lambda source: [source.send(each) for each in sent])
    assert content(database) == content(other_database)


def test_worker_loads_again_when_another_completes_a_cell_while_it_loads(database, other_database, monkeypatch):
    values, signal = samples(20_000), ecg()
    sent = list(messages_of(signal, [Block(i, values[i : i + 250]) for i in range(0, 20_000, 250)], device="d"))
    one, other = LocalSource(), LocalSource()
    mine, theirs = worker_on(database, one), worker_on(database, other)
    for each in sent[:4]:
        other.send(each)
    drain(theirs, n_messages=4)
    load, overtaken = pipeline.load_states, []

    def overtaking(conn, known, **changes):
        if (
            known and not overtaken
        ):  # the group's row was read, its tail not yet: the other one goes on by a cell and a half
            overtaken.append(known)
            for each in sent[4:45]:
                other.send(each)
            drain(theirs, n_messages=41)
        return load(conn, known, **changes)

    for each in sent:
        one.send(each)
    monkeypatch.setattr(pipeline, "load_states", overtaking)
    drain(mine, n_messages=len(sent))
    monkeypatch.undo()
    ingest(other_database, lambda source: [source.send(each) for each in sent])
    assert overtaken
    assert content(database) == content(other_database)


def test_worker_holds_no_more_groups_than_it_may(database):
    source = LocalSource()
    worker = worker_on(database, source)
    worker._pipeline._max_groups = 3
    for i in range(6):
        first = next(messages_of(ecg(f"s{i}"), [Block(0, samples(250)), Block(250, samples(250))], device="d"))
        source.send(first)
        drain(worker, n_messages=1)
    assert len(worker._pipeline._states) == 3
    for i in range(6):
        source.send(list(messages_of(ecg(f"s{i}"), [Block(0, samples(250)), Block(250, samples(250))], device="d"))[1])
    drain(worker, n_messages=6)
    assert [row[7] for row in content(database)["groups"]] == [500] * 6
