"""A backlog is stored first, and detectors follow: the same rows in the end, and live work meanwhile."""

from __future__ import annotations

import random

import pytest
from ingest_kit import InstantClock, Peaks, content, drain, ecg, no_detectors, peaks_for, samples, worker_on

from ingest.local_source import LocalSource
from ingest.silence import Silence
from ingest.stored import Stored
from ingest.wire import messages_of
from ingest.worker import Worker, WorkerSettings
from signal_processing.values import Block
from storage import workers

N = 40_000
"""More than a cell of half a minute, and more than what is read at once when a state is loaded."""
ALWAYS, NEVER = -1.0, 1e9


def sent(signal, values, *, block=250, start=0):
    blocks = [Block(start + i, values[i : i + block]) for i in range(0, len(values), block)]
    return list(messages_of(signal, blocks, device="d"))


def shuffled(messages, *, seed, bound=4):
    rng = random.Random(seed)  # noqa: S311 - a test's
    places = {one.seq: i + rng.randint(0, bound) for i, one in enumerate(messages)}
    return sorted(messages, key=lambda one: (places[one.seq], one.seq))


def source_of(messages, **changes):
    source = LocalSource(**changes)
    for one in messages:
        source.send(one)
    return source


def until_level(worker, *, n_loops=1000):
    for _ in range(n_loops):
        if not worker._pipeline.behind().n_groups:
            return
        worker.run_once()
    pytest.fail(f"detectors must come level within {n_loops} loops, they are {worker._pipeline.behind()}")


def inline(database, messages):
    drain(worker_on(database, source_of(messages), defer_s=NEVER), n_messages=len(messages))
    return content(database)


@pytest.mark.parametrize("max_batch", [3, 40, 79])
def test_detectors_that_follow_leave_the_same_rows_as_those_that_read_at_once(database, other_database, max_batch):
    messages = shuffled(sent(ecg(), samples(N)), seed=max_batch)
    worker = worker_on(database, source_of(messages, max_batch=max_batch), defer_s=ALWAYS, follow_s=NEVER)
    drain(worker, n_messages=len(messages))
    until_level(worker)
    assert content(database) == inline(other_database, messages)


@pytest.mark.parametrize("seed", range(6))
def test_backlogs_that_come_and_go_leave_the_same_rows(database, other_database, seed):
    rng = random.Random(seed)  # noqa: S311 - a test's
    messages = shuffled(sent(ecg(), samples(N)), seed=seed)
    source = source_of(messages, max_batch=rng.choice([2, 7, 30]))
    worker = worker_on(database, source, follow_s=NEVER)
    n_left = len(messages)
    while n_left:
        worker._pipeline._pace = worker._pipeline._pace._replace(defer_s=rng.choice([ALWAYS, NEVER]))
        worker._follow_at_s = rng.choice([0.0, 1e18])  # whether detectors have a turn during a backlog
        n_left -= worker.run_once()
    until_level(worker)
    assert content(database) == inline(other_database, messages)


@pytest.mark.parametrize(("every", "last"), [(20, NEVER), (70, ALWAYS)])
def test_worker_that_takes_over_while_detectors_are_behind_leaves_the_same_rows(database, other_database, every, last):
    messages = shuffled(sent(ecg(), samples(N)), seed=every)
    source = source_of(messages, max_batch=10)
    n_left = len(messages)
    while n_left > 0:
        worker = worker_on(database, source, defer_s=ALWAYS, follow_s=NEVER)
        n_left -= drain(worker, n_messages=min(every, n_left))
        source.reopen()
    worker = worker_on(database, source, defer_s=last)
    source.send(messages[-1])  # a duplicate: who takes over hears of the group
    drain(worker, n_messages=1)
    until_level(worker)
    assert content(database) == inline(other_database, messages)


def test_new_detector_reads_a_long_stored_stream_beside_the_live_one(database, monkeypatch):
    values = samples(N)
    *stored, newest = sent(ecg("long"), values)
    drain(worker_on(database, source_of(stored), detectors=no_detectors), n_messages=len(stored))
    source = source_of([newest])
    worker = worker_on(database, source)
    with monkeypatch.context() as held:
        held.setattr(worker._pipeline, "follow", Stored)
        drain(worker, n_messages=1)
        assert worker._pipeline.behind() == (1, N / 250.0)
        for each in sent(ecg("live"), values[:2500]):
            source.send(each)
        drain(worker, n_messages=10)
        assert {row[0] for row in content(database)["beats"]} == {"live"}
    until_level(worker)
    assert {row[0] for row in content(database)["beats"]} == {"live", "long"}


def test_backlog_gives_detectors_a_turn_now_and_then(database):
    clock = InstantClock()
    messages = sent(ecg(), samples(N))
    source = source_of(messages, max_batch=10)
    settings = WorkerSettings(poll_s=0.05, defer_s=ALWAYS, follow_s=5.0)
    worker = Worker(database, source, detectors=peaks_for, clock=clock, settings=settings)
    behind_s = []
    for _ in range(8):
        worker.run_once()
        behind_s.append(worker._pipeline.behind().most_s)
        clock.passed_s += 2.0
    assert behind_s == [0.0, 10.0, 20.0, 0.0, 10.0, 20.0, 0.0, 10.0]


@pytest.mark.parametrize(("n_seconds", "is_first_stored"), [(29, False), (30, True)])
def test_batch_that_brings_much_old_signal_is_stored_first_though_nothing_waits_behind_it(
    database, n_seconds, is_first_stored
):
    worker = worker_on(database, source_of(sent(ecg(), samples(n_seconds * 250))), defer_s=ALWAYS)
    worker._follow_at_s = 1e18  # detectors that follow have no turn while there is a backlog
    drain(worker, n_messages=n_seconds)
    assert worker._pipeline.behind().most_s == (n_seconds if is_first_stored else 0.0)
    worker.run_once()
    assert worker._pipeline.behind().most_s == 0.0


def test_messages_with_old_time_stamps_are_read_at_once_when_nothing_waits_behind_them(database):
    messages = sent(ecg(), samples(5_000))
    source = LocalSource()
    worker = worker_on(database, source, defer_s=ALWAYS)
    for each in messages:
        source.send(each)
        drain(worker, n_messages=1)
        assert worker._pipeline.behind() == (0, 0.0)


def test_worker_says_how_far_its_detectors_are_behind(database, monkeypatch):
    messages = sent(ecg(), samples(N))
    worker = worker_on(database, source_of(messages, max_batch=10), defer_s=ALWAYS, heartbeat_s=0.0)
    with monkeypatch.context() as held:
        held.setattr(worker._pipeline, "follow", Stored)
        drain(worker, n_messages=len(messages))
    assert worker.metrics.figures(now_us=0).behind == (1, N / 250.0)
    assert note(database) == "detectors of 1 channel groups are up to 160 s behind"
    until_level(worker)
    figures = worker.metrics.figures(now_us=0)
    assert figures.behind == (0, 0.0)
    assert figures.n_beats > N / 263 / 2
    assert note(database) == ""


def note(database):
    with database.transaction() as conn:
        (beat,) = workers.list_workers(conn)
    return beat.note


def test_detectors_that_fail_while_they_follow_cost_no_samples(database):
    messages = sent(ecg(), samples(N))
    source = source_of(messages, max_batch=10)
    worker = worker_on(database, source, detectors=lambda _: [Peaks(fail_at=20_000)], defer_s=ALWAYS)
    drain(worker, n_messages=len(messages))
    until_level(worker)
    assert content(database)["groups"][0][7] == N


def test_stream_that_cannot_be_read_stays_behind_and_stops_no_other(database):
    damaged, sound = sent(ecg("damaged"), samples(N)), sent(ecg("sound"), samples(N))
    drain(worker_on(database, source_of(damaged[:-1]), detectors=no_detectors), n_messages=len(damaged) - 1)
    with database.transaction() as conn:
        conn.execute("UPDATE waveform_blocks SET payload = 'x'")
    worker = worker_on(database, source_of([damaged[-1], *sound], max_batch=10), defer_s=ALWAYS)
    drain(worker, n_messages=1 + len(sound))
    for _ in range(50):
        worker.run_once()
    assert worker._pipeline.behind().n_groups <= 1
    rows = content(database)
    assert [row[7] for row in rows["groups"]] == [N, N]
    assert {row[0] for row in rows["beats"]} == {"sound"}


@pytest.mark.parametrize("repeated", [0, 1])
@pytest.mark.parametrize("n", [20_000, N])  # read when the state is loaded, and followed
def test_stream_whose_end_is_known_ends_when_its_detectors_are_level(
    database, other_database, monkeypatch, n, repeated
):
    """Also when the worker that takes it over hears of it by a message that is stored already."""
    messages = sent(ecg(), samples(n))
    source = source_of(messages, max_batch=10)
    before = worker_on(database, source, defer_s=ALWAYS)
    monkeypatch.setattr(before._pipeline, "follow", Stored)
    drain(before, n_messages=len(messages))
    assert content(database)["streams"][0][2] is None
    source.reopen()
    worker = worker_on(database, source, defer_s=NEVER)
    for one in [messages[-1]] * repeated:
        source.send(one)
    for _ in range(10):
        worker.run_once()
    if not repeated:  # nobody hears of it: it is taken over when it was silent for a minute
        with database.transaction() as conn:
            conn.execute("UPDATE channel_groups SET updated_us = updated_us - 120000000")
        worker._settle_at_s = 0.0
        worker._silence = Silence(after_s=0.0, now_s=0.0)
        for _ in range(10):
            worker._settle_at_s = 0.0
            worker.run_once()
    until_level(worker)
    assert content(database) == inline(other_database, messages)
    assert worker._pipeline.n_groups == 0
