"""Asking again cheaply: an answer in JSON bears a tag, and whoever names it gets 304 while nothing has changed.

The tag is of the bytes, so it changes with everything that a page would show. The ETag of one annotation is its
revision, which machines do not change while they extend a span: it is for If-Match, and never makes a 304.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from labeling_server.gate import API

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAG_BYTES = 12


class PolledAnswers:
    """ASGI middleware: tags answers in JSON below /api/, and leaves out a body that the asker has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the answers of reads pass through `_Tagging`."""
        is_read = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(API)
        await self._app(scope, receive, _Tagging(Headers(scope=scope), send) if is_read else send)


class _Tagging:
    """Holds one answer back until it is whole."""

    def __init__(self, asked: Headers, send: Send) -> None:
        self._known = {tag.strip() for tag in asked.get("if-none-match", "").split(",")}
        self._send = send
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_tagged(message):
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            await self._finish(self._start, b"".join(self._parts))

    async def _finish(self, start: Message, body: bytes) -> None:
        headers = MutableHeaders(scope=start)
        tag = f'W/"{hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()}"'
        headers["ETag"] = tag
        if tag in self._known:
            start["status"], body = 304, b""
            for name in ("Content-Length", "Content-Type"):
                del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_tagged(start: Message) -> bool:
    """Whether it is an answer in JSON that bears no tag of its own."""
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and headers.get("content-type") == "application/json" and "etag" not in headers  # noqa: PLR2004 - OK
