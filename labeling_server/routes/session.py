"""Who is signed in, and the description of the API, for programs that use it."""

from __future__ import annotations

from typing import Any

from fastapi import Request  # noqa: TC002 - FastAPI reads it at run time

from labeling_server.api import answers
from labeling_server.api.requests import api_router
from labeling_server.api.rows_json import reader_json
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time

router = api_router("/api", tag="session")


@router.get("/session", response_model=answers.Session)
def get_session(reader: ApiReader) -> dict[str, Any]:
    """Who is signed in, and the token that writes carry."""
    return reader_json(reader)


@router.get("/openapi.json", include_in_schema=False)
def get_description(request: Request, _: ApiReader) -> dict[str, Any]:
    """The description itself, for those who are signed in."""
    description: dict[str, Any] = request.app.openapi()
    return description
