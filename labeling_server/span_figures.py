"""What a span rests on: the figures of its detector, and the same ones from the beats as they stand now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import storage.annotations as annotation_rows
from detectors.rhythms.recount import Recount, Span, context_s, recounted
from storage import beats, catalogue
from storage.runs import list_runs

if TYPE_CHECKING:
    import uuid

    from storage.annotation_row import AnnotationRow
    from storage.catalogue import GroupRow


def figures_of(conn: Any, annotation_id: uuid.UUID) -> dict[str, Any]:
    """Both, as JSON: `detector` is null of a person's own, `now` where the label says nothing of beats.

    Raises
    ------
    UnknownRowError : if there is no such annotation.
    """
    row = annotation_rows.get(conn, annotation_id)
    group = catalogue.group_by_id(conn, row.group_id)
    start, end = (group.signal.clock.sample_at(us) for us in (row.start_us, row.end_us))
    now = _recounted(conn, group, Span(row.label, start, end))
    return {
        "id": row.id,
        "label": row.label,
        "revision": row.revision,
        "detector": _detector(conn, row),
        "now": None if now is None else {"figures": now.figures, "confidence": now.confidence},
        "n_beats_decided": beats.n_decided(conn, group, start, end + 1),
    }


def _recounted(conn: Any, group: GroupRow, span: Span) -> Recount | None:
    context = context_s(span.label)
    if context is None:
        return None
    before, after = (group.signal.clock.n_samples(seconds) for seconds in context)
    found = beats.read_beats(conn, group, max(span.start - before, 0), span.end + after + 1)
    return recounted(span, found.samples, found.numbers, group.signal.fs_hz)


def _detector(conn: Any, row: AnnotationRow) -> dict[str, Any] | None:
    """As the proposal says it; the parameters of its run where that is stored."""
    if row.author.kind != "machine":
        return None
    run = next((run for run in list_runs(conn, row.group_id) if run.id == row.run_id), None)
    return {
        "name": row.author.name,
        "version": row.author.version,
        "parameters": {} if run is None else _own(run.parameters, row.author.name),
        "figures": row.figures,
        "confidence": row.confidence,
    }


def _own(parameters: dict[str, Any], name: str) -> dict[str, Any]:
    """Of a composite's parameters those of the part of that name, which are its configuration; else all."""
    waiting: list[Any] = [parameters]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if part.get("name") == name and isinstance(part.get("config"), dict):
                own: dict[str, Any] = part["config"]
                return own
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return parameters
