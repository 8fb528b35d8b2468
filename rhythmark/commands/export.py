"""`rhythmark export`: a stream as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhythmark.export import export_csv, export_wfdb
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings


def run(arguments: Namespace, settings: Settings) -> int:
    """Write the files and say which."""
    with Database.open(settings.required_dsn(), max_size=1) as database:
        if arguments.format == "wfdb":
            written = export_wfdb(database, arguments.stream, arguments.output)
        else:
            written = [export_csv(database, arguments.stream, arguments.output)]
    print("\n".join(f"wrote {path}" for path in written))
    return 0
