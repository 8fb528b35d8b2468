"""What a worker counts, and how Prometheus reads it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_kit import FS_HZ, drain, ecg, samples, send_all, worker_on
from prometheus_client.parser import text_string_to_metric_families

from ingest.letters import REASON_CLASSES
from ingest.local_source import LocalSource
from ingest.metrics import ACTIVE_WITHIN_S, END_TO_END_BOUNDS_S, Histogram, WorkerMetrics
from ingest.metrics_page import WorkerPage
from ingest.pipeline import Stored
from ingest.source import DeadLetter, Partition, Received

HERE = Partition("waveform.v1", 3)
NOW_US = 1_800_000_000_000_000
NOTHING = Stored(0, 0, 0)


class Clock:
    def __init__(self, now_us=NOW_US):
        self.us = now_us

    def now_us(self):
        return self.us


def received(*ages_s):
    return [
        Received(HERE, i, None, b"", None if age is None else NOW_US - int(age * 1e6)) for i, age in enumerate(ages_s)
    ]


def noted(metrics, messages=(), *, stored=NOTHING, streams=(), rejected=(), at_us=NOW_US, n_states=0, **figures):
    stored = stored._replace(**{"write_s": 0.02, **figures})
    metrics.note_batch(messages, stored, streams=streams, rejected=rejected, committed_us=at_us, n_states=n_states)
    return metrics.figures(now_us=at_us)


def page_of(metrics, clock=None):
    text = WorkerPage(metrics, clock or Clock()).render().decode()
    families = list(text_string_to_metric_families(text))
    return text, {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


@given(st.lists(st.floats(0, 100) | st.sampled_from(END_TO_END_BOUNDS_S), max_size=50))
def test_histogram_of_many_values_is_that_of_one_after_another(values):
    at_once = Histogram.empty(END_TO_END_BOUNDS_S).with_values(np.array(values, float))
    one_by_one = Histogram.empty(END_TO_END_BOUNDS_S)
    for value in values:
        one_by_one = one_by_one.with_value(value)
    assert at_once.counts == one_by_one.counts
    assert at_once.total == pytest.approx(one_by_one.total)
    assert at_once.n == len(values)
    below = sum(at_once.counts[: END_TO_END_BOUNDS_S.index(1.0) + 1])
    assert below == sum(value <= 1.0 for value in values)


def test_latency_runs_from_the_time_stamp_to_the_commit_and_is_never_negative():
    figures = noted(WorkerMetrics(), received(0.07, 2.0, -5.0, None))
    assert figures.n_messages == 4
    assert figures.end_to_end_s.n == 3
    assert figures.end_to_end_s.counts[:2] == (1, 1)
    assert figures.end_to_end_s.total == pytest.approx(2.07)


def test_streams_are_active_for_a_minute_and_then_forgotten():
    metrics = WorkerMetrics()
    assert noted(metrics, streams={"a", "b"}).n_active_streams == 2
    later_us = NOW_US + int(ACTIVE_WITHIN_S * 1e6) + 1
    assert noted(metrics, streams={"c"}, at_us=later_us).n_active_streams == 1
    assert len(metrics._heard_us) == 1


def test_page_gives_every_count_under_its_name():
    metrics = WorkerMetrics(started_us=NOW_US)
    letters = [DeadLetter(received(1)[0], reason) for reason in ("schema must be 1, got 7", "who knows")]
    facts = {"n_blocks": 4, "n_beats": 5, "n_spans": 6, "detector_s": 0.5, "n_checkpoint_bytes": 7, "n_states": 8}
    noted(metrics, received(0.07, 2.0), stored=Stored(100, 20, 3), streams={"bed"}, rejected=letters, **facts)
    metrics.note_lag({HERE: 12})
    metrics.note_rebalance()
    metrics.note_state("waiting")
    text, page = page_of(metrics)
    expected = {
        "messages_total": 2,
        "samples_total": 100,
        "duplicate_samples_total": 20,
        "late_samples_total": 3,
        "blocks_total": 4,
        "beats_total": 5,
        "proposals_total": 6,
        "detector_seconds_total": 0.5,
        "checkpoint_bytes_total": 7,
        "states_in_memory": 8,
        "transactions_total": 1,
        "rebalances_total": 1,
        "active_streams": 1,
        "write_seconds_count": 1,
        "end_to_end_seconds_count": 2,
        "worker_start_time_seconds": NOW_US / 1e6,
    }
    assert {name: page[f"rhythmark_{name}", ()] for name in expected} == expected
    dead = {name: page["rhythmark_dead_letters_total", (("reason", name),)] for name in REASON_CLASSES}
    assert {name: n for name, n in dead.items() if n} == {"schema": 1, "other": 1}
    assert page["rhythmark_consumer_lag_messages", (("partition", "3"), ("topic", "waveform.v1"))] == 12
    assert page["rhythmark_worker_state", (("state", "waiting"),)] == 1
    assert page["rhythmark_worker_state", (("state", "running"),)] == 0
    assert page["rhythmark_end_to_end_seconds_bucket", (("le", "0.1"),)] == 1
    assert page["rhythmark_end_to_end_seconds_bucket", (("le", "2.0"),)] == 2
    assert page["rhythmark_end_to_end_seconds_bucket", (("le", "+Inf"),)] == 2
    assert "bed" not in text


def test_partition_that_went_to_another_worker_has_no_lag_here():
    metrics = WorkerMetrics()
    metrics.note_lag({HERE: 12})
    metrics.note_lag({})
    assert metrics.figures(now_us=NOW_US).lag_messages == {}


def test_worker_counts_what_it_stores_and_puts_aside(database):
    source = LocalSource()
    send_all(source, ecg("bed 4"), samples(int(20 * FS_HZ)))
    source.put(b"bed 4", b"rubbish")
    worker = worker_on(database, source)
    drain(worker, n_messages=21)
    figures = worker.metrics.figures(now_us=worker._clock.now_us())
    assert (figures.n_messages, figures.n_samples, figures.n_dead_letters) == (21, 5_000, {"undecodable": 1})
    assert (figures.state, figures.n_active_streams, figures.n_rebalances) == ("running", 1, 1)
    assert figures.n_transactions == figures.write_s.n > 0
    assert figures.end_to_end_s.n == 21
    assert sum(figures.end_to_end_s.counts[-2:]) == 0
    worker._heartbeat(force=True)
    assert worker.metrics.figures(now_us=0).lag_messages == {Partition("local", 0): 0}
