"""What a request must be before any route looks at it: of a signed-in person for the API, and not too large."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fastapi import HTTPException, status
from starlette.requests import HTTPConnection

from labeling_server.api.problems import problem
from labeling_server.sessions import NO_SESSION

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from labeling_server.sessions import Sessions

API = "/api/"
MAX_BODY_BYTES = 4 * 2**20
"""Of any request: room for an edit of some ten thousand beats at once."""
MAX_READING_BYTES = 20 * 2**20
"""Of a reading, or what is put in the place of one: room for two days of a heart, beat by beat."""
_READINGS = re.compile(r"/api/items/[0-9]+/(reading|adjudication|audit|truth)")
_MAX_DIGITS = 20  # of a length: the first twenty digits of a longer one are too many as well


class SignedInOnly:
    """ASGI middleware: without a session nothing below /api/ is looked at, not even the body.

    That the person may still come in is looked up by `sessions.api_reader`, in the database.
    """

    def __init__(self, app: ASGIApp, *, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401."""
        is_api = scope["type"] == "http" and scope["path"].startswith(API)
        if is_api and self._sessions.reader_of(HTTPConnection(scope).cookies) is None:
            refusal = problem(status.HTTP_401_UNAUTHORIZED, "no_session", NO_SESSION)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


class BodyLimit:
    """ASGI middleware: refuses a body of more than `most_bytes`, told before it comes or counted while it does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"")[:_MAX_DIGITS]
        most = most_bytes(scope["path"])
        if announced.isdigit() and int(announced) > most:
            refusal = problem(status.HTTP_413_CONTENT_TOO_LARGE, "too_large", _too_large(int(announced), most))
            await refusal(scope, receive, send)
            return
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > most:
                raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, _too_large(n_bytes, most))
            return message

        await self._app(scope, counted, send)


def most_bytes(path: str) -> int:
    """How large a body may be."""
    return MAX_READING_BYTES if _READINGS.fullmatch(path) else MAX_BODY_BYTES


def _too_large(n_bytes: int, most: int) -> str:
    return f"a body must have at most {most} bytes, got {n_bytes}"
