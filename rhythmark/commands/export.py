"""`rhythmark export`: a stream as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhythmark.export import export_csv, export_wfdb
from rhythmark.who import operator
from signal_processing.errors import InvalidValueError
from storage import audit
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace

    from rhythmark.settings import Settings


def run(arguments: Namespace, settings: Settings) -> int:
    """Write the files and say which."""
    with Database.open(settings.required_dsn(), max_size=1) as database:
        if arguments.format == "wfdb":
            if arguments.as_of is not None:
                msg = "--as-of must go with --format csv, got wfdb: beats of detectors have no past"
                raise InvalidValueError(msg)
            written = export_wfdb(database, arguments.stream, arguments.output)
        else:
            written = [export_csv(database, arguments.stream, arguments.output, as_of_us=arguments.as_of)]
        with database.transaction() as conn:
            detail = {"format": arguments.format, "as_of_us": arguments.as_of}
            audit.record(conn, operator(), "export", f"stream {arguments.stream}", detail)
    print("\n".join(f"wrote {path}" for path in written))
    return 0
