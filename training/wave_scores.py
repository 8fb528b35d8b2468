"""How near found waves are to marked ones: sensitivity, positive predictivity, and the errors of onsets, peaks, ends.

Martinez et al., IEEE TBME 51:570, 2004: a point is found within 150 ms, nearest pairs first, one to one; what is found
beside is wrong only in a stretch in which everything is marked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from training.wave_strips import Marked

MATCH_S = 0.150
POINTS = {
    f"{wave} {point}": (kind, index)
    for kind, wave in ((1, "P"), (2, "QRS"), (3, "T"))
    for index, point in ((1, "onset"), (2, "peak"), (3, "end"))
}
"""Of `Marked`: the class, and where the time stands."""


@dataclass
class Tally:
    """Of each point: how many are marked, how many found there, how many found beside, and the errors, ms."""

    n_marked: dict[str, int] = field(default_factory=dict)
    n_wrong: dict[str, int] = field(default_factory=dict)
    errors_ms: dict[str, list[float]] = field(default_factory=dict)

    def add(self, marked: Sequence[Marked], found: Sequence[Marked], judged_s: Sequence[tuple[float, float]]) -> None:
        """Count one lead of one record."""
        for name, (kind, index) in POINTS.items():
            reference = _times(marked, kind, index, judged_s)
            test = _times(found, kind, index, ((-np.inf, np.inf),))
            pairs = _pairs(reference, test)
            unmatched = [time for i, time in enumerate(test) if i not in {j for _, j in pairs}]
            self.n_marked[name] = self.n_marked.get(name, 0) + len(reference)
            wrong = sum(any(low <= time <= high for low, high in judged_s) for time in unmatched)
            self.n_wrong[name] = self.n_wrong.get(name, 0) + wrong
            self.errors_ms.setdefault(name, []).extend(1e3 * (test[j] - reference[i]) for i, j in pairs)


def table(title: str, tally: Tally) -> str:
    """The tally as rows of Markdown."""
    rows = [f"{title}:", "", "| point | marked | Se | +P | mean, ms | SD, ms |", "|---|---|---|---|---|---|"]
    for name, n in tally.n_marked.items():
        errors = tally.errors_ms[name]
        if n and len(errors) > 1:
            shares = (100 * len(errors) / n, 100 * len(errors) / (len(errors) + tally.n_wrong[name]))
            figures = (*(f"{share:.2f}" for share in shares), f"{np.mean(errors):.1f}", f"{np.std(errors, ddof=1):.1f}")
            rows.append(f"| {name} | {n} | {' | '.join(figures)} |")
    return "\n".join(rows)


def _times(waves: Iterable[Marked], kind: int, index: int, within_s: Iterable[tuple[float, float]]) -> list[float]:
    limits = list(within_s)
    times = (wave[index] for wave in waves if wave.kind == kind)
    return sorted(float(time) for time in times if any(low <= time <= high for low, high in limits))


def _pairs(reference: Sequence[float], test: Sequence[float]) -> list[tuple[int, int]]:
    near = [
        (abs(found - marked), i, j)
        for i, marked in enumerate(reference)
        for j, found in enumerate(test)
        if abs(found - marked) <= MATCH_S + 1e-9
    ]
    pairs: list[tuple[int, int]] = []
    for _, i, j in sorted(near):
        if all(i != one and j != other for one, other in pairs):
            pairs.append((i, j))
    return pairs
