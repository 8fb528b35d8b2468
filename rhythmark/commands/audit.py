"""`rhythmark audit list | verify | seal`: the trail of what people did, and whether it is whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from formats.atomic import whole_file
from formats.csv_spans import iso_utc
from rhythmark.tables import as_table
from rhythmark.who import operator
from signal_processing.errors import InvalidValueError
from storage import audit, audit_trail
from storage.audit_trail import Head
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from rhythmark.settings import Settings

MAX_SHOWN = 20
"""Faults that are told one by one."""


def run(arguments: Namespace, settings: Settings) -> int:
    """List, verify or seal; 1 where something is not as it was."""
    with Database.open(settings.required_dsn(), max_size=1) as database:
        if arguments.action == "list":
            return _list(database, arguments.limit)
        if arguments.action == "seal":
            return _seal(database, arguments.output)
        return _verify(database, arguments.head)


def _list(database: Database, limit: int) -> int:
    with database.transaction() as conn:
        rows = audit.recent(conn, limit=limit)
    told = [(iso_utc(row.at_us), row.login, row.action, row.subject, _detail(row.detail)) for row in rows]
    print(as_table(("time", "who", "what", "of what", ""), told))
    return 0


def _detail(detail: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items() if value is not None)


def _seal(database: Database, output: Path | None) -> int:
    with database.transaction() as conn:
        head = audit_trail.seal(conn, operator())
    text = msgspec.json.encode(head)
    if output is not None:
        with whole_file(output) as file:
            file.write(text + b"\n")
    print(text.decode())
    return 0


def _verify(database: Database, kept: Path | None) -> int:
    known = None if kept is None else _kept(kept)
    with database.transaction() as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = audit_trail.verify(conn, known=known)
    print(f"{found.n_entries} entries, {found.n_revisions} revisions, {found.n_readings} readings looked at")
    print(f"head {msgspec.json.encode(found.head).decode()}")
    for fault in found.faults[:MAX_SHOWN]:
        print(f"{fault.where}: {fault.what}", file=sys.stderr)
    if len(found.faults) > MAX_SHOWN:
        print(f"and {len(found.faults) - MAX_SHOWN} more", file=sys.stderr)
    print("the trail is whole" if not found.faults else f"the trail is NOT whole: {len(found.faults)} faults")
    return 1 if found.faults else 0


def _kept(path: Path) -> Head:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Head)
    except (msgspec.MsgspecError, OSError) as error:
        msg = f"{path} must be a head as `rhythmark audit seal` prints it, got: {error}"
        raise InvalidValueError(msg) from error
