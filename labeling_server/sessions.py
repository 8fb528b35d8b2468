"""Who is at the page: a signed cookie, and the checks that every request passes.

The cookie holds a user's id, login, role and a random token; nothing of a patient. Writes must carry that token in the
header `X-CSRF-Token`, which another site can neither read nor set.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import Depends, HTTPException, Request, status
from itsdangerous import BadSignature, URLSafeTimedSerializer

from storage import accounts
from storage.annotation_row import Actor

if TYPE_CHECKING:
    from starlette.responses import Response

    from labeling_server.settings import ServerSettings
    from storage.users import UserRow

COOKIE = "rhythmark_session"
CSRF_HEADER = "X-CSRF-Token"
WRITING_ROLES = frozenset({"admin", "reader"})
NO_SESSION = "a session is needed: sign in"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Reader(msgspec.Struct, frozen=True):
    """The person behind a session; `role` is admin, reader or viewer."""

    user_id: int
    login: str
    role: str
    csrf: str

    @property
    def may_write(self) -> bool:
        """Whether the role changes labels."""
        return self.role in WRITING_ROLES

    def owns(self, token: str) -> bool:
        """Whether it is the token of this session."""
        # bytes: compare_digest refuses text beyond ASCII
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.csrf.encode())

    @property
    def actor(self) -> Actor:
        """As storage writes it into revisions."""
        return Actor(self.user_id, self.login)


class LoginNeededError(Exception):
    """A page was asked for without a session: the answer is the login page."""


class Sessions:
    """Writes and reads the session cookie of one site."""

    def __init__(self, settings: ServerSettings) -> None:
        self._serializer = URLSafeTimedSerializer(settings.secret_key, salt="rhythmark.session.1")
        self._max_age_s = int(settings.session_hours * 3600)
        self._secure = settings.secure_cookies

    @property
    def lasts_us(self) -> int:
        """How long a session lasts."""
        return self._max_age_s * 1_000_000

    def begin(self, response: Response, conn: Any, user: UserRow, *, address: str, agent: str) -> None:
        """Note the session and set the cookie of a person who just proved their password."""
        reader = Reader(user.id, user.login, user.role, secrets.token_urlsafe(24))
        accounts.begin_session(conn, user, reader.csrf, address=address, agent=agent)
        value = self._serializer.dumps(msgspec.structs.astuple(reader))
        response.set_cookie(
            COOKIE, value, max_age=self._max_age_s, httponly=True, samesite="lax", secure=self._secure, path="/"
        )

    def end(self, response: Response) -> None:
        """Take the cookie away."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=self._secure)

    def reader_of(self, cookies: dict[str, str]) -> Reader | None:
        """The person of a request's cookies; None without one, when it is forged or too old."""
        try:
            fields: list[Any] = self._serializer.loads(cookies.get(COOKIE, ""), max_age=self._max_age_s)
        except BadSignature:
            return None
        return Reader(*fields)


def optional_reader(request: Request) -> Reader | None:
    """The person of this request, if any."""
    sessions: Sessions = request.app.state.sessions
    reader = sessions.reader_of(request.cookies)
    request.state.reader = reader  # pages of other rooms show in the frame who reads
    return reader


def page_reader(request: Request, reader: Annotated[Reader | None, Depends(optional_reader)]) -> Reader:
    """The person of a page request, also at `request.state.reader`; without one the login page answers."""
    if reader is None or not _is_still_there(request, reader):
        raise LoginNeededError
    request.state.reader = reader
    return reader


def own_account(request: Request, reader: Annotated[Reader | None, Depends(optional_reader)]) -> Reader:
    """The person of an API request on their own account: 401 without a session, 403 for a write without the token."""
    if reader is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, NO_SESSION)
    if not _is_still_there(request, reader):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "the account was changed since the login: sign in again")
    if request.method in _SAFE_METHODS:
        return reader
    if not reader.owns(request.headers.get(CSRF_HEADER, "")):
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"writes must carry the session's token in {CSRF_HEADER}")
    return reader


def api_reader(request: Request, reader: Annotated[Reader, Depends(own_account)]) -> Reader:
    """The same, and 403 for a write by a viewer."""
    if request.method not in _SAFE_METHODS and not reader.may_write:
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, f"role must be admin or reader to change labels, got {reader.role}"
        )
    return reader


def _is_still_there(request: Request, reader: Reader) -> bool:
    """Whether the session stands, and the person was neither disabled nor given another role since the login."""
    with request.app.state.database.transaction() as conn:
        user = accounts.standing(conn, reader.csrf)
    return user is not None and user.id == reader.user_id and not user.disabled and user.role == reader.role


PageReader = Annotated[Reader, Depends(page_reader)]
ApiReader = Annotated[Reader, Depends(api_reader)]
OwnAccount = Annotated[Reader, Depends(own_account)]


def is_same_origin(request: Request) -> bool:
    """Whether a form was sent by a page of this site, as far as the browser says."""
    origin = request.headers.get("origin")
    if origin in {None, "null"}:
        return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    return str(origin).split("://", 1)[-1] == request.headers.get("host", "")
