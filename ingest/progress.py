"""What a worker has done, as its heartbeat says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.stored import Behind
from storage.workers import Heartbeat

if TYPE_CHECKING:
    from ingest.stored import Stored
    from ingest.timing import Clock

MAX_NOTE_LENGTH = 500


class Progress:
    """Counts since the worker started, and the rate since the last heartbeat.

    Parameters
    ----------
    name : the worker's.
    source : kind of its source.
    interval_s : between two heartbeats, s.
    """

    def __init__(self, *, name: str, source: str, clock: Clock, interval_s: float) -> None:
        self.name = name
        self.state = "running"
        self.last_error = ""
        self.last_reason = ""
        self.n_messages = 0
        self.n_samples = 0
        self.n_duplicate_samples = 0
        self.n_late_samples = 0
        self.n_dead_letters = 0
        self.behind = Behind()
        self._source = source
        self._clock = clock
        self._interval_s = interval_s
        self._started_us = clock.now_us()
        self._said_s = clock.monotonic_s()
        self._said_n_samples = 0
        self._has_spoken = False

    def note_batch(self, n_messages: int, stored: Stored, n_rejected: int) -> None:
        """Take a stored batch into account; samples are sample times, whatever the number of channels."""
        self.n_messages += n_messages
        self.n_samples += stored.n_samples
        self.n_duplicate_samples += stored.n_duplicate
        self.n_late_samples += stored.n_late
        self.n_dead_letters += n_rejected

    def is_due(self) -> bool:
        """Whether it is time for a heartbeat."""
        return not self._has_spoken or self._clock.monotonic_s() - self._said_s >= self._interval_s

    def heartbeat(self, *, lag: int | None) -> Heartbeat:
        """What to say now."""
        now_s = self._clock.monotonic_s()
        elapsed_s = now_s - self._said_s
        rate = (self.n_samples - self._said_n_samples) / elapsed_s if elapsed_s > 0 else 0.0
        self._said_s, self._said_n_samples, self._has_spoken = now_s, self.n_samples, True
        return Heartbeat(
            worker=self.name,
            source=self._source,
            state=self.state,
            started_us=self._started_us,
            lag=lag,
            n_messages=self.n_messages,
            n_samples=self.n_samples,
            n_dead_letters=self.n_dead_letters,
            samples_per_s=rate,
            note=self._note()[:MAX_NOTE_LENGTH],
        )

    def _note(self) -> str:
        if self.state != "running":
            return self.last_error
        n_behind, most_s = self.behind
        behind = f"detectors of {n_behind} channel groups are up to {most_s:.0f} s behind" if n_behind else ""
        late = f"{self.n_late_samples} samples came too late for the detectors" if self.n_late_samples else ""
        return "; ".join(filter(None, (behind, late, self.last_reason)))
