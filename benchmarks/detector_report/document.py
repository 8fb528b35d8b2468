"""`docs/detectors.md` and `detectors/scores.json`, put together from the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks.detector_report.parts import ROOT, Part, Scores, Table, causes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REPORT = ROOT / "docs" / "detectors.md"
SCORES = ROOT / "detectors" / "scores.json"
_HEAD = """# How good the detectors are

Made by `python -m benchmarks.detector_report`, never by hand; the numbers stand in [figures/](figures/), a file a
section. Everything was measured on the development records, all that the project has seen; acceptance is measured on
other records of the same databases. **Held out** means that whatever was learned had not seen the record (folds by
record, one patient each); rules and thresholds that were chosen by hand were chosen with these records in view, so
they lean to the good side. **In sample** says only how well training went through.
"""


def write(parts: Iterable[Part]) -> None:
    """Replace the report and the scores."""
    found = list(parts)
    REPORT.write_text("\n".join(_lines(found)), encoding="utf-8")
    scores = [one for part in found for one in part.scores]
    SCORES.write_bytes(msgspec.json.format(msgspec.json.encode(sorted(scores, key=_order)), indent=1) + b"\n")


def _order(one: Scores) -> tuple[str, str, str, str, str, bool]:
    return one.detector, one.version, one.measured, one.database, one.leads, one.is_held_out


def _lines(parts: list[Part]) -> Iterator[str]:
    yield _HEAD
    sentences = causes()
    for part in parts:
        yield f"## {part.title}\n"
        yield f"{part.about}\n"
        for table in part.tables:
            yield from _table(table)
        if part.printed:
            yield f"```text\n{part.printed}\n```\n"
        for picture in part.pictures:
            yield f"![{picture.text}](images/detectors/{picture.file})\n"
        if part.remarks:
            yield from (f"- {text}" for text in part.remarks)
            yield ""
        yield from _worst(part, sentences)


def _table(table: Table) -> Iterator[str]:
    yield f"**{table.title}**\n"
    yield f"| {' | '.join(table.columns)} |"
    yield f"|{'---|' * len(table.columns)}"
    yield from (f"| {' | '.join(row)} |" for row in table.rows)
    yield ""


def _worst(part: Part, sentences: dict[str, str]) -> Iterator[str]:
    if not part.worst:
        return
    yield f"### The worst records: {part.title}\n"
    yield f"{part.worst_about}\n"
    for one in part.worst:
        text = sentences.get(one.key, "_Nobody has looked at this one yet._")
        yield f"**{one.record}**: {one.figures}. {text}\n"
        yield f"![{one.record} {one.at}](images/detectors/{one.key}.png)\n"
