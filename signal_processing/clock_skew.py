"""How fast one clock runs against another, when every reading comes late by an unknown, varying delay.

A reading is y = offset + skew * x + delay with delay >= 0: only the lowest readings say something of the clocks. Two
steps, both known: the minimum over windows, as NTP's clock filter keeps the sample of least delay (RFC 5905, section
10), and the line below all minima with the least sum of distances, which is the linear program of Moon, Skelly and
Towsley, "Estimation and removal of clock skew from network delay measurements" (INFOCOM 1999). Its solution is the edge
of the lower convex hull over the mean of x, so no solver is needed.
"""

from __future__ import annotations

from statistics import median

import msgspec

from signal_processing.clock import US_PER_S

FIRST_WINDOW_US = 10 * US_PER_S
LAST_WINDOW_US = 32 * FIRST_WINDOW_US
"""Windows double as the readings grow old, up to this; then the oldest are forgotten, after 5.7 h: clocks change with
temperature, and a line holds for hours, not for weeks."""
MAX_MINIMA = 64

MIN_SPAN_US = 300 * US_PER_S
MIN_MINIMA = 5
MAX_UNSURE_PPM = 20.0
"""The median distance of the minima from the line, over the time they span: above it, nothing is said. A quiet network
(5 ms) is through after the 300 s, a bad one (50 ms) after 40 minutes."""
MAX_SKEW_PPM = 500.0
"""A quartz keeps 100 ppm; a larger slope is an archive that is sent faster than it was recorded, or a growing queue."""
_PPM = 1e6


class Skew(msgspec.Struct, frozen=True):
    """A line below the readings.

    Parameters
    ----------
    ppm : its slope.
    newest_us : its value at the newest minimum.
    span_us : the time between the oldest and the newest minimum, on which it rests.
    """

    ppm: float
    newest_us: float
    span_us: int


class Minima(msgspec.Struct, array_like=True):
    """The lowest reading of each window; bounded, a few numbers, mutable.

    Parameters
    ----------
    window_us : length of a window now.
    xs, ys : the minima of closed windows: time (us) and reading (us).
    opened_us, closes_us : the window that is open, [opened_us, closes_us).
    low_x, low_y : its minimum.
    """

    window_us: int = FIRST_WINDOW_US
    xs: list[int] = []
    ys: list[int] = []
    opened_us: int = 0
    closes_us: int = 0
    low_x: int = 0
    low_y: int = 0

    def add(self, at_us: int, x: int, y: int) -> None:
        """Take a reading.

        Parameters
        ----------
        at_us : the time that says which window it belongs to. Windows by time of arrival make one reading of an hour
            that arrives at once, and its lowest is the newest, which was hardly late.
        x, y : time and reading, us.
        """
        if self.opened_us <= at_us < self.closes_us:
            if y < self.low_y:
                self.low_x, self.low_y = x, y
            return
        self._close()
        self.opened_us = at_us - at_us % self.window_us
        self.closes_us = self.opened_us + self.window_us
        self.low_x, self.low_y = x, y

    def lowest(self) -> tuple[int, int] | None:
        """Time and reading of the lowest of all; None before the first."""
        points = self._points()
        return min(points, key=lambda point: point[1]) if points else None

    def span_us(self) -> int:
        """Time between the oldest and the newest minimum."""
        points = self._points()
        return points[-1][0] - points[0][0] if points else 0

    def skew(self) -> Skew | None:
        """The line below the minima; None while they do not suffice."""
        points = self._points()
        if len(points) < MIN_MINIMA or points[-1][0] - points[0][0] < MIN_SPAN_US:
            return None
        slope, at_x, at_y = line_below(points)
        span_us = points[-1][0] - points[0][0]
        distance_us = median(y - at_y - slope * (x - at_x) for x, y in points)
        if abs(slope) * _PPM > MAX_SKEW_PPM or distance_us / span_us * _PPM > MAX_UNSURE_PPM:
            return None
        return Skew(slope * _PPM, at_y + slope * (points[-1][0] - at_x), span_us)

    def _points(self) -> list[tuple[int, int]]:
        points = list(zip(self.xs, self.ys, strict=True))
        if self.closes_us:
            points.append((self.low_x, self.low_y))
        return sorted(points)

    def _close(self) -> None:
        if not self.closes_us:
            return
        self.xs.append(self.low_x)
        self.ys.append(self.low_y)
        if len(self.xs) <= MAX_MINIMA:
            return
        points = sorted(zip(self.xs, self.ys, strict=True))
        if self.window_us < LAST_WINDOW_US:
            self.window_us *= 2
            pairs = (points[i : i + 2] for i in range(0, len(points), 2))
            points = [min(pair, key=lambda point: point[1]) for pair in pairs]
        else:
            points = points[-MAX_MINIMA:]
        self.xs = [x for x, _ in points]
        self.ys = [y for _, y in points]


def line_below(points: list[tuple[int, int]]) -> tuple[float, int, int]:
    """The line below all points whose vertical distances add up to the least: slope, and a point (x, y) on it.

    Parameters
    ----------
    points : sorted, at least two different x.
    """
    hull: list[tuple[int, int]] = []
    for x, y in points:
        if hull and hull[-1][0] == x:
            continue  # sorted: the lower one of one x came first
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    n, total_x = len(points), sum(x for x, _ in points)
    edge = next(i for i in range(1, len(hull)) if hull[i][0] * n >= total_x)
    (x0, y0), (x1, y1) = hull[edge - 1], hull[edge]
    return (y1 - y0) / (x1 - x0), x0, y0


def _is_above(one: tuple[int, int], middle: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether the middle point is on or above the line between the others; in integers, so exact."""
    return (middle[1] - one[1]) * (other[0] - one[0]) >= (other[1] - one[1]) * (middle[0] - one[0])
