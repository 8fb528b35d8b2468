"""Which versions of a project's data a person sees, and may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_server.programme.access import SIGNS
from storage import projects, releases
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from storage.projects import ProjectRole, ProjectRow

_ORDER: tuple[ProjectRole, ...] = ("owner", "adjudicator", "auditor")


def role_of(conn: Any, reader: Reader, project: ProjectRow, roles: frozenset[ProjectRole]) -> str:
    """By which of some roles a person acts, the greatest first."""
    held = projects.roles_of(conn, project.id, reader.user_id) & roles
    return next((role for role in _ORDER if role in held), "administrator")


def visible_releases(conn: Any, reader: Reader, project: ProjectRow) -> list[dict[str, Any]]:
    """Versions with their signatures, the oldest first; for researchers those that an owner has signed."""
    signed = releases.signatures(conn, project.id)
    sees_all = reader.role == "admin" or bool(projects.roles_of(conn, project.id, reader.user_id) & SIGNS)
    found = []
    for one in releases.listed(conn, project.id):
        own = [signature for signature in signed if signature.version == one.version]
        if sees_all or any(signature.role == "owner" for signature in own):
            found.append(
                {
                    "version": one.version,
                    "sha256": one.sha256,
                    "n_records": one.n_records,
                    "n_patients": one.n_patients,
                    "accepted": one.accepted,
                    "exceptions": one.exceptions,
                    "created_us": one.created_us,
                    "signatures": [
                        {
                            "role": signature.role,
                            "meaning": signature.meaning,
                            "login": signature.login,
                            "sha256": signature.sha256,
                            "at_us": signature.at_us,
                        }
                        for signature in own
                    ],
                }
            )
    return found


def visible_release(conn: Any, reader: Reader, project: ProjectRow, version: str) -> dict[str, Any]:
    """One version.

    Raises
    ------
    UnknownRowError : if there is none of that name, or none that the person sees.
    """
    found = next((one for one in visible_releases(conn, reader, project) if one["version"] == version), None)
    if found is None:
        msg = f"version must be one that was released and signed by an owner, got {version!r:.100}"
        raise UnknownRowError(msg)
    return found
