"""`rhythmark user add | invite | disable | enable | list`."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rhythmark.settings import SettingsError
from rhythmark.tables import as_table
from rhythmark.who import operator
from signal_processing.clock import US_PER_S
from storage import accounts, audit, users
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from rhythmark.settings import Settings


def run(arguments: Namespace, settings: Settings) -> int:
    """Add, invite, disable, enable or list people."""
    dsn = settings.required_dsn()
    # asked before the database is: nobody likes to type a password twice because the server was away
    password = _password(arguments.password_file) if arguments.action == "add" else ""
    with Database.open(dsn, max_size=1) as database, database.transaction() as conn:
        if arguments.action == "add":
            users.create(conn, login=arguments.login, password=password, role=arguments.role)
            print(f"added {arguments.login} ({arguments.role})")
        elif arguments.action == "invite":
            token = accounts.invite(conn, login=arguments.login, role=arguments.role, actor=operator())
            print(f"/invitation/{token}")
            told = f"whoever opens that path of this site within a week chooses the password of {arguments.login}"
            print(told, file=sys.stderr)
        elif arguments.action in {"disable", "enable"}:
            change = users.disable if arguments.action == "disable" else users.enable
            change(conn, arguments.login)
            audit.record(conn, operator(), f"user-{arguments.action}d", f"login {arguments.login}")
            print(f"{arguments.action}d {arguments.login}")
        else:
            rows = [
                (user.login, user.role, "disabled" if user.disabled else "active", _day(user.created_us))
                for user in users.list_users(conn)
            ]
            print(as_table(("login", "role", "state", "since"), rows))
    return 0


def _password(file: Path | None) -> str:
    """From a file, from standard input, or asked for twice; never from the command line."""
    if file is not None:
        return _first_line(file.read_text(encoding="utf-8"))
    if not sys.stdin.isatty():
        return _first_line(sys.stdin.readline())
    password = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != password:
        msg = "password must be typed twice alike, got two different ones"
        raise SettingsError(msg)
    return password


def _first_line(text: str) -> str:
    lines = text.splitlines()
    return lines[0] if lines else ""


def _day(us: int) -> str:
    return datetime.fromtimestamp(us // US_PER_S, UTC).strftime("%Y-%m-%d")
