"""Errors of the rooms below as HTTP answers: {"error": what broke, "message": rule, value and limit}.

A stale revision is 409 and carries the current state, so that the page can show both versions side by side. A refusal
repeats a value only in part, and never as what JSON or UTF-8 cannot hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from fastapi import status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from labeling_server.api.rows_json import annotation_json
from labeling_server.sessions import LoginNeededError
from labeling_server.trail import note_refusal
from signal_processing.errors import InvalidValueError, UnknownLabelError
from storage.errors import ConstraintError, RetryLaterError, StaleRevisionError, UnknownRowError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

log = structlog.get_logger(__name__)
RETRY_AFTER_S = "2"
MAX_FIELDS = 10
"""Fields that one refusal names."""
MAX_SHOWN = 100
"""Characters of a value or a name that a refusal repeats."""

_SECRETS = frozenset({"password", "csrf"})
"""Fields whose values no refusal repeats."""
_ERRORS = {
    400: "unreadable",
    401: "no_session",
    403: "forbidden",
    404: "unknown",
    405: "method",
    413: "too_large",
    428: "revision_needed",
}


def problem(status_code: int, error: str, message: str, **more: Any) -> JSONResponse:
    """The one form of every refusal."""
    return JSONResponse({"error": error, "message": _plain(message), **more}, status_code=status_code)


def _plain(text: str) -> str:
    """Text that UTF-8 can hold: half of a surrogate pair, which JSON may bring, it cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == status.HTTP_403_FORBIDDEN:
        note_refusal(request, _plain(str(error.detail)))
    answer = problem(error.status_code, _ERRORS.get(error.status_code, "refused"), str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _invalid_request(_: Request, error: Exception) -> Response:
    """Path, query, headers or body that break what the route declares."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    fields = [_field(item) for item in error.errors()[:MAX_FIELDS]]
    message = "; ".join(f"{field['at']}: {field['message']}" for field in fields)
    return problem(status.HTTP_422_UNPROCESSABLE_CONTENT, "invalid", message, fields=fields)


def _field(item: dict[str, Any]) -> dict[str, str]:
    at = ".".join(str(step)[:MAX_SHOWN] for step in item["loc"])
    is_told = item["type"] != "missing" and item["loc"][-1] not in _SECRETS
    got = f", got {_shown(item.get('input'))}" if is_told else ""
    return {"at": _plain(at), "message": _plain(item["msg"] + got)}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value[:MAX_SHOWN])
    if value is None or isinstance(value, bool | int | float):
        return f"{value!r:.{MAX_SHOWN}}"
    names = ((dict, "an object"), (list, "a list"), (bytes, "a body that is not JSON"))
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


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


def _broken(_: Request, __: Exception) -> Response:
    """A mistake of ours; the server logs it with its stack, the answer tells nothing of it."""
    message = "the server made a mistake: it is in its log"
    return problem(status.HTTP_500_INTERNAL_SERVER_ERROR, "internal", message)


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
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(Exception, _broken)
