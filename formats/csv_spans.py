"""Spans as CSV, one row an annotation, for spreadsheets and scripts.

UTF-8 with a header row; times both as ISO 8601 UTC and as integer microseconds, since a spreadsheet shows the one and a
script needs the other. A text cell that a spreadsheet would run as a formula gets an apostrophe in front.
Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from signal_processing.vocabulary import label

if TYPE_CHECKING:
    from collections.abc import Iterable

# the four signs also in full width, which some spreadsheets take for the same
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRow:
    """What the file says of one annotation; empty text and None become empty cells, ids have spaces between."""

    stream: str
    group: str
    channel: str | None
    start_us: int
    end_us: int
    start_sample: int
    end_sample: int
    label: str
    status: str
    author: str
    author_kind: str
    annotator: str
    annotator_version: str
    confidence: float | None
    revision: int
    updated_us: int | None
    note: str
    id: str
    signal_changed_us: int | None = None
    severity: str | None = None
    certainty: str | None = None
    evidence: tuple[str, ...] = ()


def iso_utc(us: int) -> str:
    """Microseconds since 1970 as ISO 8601 with six decimals and a Z."""
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    stripped = text.lstrip(" ")
    return f"'{text}" if stripped.startswith(_FORMULA_STARTS) else text


def as_csv(rows: Iterable[SpanRow]) -> str:
    """The whole file, rows in the order given.

    Raises
    ------
    UnknownLabelError : if the vocabulary does not hold a label.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")  # RFC 4180
    writer.writeheader()
    for row in rows:
        writer.writerow(_cells(row))
    return out.getvalue()


def _cells(row: SpanRow) -> dict[str, object]:
    cells = {field.name: getattr(row, field.name) for field in fields(row)}
    entry = label(row.label)
    cells |= {
        "start": iso_utc(row.start_us),
        "end": iso_utc(row.end_us),
        "updated": None if row.updated_us is None else iso_utc(row.updated_us),
        "signal_changed": None if row.signal_changed_us is None else iso_utc(row.signal_changed_us),
        "name": entry.name,
        "snomed": entry.snomed,
        "evidence": " ".join(row.evidence),
    }
    return {name: _cell(cells[name]) for name in COLUMNS}


def _cell(value: object) -> object:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else value


COLUMNS = (
    *("stream", "group", "channel", "start", "end", "start_us", "end_us", "start_sample", "end_sample"),
    *("label", "name", "snomed", "status", "author", "author_kind", "annotator", "annotator_version"),
    *("confidence", "revision", "updated", "note", "id", "signal_changed", "severity", "certainty", "evidence"),
)
