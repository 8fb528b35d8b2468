"""What a bulk edit of beats is to do, would do, and did."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from signal_processing import vocabulary
from storage.edits import POINT_KINDS
from storage.errors import ConstraintError

ACTIONS: Final = ("relabel", "delete", "confirm", "reject")
MAX_BEATS = 200_000
"""Beats of one bulk edit: more than two days of a heart."""
MAX_SAMPLE = 1 << 46
"""Sample indices beyond it (nine thousand years at 250 Hz) are of no recording."""


@dataclass(frozen=True, slots=True, eq=False)
class WantedEdit:
    """What is to be done to which beats.

    Parameters
    ----------
    samples, numbers : (n_beats,) integers, as `read_beats` gave them; a beat given twice must stand twice.
    action : one of `ACTIONS`.
    label : code of the new label, with "relabel" only.
    include_reviewed : whether beats that a person decided already are changed as well.

    Raises
    ------
    UnknownLabelError : if the label is not in the vocabulary.
    ConstraintError : if another rule is broken.
    """

    samples: NDArray[np.int64]
    numbers: NDArray[np.int16]
    action: str
    label: str | None = None
    include_reviewed: bool = False

    def __post_init__(self) -> None:
        if len(self.samples) != len(self.numbers):
            msg = f"samples and numbers must be as many, got {len(self.samples)} and {len(self.numbers)}"
            raise ConstraintError(msg)
        if not 1 <= len(self.samples) <= MAX_BEATS:
            msg = f"a bulk edit must be of 1 to {MAX_BEATS} beats, got {len(self.samples)}"
            raise ConstraintError(msg)
        first, last = int(self.samples.min()), int(self.samples.max())
        if not -MAX_SAMPLE < first <= last < MAX_SAMPLE:
            msg = f"samples must be within {MAX_SAMPLE} of 0, got {first} to {last}"
            raise ConstraintError(msg)
        if self.action not in ACTIONS:
            msg = f"action must be one of {', '.join(ACTIONS)}, got {self.action!r}"
            raise ConstraintError(msg)
        if (self.action == "relabel") != (self.label is not None):
            msg = f"a label must be given with relabel and with nothing else, got {self.label!r} with {self.action!r}"
            raise ConstraintError(msg)
        if self.label is not None and vocabulary.label(self.label).kind not in POINT_KINDS:
            msg = f"label of a beat must be one of a beat, got {self.label!r}, a {vocabulary.label(self.label).kind}"
            raise ConstraintError(msg)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit would do now; the numbers but `by_label` add up to `n_given`.

    Parameters
    ----------
    n_changed : beats it changes.
    n_protected : beats it leaves because a person decided them already.
    n_same : beats that are so already.
    n_gone : beats that do not stand as they were given (any more).
    by_label : how many of each label it changes, the most first.
    """

    n_given: int
    n_changed: int
    n_protected: int
    n_same: int
    n_gone: int
    by_label: dict[str, int]


class BulkEditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person did to many beats; counts as in `Preview`.

    Parameters
    ----------
    first_sample, end_sample : half-open range that the given beats lie in.
    view : what was on the screen, as the page told.
    updated_us : when it was done, undone or done again last.
    undone_us, undone_by : when and by whom it was undone; None while it stands.
    n_changed_since : beats that the newest undo or redo left, because they were changed meanwhile.
    """

    id: uuid.UUID
    stream_id: int
    group_id: int
    action: str
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
    at_us: int
    view: dict[str, Any]
    updated_us: int
    undone_us: int | None
    undone_by: str | None
    n_changed_since: int
