"""Where the marks of an interval stand on its axis: numbers for the SVG of the page, in parts of the axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeling_server.programme.report import Figure, SpreadFigures

LIMITS_SD = 1.96
"""Limits of agreement, of the differences: Bland and Altman, Lancet 327:307, 1986."""
_STEPS_MS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


class Bar(NamedTuple):
    """An interval on an axis of length 1: value and its interval, and a wide band around; None where there is none."""

    value: float | None
    low: float | None
    high: float | None
    band_low: float | None = None
    band_high: float | None = None


class Axis(NamedTuple):
    """From -end to end, or from `start`; `ticks` are (place, number)."""

    start: float
    end: float
    ticks: list[tuple[float, float]]

    def place(self, value: float | None) -> float | None:
        """Where a value stands, from 0 to 1; beyond the axis at its end."""
        if value is None:
            return None
        return min(max((value - self.start) / (self.end - self.start), 0.0), 1.0)

    def bar(self, figure: Figure) -> Bar:
        """A figure with its interval."""
        return Bar(self.place(figure.value), self.place(figure.low), self.place(figure.high))

    def limits(self, spread: SpreadFigures) -> Bar:
        """The mean difference with its interval, within the limits of agreement."""
        bar, mean, sd = self.bar(spread.mean_ms), spread.mean_ms.value, spread.sd_ms.value
        if mean is None or sd is None:
            return bar
        return bar._replace(band_low=self.place(mean - LIMITS_SD * sd), band_high=self.place(mean + LIMITS_SD * sd))


def axis_of_differences(spreads: Iterable[SpreadFigures]) -> Axis:
    """An axis, even about 0, that holds the limits of agreement of all."""
    widest = max(
        (
            abs(spread.mean_ms.value) + LIMITS_SD * (spread.sd_ms.value or 0.0)
            for spread in spreads
            if spread.mean_ms.value is not None
        ),
        default=0.0,
    )
    step = next((step for step in _STEPS_MS if 2 * step >= widest), widest or 1.0)
    return _axis(-2.0 * step, 2.0 * step, [-2.0 * step, -step, 0.0, step, 2.0 * step])


def axis_of_shares() -> Axis:
    """From 0 to 1."""
    return _axis(0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0])


def _axis(start: float, end: float, ticks: Iterable[float]) -> Axis:
    return Axis(start, end, [((tick - start) / (end - start), tick) for tick in ticks])
