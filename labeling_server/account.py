"""One's own account: password, where one is signed in, and the invitation by which it begins."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from labeling_server.api import answers
from labeling_server.api.bounds import NO_NUL, RowId
from labeling_server.api.edit_bodies import Body
from labeling_server.api.requests import Db, api_router
from labeling_server.login import Text, begin_session
from labeling_server.page_parts import clock, page_config
from labeling_server.sessions import OwnAccount, PageReader, Sessions, is_same_origin
from labeling_server.texts import text
from storage import accounts, users
from storage.errors import ConstraintError, UnknownRowError

pages = APIRouter(include_in_schema=False)
router = api_router("/api/account", tag="account", of_own_account=True)

Password = Annotated[str, Field(min_length=1, max_length=1_000, pattern=NO_NUL)]


class PasswordBody(Body):
    """One's password, and the one that takes its place."""

    current: Password
    new: Password


@pages.get("/account")
def account_page(request: Request, database: Db, reader: PageReader) -> HTMLResponse:
    """Password and sessions."""
    sessions: Sessions = request.app.state.sessions
    zone = ZoneInfo(request.app.state.settings.zone)
    with database.transaction() as conn:
        rows = accounts.sessions_of(conn, reader.user_id, reader.csrf, within_us=sessions.lasts_us)
    context = {
        "page": "account",
        "reader": reader,
        "rows": [(row, clock(row.began_us, zone), clock(row.seen_us, zone)) for row in rows],
        "least": users.MIN_PASSWORD_LENGTH,
        "config": page_config(request, reader),
    }
    response: HTMLResponse = request.app.state.templates.TemplateResponse(request, "account.html", context)
    return response


@router.put("/password", response_model=answers.Answer)
def change_password(body: PasswordBody, request: Request, database: Db, reader: OwnAccount) -> dict[str, Any]:
    """Change one's password; everywhere else one is signed out. Wrong ones are slowed down, as at the login."""
    address = request.client.host if request.client else "unknown"
    with database.transaction() as conn:
        answer = users.verify(conn, login=reader.login, password=body.current, address=address)
    if answer.user is None:
        why = text("login.wait", seconds=answer.retry_after_s) if answer.retry_after_s else text("account.wrong")
        raise HTTPException(status.HTTP_403_FORBIDDEN, why)
    with database.transaction() as conn:
        accounts.change_password(conn, reader.actor, reader.csrf, current=body.current, new=body.new, address=address)
    return {}


@router.post("/sessions/{session_id}/end", response_model=answers.Answer)
def end_session(session_id: RowId, database: Db, reader: OwnAccount) -> dict[str, Any]:
    """Sign out somewhere else."""
    with database.transaction() as conn:
        accounts.end_session_of(conn, session_id, actor=reader.actor)
    return {}


@pages.get("/invitation/{token}")
def invitation_page(token: str, request: Request, database: Db) -> HTMLResponse:
    """Choose a password, if the invitation is open."""
    try:
        with database.transaction() as conn:
            login, _ = accounts.invitation(conn, token)
    except UnknownRowError as error:
        return _invitation(request, token, problem=str(error), code=status.HTTP_404_NOT_FOUND)
    return _invitation(request, token, login=login)


@pages.post("/invitation/{token}")
def accept_invitation(token: str, request: Request, database: Db, password: Text, again: Text) -> Response:
    """Make the account and sign in."""
    problem, code = "", status.HTTP_422_UNPROCESSABLE_CONTENT
    if not is_same_origin(request):
        problem, code = text("login.origin"), status.HTTP_403_FORBIDDEN
    elif password != again:
        problem = text("invitation.differ")
    else:
        try:
            with database.transaction() as conn:
                user = accounts.accept(conn, token, password)
                response = RedirectResponse("/", status.HTTP_303_SEE_OTHER)
                begin_session(request, response, conn, user)
                return response
        except UnknownRowError as error:
            return _invitation(request, token, problem=str(error), code=status.HTTP_404_NOT_FOUND)
        except ConstraintError as error:
            problem = str(error)
    return _invitation(request, token, problem=problem, code=code, login=_login_of(database, token))


def _login_of(database: Any, token: str) -> str:
    try:
        with database.transaction() as conn:
            return accounts.invitation(conn, token)[0]
    except UnknownRowError:
        return ""


def _invitation(request: Request, token: str, *, login: str = "", problem: str = "", code: int = 200) -> HTMLResponse:
    context = {
        "page": "login",
        "token": token,
        "login": login,
        "problem": problem,
        "least": users.MIN_PASSWORD_LENGTH,
    }
    response: HTMLResponse = request.app.state.templates.TemplateResponse(
        request, "invitation.html", context, status_code=code
    )
    return response
