"""What the API answers, field by field: FastAPI writes answers by these models and describes them at /api/openapi.json.

`tests/labeling_server/test_openapi.py` holds them against the rows that they are made of.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from labeling_server.api.edit_bodies import BulkAction, Certainty, FamilyAction, Severity, Status

Kind = Literal["beat", "pulse", "rhythm", "event", "quality"]
Us = Annotated[int, Field(description="Microseconds UTC")]


class Answer(BaseModel):
    """The root of every answer. A field that no model names yet is sent all the same, never dropped."""

    model_config = ConfigDict(extra="allow")


class Problem(Answer):
    """Every refusal: what broke, and a message of rule, value and limit."""

    error: str
    message: str


class FieldProblem(Answer):
    """One field of a request that breaks its rule."""

    at: Annotated[str, Field(description="Where it stands: query.limit, body.changes.label")]
    message: str


class InvalidProblem(Problem):
    """A request that breaks a rule; `fields` where single fields are to blame."""

    fields: list[FieldProblem] = []


class AnnotationState(Answer):
    """Everything of an annotation that can change."""

    kind: Kind
    label: str
    channel: str | None
    start_us: Us
    end_us: Us
    status: Status
    deleted: bool
    revision: int
    confidence: float | None
    figures: dict[str, float]
    note: str
    ongoing: bool
    machine_end_us: Us | None
    updated_us: Us
    updated_by: str
    severity: Severity | None
    certainty: Certainty | None
    evidence: Annotated[list[uuid.UUID], Field(description="What it rests on, in the order in which it was named")]


class Annotation(AnnotationState):
    """A span, an event or a touched beat as it stands. Half-open [start_us, end_us); a point has both equal."""

    id: uuid.UUID
    stream_id: int
    stream_name: str
    group_id: int
    author_kind: Literal["machine", "human"]
    author: str
    author_version: str
    run_id: int | None
    origin_sample: int | None
    urgency: int
    created_us: Us
    signal_changed_us: Annotated[int | None, Field(description="Samples within it came later; decide again")]


class Edited(Annotation):
    """An annotation as an edit left it, and what else changed, because decided spans of a layer must not overlap."""

    also: Annotated[list[Annotation], Field(description="Others that the edit cut, made or put back, as they stand")]
    n_left: Annotated[int, Field(description="Others that an undo left: changed since, or decided otherwise there")]


class Erased(Answer):
    """What changed, as it stands; undo of the first (its revision is the act) puts all back."""

    changed: list[Annotation]


class Conflict(Problem):
    """Somebody else was faster: `current` is the annotation as it stands now."""

    current: Annotation


class Revision(Answer):
    """One thing that a person did to an annotation; `before` is null when it made the annotation."""

    annotation_id: uuid.UUID
    revision: int
    action: str
    user_id: int | None
    login: str
    at_us: Us
    before: AnnotationState | None
    after: AnnotationState
    view: dict[str, Any]
    bulk_id: Annotated[uuid.UUID | None, Field(description="The bulk edit that it is part of")]
    cause_id: Annotated[uuid.UUID | None, Field(description="The annotation whose edit this one follows from")]
    cause_revision: Annotated[int | None, Field(description="Which revision of that annotation")]
    cause_action: Annotated[str | None, Field(description="What that revision did")]
    split_from: Annotated[uuid.UUID | None, Field(description="The annotation that this is the second part of")]


class BulkPreview(Answer):
    """What a bulk edit would do: all but `by_label` add up to `n_given`."""

    n_given: int
    n_changed: int
    n_protected: Annotated[int, Field(description="Left, because a person decided them already")]
    n_same: Annotated[int, Field(description="Left, because they are so already")]
    n_gone: Annotated[int, Field(description="Left, because they do not stand as they were given")]
    by_label: Annotated[dict[str, int], Field(description="How many of each label change")]


class BulkEdit(Answer):
    """One thing that a person did to many beats; counts as in a preview."""

    id: uuid.UUID
    stream_id: int
    group_id: int
    action: BulkAction
    label: str | None
    include_reviewed: bool
    first_sample: int
    end_sample: int
    n_given: int
    n_changed: int
    n_protected: int
    n_same: int
    n_gone: int
    user_id: int | None
    login: str
    at_us: Us
    view: dict[str, Any]
    updated_us: Us
    undone_us: Us | None
    undone_by: str | None
    n_changed_since: Annotated[int, Field(description="Left by the newest undo or redo: changed meanwhile")]


class Channel(Answer):
    """A lead or sensor; physical value = (digital - offset) / gain."""

    name: str
    unit: str
    gain: float
    offset: float


class Group(Answer):
    """Equally sampled channels; stored are samples within [first_sample, next_sample)."""

    id: int
    name: str
    fs_hz: float
    t0_us: Us
    sample_type: str
    first_sample: int
    next_sample: int
    channels: list[Channel]


class Stream(Answer):
    """A recording, or a session of a device; the patient by pseudonym only."""

    id: int
    name: str
    patient_pseudonym: str | None
    device_name: str
    t0_us: Us
    ended_us: Us | None
    synthetic: bool
    note: str


class StreamWithGroups(Stream):
    """A recording with its channel groups."""

    groups: list[Group]


class StreamSummary(Stream):
    """A recording in the list: its extent, null while nothing is stored, and the proposals that wait."""

    first_us: Us | None
    last_us: Us | None
    n_proposed: int


class Beats(Answer):
    """Beats as parallel lists in the order of samples; `touched` is 1 where a person made or changed one."""

    samples: list[int]
    numbers: list[int]
    confidences: list[float | None]
    touched: list[int]
    ids: list[uuid.UUID | None]
    run_ids: list[int]


class Overview(Answer):
    """Median heart rate per bin, null where none, and every span as [start_us, end_us, label, status]."""

    edges_us: list[int]
    rate_bpm: list[float | None]
    spans: list[list[int | str]]


class Live(Answer):
    """Where the head is, and what stands within [start, end) samples."""

    first_sample: int
    next_sample: int
    ended_us: Us | None
    start: int
    end: int
    spans: list[Annotation]
    beats: Beats


class Hour(Answer):
    """What an hour of the site's clock holds; null where nothing can be said. Durations in seconds."""

    start_us: Us
    end_us: Us
    n_beats: int
    n_normal: int
    n_supraventricular: int
    n_ventricular: int
    n_other: int
    n_pauses: int
    n_vt_confirmed: int
    n_vt_proposed: int
    rate_mean_bpm: float | None
    rate_min_bpm: float | None
    rate_max_bpm: float | None
    longest_rr_s: float | None
    longest_rr_at_us: Us | None
    af_confirmed_s: float
    af_proposed_s: float
    noise_s: float
    signal_s: float


class HourTable(Answer):
    """Every hour, and the whole recording as one; `total` is null without samples."""

    zone: str
    rate_window_rr: int
    pause_s: float
    hours: list[Hour]
    total: Hour | None


class Family(Answer):
    """Beats of one shape; template and spread are (leads, points) in mV, null of number 0: what is of no family."""

    number: int
    count: int
    labels: Annotated[dict[str, int], Field(description="How many of each label")]
    n_touched: Annotated[int, Field(description="Members that a person made or changed")]
    first_sample: int
    last_sample: int
    by_hand: Annotated[bool, Field(description="Merged or split by a person")]
    template: list[list[float]] | None
    spread: list[list[float]] | None


class FamilyLead(Answer):
    """A lead of the templates: which channel of the group it is."""

    position: int
    name: str


class Families(Answer):
    """Every family, the largest first; of a template's `point_hz` points a second `n_before` stand before the beat."""

    n_beats: int
    leads: list[FamilyLead]
    point_hz: float
    n_before: int
    families: list[Family]


class FamilyMembers(Answer):
    """Some members of a family as parallel lists; `similarities` to its template, at most 1."""

    total: int
    samples: list[int]
    numbers: list[int]
    touched: list[int]
    similarities: list[float]


class FamilyHalf(Answer):
    """Of the two groups that a family of `total` members falls into the smaller one; empty where all are the same."""

    total: int
    samples: list[int]


class FamilyPreview(Answer):
    """What an edit of families would do: those that are no more, and those that come of it."""

    n_beats: Annotated[int, Field(description="Beats that it puts into another family")]
    gone: list[int]
    families: list[Family]


class FamilyEdit(Answer):
    """One thing that a person did to families; edits are applied in the order of `number`."""

    id: uuid.UUID
    stream_id: int
    group_id: int
    number: int
    action: FamilyAction
    first_sample: int
    end_sample: int
    n_given: int
    n_beats: Annotated[int, Field(description="Beats that it put into another family when it was made")]
    user_id: int | None
    login: str
    at_us: Us
    view: dict[str, Any]
    updated_us: Us
    undone_us: Us | None
    undone_by: str | None


class ListedFamilyEdit(FamilyEdit):
    """The same, and what comes of it now."""

    n_affected: Annotated[int, Field(description="Beats that are of another family because of it now; 0 when undone")]


class Session(Answer):
    """Who is signed in; `csrf` goes into the header X-CSRF-Token of every write."""

    login: str
    role: Literal["admin", "reader", "viewer"]
    may_write: bool
    csrf: str
