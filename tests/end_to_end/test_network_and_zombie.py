"""A worker that stopped beyond its session and came back, and a network that was cut: the same rows as in peace.

`python -m benchmarks faults` does this and more for half an hour.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks import fault_input, worker
from benchmarks.group_watch import GroupWatch
from benchmarks.proxy import Proxy
from benchmarks.stored import StoredReader
from ingest.kafka_producer import KafkaSink
from ingest.topics import N_WAVEFORM_PARTITIONS, ensure_topics
from storage.database import Database
from tests.end_to_end.commands import wait_for
from tests.ingest.ingest_kit import content

pytestmark = [pytest.mark.kafka, pytest.mark.data]

N_STREAMS = 4
SESSION_S = 3.0
WAIT_S = 60


@contextmanager
def worker_running(name, bootstrap, dsn, *, group, log):
    environment = os.environ | {"RHYTHMARK_DSN": dsn, "RHYTHMARK_KAFKA": bootstrap}
    program = worker.program(worker.Settings(session_s=SESSION_S))
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *program, group, name], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def bootstrap(own_broker):
    ensure_topics(own_broker.bootstrap)
    return own_broker.bootstrap


@pytest.fixture
def ward(monkeypatch, data_dir):
    """Streams of several groups for a minute and a half, with gaps and repeats: the first, second and third part."""
    monkeypatch.setattr("benchmarks.workload.DATA_DIR", data_dir)
    sent = fault_input.ward(n_streams=N_STREAMS, duration_s=90.0, seed=3, repeats=True, shuffle_s=0.0)
    thirds = [sent.messages[i * len(sent.messages) // 3 : (i + 1) * len(sent.messages) // 3] for i in range(3)]
    return thirds, sum(sent.n_samples.values())


@pytest.fixture
def send(bootstrap):
    sink = KafkaSink(bootstrap)

    def send_all(messages):
        for message in messages:
            sink.send_raw(message.key, message.value)
        sink.flush()

    yield send_all
    sink.close()


def test_zombie_and_network_cut_leave_the_same_rows(bootstrap, ward, send, database_dsn, other_database_dsn, tmp_path):
    (first, second, third), n_samples = ward
    server = conninfo_to_dict(database_dsn)
    with (
        Proxy((server["host"], int(server["port"]))) as proxy,
        StoredReader(database_dsn) as stored,
        GroupWatch(bootstrap, "ward") as group,
    ):
        through = make_conninfo(database_dsn, host="127.0.0.1", port=proxy.port)
        with (
            worker_running("w0", bootstrap, through, group="ward", log=tmp_path / "w0.log") as zombie,
            worker_running("w1", bootstrap, through, group="ward", log=tmp_path / "w1.log"),
        ):
            wait_for(lambda: min(map(len, (group.look().partitions or {"": []}).values())) > 0, timeout_s=WAIT_S)
            send(first)
            wait_for(stored.n_stored, timeout_s=WAIT_S)

            zombie.send_signal(signal.SIGSTOP)
            wait_for(lambda: group.look().partitions.get("w1") == [*range(N_WAVEFORM_PARTITIONS)], timeout_s=WAIT_S)
            before = stored.n_stored()
            send(second)
            wait_for(lambda: stored.n_stored() > before, timeout_s=WAIT_S)
            zombie.send_signal(signal.SIGCONT)  # it thinks that its partitions are its own

            before = stored.n_stored()
            n_before = proxy.n_connections
            proxy.refuse()
            send(third)
            proxy.resume()
            wait_for(lambda: proxy.n_connections > n_before, timeout_s=WAIT_S)
            wait_for(lambda: (stored.n_stored(), stored.n_ended()) == (n_samples, N_STREAMS), timeout_s=WAIT_S)
    with (
        StoredReader(other_database_dsn) as stored,
        worker_running("w0", bootstrap, other_database_dsn, group="peace", log=tmp_path / "peace.log"),
    ):
        wait_for(lambda: (stored.n_stored(), stored.n_ended()) == (n_samples, N_STREAMS), timeout_s=WAIT_S)

    with Database.open(database_dsn) as disturbed, Database.open(other_database_dsn) as undisturbed:
        expected, found = content(undisturbed), content(disturbed)
    assert len(expected["beats"]) > 0
    for table, rows in expected.items():
        assert found[table] == rows, table
