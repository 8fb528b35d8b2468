"""Who may see what of a project: the one place where the server decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, status

from storage import assignments, projects
from storage.errors import UnknownRowError
from storage.projects import PROJECT_ROLES

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from storage.projects import ProjectRole, ProjectRow

SEES_RESULTS: frozenset[ProjectRole] = frozenset({"owner", "adjudicator", "auditor", "researcher"})
"""What readers said, and how far they agree: never for those who still read."""
DECIDES: frozenset[ProjectRole] = frozenset({"adjudicator"})
READS: frozenset[ProjectRole] = frozenset({"reader"})
AUDITS: frozenset[ProjectRole] = frozenset({"auditor"})
SEES_QUALITY: frozenset[ProjectRole] = frozenset({"owner", "auditor"})
"""How well each person reads, by their pseudonym."""
TAKES_DATA: frozenset[ProjectRole] = frozenset({"owner", "researcher"})
SIGNS: frozenset[ProjectRole] = frozenset({"owner", "adjudicator", "auditor"})
ANYBODY: frozenset[ProjectRole] = frozenset(PROJECT_ROLES)
OWNS: frozenset[ProjectRole] = frozenset({"owner"})
ADMINISTRATOR = "admin"


def visible_to(reader: Reader) -> int | None:
    """Whose projects a person sees: their own (user id), or all (None) of the server's administrator."""
    return None if reader.role == ADMINISTRATOR else reader.user_id


def project_with_results(conn: Any, reader: Reader, project_id: int) -> ProjectRow:
    """A project whose results the person may see.

    Raises
    ------
    UnknownRowError : if there is none, or none that the person has to do with: which it is, stays untold.
    HTTPException : 403 for its readers and monitors, also for those who hold another role but have items to read.
    """
    return project_unblinded(conn, reader, project_id, SEES_RESULTS, "see results")


def project_unblinded(
    conn: Any, reader: Reader, project_id: int, roles: frozenset[ProjectRole], what: str, *, admin_may: bool = True
) -> ProjectRow:
    """The same as `project_for`, for what tells of other readers: not while one has items to read oneself.

    Raises
    ------
    UnknownRowError, HTTPException : as `project_for`; 403 also for those who have items to read.
    """
    project = project_for(conn, reader, project_id, roles, what, admin_may=admin_may)
    if assignments.has_unread(conn, project_id, reader.user_id):
        msg = "who reads as well sees what others read when their own items are read, some are not"
        raise HTTPException(status.HTTP_403_FORBIDDEN, msg)
    return project


def project_for(
    conn: Any, reader: Reader, project_id: int, roles: frozenset[ProjectRole], what: str, *, admin_may: bool = True
) -> ProjectRow:
    """A project in which the person holds one of the roles.

    Parameters
    ----------
    admin_may : whether the server's administrator may as well; never where it is a judgement of the signal.

    Raises
    ------
    UnknownRowError : if there is none, or none that the person has to do with: which it is, stays untold.
    HTTPException : 403 for those who hold another role there.
    """
    project = projects.by_id(conn, project_id)
    if reader.role == ADMINISTRATOR and admin_may:
        return project
    held = projects.roles_of(conn, project_id, reader.user_id)
    if not held and reader.role != ADMINISTRATOR:
        msg = f"project must be one that there is, got number {project_id}"
        raise UnknownRowError(msg)
    if not held & roles:
        told = f"{', '.join(sorted(roles))} to {what}, got {', '.join(sorted(held)) or 'none'}"
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"role in the project must be one of {told}")
    return project
