"""A producer that goes while its broker is away."""

from __future__ import annotations

import pytest
from kafka.errors import KafkaTimeoutError

from ingest import kafka_producer
from ingest.kafka_producer import DeadLetterSink, KafkaSink
from ingest.source import DeadLetter, Partition, Received


class Undelivered:
    """A client whose broker is away: what it sends is safe in the end, but not when it is closed."""

    def __init__(self):
        self.n_closed = 0

    def send(self, *_args, **_more):
        return self

    def get(self, timeout):
        assert timeout > 0

    def close(self, timeout):
        self.n_closed += 1
        msg = f"Timeout waiting for future, {timeout} s"
        raise KafkaTimeoutError(msg)


@pytest.fixture
def client(monkeypatch):
    made = Undelivered()
    monkeypatch.setattr(kafka_producer, "open_producer", lambda _bootstrap: made)
    return made


def test_a_sink_that_is_closed_while_the_broker_is_away_says_nothing_worse_than_that(client):
    KafkaSink("nowhere:9092").close()
    assert client.n_closed == 1


def test_a_worker_that_stops_while_the_broker_is_away_does_not_fail_for_its_dead_letters(client):
    sink = DeadLetterSink("nowhere:9092")
    sink.send([DeadLetter(Received(Partition("waveform.v1", 0), 0, b"a", b""), "too short")])
    sink.close()
    sink.close()
    assert client.n_closed == 1
