"""`rhythmark release create | list | verify | diff`: versions of a project's data that others can check."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from formats.csv_spans import iso_utc
from formats.errors import FormatError
from rhythmark.release import checks, verifying
from rhythmark.release.collected import collect
from rhythmark.release.datasheet import Wish
from rhythmark.release.writing import PARTS, write
from rhythmark.tables import as_table
from rhythmark.who import operator
from signal_processing.errors import InvalidValueError
from storage import projects, releases
from storage.database import Database
from storage.errors import StorageError

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
    releases.check_version(arguments.number)
    accepted = _lines(arguments.accept)
    with database.transaction() as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        project = projects.named(conn, arguments.project)
        collected = collect(conn, project)
        open_ones, passed = _parted(checks.identifiers_in(collected), accepted)
        if open_ones:
            return _refuse(open_ones)
        kinds = Counter(found.finding.kind for found in passed)
        let_pass = [f"{kind} ({n})" for kind, n in sorted(kinds.items())]
        wish = Wish(arguments.number, _parts(arguments.split), arguments.seed, let_pass, arguments.issue)
        written = write(conn, collected, arguments.output, wish)
    new = releases.NewRelease(arguments.number, written.sha256, written.n_records, written.n_patients, let_pass)
    try:
        with database.transaction() as conn:
            is_new = releases.record(conn, project, new, actor=operator())
    except StorageError:  # what was not noted was not released
        shutil.rmtree(arguments.output)
        raise
    print(
        f"{'released' if is_new else 'the same again:'} {project.name} {arguments.number}: {written.n_records} records"
    )
    print(f"{written.n_patients} patients, {written.n_files} files in {arguments.output}, SHA256SUMS {written.sha256}")
    return 0


def _lines(path: Path | None) -> set[str]:
    return set() if path is None else {line.strip() for line in path.read_text(encoding="utf-8").splitlines()} - {""}


def _parted(found: Sequence[Found], accepted: set[str]) -> tuple[list[Found], list[Found]]:
    passed = [one for one in found if one.finding.text in accepted]
    return [one for one in found if one.finding.text not in accepted], passed


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
