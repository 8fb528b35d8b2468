"""The worker as a process on a real Apache Kafka broker and a real database, and all that goes wrong with them."""

from __future__ import annotations

import gc
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from ingest_kit import FS_HZ, content, ecg, samples, send_all, wait_until

from ingest.kafka_producer import KafkaSink
from ingest.local_broker import LocalBroker
from ingest.replay import replay
from ingest.topics import DEAD_LETTER_TOPIC, ensure_topics
from signal_processing.values import Block
from storage import catalogue, embedded, waveforms, workers
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.migrations import upgrade

pytestmark = pytest.mark.kafka

HERE = Path(__file__).parent


class Process:
    """A worker process."""

    def __init__(self, broker, dsn, topic, *, name="w1", group="g", detectors="peaks", log=None):
        self._log = log.open("ab") if log else subprocess.DEVNULL
        command = [
            sys.executable,
            str(HERE / "worker_process.py"),
            broker.bootstrap,
            f"{group}-{topic}",
            dsn,
            topic,
            name,
            detectors,
        ]
        self.popen = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, cwd=HERE.parents[1])

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def is_well(self):
        """Fails when the worker ended by itself: nothing that is waited for would come."""
        assert self.popen.poll() is None, (
            Path(self._log.name).read_text()[-2000:] if self._log != subprocess.DEVNULL else ""
        )
        return True

    def stop(self):
        """Stop in order, which takes a second or two; one that hangs does not stop within a minute."""
        self.popen.send_signal(signal.SIGTERM)
        assert self.popen.wait(60) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            self.kill()
        if self._log != subprocess.DEVNULL:
            self._log.close()


def n_stored(database):
    with database.transaction() as conn:
        return sum(summary.n_samples for summary in catalogue.list_streams(conn))


def has_ended(database, stream="s1"):
    with database.transaction() as conn:
        known = {summary.stream.name: summary.stream for summary in catalogue.list_streams(conn)}
    return stream in known and known[stream].ended_us is not None


def stored_samples(database, stream="s1"):
    with database.transaction() as conn:
        row = catalogue.stream_named(conn, stream)
        (group,) = catalogue.groups_of(conn, row.id)
        blocks = waveforms.read_window(conn, group, 0, group.next_sample)
    assert len(blocks) == 1
    return blocks[0].samples


def heartbeats(database):
    with database.transaction() as conn:
        return workers.list_workers(conn)


def busy_workers(database):
    return {row.worker for row in heartbeats(database) if row.n_samples > 0}


def dead_letters(broker, topic):
    """What of the topic was put aside: values and headers."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(DEAD_LETTER_TOPIC, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    try:
        records = [record for batch in consumer.poll(10_000).values() for record in batch]
    finally:
        consumer.close()
    found = [(record.value, dict(record.headers)) for record in records]
    return [(value, headers) for value, headers in found if headers["topic"] == topic.encode()]


def keep_port(monkeypatch):
    """A server that is started again has the port it had, as one in production would."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setattr(embedded, "_free_port", lambda: port)


def start_replay(broker, topic, signal_, blocks, *, speed):
    """Replay in a thread of its own, as a device would go on whatever happens to the worker."""
    sink = KafkaSink(broker.bootstrap, topic=topic)
    thread = Thread(target=lambda: (replay(signal_, blocks, sink, speed=speed), sink.close()), daemon=True)
    thread.start()
    return thread


class HeldSink:
    """Sends no further ahead of what is stored than a part of the recording: it cannot end while a worker starts."""

    def __init__(self, sink, database, *, ahead):
        self._sink, self._database, self._ahead = sink, database, ahead

    def send(self, message):
        wait_until(lambda: message.end - n_stored(self._database) <= self._ahead, timeout_s=150)
        self._sink.send(message)

    def flush(self):
        self._sink.flush()


def check_killed_three_times(broker, topic, database, database_dsn, undisturbed, *, recording, detectors, speed, log):
    signal_, values = recording
    ensure_topics(broker.bootstrap, topic=topic, n_partitions=2)
    sink = KafkaSink(broker.bootstrap, topic=topic)
    held = HeldSink(sink, database, ahead=len(values) // 5)
    replaying = Thread(target=replay, args=(signal_, [Block(0, values)], held), kwargs={"speed": speed}, daemon=True)
    replaying.start()
    n_kills = 0
    for share in (0.2, 0.45, 0.7):
        with Process(broker, database_dsn, topic, detectors=detectors, log=log) as worker:
            wait_until(
                lambda share=share, worker=worker: worker.is_well() and n_stored(database) >= share * len(values),
                timeout_s=150,
            )
            assert n_stored(database) < len(values)
            worker.kill()
            n_kills += 1
    with Process(broker, database_dsn, topic, detectors=detectors, log=log) as worker:
        wait_until(lambda: worker.is_well() and has_ended(database, signal_.stream), timeout_s=150)
        worker.stop()
    replaying.join(10)
    sink.close()

    dsn, other = undisturbed
    with Process(broker, dsn, topic, group="undisturbed", detectors=detectors, log=log) as worker:
        wait_until(lambda: worker.is_well() and has_ended(other, signal_.stream), timeout_s=150)
        worker.stop()
    assert n_kills == 3
    found, expected = content(database), content(other)
    for table, rows in expected.items():
        assert rows == found[table], table
    assert sum(row[4] for row in expected["blocks"]) == len(values)
    assert len(expected["beats"]) > 0
    return expected


def test_worker_killed_three_times_leaves_the_same_database_as_an_undisturbed_one(
    broker, topic, database, database_dsn, other_database_dsn, other_database, tmp_path
):
    recording = (ecg(), samples(int(600 * FS_HZ)))
    rows = check_killed_three_times(
        broker,
        topic,
        database,
        database_dsn,
        (other_database_dsn, other_database),
        recording=recording,
        detectors="peaks",
        speed=60.0,
        log=tmp_path / "log",
    )
    assert len(rows["annotations"]) > 5


@pytest.mark.data
@pytest.mark.timeout(600)
def test_worker_with_the_production_detectors_killed_three_times_in_a_recording_leaves_the_same_database(
    broker, topic, database, database_dsn, other_database_dsn, other_database, tmp_path, data_dir
):
    from formats.wfdb_files import read_blocks, read_header

    t0_us = time.time_ns() // 1_000_000_000 * 1_000_000 - 7_200_000_000
    header = read_header(data_dir / "mitdb" / "208", t0_us=t0_us)
    n_samples = int(400 * header.signal.fs_hz)
    values = np.concatenate([block.samples for block in read_blocks(header, end=n_samples)])
    rows = check_killed_three_times(
        broker,
        topic,
        database,
        database_dsn,
        (other_database_dsn, other_database),
        recording=(header.signal, values),
        detectors="production",
        speed=20.0,
        log=tmp_path / "log",
    )
    assert sum(len(row[5]) for row in rows["beats"]) > 300
    assert len(rows["annotations"]) > 0


def test_worker_waits_while_the_database_is_stopped_and_loses_nothing(broker, topic, tmp_path, monkeypatch):
    folder = Path(tempfile.mkdtemp(prefix="rhythmark-test-"))
    folder.chmod(0o711)
    values = samples(int(400 * FS_HZ))
    ensure_topics(broker.bootstrap, topic=topic, n_partitions=2)
    keep_port(monkeypatch)
    server = EmbeddedServer(folder, durable=False)
    try:
        dsn = server.start()
        upgrade(dsn)
        replaying = start_replay(broker, topic, ecg(), [Block(0, values)], speed=20.0)
        with Process(broker, dsn, topic, log=tmp_path / "log") as worker:
            with Database.open(dsn) as database:
                wait_until(lambda: n_stored(database) > 0.1 * len(values))
            server.stop()
            wait_until(lambda: "DatabaseUnavailableError" in (tmp_path / "log").read_text())
            assert server.start() == dsn
            with Database.open(dsn) as database:
                wait_until(lambda: has_ended(database))
                assert worker.popen.poll() is None
                assert n_stored(database) == len(values)
                stored = stored_samples(database)
                worker.stop()
        replaying.join(10)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    assert np.array_equal(stored, values)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client forgets refused sockets
def test_worker_waits_while_the_broker_is_killed_and_loses_nothing(own_broker, topic, database, database_dsn, tmp_path):
    values = samples(int(240 * FS_HZ))
    ensure_topics(own_broker.bootstrap, topic=topic, n_partitions=2)
    replaying = start_replay(own_broker, topic, ecg(), [Block(0, values)], speed=30.0)
    with Process(own_broker, database_dsn, topic, log=tmp_path / "log") as worker:
        wait_until(lambda: n_stored(database) > 0.2 * len(values))
        own_broker.kill()
        own_broker.start()
        wait_until(lambda: has_ended(database), timeout_s=90)
        assert worker.popen.poll() is None
        worker.stop()
    replaying.join(10)
    assert np.array_equal(stored_samples(database), values)
    gc.collect()  # so that those sockets are found here, not by another test


def test_worker_started_before_its_database_and_broker_waits_for_both(kafka_jars, topic, tmp_path, monkeypatch):
    broker = LocalBroker(tmp_path / "kafka", kafka_jars)
    folder = Path(tempfile.mkdtemp(prefix="rhythmark-test-"))
    folder.chmod(0o711)
    keep_port(monkeypatch)
    server = EmbeddedServer(folder, durable=False)
    try:
        dsn = server.start()
        upgrade(dsn)
        server.stop()
        with Process(broker, dsn, topic, log=tmp_path / "log") as worker:
            wait_until(lambda: "database" in (tmp_path / "log").read_text())
            server.start()
            wait_until(lambda: "broker" in (tmp_path / "log").read_text())
            broker.start()
            with Database.open(dsn) as database:
                wait_until(lambda: [row.state for row in heartbeats(database)] == ["running"])
            worker.stop()
    finally:
        broker.kill()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_two_workers_share_the_streams_and_one_takes_over_when_the_other_goes(
    broker, topic, database, database_dsn, other_database_dsn, other_database, tmp_path
):
    values, names = samples(int(240 * FS_HZ)), [f"s{i}" for i in range(6)]
    ensure_topics(broker.bootstrap, topic=topic, n_partitions=4)
    origin = ecg().t0_us
    replaying = [start_replay(broker, topic, ecg(name, t0_us=origin), [Block(0, values)], speed=20.0) for name in names]
    with (
        Process(broker, database_dsn, topic, name="w1", log=tmp_path / "log1") as one,
        Process(broker, database_dsn, topic, name="w2", log=tmp_path / "log2") as other,
    ):
        wait_until(lambda: len(busy_workers(database)) == 2)
        wait_until(lambda: n_stored(database) > 0.4 * len(values) * len(names))
        other.kill()
        with Process(broker, database_dsn, topic, name="w2", log=tmp_path / "log3") as again:
            wait_until(lambda: "worker_started" in (tmp_path / "log3").read_text())  # it knows what SIGTERM means
            wait_until(lambda: all(has_ended(database, name) for name in names))
            one.stop()
            again.stop()
    for thread in replaying:
        thread.join(10)
    with Process(broker, other_database_dsn, topic, group="undisturbed", log=tmp_path / "log4") as worker:
        wait_until(lambda: all(has_ended(other_database, name) for name in names))
        worker.stop()
    found, expected = content(database), content(other_database)
    for table, rows in expected.items():
        assert rows == found[table], table
    assert sum(row[4] for row in expected["blocks"]) == len(values) * len(names)


def test_worker_puts_bad_messages_of_a_topic_aside_and_takes_the_rest(broker, topic, database, database_dsn, tmp_path):
    values = samples(int(60 * FS_HZ))
    ensure_topics(broker.bootstrap, topic=topic, n_partitions=1)
    sink = KafkaSink(broker.bootstrap, topic=topic)
    n_bad = 3
    for i in range(n_bad):
        sink.send_raw(b"s1", b"rubbish of %s %d" % (topic.encode(), i))
    send_all(sink, ecg(), values)
    sink.close()
    with Process(broker, database_dsn, topic, log=tmp_path / "log") as worker:
        wait_until(lambda: has_ended(database))
        wait_until(lambda: [row.n_dead_letters for row in heartbeats(database)] == [n_bad])
        worker.stop()
    assert np.array_equal(stored_samples(database), values)
    letters = dead_letters(broker, topic)
    assert [value for value, _ in letters] == [b"rubbish of %s %d" % (topic.encode(), i) for i in range(n_bad)]
    assert letters[1][1]["topic"] == topic.encode()
    assert (letters[1][1]["partition"], letters[1][1]["offset"]) == (b"0", b"1")
    assert b"must be a waveform message of schema 1" in letters[1][1]["reason"]
