"""kill -9 of the worker in the middle of a full-speed replay: the database ends as if nothing had happened."""

from __future__ import annotations

import os
import subprocess

import pytest

from storage.database import Database
from tests.end_to_end.commands import command, ended_stream, rhythmark, running, summary_of, wait_for
from tests.ingest.ingest_kit import content

pytestmark = [pytest.mark.kafka, pytest.mark.data]

STREAM = "ward-208"
N_SAMPLES = 650_000


def n_stored(database):
    found = summary_of(database, STREAM)
    return found.n_samples if found else 0


@pytest.fixture
def environment(own_broker, database_dsn, tmp_path):
    return os.environ | {
        "RHYTHMARK_DSN": database_dsn,
        "RHYTHMARK_KAFKA": own_broker.bootstrap,
        "RHYTHMARK_HOME": str(tmp_path / "home"),
    }


def ingest_to_the_end(environment, database, log):
    with running(environment, "ingest", "--instance", "w1", log=log):
        wait_for(lambda: ended_stream(database, STREAM))


def test_worker_killed_three_times_in_a_full_speed_replay_leaves_the_same_rows(
    environment, database_dsn, other_database_dsn, data_dir, tmp_path
):
    # so many messages that a worker needs some batches for them
    replay = ("replay", data_dir / "mitdb" / "208", "--to", "kafka", "--speed", "max", "--stream", STREAM, "--now")
    replay = (*replay, "--block-s", "0.05")
    sending = subprocess.Popen(command(*replay), env=environment, stdout=subprocess.DEVNULL)
    killed_at = []
    with Database.open(database_dsn) as database:
        for i in range(3):
            log = tmp_path / f"ingest-{i}.log"
            before = n_stored(database)
            with running(environment, "ingest", "--instance", "w1", log=log) as worker:
                if i == 1:  # in the midst of its work, whatever that has come to
                    wait_for(lambda log=log: "partitions_assigned" in log.read_text())
                else:  # after it has stored something, and before all
                    wait_for(lambda before=before: n_stored(database) > before)
                worker.kill()
                worker.wait()
            assert ended_stream(database, STREAM) is None
            killed_at.append(n_stored(database))
        assert sending.wait(60) == 0
        ingest_to_the_end(environment, database, tmp_path / "last.log")
        disturbed = content(database)

    with Database.open(other_database_dsn) as other:
        ingest_to_the_end(environment | {"RHYTHMARK_DSN": other_database_dsn}, other, tmp_path / "undisturbed.log")
        undisturbed = content(other)

    assert 0 < killed_at[0] <= killed_at[-1] < N_SAMPLES
    assert sum(row[4] for row in undisturbed["blocks"]) == N_SAMPLES
    assert len(undisturbed["beats"]) > 0
    assert len(undisturbed["annotations"]) > 0
    for table, rows in undisturbed.items():
        assert disturbed[table] == rows, table


def test_replay_of_the_same_recording_again_changes_nothing(environment, database_dsn, data_dir, tmp_path):
    replay = ("replay", data_dir / "mitdb" / "208", "--to", "kafka", "--speed", "max", "--stream", STREAM)
    rhythmark(environment, *replay)
    with Database.open(database_dsn) as database:
        ingest_to_the_end(environment, database, tmp_path / "first.log")
        once = content(database)
        rhythmark(environment, *replay)
        log = tmp_path / "second.log"
        with running(environment, "ingest", "--instance", "w1", log=log):
            wait_for(lambda: "partitions_assigned" in log.read_text())
            wait_for(lambda: _lag(database) == 0)
        assert content(database) == once


def _lag(database):
    from storage import workers

    with database.transaction() as conn:
        newest = max(workers.list_workers(conn), key=lambda row: row.started_us)
    return newest.lag if newest.n_messages > 0 else None
