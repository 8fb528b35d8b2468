"""What the bodies of edits may hold; everything else is refused with 422 before it reaches the database."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import UUID4, BaseModel, ConfigDict, Field

MAX_NOTE = 4_000
"""Characters of a comment."""

Label = Annotated[str, Field(min_length=1, max_length=40)]
View = Annotated[dict[str, Any], Field(default_factory=dict, description="What was on the screen")]
Action = Literal[
    "confirm", "correct", "reject", "ambiguous", "relabel", "move", "note", "delete", "restore", "reset", "undo", "redo"
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Changes(_Body):
    """New values; what is left out stays. `status` and `deleted` only with undo and redo."""

    label: Label | None = None
    channel: Annotated[str, Field(max_length=100)] | None = None
    start_us: int | None = None
    end_us: int | None = None
    note: Annotated[str, Field(max_length=MAX_NOTE)] | None = None
    status: str | None = None
    deleted: bool | None = None


class NewSpan(_Body):
    """A person's own span or event; with an `id` it can be sent again when no answer came."""

    id: UUID4 | None = None
    stream_id: int
    group_id: int
    start_us: int
    end_us: int
    label: Label
    channel: str | None = None
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""
    view: View


class Edit(_Body):
    """One thing done to an annotation."""

    action: Action
    changes: Changes = Field(default_factory=Changes)
    view: View


class NewBeat(_Body):
    """A beat that a person adds, at a sample of its channel group; `id` as in `NewSpan`."""

    id: UUID4 | None = None
    stream_id: int
    group_id: int
    sample: int
    label: Label
    view: View


class MachineBeatEdit(_Body):
    """The first thing a person does to a machine beat; `number` and `run_id` as `GET beats` gave them."""

    stream_id: int
    group_id: int
    sample: int
    number: int
    run_id: int
    action: Action
    changes: Changes = Field(default_factory=Changes)
    view: View
