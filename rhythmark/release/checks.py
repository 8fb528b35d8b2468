"""What in a release could tell who somebody is: every text that would be given away, looked at before it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from formats.identifiers import Finding, channel_findings, findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rhythmark.release.collected import Collected


class Found(NamedTuple):
    """A finding, and where it stands: the record and what of it."""

    where: str
    finding: Finding


def identifiers_in(collected: Collected) -> list[Found]:
    """Every finding, each text once in each place."""
    seen: dict[tuple[str, str], Found] = {}
    for where, finding in _all(collected):
        seen.setdefault((where, finding.text), Found(where, finding))
    return list(seen.values())


def _all(collected: Collected) -> Iterator[tuple[str, Finding]]:
    yield from _of("the project's description", [collected.project.description])
    for text in collected.guidelines:
        yield from _of(f"version {text.version} of the guideline", [*text.body.splitlines(), text.why])
    for number, reader in collected.readers.items():
        if reader.kind == "person":
            continue  # only the number is given away
        yield from _of(f"the name of reader {number}", [reader.name])
    for record in collected.records:
        for finding in channel_findings(channel.name for channel in record.signal.channels):
            yield f"record {record.name}, channels", finding
        marks = [*record.people, *record.machines, *(mark for one in record.readings for mark in one.marks)]
        yield from _of(f"record {record.name}, notes", dict.fromkeys(mark.note for mark in marks))
        yield from _of(f"record {record.name}, note of the recording", [record.note])
        reasons = dict.fromkeys(text for one in record.readings for text in (one.reading.code, one.reading.reason))
        yield from _of(f"record {record.name}, reasons of decisions", reasons)
    for change in collected.history:
        states = (change.revision.before or {}, change.revision.after)
        yield from _of(
            f"record {change.record}, history", dict.fromkeys(str(state.get("note", "")) for state in states)
        )


def _of(where: str, texts: Iterable[str]) -> Iterator[tuple[str, Finding]]:
    for text in texts:
        for finding in findings(text):
            yield where, finding
