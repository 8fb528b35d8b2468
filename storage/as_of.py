"""The annotations of a stream as they stood at a time in the past.

People's words come from their revisions, exactly. Of a proposal that nobody had touched the newest words of its machine
are given, where it was there by then: what machines say while a span goes on is not kept step by step.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import msgspec

from signal_processing.vocabulary import label
from storage import annotations as labels
from storage import queries
from storage.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import AnnotationRow

_SQL = queries.load("as_of")

NOW_US = 2**62
"""Later than anything: the rows as they stand."""

_KEPT = frozenset(
    {
        "kind", "label", "channel", "start_us", "end_us", "status", "deleted", "revision", "confidence", "figures",
        "note", "ongoing", "machine_end_us", "updated_us", "updated_by", "severity", "certainty",
    }
)  # fmt: skip
"""What a revision keeps of the state before, beside the evidence."""


def rows(conn: Connection[TupleRow], stream_id: int, at_us: int) -> list[AnnotationRow]:
    """Spans, events and touched beats, the deleted ones as well, by start, end and id.

    Parameters
    ----------
    at_us : what was committed by then, microseconds UTC of the database's clock.
    """
    stood = fetch(conn, _SQL["stood"], {"stream_id": stream_id, "at_us": at_us})
    now = labels.get_many(conn, [identity for identity, _, _ in stood])
    found = [_as_it_was(now[identity], before if changed else None, at_us) for identity, changed, before in stood]
    return sorted(found, key=lambda row: (row.start_us, row.end_us, row.id))


def _as_it_was(row: AnnotationRow, before: Mapping[str, Any] | None, at_us: int) -> AnnotationRow:
    changed_us = row.signal_changed_us
    row = msgspec.structs.replace(row, signal_changed_us=changed_us if changed_us and changed_us <= at_us else None)
    if before is None:
        return row
    facts = {name: value for name, value in before.items() if name in _KEPT}
    evidence = tuple(uuid.UUID(one) for one in before["evidence"])
    return msgspec.structs.replace(row, **facts, evidence=evidence, urgency=int(label(before["label"]).urgency))
