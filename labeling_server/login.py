"""Sign in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response, status
from fastapi.responses import RedirectResponse

from labeling_server.api.bounds import NO_NUL
from labeling_server.api.requests import Db  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.sessions import Reader, Sessions, is_same_origin, optional_reader
from labeling_server.texts import text
from storage import accounts, users

if TYPE_CHECKING:
    from storage.users import UserRow

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=1_000, pattern=NO_NUL)]


@router.get("/login")
def login_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form."""
    return _form(request, next_path=_local(next))


@router.post("/login")
def log_in(request: Request, database: Db, login: Text, password: Text, next: Text = "/") -> Response:  # noqa: A002 - fields of the form
    """Begin a session, or show the form again with the reason; `storage.users` slows failures down."""
    if not is_same_origin(request):
        return _form(request, login=login, problem=text("login.origin"), status_code=status.HTTP_403_FORBIDDEN)
    address = request.client.host if request.client else "unknown"
    with database.transaction() as conn:
        answer = users.verify(conn, login=login, password=password, address=address)
        if answer.user is not None:
            response = RedirectResponse(_local(next), status.HTTP_303_SEE_OTHER)
            begin_session(request, response, conn, answer.user)
            return response
    log.warning("login_failed", address=address, retry_after_s=answer.retry_after_s)
    return _refused(request, login=login, next_path=_local(next), retry_after_s=answer.retry_after_s)


def begin_session(request: Request, response: Response, conn: Any, user: UserRow) -> None:
    """Let somebody who has proved who they are come in."""
    address = request.client.host if request.client else "unknown"
    agent = request.headers.get("user-agent", "")
    _sessions(request).begin(response, conn, user, address=address, agent=agent)


@router.post("/logout")
def log_out(
    request: Request, database: Db, csrf: Text, reader: Annotated[Reader | None, Depends(optional_reader)]
) -> Response:
    """End the session."""
    if reader is not None and not reader.owns(csrf):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "the form must carry the session's token")
    if reader is not None:
        with database.transaction() as conn:
            accounts.end_session(conn, reader.csrf)
    response = RedirectResponse("/login", status.HTTP_303_SEE_OTHER)
    _sessions(request).end(response)
    return response


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _local(path: str) -> str:
    """Only a path of this site, so that a crafted link cannot lead elsewhere after the login."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def _refused(request: Request, *, login: str, next_path: str, retry_after_s: int) -> Response:
    reason = text("login.wait", seconds=retry_after_s) if retry_after_s else text("login.wrong")
    code = status.HTTP_429_TOO_MANY_REQUESTS if retry_after_s else status.HTTP_401_UNAUTHORIZED
    response = _form(request, login=login, next_path=next_path, problem=reason, status_code=code)
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _form(
    request: Request, *, login: str = "", next_path: str = "/", problem: str = "", status_code: int = 200
) -> Response:
    context = {"page": "login", "login": login, "next": next_path, "problem": problem}
    response: Response = request.app.state.templates.TemplateResponse(
        request, "login.html", context, status_code=status_code
    )
    return response
