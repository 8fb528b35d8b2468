"""The last minutes of throughput and lag, kept in memory while someone watches.

The database holds the present only. All watchers share one look a second, so that ten open pages cost as much as one.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

US_PER_S = 1_000_000

LENGTH_S = 600
"""What the plots show."""

LOOK_EVERY_S = 1.0
"""Watchers that ask sooner get the look that was taken last."""

RATE_OVER_S = 10
"""Rates are averages over so long: messages of a second against looks every two would beat."""


class Count(NamedTuple):
    """Samples that were stored by a time."""

    time_us: int
    n_samples: int


class Point(NamedTuple):
    """Throughput and lag at one moment; None where it is not known."""

    time_us: int
    samples_per_s: float | None
    lag: int | None


class WatchState:
    """The newest look and the points before it, for all watchers of one server.

    Parameters
    ----------
    look : takes a snapshot (`dashboards.snapshot.take`).
    monotonic_s : a clock that never jumps, seconds.
    """

    def __init__(self, look: Callable[[], dict[str, Any]], monotonic_s: Callable[[], float]) -> None:
        self._look = look
        self._monotonic_s = monotonic_s
        self._lock = Lock()
        self._points: deque[Point] = deque()
        self._snapshot: dict[str, Any] | None = None
        self._looked_s = 0.0
        self._counts: deque[Count] = deque()

    def figures(self, *, since_us: int = 0) -> dict[str, Any]:
        """The newest look, and the points after `since_us`."""
        with self._lock:
            now_s = self._monotonic_s()
            if self._snapshot is None or now_s - self._looked_s >= LOOK_EVERY_S:
                self._snapshot = self._look()
                self._looked_s = now_s
                self._remember(self._snapshot)
            points = [point for point in self._points if point.time_us > since_us]
            return {**self._snapshot, "history": [list(point) for point in points]}

    def _remember(self, snapshot: dict[str, Any]) -> None:
        time_us, totals = snapshot["now_us"], snapshot["totals"]
        rate = samples_per_s(self._counts, Count(time_us, totals["n_samples"]))
        totals["samples_per_s"] = rate
        self._points.append(Point(time_us, rate, totals["lag"]))
        while self._points[0].time_us < time_us - LENGTH_S * US_PER_S:
            self._points.popleft()


def samples_per_s(counts: deque[Count], now: Count) -> float | None:
    """Samples a second since the oldest of the last counts; None where there is none that makes a rate.

    Counts older than `RATE_OVER_S` are dropped, the new one is kept; a count that fell (rows were removed) starts anew.
    """
    while counts and (now.time_us - counts[0].time_us > RATE_OVER_S * US_PER_S or now.n_samples < counts[0].n_samples):
        counts.popleft()
    counts.append(now)
    oldest = counts[0]
    if now.time_us <= oldest.time_us:
        return None
    return (now.n_samples - oldest.n_samples) * US_PER_S / (now.time_us - oldest.time_us)
