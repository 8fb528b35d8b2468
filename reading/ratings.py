"""What several readers said of the same items, as one table of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_READ = -1


class RatingsError(ValueError):
    """The table breaks a rule; the message says which, by what value."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """Answers of readers: one row an item, one column a reader.

    Parameters
    ----------
    codes : (n_items, n_readers), places in `categories`; `NOT_READ` where a reader gave no answer.
    categories : the answers there are, in order where they have one; also those nobody used.
    readers : names of the columns.
    patients : (n_items,), whom each item is of: items of one patient are not independent.

    Raises
    ------
    RatingsError : if shapes, names or codes do not fit together.
    """

    codes: NDArray[np.int64]
    categories: tuple[str, ...]
    readers: tuple[str, ...]
    patients: NDArray[np.str_]

    def __post_init__(self) -> None:
        if self.codes.ndim != 2 or self.codes.shape[1] != len(self.readers):  # noqa: PLR2004 - items and readers
            msg = f"codes must have one column a reader, {len(self.readers)}, got shape {self.codes.shape}"
            raise RatingsError(msg)
        if len(self.patients) != len(self.codes):
            msg = f"every item must have its patient, got {len(self.codes)} items and {len(self.patients)} patients"
            raise RatingsError(msg)
        for what, names in (("category", self.categories), ("reader", self.readers)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                msg = f"each {what} must be named once, got {twice[0]!r} twice"
                raise RatingsError(msg)
        wrong = self.codes[(self.codes < NOT_READ) | (self.codes >= len(self.categories))]
        if wrong.size:
            msg = f"codes must be within [{NOT_READ}, {len(self.categories)}), got {wrong[0]}"
            raise RatingsError(msg)

    @classmethod
    def of(
        cls,
        answers: Sequence[Sequence[str | None]],
        *,
        readers: Sequence[str],
        patients: Sequence[str],
        categories: Sequence[str] | None = None,
    ) -> Ratings:
        """Of answers by name, one row an item, None where a reader gave none.

        Parameters
        ----------
        categories : the answers there are; None takes those that were used, in order of their names.
        """
        used = {answer for row in answers for answer in row if answer is not None}
        names = tuple(sorted(used) if categories is None else categories)
        unknown = sorted(used.difference(names))
        if unknown:
            msg = f"answers must be one of {', '.join(names)}, got {unknown[0]!r}"
            raise RatingsError(msg)
        lengths = {len(row) for row in answers} - {len(readers)}
        if lengths:
            msg = f"each item must have one answer or None of each of {len(readers)} readers, got {min(lengths)}"
            raise RatingsError(msg)
        place = {name: i for i, name in enumerate(names)}
        codes = [[NOT_READ if answer is None else place[answer] for answer in row] for row in answers]
        return cls(
            np.array(codes, np.int64).reshape(len(answers), len(readers)),
            names,
            tuple(readers),
            np.array(patients, np.str_),
        )

    def of_readers(self, *readers: str) -> Ratings:
        """The columns of these readers."""
        columns = [self.readers.index(name) for name in readers]
        return Ratings(self.codes[:, columns], self.categories, tuple(readers), self.patients)
