"""What the bodies of edits may hold; everything else is refused with 422 before it reaches the database."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import UUID4, BaseModel, ConfigDict, Field

from labeling_server.api.bounds import (
    ChannelName,
    Confidence,
    Evidence,
    Label,
    LabelNumber,
    Microseconds,
    Note,
    Revision,
    RowId,
    Sample,
    View,
)

Action = Literal[
    "confirm", "correct", "reject", "ambiguous", "relabel", "move", "note", "describe", "link", "delete", "restore",
    "reset", "undo", "redo",
]  # fmt: skip
ExclusiveLayer = Literal["rhythm", "ventricular", "rate", "quality"]
BulkAction = Literal["relabel", "delete", "confirm", "reject"]
FamilyAction = Literal["merge", "split"]
Status = Literal["proposed", "confirmed", "corrected", "rejected", "ambiguous", "withdrawn"]
Severity = Literal["mild", "moderate", "severe"]
Certainty = Literal["possible", "probable", "certain"]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


_LEFT_OUT: Any = Field(default=None, json_schema_extra=_without_default)
"""Of a field that may be left out but not be null; its default is never seen, `model_dump(exclude_unset=True)`."""

NewId = Annotated[UUID4 | None, Field(strict=False, description="Sent again with the same id it is the same one")]


class Body(BaseModel):
    """The root of every body: no unknown fields, and no number in place of a text or the other way round."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Changes(Body):
    """New values; what is left out stays. `channel` null means all leads, null of `severity` and `certainty` not said.

    `status`, `deleted`: undo and redo only.
    """

    label: Label = _LEFT_OUT
    channel: ChannelName | None = _LEFT_OUT
    start_us: Microseconds = _LEFT_OUT
    end_us: Microseconds = _LEFT_OUT
    note: Note = _LEFT_OUT
    severity: Severity | None = _LEFT_OUT
    certainty: Certainty | None = _LEFT_OUT
    evidence: Evidence = _LEFT_OUT
    status: Status = _LEFT_OUT
    deleted: bool = _LEFT_OUT


class NewSpan(Body):
    """A person's own span or event; with an `id` it can be sent again when no answer came."""

    id: NewId = None
    stream_id: RowId
    group_id: RowId
    start_us: Microseconds
    end_us: Microseconds
    label: Label
    channel: ChannelName | None = None
    note: Note = ""
    severity: Severity | None = None
    certainty: Certainty | None = None
    evidence: Evidence = []
    view: View


class Edit(Body):
    """One thing done to an annotation."""

    action: Action
    changes: Changes = Field(default_factory=Changes)
    undoes: Annotated[
        Revision | None, Field(description="Of undo and redo: the revision taken back, with what followed from it")
    ] = None
    view: View


class Erasure(Body):
    """Cut [start_us, end_us) out of all decided spans of a layer and a scope; `channel` null means all leads."""

    group_id: RowId
    layer: ExclusiveLayer
    channel: ChannelName | None = None
    start_us: Microseconds
    end_us: Microseconds
    view: View


class NewBeat(Body):
    """A beat that a person adds, at a sample of its channel group; `id` as in `NewSpan`."""

    id: NewId = None
    stream_id: RowId
    group_id: RowId
    sample: Sample
    label: Label
    view: View


class MachineBeatEdit(Body):
    """The first thing a person does to a machine beat; `number` and `run_id` as `GET beats` gave them."""

    stream_id: RowId
    group_id: RowId
    sample: Sample
    number: LabelNumber
    run_id: RowId
    action: Action
    changes: Changes = Field(default_factory=Changes)
    view: View


class BulkBeatEdit(Body):
    """One thing done to many beats of a group, as `GET beats` gave them; `id` as in `NewSpan`, none to preview."""

    id: NewId = None
    group_id: RowId
    action: BulkAction
    label: Label | None = None
    samples: list[Sample]
    numbers: list[LabelNumber]
    include_reviewed: bool = False
    is_preview: bool = False
    view: View


class FamilyEdit(Body):
    """Families merged, each given by a beat of it, or beats split off as a family; `id` as in `BulkBeatEdit`."""

    id: NewId = None
    group_id: RowId
    action: FamilyAction
    samples: list[Sample]
    is_preview: bool = False
    view: View


class AcceptProposals(Body):
    """Proposals to accept at once: those that lie in [start_us, end_us); `id` as in `NewSpan`, none to preview."""

    id: NewId = None
    start_us: Microseconds
    end_us: Microseconds
    label: Label | None = None
    min_confidence: Confidence
    include_emergent: bool = False
    is_preview: bool = False
    view: View
