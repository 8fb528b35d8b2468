"""The form of every benchmark's output."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; `peer` names what else was measured in the same run, `ratio` is value / peer's value."""

    figure: str
    value: float
    unit: str
    peer: str | None = None
    ratio: float | None = None

    def line(self) -> str:
        """The JSON line."""
        fields = {"figure": self.figure, "value": _rounded(self.value), "unit": self.unit}
        if self.peer is not None and self.ratio is not None:
            fields |= {"peer": self.peer, "ratio": _rounded(self.ratio)}
        return json.dumps(fields)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def against(figure: Figure, peer: Figure) -> Figure:
    """The figure again, with its ratio to a peer's."""
    return Figure(figure.figure, figure.value, figure.unit, peer.figure, figure.value / peer.value)


def median_ms(call: Callable[[int], object], *, n_calls: int, n_warm_up: int = 20) -> float:
    """Median wall time of `call(i)` in ms."""
    for i in range(n_warm_up):
        call(i)
    times_s = []
    for i in range(n_calls):
        begin_s = time.perf_counter()
        call(n_warm_up + i)
        times_s.append(time.perf_counter() - begin_s)
    return 1000 * statistics.median(times_s)
