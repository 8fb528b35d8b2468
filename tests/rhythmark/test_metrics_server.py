"""The worker's page of metrics: who may read it, and where."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

import pytest

from labeling_server.metrics_access import MetricsAccess, networks_of
from rhythmark.metrics_server import metrics_server
from rhythmark.settings import SettingsError

TOKEN = "a token of metrics"  # noqa: S105 - lives as long as a test


def status(port, path="/metrics", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own address
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, b""


def serving(access, host="127.0.0.1", port=0):
    return metrics_server(lambda: b"rhythmark_up 1\n", access, host=host, port=port)


def test_page_is_there_for_this_machine_and_nothing_else_is():
    with serving(MetricsAccess()) as port:
        assert status(port) == (200, b"rhythmark_up 1\n")
        assert status(port, "/")[0] == 404


def test_page_asks_for_the_token_where_there_is_one():
    with serving(MetricsAccess(TOKEN)) as port:
        assert status(port)[0] == 404
        assert status(port, Authorization="Bearer wrong")[0] == 404
        assert status(port, Authorization=f"Bearer {TOKEN}")[0] == 200


def test_page_is_not_served_to_a_network_unless_somebody_says_who_may_read():
    with (
        pytest.raises(SettingsError, match=r"unless RHYTHMARK_METRICS_TOKEN_FILE.*got '0.0.0.0'"),
        serving(
            MetricsAccess(),
            host="0.0.0.0",  # noqa: S104 - what is refused
        ),
    ):
        pass
    with serving(MetricsAccess(networks=networks_of("127.0.0.0/8")), host="0.0.0.0") as port:  # noqa: S104 - guarded
        assert status(port)[0] == 200
        assert status(port, **{"X-Forwarded-For": "10.0.0.1"})[0] == 404


def test_port_in_use_is_refused_with_its_name():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=f"must be free.*got 127.0.0.1:{port}"),
            serving(MetricsAccess(), port=port),
        ):
            pass
