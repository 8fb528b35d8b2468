"""`/metrics` of the server: who may read it, and what stands there."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from labeling_server.app import create_app
from labeling_server.metrics_access import MetricsAccess, networks_of
from labeling_server.settings import ServerSettings
from signal_processing.errors import InvalidValueError
from signal_processing.values import Block, Channel, Signal
from storage import catalogue, waveforms
from storage.errors import DatabaseUnavailableError

TOKEN = "a token of metrics"  # noqa: S105 - lives as long as a test
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def client_of(database, access, *, address="10.1.2.3"):
    settings = ServerSettings(secret_key="s" * 40, metrics_access=access)
    return TestClient(create_app(database, settings=settings), client=(address, 5), raise_server_exceptions=False)


def values(answer):
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


@pytest.mark.parametrize(
    ("token", "networks", "address", "headers", "expected"),
    [
        (None, "", "127.0.0.1", {}, False),
        (TOKEN, "", "127.0.0.1", {}, False),
        (TOKEN, "", "8.8.8.8", {"authorization": f"Bearer {TOKEN}"}, True),
        (TOKEN, "", "8.8.8.8", {"authorization": f"Basic {TOKEN}"}, False),
        (TOKEN, "", "8.8.8.8", {"authorization": "Bearer café"}, False),
        (TOKEN, "10.0.0.0/8", "10.1.2.3", {"authorization": "Bearer wrong"}, False),
        (None, "10.0.0.0/8, ::1", "10.1.2.3", {}, True),
        (None, "10.0.0.0/8, ::1", "::1", {}, True),
        (None, "10.0.0.0/8", "::ffff:10.1.2.3", {}, True),
        (None, "10.0.0.0/8", "11.1.2.3", {}, False),
        (None, "10.0.0.0/8", "10.1.2.3", {"x-forwarded-for": "8.8.8.8"}, False),
        (None, "10.0.0.0/8", None, {}, False),
        (None, "10.0.0.0/8", "unix", {}, False),
    ],
)
def test_metrics_are_for_those_with_the_token_or_from_a_named_network(token, networks, address, headers, expected):
    access = MetricsAccess(token, networks_of(networks))
    assert access.allows(address=address, headers=headers) is expected


def test_metrics_access_names_the_rule_and_hides_the_token():
    with pytest.raises(InvalidValueError, match="at least 16 characters, got 5"):
        MetricsAccess("short")
    with pytest.raises(InvalidValueError, match="must be addresses or networks"):
        networks_of("10.0.0.0/8,everybody")
    assert TOKEN not in repr(MetricsAccess(TOKEN))


def test_metrics_do_not_exist_by_default_or_without_the_token(database):
    assert client_of(database, MetricsAccess(), address="127.0.0.1").get("/metrics").status_code == 404
    client = client_of(database, MetricsAccess(TOKEN))
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers=BEARER).status_code == 200


def test_metrics_say_what_is_stored_and_name_nobody(database):
    signal = Signal("bed 4", "ecg", 250.0, 1_762_000_000_000_000, (Channel("II", "mV", 200.0),))
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="bed 4", device="d", t0_us=signal.t0_us, patient_pseudonym="P-7")
        group = catalogue.ensure_group(conn, stream.id, signal)
        waveforms.store_blocks(conn, group, [Block(0, signal_samples(700))])
    client = client_of(database, MetricsAccess(TOKEN))
    client.get("/health")
    answer = client.get("/metrics", headers=BEARER)
    found = values(answer)
    assert found["rhythmark_database_up",] == 1
    assert [found["rhythmark_streams", state] for state in ("live", "silent", "ended")] == [1, 0, 0]
    assert found["rhythmark_stored_samples",] == 700
    assert found["rhythmark_http_requests_total", "GET", "2xx"] == 1
    assert found["rhythmark_http_request_seconds_count",] == 1
    assert found["rhythmark_proposals_waiting", "emergent"] == 0
    assert not [text for text in ("bed 4", "P-7") if text in answer.text]


def test_metrics_say_that_the_database_is_away(database, monkeypatch):
    client = client_of(database, MetricsAccess(TOKEN))

    def away():
        msg = "the database does not answer"
        raise DatabaseUnavailableError(msg)

    monkeypatch.setattr(database, "transaction", away)
    assert values(client.get("/metrics", headers=BEARER))["rhythmark_database_up",] == 0


def signal_samples(n):
    import numpy as np

    return np.zeros((n, 1), np.int16)
