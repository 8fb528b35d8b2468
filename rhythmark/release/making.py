"""Makes a release: looks at what is open, for identifiers, writes it, and notes it; all or nothing."""

from __future__ import annotations

import shutil
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from formats.errors import FormatError
from labeling_server.programme.releasing import NotWrittenError, OpenPointsError, ReleaseRequest
from reading.gold import share
from rhythmark.release import checks
from rhythmark.release.collected import collect
from rhythmark.release.datasheet import Wish
from rhythmark.release.writing import PARTS, write
from signal_processing.errors import InvalidValueError
from storage import audits, releases
from storage.errors import ConstraintError, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labeling_server.programme.report import AgreementReport
    from rhythmark.release.checks import Found
    from rhythmark.release.writing import Written
    from storage.annotation_row import Actor
    from storage.database import Database
    from storage.projects import ProjectRow

log = structlog.get_logger(__name__)

MAX_TOLD = 10
"""Findings that a refusal names."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every file in an archive: the earliest that ZIP knows, so that the same files make the same archive."""


class IdentifiersError(InvalidValueError):
    """Texts that could tell who somebody is; `found` are all of them, the message names some."""

    def __init__(self, found: Sequence[Found]) -> None:
        told = "; ".join(f"{one.where}: {one.finding.kind}: {one.finding.text:.80}" for one in found[:MAX_TOLD])
        super().__init__(
            f"a release must hold no identifier, got {len(found)} texts that could be one: {told};"
            " change them, or accept them"
        )
        self.found = list(found)


class Made(NamedTuple):
    """What was made; `is_new` is False where the same was released before."""

    written: Written
    is_new: bool


def make(
    database: Database,
    project: ProjectRow,
    request: ReleaseRequest,
    output: Path,
    *,
    actor: Actor,
    parts: Mapping[str, float] = PARTS,
) -> Made:
    """Write a release to `output` and note that it was made.

    Raises
    ------
    IdentifiersError, OpenPointsError : if something that it would hold, or that is not finished, forbids it.
    InvalidValueError : if it cannot be made so.
    FormatError : if the folder is taken or refuses.
    StorageError : if the version was released before with other content; nothing is left of what was written.
    """
    releases.check_version(request.version)
    with database.transaction() as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        collected = collect(conn, project)
        exceptions = _exceptions(open_points(conn, project, collected.agreement), request)
        open_ones, passed = _parted(checks.identifiers_in(collected), set(request.accepted))
        if open_ones:
            raise IdentifiersError(open_ones)
        kinds = Counter(found.finding.kind for found in passed)
        let_pass = [f"{kind} ({n})" for kind, n in sorted(kinds.items())]
        issues = [*request.issues, *exceptions]
        written = write(conn, collected, output, Wish(request.version, parts, request.seed, let_pass, issues))
    new = releases.NewRelease(
        request.version, written.sha256, written.n_records, written.n_patients, let_pass, exceptions
    )
    try:
        with database.transaction() as conn:
            is_new = releases.record(conn, project, new, actor=actor)
    except StorageError:  # what was not noted was not released
        shutil.rmtree(output)
        raise
    return Made(written, is_new)


def open_points(conn: Any, project: ProjectRow, agreement: AgreementReport) -> list[str]:
    """What speaks against a release: what is not finished, audits over their limit, agreement below its target."""
    found = audits.open_points(conn, project.id)
    points = [
        f"{n} {what}"
        for n, what in (
            (found.n_disputed, "items wait for an adjudicator"),
            (found.n_open, "items are still read"),
            (found.n_audits, "audits are not done"),
            (found.n_undealt, "items nobody was given"),
        )
        if n
    ]
    if project.audit_limit is not None:
        done = audits.counts(conn, project.id)
        overturned = share(done.n_overturned, done.n_done)
        if overturned.value is None:
            points.append("nothing was audited, and the project has a limit of overturned audits")
        elif overturned.value > project.audit_limit:
            points.append(f"{overturned.value:.1%} of audits were overturned, the limit is {project.audit_limit:.1%}")
    return points + [
        f"agreement on {one.name} must be {one.target:g}, got {'nothing' if one.value is None else f'{one.value:.2f}'}"
        for one in agreement.targets
        if not one.is_met
    ]


def _exceptions(points: Sequence[str], request: ReleaseRequest) -> list[str]:
    if points and request.exception is None:
        raise OpenPointsError(points)
    return [f"{point}; released all the same: {request.exception}" for point in points]


def _parted(found: Sequence[Found], accepted: set[str]) -> tuple[list[Found], list[Found]]:
    passed = [one for one in found if one.finding.text in accepted]
    return [one for one in found if one.finding.text not in accepted], passed


class ReleaseFolder:
    """Releases that the server makes: `<folder>/<project>/<version>`, and beside each its archive.

    A number of the project instead of its name: two names may differ only in case, which some file systems do not.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def make(self, project: ProjectRow, request: ReleaseRequest, *, actor: Actor) -> None:
        """Make a release; see `make`."""
        releases.check_version(request.version)
        with self._database.transaction() as conn:
            if any(one.version == request.version for one in releases.listed(conn, project.id)):
                msg = f"version must be a new one, {request.version!r} of {project.name!r} was released before"
                raise ConstraintError(msg)
        output = self._folder / str(project.id) / request.version
        try:
            make(self._database, project, request, output, actor=actor)
        except FormatError as error:
            log.warning("release_not_written", project=project.id, version=request.version, reason=str(error))
            msg = "a release must be written whole, its folder on the server refuses: the server's log says why"
            raise NotWrittenError(msg) from error

    def archive(self, project: ProjectRow, version: str) -> Path | None:
        """One file that holds a release; None where it was not made here."""
        releases.check_version(version)
        folder = self._folder / str(project.id) / version
        if not folder.is_dir():
            return None
        archive = folder.with_name(f"{version}.zip")
        if not archive.exists():
            _pack(folder, archive, root=f"{project.name}-{version}")
        return archive


def _pack(folder: Path, archive: Path, *, root: str) -> None:
    """Stored, not packed: samples hardly become smaller. It takes its name when it is whole."""
    partial = archive.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{root}/{path.relative_to(folder).as_posix()}", _EPOCH)
            entry.external_attr = 0o644 << 16
            with path.open("rb") as source, packed.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
    partial.replace(archive)
