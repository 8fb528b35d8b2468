"""What machines say of an item, as they said it: nothing that a person has done since shows through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import storage.annotations as annotation_rows
from signal_processing.vocabulary import label_of_number
from storage import beats, catalogue, revisions
from storage.readings import ReadingMarks

if TYPE_CHECKING:
    from storage.readings import ItemRow


def machine_marks(conn: Any, item: ItemRow) -> ReadingMarks:
    """Beats and spans that detectors proposed within an item, cut at its bounds."""
    groups = catalogue.groups_of(conn, item.stream_id)
    marks: list[tuple[int, int, str]] = []
    for group in groups:
        clock = group.signal.clock
        found = beats.read_machine_beats(conn, group, clock.sample_at(item.start_us), clock.sample_at(item.end_us))
        for sample, number in zip(found.samples.tolist(), found.numbers.tolist(), strict=True):
            at = clock.us_at(sample)
            if item.start_us <= at < item.end_us:
                marks.append((at, at, label_of_number(number).code))
    for row in annotation_rows.spans_between(conn, item.stream_id, item.start_us, item.end_us, with_deleted=True):
        if row.author.kind == "machine":
            said = revisions.as_first_said(conn, row)
            start, end = max(said["start_us"], item.start_us), min(said["end_us"], item.end_us)
            if start <= end:
                marks.append((start, end, said["label"]))
    return ReadingMarks.of(_apart(marks))


def _apart(marks: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Spans of one label that overlap, of two detectors, as one; points once."""
    merged: list[tuple[int, int, str]] = []
    for start, end, name in sorted(set(marks), key=lambda mark: (mark[2], mark[0], mark[1])):
        if merged and end > start and merged[-1][2] == name and merged[-1][1] > merged[-1][0] and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), name)
        else:
            merged.append((start, end, name))
    return sorted(merged)
