"""`rhythmark db upgrade | status | retention`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhythmark.commands import retention
from storage import migrations

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings


def run(arguments: Namespace, settings: Settings) -> int:
    """Bring the database up to date, or say what it is; status is 1 while something is pending or changed."""
    dsn = settings.required_dsn()
    if arguments.action == "upgrade":
        applied = migrations.upgrade(dsn)
        print("\n".join(f"applied {name}" for name in applied) or "nothing to apply: the database is up to date")
        return 0
    if arguments.action == "retention":
        return retention.run(arguments, dsn)
    return _say_status(migrations.status(dsn))


def _say_status(status: migrations.MigrationStatus) -> int:
    print(f"server       PostgreSQL {status.server_version}")
    licence = f" ({status.timescaledb_licence} licence)" if status.timescaledb_licence else ""
    print(f"timescaledb  {status.timescaledb_version or 'not in use'}{licence}: {status.timescaledb_note}")
    print(f"applied      {', '.join(status.applied) or 'none'}")
    print(f"pending      {', '.join(status.pending) or 'none'}")
    if status.changed:
        print(f"changed      {', '.join(status.changed)}: applied with another text than this code has")
    if status.pending:
        print("run `rhythmark db upgrade`")
    return 1 if status.pending or status.changed else 0
