"""Runs the application on one address, or says why not."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import structlog
import uvicorn

from signal_processing.errors import RhythmarkError

if TYPE_CHECKING:
    from fastapi import FastAPI

log = structlog.get_logger(__name__)

MAX_PORT = 65_535


class ListenError(RhythmarkError):
    """The address is none that this machine can listen on."""


class PortTakenError(ListenError):
    """Another program listens on the address already."""


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises
    ------
    ListenError : if the host is no address of this machine.
    PortTakenError : if the port is in use, may not be used, or is no port.
    """
    if not 0 <= port <= MAX_PORT:
        msg = f"port must be within [0, {MAX_PORT}], got {port}"
        raise PortTakenError(msg)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it every answer waits 40 ms for an ACK
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            msg = f"host must be an address of this machine, got {host!r} ({error.strerror})"
            raise ListenError(msg) from error
        how = "choose another one with --port, or 0 for any free one"
        msg = f"port must be free, got {host}:{port} ({error.strerror}): {how}"
        raise PortTakenError(msg) from error
    return listener


def serve(app: FastAPI, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serves until it is told to stop (SIGINT, SIGTERM).

    Raises
    ------
    ListenError, PortTakenError : see `bound_socket`.
    """
    with bound_socket(host, port) as listener:
        address = listener.getsockname()
        log.info("serving", host=address[0], port=address[1])
        # access lines would hold addresses of readers; errors still reach the log
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False, ws="none"))
        server.run(sockets=[listener])
