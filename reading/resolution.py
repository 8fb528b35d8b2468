"""What readers of one item agree on, and whether a rule may say so: small differences of bounds, nothing else.

There is no vote here: any other answer, any mark that one reader alone has, any other label is for an adjudicator. Of a
critical label any difference is, however small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reading import points
from reading.marks import NO_MARKS, Marks
from reading.spans import compare

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

READ = "read"
"""The answer that comes with marks; any other is one of its own."""


class Read(NamedTuple):
    """What one reader handed in."""

    answer: str
    marks: Marks


class Resolution(NamedTuple):
    """What all agree on; `why` is empty then, and otherwise says what an adjudicator has to decide."""

    answer: str
    marks: Marks
    why: str

    @property
    def is_agreed(self) -> bool:
        """Whether nobody has to decide."""
        return not self.why


def resolve(read: Sequence[Read], *, tolerance: int, critical: Collection[str]) -> Resolution:
    """Merge readings of one item, or say why not.

    Parameters
    ----------
    tolerance : how far apart marks of one beat, and bounds of one span, may lie to be merged: at their mean.
    critical : labels of which any difference is an adjudicator's.
    """
    if not read:
        return Resolution("", NO_MARKS, "nobody has read it")
    answers = sorted({one.answer for one in read})
    if len(answers) > 1:
        return Resolution("", NO_MARKS, f"answers differ: {', '.join(answers)}")
    if answers != [READ]:
        return Resolution(answers[0], NO_MARKS, "")
    names = sorted({str(name) for one in read for name in np.unique(one.marks.labels)})
    merged: list[tuple[int, int, str]] = []
    for name in names:
        for are_points in (True, False):
            own = [one.marks.chosen((one.marks.labels == name) & (one.marks.is_point == are_points)) for one in read]
            if not any(len(marks) for marks in own):
                continue
            bounds = _merged(own, 0 if name in critical else tolerance)
            if bounds is None:
                counts = " and ".join(str(len(marks)) for marks in own)
                kind = "critical " if name in critical else ""
                return Resolution("", NO_MARKS, f"{kind}{name}: readers marked {counts}, or elsewhere")
            merged += [(int(start), int(end), name) for start, end in bounds]
    return Resolution(READ, Marks.of(merged), "")


def _merged(own: Sequence[Marks], tolerance: int) -> NDArray[np.int64] | None:
    """Mean bounds, (n, 2), of marks that all have; None where one has not."""
    first = own[0]
    if any(len(marks) != len(first) for marks in own):
        return None
    bounds = [np.column_stack([first.starts, first.ends])]
    for other in own[1:]:
        pairs = _pairs(first, other, tolerance)
        if len(pairs) != len(first):
            return None
        matched = np.column_stack([other.starts, other.ends])[pairs[:, 1]]
        if np.any(np.abs(matched - bounds[0]) > tolerance):
            return None
        bounds.append(matched)
    means: NDArray[np.int64] = np.rint(np.stack(bounds).sum(axis=0) / len(bounds)).astype(np.int64)
    return means


def _pairs(first: Marks, other: Marks, tolerance: int) -> NDArray[np.int64]:
    if np.all(first.is_point):
        return points.nearest_pairs(first.starts, other.starts, tolerance=tolerance)
    shared = compare(np.column_stack([first.starts, first.ends]), np.column_stack([other.starts, other.ends]))
    pairs: NDArray[np.int64] = shared.pairs[np.argsort(shared.pairs[:, 0])]
    return pairs
