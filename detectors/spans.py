"""A span that is still growing, and when it is said again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

NOWHERE = -1
"""Stands for "no sample" where a state needs a number."""

REPEAT_S = 10.0
"""A growing span is said again each time it has grown by this, s: the pace of a queue that a person looks at, and one
stored revision of the proposal in ten seconds."""


@lru_cache(maxsize=256)
def n_samples(duration_s: float, fs_hz: float) -> int:
    """A duration in whole samples; asked for many times a beat."""
    return round(duration_s * fs_hz)


@dataclass
class OpenSpan:
    """Bounds of a span that may go on growing; closed while `start` is `NOWHERE`.

    Parameters
    ----------
    start, end : half-open sample range known so far.
    said_end : the end when it was last said; `NOWHERE` while it has not been said.
    """

    start: int = NOWHERE
    end: int = NOWHERE
    said_end: int = NOWHERE

    @property
    def is_open(self) -> bool:
        """Whether there is one."""
        return self.start != NOWHERE

    def open(self, start: int, end: int) -> None:
        """Begin a new one."""
        self.start, self.end, self.said_end = start, end, NOWHERE

    def grow(self, end: int) -> None:
        """It is known to reach `end`; never shrinks."""
        self.end = max(self.end, end)

    def is_due(self, repeat_samples: int) -> bool:
        """Whether to say it (again) now; noted as said when so."""
        if self.said_end != NOWHERE and self.end - self.said_end < repeat_samples:
            return False
        self.said_end = self.end
        return True

    def close(self) -> None:
        """There is none any more."""
        self.start = self.end = self.said_end = NOWHERE
