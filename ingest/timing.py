"""The clock as ingest sees it: given to whoever needs it, so that tests need not wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from threading import Event


class Clock(Protocol):
    """Wall time, elapsed time and waiting."""

    def now_us(self) -> int:
        """Microseconds UTC."""

    def monotonic_s(self) -> float:
        """Seconds since some moment; never goes back."""

    def wait(self, stop: Event, duration_s: float) -> bool:
        """Wait, at most until `stop` is set; says whether it is."""


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """Microseconds UTC."""
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        """Seconds since the machine started, or so."""
        return time.monotonic()

    def wait(self, stop: Event, duration_s: float) -> bool:
        """Wait, at most until `stop` is set; says whether it is."""
        return stop.wait(max(duration_s, 0.0))
