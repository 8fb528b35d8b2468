"""What reading and adjudicating send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from labeling_server.api.bounds import NO_NUL, Microseconds
from labeling_server.api.edit_bodies import Body

MAX_MARKS = 200_000
"""Of one reading over the API: two days of a heart."""

MAX_VERSION = 2**31 - 1
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
HiddenShare = Annotated[float, Field(ge=0.0, le=0.5, allow_inf_nan=False)]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Reason = Annotated[str, Field(min_length=1, max_length=2000, pattern=NO_NUL)]
ReleaseVersion = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")]
MarkLabel = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]


class ViewBody(Body):
    """How an item was looked at when it was handed in."""

    speed_mm_s: Annotated[float, Field(gt=0.0, le=1_000.0, allow_inf_nan=False)]
    gain_mm_mv: Annotated[float, Field(gt=0.0, le=1_000.0, allow_inf_nan=False)]
    start_us: Microseconds
    end_us: Microseconds
    leads: Annotated[list[Annotated[str, Field(max_length=64, pattern=NO_NUL)]], Field(max_length=64)]
    filter: Annotated[str, Field(max_length=64, pattern=NO_NUL)] = ""


class MarkBody(Body):
    """A mark; a point has its end at its start."""

    start_us: Microseconds
    end_us: Microseconds
    label: MarkLabel


class ReadingBody(Body):
    """What a reader says of an item: marks come with the answer "read" alone."""

    answer: Literal["read", "ambiguous", "unreadable"]
    marks: Annotated[list[MarkBody], Field(max_length=MAX_MARKS, default_factory=list)]


class GivenReadingBody(ReadingBody):
    """What a reader hands in, with how long they looked at it and how."""

    seconds: Annotated[float, Field(ge=0.0, le=86_400.0, allow_inf_nan=False)] | None = None
    view: ViewBody | None = None


class DecisionBody(GivenReadingBody):
    """What is put in the place of what readers said, by which code of the error taxonomy, and why."""

    code: Code
    reason: Reason


class AuditBody(Body):
    """The consensus stands, or `instead` is put in its place."""

    verdict: Literal["confirmed", "overturned"]
    instead: DecisionBody | None = None


class TruthBody(ReadingBody):
    """What is right of an item, and whether it is mixed in among others or part of the entrance test."""

    kind: Literal["gold", "entrance"] = "gold"


class DesignBody(Body):
    """How items are read; those that are not dealt out are dealt out."""

    n_readers: Annotated[int, Field(ge=1, le=20)]
    double_share: Share
    gold_share: HiddenShare = 0.0
    repeat_share: HiddenShare = 0.0
    assisted_share: Share = 0.0
    pass_mark: Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)] | None = None
    qualified_days: Annotated[int, Field(ge=1, le=3650)] = 365
    audit_limit: Share | None = None
    targets: Annotated[dict[MarkLabel, Share], Field(max_length=100, default_factory=dict)]
    due_us: Annotated[Microseconds | None, Field(description="Until when it is to be read: told to readers")] = None
    order: Annotated[
        Literal["age", "random", "risk", "uncertainty"],
        Field(description="How items dealt out now will come: the first first, by lot, or by what machines say"),
    ] = "age"
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class CodesBody(Body):
    """The error taxonomy of a project; "/" between levels of the tree."""

    codes: Annotated[list[Code], Field(min_length=1, max_length=200)]


class DrawBody(Body):
    """How many closed items are audited: drawn by lot, and those most at risk; or for what precision."""

    n_random: Annotated[int, Field(ge=0, le=100_000)] = 0
    n_risk: Annotated[int, Field(ge=0, le=100_000)] = 0
    half_width: Annotated[float, Field(gt=0.0, le=0.5, allow_inf_nan=False)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class GuidelineBody(Body):
    """A new version of the guideline, and why."""

    body: Annotated[str, Field(min_length=1, max_length=200_000, pattern=NO_NUL)]
    why: Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]
    base: Annotated[int, Field(ge=0, le=MAX_VERSION, description="The newest version that the author saw; 0 for none")]


class VersionBody(Body):
    """A version of the guideline."""

    version: Annotated[int, Field(ge=1, le=MAX_VERSION)]


class LabelsBody(Body):
    """Labels whose items are to be read again."""

    labels: Annotated[list[MarkLabel], Field(min_length=1, max_length=100)]


class ReleaseBody(Body):
    """A version to be made: its splits are drawn from `seed`; `accepted` are texts that no identifier is in."""

    version: ReleaseVersion
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    accepted: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=10_000, default_factory=list)]
    issues: Annotated[list[Reason], Field(max_length=100, default_factory=list)]
    exception: Annotated[Reason | None, Field(description="Why it is released although something is open")] = None


class SignatureBody(Body):
    """What somebody means by signing a version."""

    meaning: Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]
