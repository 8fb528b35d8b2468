"""`rhythmark deid check`: what in files or streams could tell who somebody is, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from formats.identifiers import Finding, channel_findings, findings, label_findings
from rhythmark.tables import as_table
from storage import as_of, catalogue
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from rhythmark.settings import Settings

MAX_BYTES = 4_000_000
"""Of a file, read as text: headers and tables are smaller, or begin with what names somebody."""
_TEXT_SUFFIXES = frozenset({".hea", ".csv", ".txt", ".json", ".jsonl", ".md", ".xml", ".info"})


class Place(NamedTuple):
    """A finding and where it stands."""

    where: str
    finding: Finding


def run(arguments: Namespace, settings: Settings) -> int:
    """List findings; exit code 1 where there are any, so that a script can stop."""
    found: list[Place] = []
    for name in arguments.what:
        path = Path(name)
        found += _in_path(path) if path.exists() or path.with_suffix(".hea").exists() else _in_stream(name, settings)
    if found:
        print(as_table(("where", "kind", "text"), [(one.where, one.finding.kind, one.finding.text) for one in found]))
    print(f"{len(found)} texts could be identifiers; what rules do not see, they do not find")
    return 1 if found else 0


def _in_path(path: Path) -> Iterator[Place]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path if path.exists() else path.with_suffix(".hea")]
    for file in files:
        if file.is_file() and file.suffix.lower() in _TEXT_SUFFIXES:
            yield from _named(f"{file}, name", file.stem)
            with file.open("rb") as content:
                text = content.read(MAX_BYTES).decode("utf-8", "replace")
            for number, line in enumerate(text.splitlines(), 1):
                yield from _of(f"{file}, line {number}", [line])


def _in_stream(name: str, settings: Settings) -> Iterator[Place]:
    with Database.open(settings.required_dsn(), max_size=1) as database, database.transaction() as conn:
        stream = catalogue.stream_named(conn, name)
        yield from _named("name of the stream", stream.name)
        yield from _of("note of the stream", [stream.note])
        yield from _named("name of the device", stream.device_name)
        yield from _named("pseudonym of the patient", stream.patient_pseudonym or "")
        for group in catalogue.groups_of(conn, stream.id):
            for finding in channel_findings(channel.name for channel in group.signal.channels):
                yield Place(f"channels of {group.signal.group}", finding)
        for row in as_of.rows(conn, stream.id, as_of.NOW_US):
            yield from _of(f"note of annotation {row.id}", [row.note])


def _of(where: str, texts: Iterable[str]) -> Iterator[Place]:
    for text in texts:
        for finding in findings(text):
            yield Place(where, finding)


def _named(where: str, text: str) -> Iterator[Place]:
    return (Place(where, finding) for finding in label_findings(text))
