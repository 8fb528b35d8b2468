"""The description of the API at /api/openapi.json: what all routes have in common is added here, so none forgets it.

Said of every operation: who may call it, how it refuses (`answers.Problem`), when it may be asked again. A route itself
says only what is its own, with `CONFLICT`, `WITH_ETAG` and `ADDED`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from labeling_server.api import answers
from labeling_server.gate import most_bytes
from labeling_server.sessions import COOKIE, CSRF_HEADER

if TYPE_CHECKING:
    from fastapi import FastAPI

Responses = dict[int | str, dict[str, Any]]

_ETAG = {"ETag": {"description": "The revision, for If-Match", "schema": {"type": "string"}}}
WITH_ETAG: Responses = {200: {"headers": _ETAG}}
"""Of a route that answers with one annotation."""
ADDED: Responses = {201: {"headers": _ETAG}}
"""Of a route that adds one."""
CONFLICT: Responses = {
    409: {"model": answers.Conflict, "description": "Somebody was faster; `current` is how it stands now"}
}
"""Of a route that changes one."""

DESCRIPTION = f"""
Recordings, samples, labels and every edit of them: what the workstation itself uses.

**Signing in.** `POST /login` with the form fields `login` and `password` sets the cookie `{COOKIE}`; failed attempts
are slowed down. `GET /api/session` tells who you are and your `csrf`; every write carries it in the header
`{CSRF_HEADER}`. Viewers read, readers and admins write. Every write stands in the history under its author's name.

**Edits.** The revision that you saw goes into `If-Match: "3"` (428 without). If somebody was faster, the answer is 409
with the `current` state, and nothing is changed. What you add with an `id` of your own (UUID 4) may be sent again.

**Refusals** have one form, `{{"error", "message"}}`: the message tells rule, value and limit. 503 says when to ask
again.

**Lists** have a `limit`; where there is more, `Link: <...>; rel="next"` says where. Answers in JSON bear an ETag: with
`If-None-Match` an answer that has not changed is 304, without a body.

Times are integer microseconds UTC, ranges half-open, samples counted from 0 within their channel group.
"""

_SECURITY = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "Set by POST /login with the form fields login and password",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "`csrf` of GET /api/session; writes only",
    },
}
_TAG = {"description": "Of this very answer, for If-None-Match", "schema": {"type": "string"}}
_LINK = {"description": 'The next page, rel="next"; absent on the last', "schema": {"type": "string"}}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "ETag of an earlier answer: 304 when it still is the answer",
}


def describe(app: FastAPI) -> None:
    """Let `app.openapi()` say of every operation what all have in common."""
    plain = app.openapi

    @cache
    def described() -> dict[str, Any]:
        document = plain()
        _add_components(document)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _add_common(method.upper(), path, operation)
        return document

    app.openapi = described  # type: ignore[method-assign] # FastAPI's documented way of extending it


def _add_components(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _, definitions = models_json_schema(
        [(answers.Problem, "serialization"), (answers.InvalidProblem, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    schemas.update(definitions["$defs"])
    components["securitySchemes"] = _SECURITY


def _add_common(method: str, path: str, operation: dict[str, Any]) -> None:
    is_read = method == "GET"
    names = {parameter["name"].lower() for parameter in operation.setdefault("parameters", [])}
    operation["security"] = [{"session": []} if is_read else {"session": [], "csrf": []}]
    responses = operation["responses"]
    most = most_bytes(path.replace("{item_id}", "1")) if "requestBody" in operation else None
    for code, description in _refusals(is_read=is_read, most=most, names=names).items():
        responses.setdefault(str(code), _refusal(description, "Problem"))
    responses["422"] = _refusal("A value breaks a rule", "InvalidProblem")
    responses["503"]["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    if not is_read:
        return
    answer = responses["200"]
    if "limit" in names:
        answer.setdefault("headers", {})["Link"] = _LINK
    if "application/json" in answer.get("content", {}) and "ETag" not in answer.get("headers", {}):
        answer.setdefault("headers", {})["ETag"] = _TAG
        operation["parameters"].append(_IF_NONE_MATCH)
        responses["304"] = {"description": "The answer is still what If-None-Match names"}


def _refusals(*, is_read: bool, most: int | None, names: set[str]) -> dict[int, str]:
    found = {401: "Nobody is signed in", 503: "The database does not answer: ask again"}
    if not is_read:
        found[403] = f"The role may not write, or {CSRF_HEADER} is not the session's"
    if most is not None:
        found |= {400: "The body cannot be read", 413: f"The body is larger than {most} bytes"}
    if names or most is not None:
        found[404] = "No such recording, channel group, run or annotation"
    if "if-match" in names:
        found[428] = "If-Match is missing"
    return found


def _refusal(description: str, model: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
