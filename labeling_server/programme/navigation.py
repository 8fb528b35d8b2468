"""Which pages of a project a person may open, by the roles that they hold in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_server.programme import access
from storage import projects

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from storage.projects import ProjectRole, ProjectRow


class Tab(NamedTuple):
    """A page of a project."""

    name: str
    href: str


_PAGES: tuple[tuple[str, str, frozenset[ProjectRole], bool], ...] = (
    ("read", "/read", access.READS, False),
    ("mine", "/mine", access.READS, False),
    ("disputes", "/disputes", access.DECIDES, False),
    ("audits", "/audits", access.AUDITS, False),
    ("agreement", "", access.SEES_RESULTS, True),
    ("quality", "/quality", access.SEES_QUALITY, True),
    ("releases", "/releases", access.SIGNS | access.TAKES_DATA, True),
    ("guideline", "/guideline", access.ANYBODY, True),
)
"""Name, path, who may, and whether the server's administrator may as well."""


def tabs_of(conn: Any, reader: Reader, project: ProjectRow) -> list[Tab]:
    """The pages, what the person does there most first."""
    held = projects.roles_of(conn, project.id, reader.user_id)
    is_admin = reader.role == access.ADMINISTRATOR
    return [
        Tab(name, f"/projects/{project.id}{path}")
        for name, path, roles, admin_may in _PAGES
        if held & roles or (is_admin and admin_may)
    ]
