"""Devices that restart or whose clock is put right, from their messages to the rows.

Drawings: one character a second, `=` sent and stored, `.` not there, `^` restart (seq counts from 0 again).
"""

from __future__ import annotations

import random
import time

import msgspec
import numpy as np
import pytest
from ingest_kit import content, drain, ecg, samples, worker_on

from ingest.local_source import LocalSource
from ingest.timeline import Timeline
from ingest.wire import messages_of
from signal_processing.values import Block
from storage import catalogue, registration, waveforms

N = 250
S = 1_000_000


class Device:
    """Makes messages of a second each, whose samples tell where they belong."""

    def __init__(self, signal):
        self.signal, self.seq, self.time_s = signal, 0, 0.0
        self.values = samples(120_000)

    def messages(self, n_s):
        made = []
        for _ in range(n_s):
            at = round(self.time_s * 250)
            block = Block(self.seq, self.values[at : at + N])
            (one,) = messages_of(self.signal, [block], device="d")
            t0_ns = (self.signal.t0_us + round(self.time_s * S)) * 1000
            made.append(msgspec.structs.replace(one, t0_ns=t0_ns, last=False))
            self.seq += N
            self.time_s += 1.0
        return made

    def restart(self, *, after_s=0.0):
        self.seq = 0
        self.time_s += after_s

    def expected(self, *runs_s):
        """The samples of [start, end) seconds each."""
        return [(low * N, high * N, self.values[low * N : high * N]) for low, high in runs_s]


@pytest.fixture
def device():
    return Device(ecg(t0_us=(time.time_ns() // 10**9 - 10 * 86_400) * S))


def send(database, messages, *, batch=10_000, kill_after=(), **changes):
    """Let a worker take it all; after each of the batches named it is killed and another one goes on."""
    source = LocalSource(max_batch=batch, capacity=max(len(messages), 1))
    for one in messages:
        source.send(one)
    worker, n_left, n_batches = worker_on(database, source, **changes), len(messages), 0
    while n_left > 0:
        n_left -= drain(worker, n_messages=1)
        n_batches += 1
        if n_batches in kill_after:
            source.reopen()
            worker = worker_on(database, source, **changes)
    return source, worker


def stored(database):
    with database.transaction() as conn:
        row = catalogue.stream_named(conn, "s1")
        (group,) = catalogue.groups_of(conn, row.id)
        return [(b.start, b.end, b.samples) for b in waveforms.read_window(conn, group, 0, group.next_sample)]


def same(found, expected):
    return len(found) == len(expected) and all(
        one[:2] == other[:2] and np.array_equal(one[2], other[2]) for one, other in zip(found, expected, strict=True)
    )


def saved_timeline(database):
    with database.transaction() as conn:
        row = catalogue.stream_named(conn, "s1")
        (group,) = catalogue.groups_of(conn, row.id)
        return Timeline.decode(registration.load_timelines(conn, [group.id])[group.id], next_sample=group.next_sample)


def test_samples_of_a_device_that_restarted_lie_behind_a_gap(database, device):
    # ======..^======
    sent = device.messages(60)
    device.restart(after_s=20.0)
    sent += device.messages(60)
    source, worker = send(database, sent)
    assert list(source.dead_letters) == []
    assert same(stored(database), device.expected((0, 60), (80, 140)))
    assert worker.progress.n_samples == 120 * N
    assert [epoch.first for epoch in saved_timeline(database).epochs] == [0, 80 * N]


def test_beats_of_a_device_that_restarted_lie_at_its_own_time(database, other_database, device):
    sent = device.messages(60)
    device.restart(after_s=20.0)
    sent += device.messages(60)
    send(database, sent)
    # the same as one whose count goes on over the pause
    again = Device(device.signal)
    steady = again.messages(60)
    again.seq, again.time_s = 80 * N, 80.0
    send(other_database, steady + again.messages(60))
    assert content(database) == content(other_database)
    assert any(row[4] > 0 for row in content(database)["beats"])


def test_group_that_ended_is_opened_again_by_a_device_that_restarts(database, device):
    sent = device.messages(30)
    sent[-1] = msgspec.structs.replace(sent[-1], last=True)
    send(database, sent)
    assert content(database)["groups"][0][8] is True
    device.restart(after_s=86_400.0 * 3)
    device.values = np.concatenate([device.values[: 30 * N]] * 2)
    device.time_s, began_s = 0.0, device.time_s
    later = [
        msgspec.structs.replace(one, t0_ns=one.t0_ns + round(began_s * 1e9), last=i == 9)
        for i, one in enumerate(device.messages(10))
    ]
    send(database, later)
    row = content(database)["groups"][0]
    assert row[5:9] == (0, round((began_s + 10) * 250), 40 * N, True)


@pytest.mark.parametrize("step_s", [-1_000_000.0, -30.0, 30.0])
def test_clock_that_is_put_right_changes_no_place(database, device, step_s):
    sent = device.messages(20)
    sent += [msgspec.structs.replace(one, t0_ns=one.t0_ns + round(step_s * 1e9)) for one in device.messages(20)]
    source, _ = send(database, sent, batch=7, kill_after=(2, 3, 4))
    assert list(source.dead_letters) == []
    assert same(stored(database), device.expected((0, 40)))
    assert saved_timeline(database).n_steps == 1


def test_run_that_would_overwrite_another_is_put_aside_with_rule_value_and_limit(database, device):
    device.time_s = 0.0
    sent = device.messages(300)
    device.restart()
    device.time_s = 100.0
    behind = device.messages(2)
    source, _ = send(database, sent + behind)
    reasons = [letter.reason for letter in source.dead_letters]
    ended_us = device.signal.t0_us + 300 * S
    limit = f"must be at most 120000000 us before the end of the run before, {ended_us} us"
    assert reasons == [f"the device's time after a restart {limit}, got {device.signal.t0_us + 100 * S} us"] * 2
    assert same(stored(database), device.expected((0, 300)))


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_the_same_when_workers_die_while_a_device_restarts(database, other_database, device, seed):
    # =====^==...^==========^====, some seconds out of order
    sent = device.messages(20)
    device.restart()
    sent += device.messages(8)
    device.restart(after_s=7.0)
    sent += device.messages(40)
    device.restart(after_s=0.5)
    sent += device.messages(12)
    send(other_database, sent)
    rng = random.Random(seed)  # noqa: S311 - a shuffle
    shuffled = [sent[0], *sorted(sent[1:], key=lambda one: one.t0_ns + rng.uniform(0, 3.0e9))]
    repeated = [one for one in shuffled for _ in range(rng.choice((1, 1, 2)))]
    source, _ = send(database, repeated, batch=3, kill_after=range(1, 200, 2))
    assert list(source.dead_letters) == []
    assert content(database) == content(other_database)
    assert [epoch.offset for epoch in saved_timeline(database).epochs] == [
        epoch.offset for epoch in saved_timeline(other_database).epochs
    ]


def test_group_that_has_samples_but_no_timeline_goes_on(database, device):
    send(database, device.messages(20))
    with database.transaction() as conn:
        conn.execute("DELETE FROM timelines")
    source, _ = send(database, device.messages(20))
    assert list(source.dead_letters) == []
    assert same(stored(database), device.expected((0, 40)))


def test_timeline_that_cannot_be_read_is_begun_anew(database, device):
    send(database, device.messages(20))
    with database.transaction() as conn:
        conn.execute("UPDATE timelines SET state = 'other'")
    send(database, device.messages(20))
    assert same(stored(database), device.expected((0, 40)))


def test_worker_that_was_replaced_does_not_put_an_older_timeline_back(database, device):
    sent = device.messages(10)
    old = LocalSource()
    for one in sent:
        old.send(one)
    replaced = worker_on(database, old)
    drain(replaced, n_messages=10)
    device.restart(after_s=5.0)
    newer = device.messages(5)
    send(database, newer)
    for one in sent:
        old.send(one)
    drain(replaced, n_messages=10)
    replaced._pipeline.save(may_go_on=lambda: True)
    assert len(saved_timeline(database).epochs) == 2
