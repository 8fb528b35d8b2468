"""A worker whose streams are others' by now, and who does not know it yet."""

from __future__ import annotations

from ingest_kit import content, drain, ecg, samples, worker_on

from ingest.local_source import LocalSource
from ingest.source import Polled
from ingest.wire import messages_of
from signal_processing.values import Block

N_SECONDS = 12


def seconds_of(values):
    blocks = [Block(i, values[i : i + 250]) for i in range(0, len(values), 250)]
    return list(messages_of(ecg(), blocks, device="d"))


def test_worker_whose_streams_others_go_on_storing_waits_until_it_hears_that_they_are_theirs(
    database, other_database, monkeypatch
):
    messages = seconds_of(samples(N_SECONDS * 250))
    mine, others = LocalSource(), LocalSource()
    for each in messages:
        mine.send(each)
    stopped, successor = worker_on(database, mine), worker_on(database, others)
    left = iter(messages)
    load = stopped._pipeline._load

    def load_and_be_overtaken(batch, *, one_by_one):
        load(batch, one_by_one=one_by_one)
        others.send(next(left))
        drain(successor, n_messages=1)

    monkeypatch.setattr(stopped._pipeline, "_load", load_and_be_overtaken)
    heard = []

    def idle(_timeout_s):
        heard.append(frozenset(mine._logs))
        return Polled([], revoked=heard[-1])

    monkeypatch.setattr(mine, "idle", idle)
    while not heard:
        stopped.run_once()
    for each in left:
        others.send(each)
        drain(successor, n_messages=1)
    alone = LocalSource()
    for each in messages:
        alone.send(each)
    drain(worker_on(other_database, alone), n_messages=len(messages))
    assert content(database) == content(other_database)
