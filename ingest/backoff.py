"""How long to wait before the next attempt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Waits that double up to a cap.

    Parameters
    ----------
    first_s : before the second attempt, s.
    cap_s : never longer, so that a server that comes back is found soon, s.
    """

    first_s: float = 0.25
    cap_s: float = 10.0

    def wait_s(self, n_failures: int) -> float:
        """How long to wait after that many failures in a row (at least 1), s."""
        doublings = min(max(n_failures - 1, 0), 60)  # beyond, the power alone would overflow
        return min(self.first_s * 2.0**doublings, self.cap_s)
