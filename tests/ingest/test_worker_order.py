"""The worker when messages come out of order, late, or not at all."""

from __future__ import annotations

import random

import pytest
from ingest_kit import InstantClock, content, drain, ecg, peaks_for, samples, send_all, worker_on

from ingest.local_source import LocalSource
from ingest.wire import messages_of
from ingest.worker import Worker, WorkerSettings
from signal_processing.values import Block
from storage import annotations as labels
from storage import revisions, users

N = 20_000


def sent(signal, values, *, block=250):
    """Messages of one second; the last one carries `last`."""
    blocks = [Block(i, values[i : i + block]) for i in range(0, len(values), block)]
    return list(messages_of(signal, blocks, device="d"))


def shuffled(messages, *, seed, bound=4):
    """The messages, each at most that many places late."""
    rng = random.Random(seed)  # noqa: S311 - a test's
    places = {one.seq: i + rng.randint(0, bound) for i, one in enumerate(messages)}
    return sorted(messages, key=lambda one: (places[one.seq], one.seq))


def take(database, messages, *, max_batch=500, reopened_every=0, **changes):
    """Let a worker, or one after another, take messages in that order."""
    source = LocalSource(max_batch=max_batch)
    for one in messages:
        source.send(one)
    worker = worker_on(database, source, **changes)
    n_left = len(messages)
    while n_left > 0:
        n_left -= drain(worker, n_messages=min(n_left, reopened_every or n_left))
        if reopened_every:
            source.reopen()
            worker = worker_on(database, source, **changes)
    return source


@pytest.mark.parametrize("max_batch", [1, 7, 500])
def test_worker_leaves_the_same_rows_when_messages_are_shuffled_within_some_seconds(
    database, other_database, max_batch
):
    signal, values = ecg(), samples(N)
    messages = sent(signal, values)
    take(other_database, messages)
    source = take(database, shuffled(messages, seed=max_batch), max_batch=max_batch)
    assert list(source.dead_letters) == []
    assert content(database) == content(other_database)


def test_worker_leaves_the_same_rows_when_it_is_replaced_while_messages_come_shuffled(database, other_database):
    signal, values = ecg(), samples(N)
    messages = sent(signal, values)
    take(other_database, messages)
    take(database, shuffled(messages, seed=3), max_batch=5, reopened_every=5, checkpoint_s=7.0)
    assert content(database) == content(other_database)


def test_worker_ends_a_stream_whose_last_message_overtook_the_one_before(database, other_database):
    signal, values = ecg(), samples(3_000)
    messages = sent(signal, values)
    take(other_database, messages)
    source = LocalSource(max_batch=1)
    worker = worker_on(database, source)
    for one in [*messages[:-2], messages[-1]]:
        source.send(one)
    drain(worker, n_messages=len(messages) - 1)
    assert content(database)["streams"][0][2] is None
    source.send(messages[-2])
    drain(worker, n_messages=1)
    assert content(database) == content(other_database)


def let_pass(worker, clock, duration_s):
    for _ in range(duration_s):
        clock.passed_s += 1.0
        worker.run_once()


def test_worker_ends_a_stream_of_which_something_was_lost_once_it_is_silent(database):
    signal, values = ecg(), samples(3_000)
    messages = sent(signal, values)
    source = LocalSource()
    clock = InstantClock()
    settings = WorkerSettings(poll_s=0.01, heartbeat_s=0.2)
    worker = Worker(database, source, detectors=peaks_for, clock=clock, settings=settings)
    for one in [*messages[:-2], messages[-1]]:
        source.send(one)
    drain(worker, n_messages=len(messages) - 1)
    assert content(database)["streams"][0][2] is None
    let_pass(worker, clock, 20)
    rows = content(database)
    assert rows["streams"][0][2] is not None
    assert rows["groups"][0][8] is True
    assert rows["groups"][0][7] == 2_750


def test_worker_completes_a_stream_that_another_one_left_at_its_end(database):
    signal, values = ecg(), samples(3_000)
    messages = sent(signal, values)
    take(database, [*messages[:-2], messages[-1]])
    with database.transaction() as conn:
        conn.execute("UPDATE channel_groups SET updated_us = updated_us - 120000000")
    clock = InstantClock()
    worker = Worker(
        database, LocalSource(), detectors=peaks_for, clock=clock, settings=WorkerSettings(poll_s=0.01, heartbeat_s=9)
    )
    let_pass(worker, clock, 20)
    assert content(database)["streams"][0][2] is not None


def test_worker_forgets_an_end_that_was_none(database):
    signal, values = ecg(), samples(4_000)
    messages = sent(signal, values[:3_000])
    further = sent(signal, values)[12:15]
    take(database, [*messages[:-2], messages[-1], *further, messages[-2]])
    rows = content(database)
    assert rows["streams"][0][2] is None
    assert rows["groups"][0][6:8] == (3_750, 3_750)


def test_samples_that_come_late_mark_the_annotations_they_fall_into_until_a_person_looks_again(database):
    signal, values = ecg(), samples(N)
    messages = sent(signal, values)
    plateau = messages.index(next(one for one in messages if one.seq <= 4_500 < one.seq + 250))
    late = messages.pop(plateau)
    source = LocalSource(max_batch=1)
    worker = worker_on(database, source)
    for one in messages[:-1]:
        source.send(one)
    drain(worker, n_messages=len(messages) - 1)
    rows = spans(database, signal)
    assert [row.signal_changed_us for row in rows] == [None] * len(rows)
    around = [row for row in rows if row.start_us < at_us(signal, late.end) and row.end_us > at_us(signal, late.seq)]
    with database.transaction() as conn:
        person = users.create(conn, login="reader", password="correct horse", role="reader")  # noqa: S106 - a test's
        actor = labels.Actor(person.id, person.login)
        span = revisions.add(
            conn,
            stream_id=rows[0].stream_id,
            group_id=rows[0].group_id,
            start_us=at_us(signal, late.seq) - 1_000_000,
            end_us=at_us(signal, late.end),
            label="AFIB",
            channel=None,
            actor=actor,
            view={},
        )
    source.send(late)
    drain(worker, n_messages=1)
    marked = {row.id for row in spans(database, signal) if row.signal_changed_us is not None}
    assert marked == {span.id, *(row.id for row in around)}
    with database.transaction() as conn:
        revisions.revise(conn, span.id, expected_revision=1, actor=actor, action="confirm", changes={}, view={})
        assert labels.get(conn, span.id).signal_changed_us is None


def test_worker_that_stops_saves_the_states_so_that_the_next_reads_nothing_again(database):
    source = LocalSource()
    send_all(source, ecg(), samples(5_000)[:4_999])
    worker = worker_on(database, source)
    drain(worker, n_messages=19)
    worker._save_states()
    with database.transaction() as conn:
        saved = conn.execute("SELECT next_sample FROM checkpoints").fetchall()
        stored = conn.execute("SELECT next_sample FROM channel_groups").fetchall()
    assert saved == stored


def at_us(signal, sample):
    return signal.clock.us_at(sample)


def spans(database, signal):
    with database.transaction() as conn:
        row = conn.execute("SELECT id FROM streams WHERE name = %s", [signal.stream]).fetchone()
        return labels.spans_between(conn, row[0], at_us(signal, 0), at_us(signal, N))
