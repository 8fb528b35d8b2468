"""A network between two programs that fails on command: a TCP proxy on 127.0.0.1, in a thread of its own.

What it cannot show is a peer that vanished without a word from a connection in use: the kernel acknowledges what
reaches the proxy, so keep-alives and TCP timeouts never run out here.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK_BYTES = 64 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close sends RST


class Proxy:
    """Passes connections on to `target`; context manager.

    Parameters
    ----------
    target : address that connections are passed to; may be changed at any time, for later ones.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._is_refusing = False
        self._hold_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.n_connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def stall(self) -> None:
        """Let nothing pass from now on; connections stay, new ones are taken and hear nothing."""
        self._call(self._flowing.clear)

    def resume(self) -> None:
        """Let everything pass, what was held back first; take connections."""
        self._is_refusing = False
        self._hold_s = 0.0
        self._call(self._flowing.set)

    def refuse(self) -> None:
        """Reset every connection on both sides, and every new one, until `resume`."""
        self._is_refusing = True
        self._call(self._reset)

    def cut_clients(self, *, hold_s: float) -> None:
        """Reset every connection on the side of who made it; the other side hears of it `hold_s` later only."""
        self._hold_s = hold_s
        self._call(self._reset)

    def _call(self, function: Callable[[], object]) -> None:
        done = threading.Event()

        def call() -> None:
            function()
            done.set()

        self._loop.call_soon_threadsafe(call)
        done.wait(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _reset(self) -> None:
        for client in self._clients:
            _abort(client)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._clients.add(client)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._pass_on(reader, client)
        finally:
            _abort(client)
            self._clients.discard(client)
            self._tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self._is_refusing:
            return
        from_server, server = await asyncio.open_connection(*self.target)
        self.n_connections += 1
        pumps = [asyncio.ensure_future(self._pump(*way)) for way in ((reader, server), (from_server, client))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            if self._hold_s:
                await asyncio.sleep(self._hold_s)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            _abort(server)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    found: socket.socket | None = writer.get_extra_info("socket")
    if found is not None:
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
