"""A small web server for one page: a worker's metrics."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING

import structlog

from ingest.metrics_page import CONTENT_TYPE
from rhythmark.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labeling_server.metrics_access import MetricsAccess

_log = structlog.get_logger(__name__)

REQUEST_TIMEOUT_S = 10.0
"""A client that says nothing must not hold a thread for ever."""


@contextmanager
def metrics_server(render: Callable[[], bytes], access: MetricsAccess, *, host: str, port: int) -> Iterator[int]:
    """Serve `/metrics` in threads of its own while the block runs; gives the port.

    Parameters
    ----------
    render : the page of now.
    access : who may read; where nobody is named, programs of this machine, and then `host` must be of this machine.
    port : 0 is any free one.

    Raises
    ------
    SettingsError : if everybody could read, or the address cannot be listened on.
    """
    if not (access.is_open or _is_loopback(host)):
        limit = "this machine, unless RHYTHMARK_METRICS_TOKEN_FILE or RHYTHMARK_METRICS_FROM says who may read"
        msg = f"--metrics-host must be an address of {limit}, got {host!r}"
        raise SettingsError(msg)
    try:
        server = _Server((host, port), _handler(render, access))
    except (OSError, OverflowError) as error:
        msg = f"--metrics-host and --metrics-port must be free and of this machine, got {host}:{port}: {error}"
        raise SettingsError(msg) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="metrics", daemon=True)
    thread.start()
    bound: int = server.server_address[1]
    _log.info("metrics_served", host=host, port=bound)
    try:
        yield bound
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


def _handler(render: Callable[[], bytes], access: MetricsAccess) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_TIMEOUT_S
        server_version = "rhythmark"
        sys_version = ""

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_allowed = not access.is_open or access.allows(address=self.client_address[0], headers=headers)
            if self.path.partition("?")[0] != "/metrics" or not is_allowed:
                self.send_error(404)
                return
            page = render()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_arguments: object) -> None:
            """A line a scrape would be noise."""

    return Handler


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
