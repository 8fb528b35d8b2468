"""What readers marked in the items of a programme: the form in which every comparison takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence


class MarksError(ValueError):
    """Marks break a rule; the message says which, by what value."""


@dataclass(frozen=True, slots=True)
class Marks:
    """All marks of one reader in one item, in order of time; a point has its end at its start.

    Parameters
    ----------
    starts, ends : (n,), in whatever unit all readings share; here microseconds UTC.
    labels : (n,), what each is called.

    Raises
    ------
    MarksError : if lengths differ, a mark ends before it starts, or they are not in order of their starts.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    labels: NDArray[np.str_]

    def __post_init__(self) -> None:
        if not len(self.starts) == len(self.ends) == len(self.labels):
            lengths = f"{len(self.starts)}, {len(self.ends)} and {len(self.labels)}"
            msg = f"starts, ends and labels must be as many, got {lengths}"
            raise MarksError(msg)
        wrong = np.flatnonzero(self.ends < self.starts)
        if len(wrong):
            at = wrong[0]
            msg = f"a mark must not end before it starts, got [{self.starts[at]}, {self.ends[at]})"
            raise MarksError(msg)
        if np.any(np.diff(self.starts) < 0):
            msg = "marks must be in order of their starts"
            raise MarksError(msg)

    @classmethod
    def of(cls, marks: Sequence[tuple[int, int, str]]) -> Marks:
        """Of (start, end, label) in any order."""
        ordered = sorted(marks)
        return cls(
            np.array([start for start, _, _ in ordered], np.int64),
            np.array([end for _, end, _ in ordered], np.int64),
            np.array([name for _, _, name in ordered], np.str_),
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def is_point(self) -> NDArray[np.bool_]:
        """Which of them are points."""
        points: NDArray[np.bool_] = self.ends == self.starts
        return points

    def chosen(self, which: NDArray[np.bool_]) -> Marks:
        """Some of them."""
        return Marks(self.starts[which], self.ends[which], self.labels[which])


NO_MARKS = Marks(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.str_))


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of a recording that several readers read, each for themselves.

    Parameters
    ----------
    id : of the item, given back wherever a result points to a place.
    patient : whom it is of.
    read : by reader, of all who finished it; those without marks found nothing.
    """

    id: int
    patient: str
    read: Mapping[str, Marks] = field(default_factory=dict)
