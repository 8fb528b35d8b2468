"""Compares what two ingests left behind, row by row."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.ingest.ingest_kit import CONTENT, content

if TYPE_CHECKING:
    from storage.database import Database

Content = dict[str, list[tuple[Any, ...]]]

NOT_CONTENT = {
    # written by people, or about people
    "annotation_revisions", "revision_seals", "audit_log", "audit_head", "login_failures", "users", "patients",
    "projects", "project_members", "project_readers", "reading_items", "readings", "releases",
    # say when and by whom, not what
    "checkpoints", "source_positions", "worker_status", "schema_migrations", "devices", "reanalyses",
    "timelines",
    "storage_policies",
}  # fmt: skip
SHOWN_ROWS = 10
SHOWN_CHARACTERS = 400

_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""


def of(database: Database) -> Content:
    """The rows of every table that an ingest fills."""
    return content(database)


def not_compared(database: Database) -> list[str]:
    """Tables that nobody decided about: neither compared nor left out on purpose."""
    compared = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", " ".join(CONTENT.values())))
    with database.transaction() as conn:
        return sorted(name for (name,) in conn.execute(_TABLES).fetchall() if name not in compared | NOT_CONTENT)


def between(undisturbed: Content, disturbed: Content) -> dict[str, list[str]]:
    """Lines about rows that only one of the two has, by table; no table where all are equal."""
    found = {}
    for table, rows in undisturbed.items():
        if rows != disturbed[table]:
            once, again = Counter(map(repr, rows)), Counter(map(repr, disturbed[table]))
            found[table] = [*_lines("-", once - again), *_lines("+", again - once)] or ["  same rows, other order"]
    return found


def n_rows(content_: Content) -> int:
    """Rows of all tables."""
    return sum(map(len, content_.values()))


def _lines(sign: str, rows: Counter[str]) -> list[str]:
    lines = [f"{sign} {row[:SHOWN_CHARACTERS]}" for row in list(rows.elements())[:SHOWN_ROWS]]
    left = rows.total() - len(lines)
    return [*lines, f"{sign} ... {left} more"] if left > 0 else lines
