"""Which samples of a channel group are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signal_processing.values import Block


class Extent(NamedTuple):
    """The stored samples lie within [first_sample, next_sample); with gaps there are fewer than that.

    Parameters
    ----------
    first_sample, next_sample : equal while nothing is stored.
    n_stored : samples that are there.
    sealed : the group ended, and its incomplete last cell stands among the complete ones.
    """

    first_sample: int
    next_sample: int
    n_stored: int
    sealed: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stored."""
        return self.n_stored == 0

    def with_parts(self, parts: Sequence[Block]) -> Extent:
        """The extent when new parts are stored too; not empty.

        A late part into a sealed cell leaves it sealed; one that goes on opens it again.
        """
        if len(parts) == 1 and parts[0].start >= self.next_sample and not (self.is_empty or self.sealed):
            return Extent(self.first_sample, parts[0].end, self.n_stored + len(parts[0]))  # the usual case
        first = min(part.start for part in parts)
        end = max(part.end for part in parts)
        n_stored = self.n_stored + sum(map(len, parts))
        if self.is_empty:
            return Extent(first, end, n_stored)
        sealed = self.sealed and end <= self.next_sample
        return Extent(min(self.first_sample, first), max(self.next_sample, end), n_stored, sealed)

    def open_from(self, cell_samples: int) -> int:
        """Index from which on samples stand in the tail."""
        return self.next_sample if self.sealed else self.next_sample - self.next_sample % cell_samples
