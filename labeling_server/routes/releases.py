"""Releases over REST: made, signed, and taken by researchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import HTTPException, Path, Request, status
from fastapi.responses import FileResponse

from labeling_server.api import programme_answers as answers
from labeling_server.api.bounds import RowId  # noqa: TC001 - FastAPI reads it at run time
from labeling_server.api.reading_bodies import ReleaseBody, SignatureBody  # noqa: TC001 - FastAPI reads them at run time
from labeling_server.api.requests import Db, api_router
from labeling_server.programme.access import OWNS, SIGNS, TAKES_DATA, project_for, project_unblinded
from labeling_server.programme.release_list import role_of, visible_release, visible_releases
from labeling_server.programme.releasing import NotWrittenError, ReleaseRequest
from labeling_server.sessions import ApiReader  # noqa: TC001 - FastAPI reads it at run time
from storage import audit, releases
from storage.errors import UnknownRowError

if TYPE_CHECKING:
    from labeling_server.programme.releasing import ReleaseMaker

router = api_router("/api/projects", tag="programme")

Version = Annotated[str, Path(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")]
_ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/{project_id}/releases", response_model=list[answers.Release])
def list_releases(project_id: RowId, database: Db, reader: ApiReader) -> list[dict[str, Any]]:
    """Versions, the oldest first; a researcher sees those that an owner has signed."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, SIGNS | TAKES_DATA, "see releases")
        return visible_releases(conn, reader, project)


@router.post("/{project_id}/releases", response_model=answers.Release)
def make_release(
    project_id: RowId, body: ReleaseBody, request: Request, database: Db, reader: ApiReader
) -> dict[str, Any]:
    """Freeze the project's data as a version; refused while something is open or could tell who somebody is.

    For owners.
    """
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, OWNS, "release", admin_may=False)
    wanted = ReleaseRequest(body.version, body.seed, body.accepted, body.issues, body.exception)
    try:
        _maker(request).make(project, wanted, actor=reader.actor)
    except NotWrittenError as error:
        raise HTTPException(status.HTTP_507_INSUFFICIENT_STORAGE, str(error)) from error
    with database.transaction() as conn:
        return visible_release(conn, reader, project, body.version)


@router.post("/{project_id}/releases/{version}/signature", response_model=answers.Release)
def sign_release(
    project_id: RowId, version: Version, body: SignatureBody, database: Db, reader: ApiReader
) -> dict[str, Any]:
    """Stand for a version, by name and role; for owners, adjudicators and auditors, once each."""
    with database.transaction() as conn:
        project = project_for(conn, reader, project_id, SIGNS, "sign a release", admin_may=False)
        role = role_of(conn, reader, project, SIGNS)
        releases.sign(conn, project, version, role=role, meaning=body.meaning, actor=reader.actor)
        return visible_release(conn, reader, project, version)


@router.get("/{project_id}/releases/{version}/archive", response_class=FileResponse, responses=_ARCHIVE)
def take_release(
    project_id: RowId, version: Version, request: Request, database: Db, reader: ApiReader
) -> FileResponse:
    """The whole version as one file; for owners, and for researchers once an owner has signed it."""
    with database.transaction() as conn:
        project = project_unblinded(conn, reader, project_id, TAKES_DATA, "take a release", admin_may=False)
        visible_release(conn, reader, project, version)  # or it is refused
        audit.record(conn, reader.actor, "release-taken", f"project {project.name}", {"version": version})
    path = _maker(request).archive(project, version)
    if path is None:
        msg = f"version must be one that this server made, {version!r} was written elsewhere"
        raise UnknownRowError(msg)
    return FileResponse(path, media_type="application/zip", filename=f"{project.name}-{version}.zip")


def _maker(request: Request) -> ReleaseMaker:
    maker: ReleaseMaker | None = request.app.state.release_maker
    if maker is None:
        raise HTTPException(status.HTTP_501_NOT_IMPLEMENTED, "this server makes no releases: it was started without")
    return maker
