"""What an edit makes of an annotation, and the rules it must keep; free of any database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from signal_processing import vocabulary
from signal_processing.clock import SampleClock
from signal_processing.vocabulary import LabelKind
from storage.annotation_row import CERTAINTIES, SEVERITIES, STATUSES, AnnotationRow
from storage.errors import ConstraintError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POINT_KINDS = (LabelKind.BEAT, LabelKind.PULSE)
"""Kinds that stand at one sample."""

CONTENT = frozenset({"label", "channel", "start_us", "end_us", "note", "severity", "certainty", "evidence"})
"""What any action may change beside what it is there for: a page confirms the bounds that its reader saw."""


class Extent(NamedTuple):
    """Where annotations of a channel group may lie."""

    start_us: int
    last_us: int
    end_us: int
    channels: tuple[str, ...]

    @classmethod
    def of_group(cls, fs_hz: float, t0_us: int, first: int, end: int, channels: tuple[str, ...]) -> Extent:
        """The extent of samples [first, end)."""
        clock = SampleClock(fs_hz, t0_us)
        return cls(clock.us_at(first), clock.us_at(max(end - 1, first)), clock.us_at(end), channels)


def _decided(_status: str, author_kind: str) -> str:
    """Status after a change of content: a person's own label stays confirmed, a machine's is corrected."""
    return "corrected" if author_kind == "machine" else "confirmed"


def _as_it_was(status: str, _author_kind: str) -> str:
    return status


_STATUS_AFTER: dict[str, Callable[[str, str], str]] = {
    "confirm": lambda *_: "confirmed",
    "correct": _decided,
    "reject": lambda *_: "rejected",
    "ambiguous": lambda *_: "ambiguous",
    "relabel": _decided,
    "move": _decided,
    "note": _as_it_was,
    "describe": _as_it_was,
    "link": _as_it_was,
    "delete": _as_it_was,
    "restore": _as_it_was,
    "undo": _as_it_was,
    "redo": _as_it_was,
}
MAY_SET_STATE = frozenset({"undo", "redo"})
"""Actions that may set status and deleted as well: they go back to what was."""
ACTIONS = (*_STATUS_AFTER, "reset")
"""What `revise` understands; `add` is the first revision of a person's own annotation.

"describe" says how severe and how certain, "link" what it rests on: neither decides about a proposal.
"""


def status_after(action: str, *, status: str, author_kind: str) -> str:
    """The status that an action other than `reset` leaves.

    Parameters
    ----------
    status : before it.
    author_kind : who made the annotation first, "machine" or "human".
    """
    return _STATUS_AFTER[action](status, author_kind)


def revised(row: AnnotationRow, action: str, changes: Mapping[str, Any], *, first: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after an action: those of `CONTENT`, status, deleted.

    Parameters
    ----------
    changes : fields to set; `undo` and `redo` may set status and deleted as well.
    first : state before any person touched the row; `reset` goes back to it.

    Raises
    ------
    ConstraintError : if the action is unknown, or may not change that.
    """
    allowed = CONTENT | {"status", "deleted"} if action in MAY_SET_STATE else CONTENT
    if action not in ACTIONS:
        msg = f"action must be one of {', '.join(ACTIONS)}, got {action!r}"
        raise ConstraintError(msg)
    if not allowed >= changes.keys():
        msg = f"action {action!r} may change {', '.join(sorted(allowed))}, got {', '.join(sorted(changes))}"
        raise ConstraintError(msg)
    fields = {field: getattr(row, field) for field in (*CONTENT, "status", "deleted")}
    if action == "reset":
        return fields | _reset(row, first)
    fields["status"] = status_after(action, status=row.status, author_kind=row.author.kind)
    if action in {"delete", "restore"}:
        fields["deleted"] = action == "delete"
    return fields | dict(changes)


def _reset(row: AnnotationRow, first: Mapping[str, Any]) -> dict[str, Any]:
    if row.author.kind != "machine":
        msg = f"only a machine's proposal can be reset, annotation {row.id} was added by {row.author.name!r}"
        raise ConstraintError(msg)
    original = {field: first[field] for field in CONTENT}
    if row.machine_end_us is not None:
        original["end_us"] = row.machine_end_us
    return original | {"status": "proposed", "deleted": False}


def check(fields: Mapping[str, Any], extent: Extent, *, was: AnnotationRow | None = None) -> LabelKind:
    """Check fields against the vocabulary and the group's extent, and give the kind of the label.

    Bounds that the edit leaves as they were are not held against the extent: a machine's are where they are.

    Raises
    ------
    UnknownLabelError : if the label is not in the vocabulary.
    ConstraintError : if a rule is broken.
    """
    kind = vocabulary.label(fields["label"]).kind
    if was is not None and (kind in POINT_KINDS) != (was.kind in POINT_KINDS):
        msg = f"a {was.kind} cannot become a {kind}, got label {fields['label']!r}"
        raise ConstraintError(msg)
    if fields["status"] not in STATUSES:
        msg = f"status must be one of {', '.join(STATUSES)}, got {fields['status']!r}"
        raise ConstraintError(msg)
    for field, words in (("severity", SEVERITIES), ("certainty", CERTAINTIES)):
        if fields[field] is not None and fields[field] not in words:
            msg = f"{field} must be one of {', '.join(words)}, or none while nobody said, got {fields[field]!r}"
            raise ConstraintError(msg)
    if fields["channel"] is not None and fields["channel"] not in extent.channels:
        msg = f"channel must be one of {', '.join(extent.channels)}, or none for all, got {fields['channel']!r}"
        raise ConstraintError(msg)
    bounds = (fields["start_us"], fields["end_us"])
    if was is None or bounds != (was.start_us, was.end_us):
        _check_bounds(*bounds, kind, extent)
    return kind


def _check_bounds(start_us: int, end_us: int, kind: LabelKind, extent: Extent) -> None:
    if end_us < start_us:
        msg = f"a span must not end before it starts, got start {start_us} us and end {end_us} us"
        raise ConstraintError(msg)
    if kind in POINT_KINDS and end_us != start_us:
        msg = f"a {kind} must be a point, got start {start_us} us and end {end_us} us"
        raise ConstraintError(msg)
    if not extent.start_us <= start_us <= extent.last_us:
        msg = f"a span must start within the stored signal, [{extent.start_us}, {extent.end_us}) us, got {start_us} us"
        raise ConstraintError(msg)
    if end_us > extent.end_us:
        msg = f"a span must end within the stored signal, at most {extent.end_us} us, got {end_us} us"
        raise ConstraintError(msg)
