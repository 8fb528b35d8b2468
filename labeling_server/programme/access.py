"""Who may see what of a project: the one place where the server decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, status

from storage import projects
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from storage.projects import ProjectRole, ProjectRow

SEES_RESULTS: frozenset[ProjectRole] = frozenset({"owner", "adjudicator", "auditor", "researcher"})
"""What readers said, and how far they agree: never for those who still read."""
ADMINISTRATOR = "admin"


def visible_to(reader: Reader) -> int | None:
    """Whose projects a person sees: their own (user id), or all (None) of the server's administrator."""
    return None if reader.role == ADMINISTRATOR else reader.user_id


def project_with_results(conn: Any, reader: Reader, project_id: int) -> ProjectRow:
    """A project whose results the person may see.

    Raises
    ------
    UnknownRowError : if there is none, or none that the person has to do with: which it is, stays untold.
    HTTPException : 403 for its readers and monitors.
    """
    project = projects.by_id(conn, project_id)
    if reader.role == ADMINISTRATOR:
        return project
    roles = projects.roles_of(conn, project_id, reader.user_id)
    if not roles:
        msg = f"project must be one that there is, got number {project_id}"
        raise UnknownRowError(msg)
    if not roles & SEES_RESULTS:
        allowed = ", ".join(sorted(SEES_RESULTS))
        msg = f"role in the project must be one of {allowed} to see results, got {', '.join(sorted(roles))}"
        raise HTTPException(status.HTTP_403_FORBIDDEN, msg)
    return project
