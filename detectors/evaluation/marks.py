"""What the comparisons have in common: a mark of an annotation file, and figures made of counts."""

from __future__ import annotations

from typing import NamedTuple

MATCH_WINDOW_S = 0.150
"""How far apart two marks of one beat, or the ends of one run, may stand."""
LEARNING_S = 300.0
"""At the beginning of a record, not counted."""
_SHUTDOWN_BITS = 0x30


class Mark(NamedTuple):
    """One annotation of a WFDB annotation file: place, mnemonic, for `~` the subtype, for `+` what begins."""

    sample: int
    symbol: str
    subtype: int = 0
    aux: str = ""


class Ratio(NamedTuple):
    """`hits` of `total`."""

    hits: int
    total: int

    @property
    def percent(self) -> float | None:
        """In per cent; None of nothing."""
        return 100.0 * self.hits / self.total if self.total else None


class Score(NamedTuple):
    """Sensitivity and positive predictivity of one class."""

    sensitivity: Ratio
    predictivity: Ratio

    @property
    def f1_percent(self) -> float | None:
        """Harmonic mean of the two, per cent."""
        total = self.sensitivity.total + self.predictivity.total
        return 200.0 * self.sensitivity.hits / total if total else None


def is_shutdown(mark: Mark) -> bool:
    """Whether a `~` says that nothing can be read from here on."""
    return mark.subtype & _SHUTDOWN_BITS == _SHUTDOWN_BITS
