"""`rhythmark release create | list | verify | diff`: versions of a project's data that others can check."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from formats.csv_spans import iso_utc
from formats.errors import FormatError
from labeling_server.programme.releasing import ReleaseRequest
from rhythmark.release import verifying
from rhythmark.release.making import IdentifiersError, make
from rhythmark.release.writing import PARTS
from rhythmark.tables import as_table
from rhythmark.who import operator
from signal_processing.errors import InvalidValueError
from storage import projects, releases
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from rhythmark.release.checks import Found
    from rhythmark.settings import Settings

MAX_SHOWN = 50
"""Findings that are told one by one."""


def run(arguments: Namespace, settings: Settings) -> int:
    """Make, list, verify or compare releases."""
    if arguments.action == "verify":
        return _verify(arguments.folder)
    if arguments.action == "diff":
        told = verifying.differences(arguments.first, arguments.second)
        print("\n".join(told) if told else "no difference")
        return 0
    with Database.open(settings.required_dsn(), max_size=1) as database:
        return _create(database, arguments) if arguments.action == "create" else _list(database, arguments.project)


def _create(database: Database, arguments: Namespace) -> int:
    request = ReleaseRequest(
        arguments.number, arguments.seed, _lines(arguments.accept), arguments.issue, arguments.exception
    )
    with database.transaction() as conn:
        project = projects.named(conn, arguments.project)
    try:
        made = make(database, project, request, arguments.output, actor=operator(), parts=_parts(arguments.split))
    except IdentifiersError as error:
        return _refuse(error.found)
    written = made.written
    told = "released" if made.is_new else "the same again:"
    print(f"{told} {project.name} {arguments.number}: {written.n_records} records")
    print(f"{written.n_patients} patients, {written.n_files} files in {arguments.output}, SHA256SUMS {written.sha256}")
    return 0


def _lines(path: Path | None) -> list[str]:
    lines = [] if path is None else path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _refuse(found: Sequence[Found]) -> int:
    """The findings go to the terminal, where a person decides, and into no log."""
    for one in found[:MAX_SHOWN]:
        print(f"{one.where}: {one.finding.kind}: {one.finding.text}", file=sys.stderr)
    if len(found) > MAX_SHOWN:
        print(f"and {len(found) - MAX_SHOWN} more", file=sys.stderr)
    print(
        f"error: a release must hold no identifier, got {len(found)} texts that could be one;"
        " change them, or let them pass: one a line in a file, --accept FILE",
        file=sys.stderr,
    )
    return 1


def _parts(text: str | None) -> dict[str, float]:
    if text is None:
        return PARTS
    try:
        found = {name.strip(): float(share) for name, share in (part.split("=") for part in text.split(","))}
    except ValueError as error:
        msg = f"parts must be NAME=SHARE with commas between, got {text!r}"
        raise InvalidValueError(msg) from error
    return found


def _list(database: Database, name: str) -> int:
    with database.transaction() as conn:
        found = releases.listed(conn, projects.named(conn, name).id)
    rows = [
        (one.version, str(one.n_records), str(one.n_patients), one.login, iso_utc(one.created_us), one.sha256)
        for one in found
    ]
    print(as_table(("version", "records", "patients", "by", "time", "SHA256SUMS"), rows))
    return 0


def _verify(folder: Any) -> int:
    looked = verifying.verify(folder)
    for fault in looked.faults[:MAX_SHOWN]:
        print(fault, file=sys.stderr)
    if looked.faults:
        msg = f"a release must be as it was made, {folder} has {len(looked.faults)} faults"
        raise FormatError(msg)
    print(f"{folder}: {looked.n_files} files and {looked.n_records} records are as they were released")
    return 0
