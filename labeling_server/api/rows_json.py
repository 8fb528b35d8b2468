"""Rows of the database as the JSON that the page reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from labeling_server.sessions import Reader
    from signal_processing.layers import Layer
    from signal_processing.vocabulary import Label
    from storage.annotation_row import AnnotationRow, RevisionRow
    from storage.catalogue import GroupRow, StreamRow
    from storage.overlaps import Aftermath


def annotation_json(row: AnnotationRow) -> dict[str, Any]:
    """A span, an event or a touched beat; `author` is flattened to a name and a version."""
    fields: dict[str, Any] = msgspec.to_builtins(row)
    author = fields.pop("author")
    return {**fields, "author_kind": author["kind"], "author": author["name"], "author_version": author["version"]}


def aftermath_json(aftermath: Aftermath) -> dict[str, Any]:
    """What an edit changed beside its own annotation."""
    return {"also": [annotation_json(row) for row in aftermath.rows.values()], "n_left": aftermath.n_left}


def revision_json(row: RevisionRow) -> dict[str, Any]:
    """One entry of a history."""
    fields: dict[str, Any] = msgspec.to_builtins(row)
    return fields


def stream_json(row: StreamRow) -> dict[str, Any]:
    """A recording; the patient by pseudonym only."""
    fields: dict[str, Any] = msgspec.to_builtins(row)
    del fields["patient_id"]
    return fields


def group_json(row: GroupRow) -> dict[str, Any]:
    """A channel group with all that the page needs to draw it."""
    signal = row.signal
    return {
        "id": row.id,
        "name": signal.group,
        "fs_hz": signal.fs_hz,
        "t0_us": signal.t0_us,
        "sample_type": signal.sample_type,
        "first_sample": row.first_sample,
        "next_sample": row.next_sample,
        "channels": [msgspec.to_builtins(channel) for channel in signal.channels],
    }


def label_json(entry: Label) -> dict[str, Any]:
    """A label of the vocabulary."""
    return {
        "code": entry.code,
        "kind": entry.kind.value,
        "number": entry.number,
        "name": entry.name,
        "aami": entry.aami,
        "snomed": entry.snomed,
        "icd10": entry.icd10,
        "urgency": int(entry.urgency),
    }


def layer_json(layer: Layer) -> dict[str, Any]:
    """A layer of spans, and whether decided ones of it may overlap."""
    return {"id": layer.id, "is_exclusive": layer.is_exclusive, "labels": list(layer.labels)}


def reader_json(reader: Reader) -> dict[str, Any]:
    """The person at the page."""
    return {"login": reader.login, "role": reader.role, "may_write": reader.may_write, "csrf": reader.csrf}
