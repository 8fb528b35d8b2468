"""Errors of the rooms below as HTTP answers: {"error": what broke, "message": rule, value and limit}.

A stale revision is 409 and carries the current state, so that the page can show both versions side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from fastapi import status
from fastapi.responses import JSONResponse, RedirectResponse

from labeling_server.rows_json import annotation_json
from labeling_server.sessions import LoginNeededError
from signal_processing.errors import InvalidValueError, UnknownLabelError
from storage.errors import ConstraintError, RetryLaterError, StaleRevisionError, UnknownRowError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

log = structlog.get_logger(__name__)
RETRY_AFTER_S = "2"


def problem(status_code: int, error: str, message: str, **more: Any) -> JSONResponse:
    """The one form of every refusal."""
    return JSONResponse({"error": error, "message": message, **more}, status_code=status_code)


def _stale(_: Request, error: Exception) -> Response:
    assert isinstance(error, StaleRevisionError)  # noqa: S101 - registered for this class only
    return problem(status.HTTP_409_CONFLICT, "stale_revision", str(error), current=annotation_json(error.current))


def _unknown_row(_: Request, error: Exception) -> Response:
    return problem(status.HTTP_404_NOT_FOUND, "unknown", str(error))


def _unknown_label(_: Request, error: Exception) -> Response:
    return problem(status.HTTP_422_UNPROCESSABLE_CONTENT, "unknown_label", str(error))


def _invalid(_: Request, error: Exception) -> Response:
    return problem(status.HTTP_422_UNPROCESSABLE_CONTENT, "invalid", str(error))


def _retry_later(request: Request, error: Exception) -> Response:
    log.warning("database_unavailable", path=request.url.path, reason=str(error))
    answer = problem(status.HTTP_503_SERVICE_UNAVAILABLE, "retry_later", str(error))
    answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer


def _login_needed(request: Request, _: Exception) -> Response:
    target = "/"
    if request.method == "GET":  # with its query, so that a colleague's link arrives after the login
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(target, safe='/')}", status.HTTP_303_SEE_OTHER)


def register(app: FastAPI) -> None:
    """Teach an application to answer every error that rooms below raise on purpose."""
    app.add_exception_handler(StaleRevisionError, _stale)
    app.add_exception_handler(UnknownRowError, _unknown_row)
    app.add_exception_handler(UnknownLabelError, _unknown_label)
    app.add_exception_handler(InvalidValueError, _invalid)
    app.add_exception_handler(ConstraintError, _invalid)
    app.add_exception_handler(RetryLaterError, _retry_later)
    app.add_exception_handler(LoginNeededError, _login_needed)
