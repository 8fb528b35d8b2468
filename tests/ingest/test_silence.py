"""A stream is silent when it says nothing, not when nobody listens."""

from __future__ import annotations

import pytest
from ingest_kit import InstantClock, content, drain, ecg, peaks_for, samples, worker_on

from ingest.local_source import LocalSource
from ingest.silence import Silence
from ingest.source import Partition
from ingest.wire import messages_of
from ingest.worker import Worker, WorkerSettings
from signal_processing.values import Block

P, Q = Partition("t", 0), Partition("t", 1)


def worked(silence, *, from_s, to_s):
    for now_s in range(from_s, to_s + 1):
        silence.note_loop(float(now_s))


def test_nothing_is_silent_before_the_worker_has_worked_for_so_long():
    silence = Silence(after_s=10.0, now_s=0.0)
    worked(silence, from_s=0, to_s=9)
    assert silence.heard_before_s(9.0) is None
    assert silence.heard_before_s(10.0) == 0.0


@pytest.mark.parametrize("stands_still", [True, False])
def test_time_that_the_worker_stood_still_or_met_an_outage_is_no_silence(stands_still):
    silence = Silence(after_s=10.0, now_s=0.0)
    worked(silence, from_s=0, to_s=20)
    if stands_still:
        silence.note_loop(40.0)
    else:
        worked(silence, from_s=20, to_s=40)
        silence.note_outage(40.0)
    assert silence.heard_before_s(49.0) is None
    assert silence.heard_before_s(50.0) == 40.0


def test_partition_is_proven_read_to_when_what_was_unread_has_been_taken():
    silence = Silence(after_s=10.0, now_s=0.0)
    assert silence.unasked([P, Q]) == {P, Q}
    silence.note_unread({P: 2, Q: 0}, 30.0)
    assert silence.unasked([P, Q]) == set()
    assert silence.take_proven() == {Q: 20.0}
    silence.note_read([P])
    assert silence.take_proven() == {}
    silence.note_read([P, Q])
    assert silence.take_proven() == {P: 20.0}
    assert silence.unasked([P, Q]) == {P, Q}


def test_partition_that_is_not_ours_any_more_is_forgotten():
    silence = Silence(after_s=10.0, now_s=0.0)
    silence.note_unread({P: 0}, 30.0)
    silence.forget({P})
    assert silence.take_proven() == {}


def sent(signal, n):
    values = samples(n)
    return list(messages_of(signal, [Block(i, values[i : i + 250]) for i in range(0, n, 250)], device="d"))


def in_order(database, *streams):
    source = LocalSource()
    for messages in streams:
        for one in messages:
            source.send(one)
    drain(worker_on(database, source), n_messages=sum(map(len, streams)))
    return content(database)


@pytest.mark.parametrize("step_s", [2.0, 60.0])
def test_message_that_waits_behind_others_is_not_given_up(database, other_database, step_s):
    """While others are read for a minute (a backlog), and after a minute in which nothing was (a worker that stood)."""
    gappy, other = sent(ecg("gappy"), 3_000), sent(ecg("other"), 7_500)
    source, clock = LocalSource(max_batch=1), InstantClock()
    settings = WorkerSettings(poll_s=0.01, heartbeat_s=0.2)
    worker = Worker(database, source, detectors=peaks_for, clock=clock, settings=settings)
    missing = gappy[5]
    for one in [*gappy[:5], *gappy[6:8], *other, missing, *gappy[8:]]:
        source.send(one)
    drain(worker, n_messages=7)
    for _ in [*other, missing, *gappy[8:]]:
        clock.passed_s += step_s
        worker.run_once()
    assert worker.progress.n_late_samples == 0
    assert content(database) == in_order(other_database, gappy, other)


def test_message_that_does_not_come_is_given_up_although_others_come_all_the_time(database):
    gappy, other = sent(ecg("gappy"), 3_000), sent(ecg("other"), 20_000)
    source, clock = LocalSource(max_batch=2), InstantClock()
    settings = WorkerSettings(poll_s=0.01, heartbeat_s=0.2)
    worker = Worker(database, source, detectors=peaks_for, clock=clock, settings=settings)
    for one in [*gappy[:5], *gappy[6:8], other[0]]:
        source.send(one)
    drain(worker, n_messages=8)
    for one, another in zip(other[1::2], other[2::2], strict=False):
        clock.passed_s += 1.0
        source.send(one)
        source.send(another)
        worker.run_once()
    source.send(gappy[5])
    drain(worker, n_messages=1)
    assert worker.progress.n_late_samples == 250
