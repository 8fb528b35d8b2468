"""Rows of reading programmes as the API answers them, and what it was sent as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from signal_processing.errors import InvalidValueError
from storage.readings import Circumstances, ReadingMarks

if TYPE_CHECKING:
    from labeling_server.api.reading_bodies import GivenReadingBody, ReadingBody
    from storage.projects import ProjectRow
    from storage.readings import ItemRow


def item_json(item: ItemRow) -> dict[str, Any]:
    """Where an item lies; nothing of its kind, which readers must not know."""
    return {"id": item.id, "stream_id": item.stream_id, "start_us": item.start_us, "end_us": item.end_us}


def marks_json(marks: ReadingMarks) -> list[dict[str, Any]]:
    """Marks in their order."""
    return [
        {"start_us": start, "end_us": end, "label": name}
        for start, end, name in zip(*(column.tolist() for column in marks), strict=True)
    ]


def marks_of(body: ReadingBody) -> ReadingMarks:
    """Marks that were sent."""
    return ReadingMarks.of((mark.start_us, mark.end_us, mark.label) for mark in body.marks)


def how_of(body: GivenReadingBody, *, guideline: int) -> Circumstances:
    """How it was read, as the page says."""
    view = None if body.view is None else body.view.model_dump()
    return Circumstances(guideline=guideline or None, seconds=body.seconds, view=view)


def check_code(project: ProjectRow, code: str) -> None:
    """Raise InvalidValueError for a code that the project's taxonomy lacks."""
    if code not in project.codes:
        msg = f"code must be one of the project's: {', '.join(project.codes)}; got {code!r:.100}"
        raise InvalidValueError(msg)
