"""What a worker counts about itself: plain numbers, cheap to feed once a batch; `ingest.metrics_page` shows them.

Nothing here names a stream or a patient: a metric's labels are kept for ever, and by a system with other readers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ingest.letters import class_of
from ingest.source import Partition
from ingest.stored import Behind, Stored
from signal_processing.clock import US_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ingest.source import DeadLetter, Received

END_TO_END_BOUNDS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
WRITE_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 10.0)
ACTIVE_WITHIN_S = 60.0
"""A stream that nothing came of for longer is not active, s."""
WORKER_STATES = ("running", "waiting", "stopped", "failed")


class Histogram(msgspec.Struct, frozen=True):
    """How many values were at most each bound (not cumulated; the last count is of those above all), and their sum."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @classmethod
    def empty(cls, bounds: tuple[float, ...]) -> Histogram:
        """Without values."""
        return cls(bounds, (0,) * (len(bounds) + 1), 0.0)

    @property
    def n(self) -> int:
        """How many values."""
        return sum(self.counts)

    def with_values(self, values: NDArray[np.float64]) -> Histogram:
        """With further values, (n,)."""
        n_bins = len(self.counts)
        added = np.bincount(np.searchsorted(self.bounds, values), minlength=n_bins).tolist()
        return Histogram(
            self.bounds,
            tuple(one + more for one, more in zip(self.counts, added, strict=True)),
            self.total + float(values.sum()),
        )

    def with_value(self, value: float) -> Histogram:
        """With one more value."""
        i = bisect_left(self.bounds, value)
        counts = (*self.counts[:i], self.counts[i] + 1, *self.counts[i + 1 :])
        return Histogram(self.bounds, counts, self.total + value)


class WorkerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All counts at one moment, since the worker started.

    Parameters
    ----------
    n_samples : sample times, whatever the number of channels; so are duplicates and late ones.
    n_blocks : runs of samples that were stored.
    n_dead_letters : by class of reason.
    lag_messages : messages still to read, by partition.
    write_s : how long storing a batch took, less the time of the detectors, s.
    end_to_end_s : from the producer's time stamp to the commit, a value a message, s.
    n_active_streams : streams with messages within `ACTIVE_WITHIN_S`.
    n_states : channel groups in memory.
    behind : how far detectors are behind what is stored.
    """

    started_us: int
    state: str
    n_messages: int
    n_samples: int
    n_blocks: int
    n_proposals: int
    n_beats: int
    n_duplicate_samples: int
    n_late_samples: int
    n_dead_letters: dict[str, int]
    lag_messages: dict[Partition, int]
    n_transactions: int
    write_s: Histogram
    end_to_end_s: Histogram
    detector_s: float
    n_active_streams: int
    n_states: int
    behind: Behind
    checkpoint_bytes: int
    n_rebalances: int


class WorkerMetrics:
    """Counts of one worker; fed by its thread, read by any.

    Parameters
    ----------
    started_us : when the worker started, microseconds UTC.
    """

    def __init__(self, *, started_us: int = 0) -> None:
        self._lock = Lock()
        self._started_us = started_us
        self._state = "running"
        self._counts: Counter[str] = Counter()
        self._dead_letters: Counter[str] = Counter()
        self._lags: dict[Partition, int] = {}
        self._write_s = Histogram.empty(WRITE_BOUNDS_S)
        self._end_to_end_s = Histogram.empty(END_TO_END_BOUNDS_S)
        self._detector_s = 0.0
        self._n_states = 0
        self._behind = Behind()
        self._heard_us: dict[str, int] = {}
        self._pruned_us = 0

    def note_batch(
        self,
        received: Sequence[Received],
        stored: Stored,
        *,
        streams: Iterable[str],
        rejected: Sequence[DeadLetter],
        committed_us: int,
        n_states: int,
    ) -> None:
        """Take a committed batch into account: 0.4 ms for 2,000 messages of as many streams.

        Parameters
        ----------
        received : the messages that were passed, with those put aside.
        streams : that had messages in it.
        rejected : those put aside.
        committed_us : when it was committed, microseconds UTC.
        n_states : channel groups in memory now.
        """
        sent_us = [one.timestamp_us for one in received if one.timestamp_us is not None]
        # a producer's clock that runs ahead makes no negative latency
        latencies_s = np.maximum(committed_us - np.array(sent_us, np.int64), 0) / US_PER_S
        with self._lock:
            self._counts.update(
                n_messages=len(received),
                n_samples=stored.n_samples,
                n_duplicate_samples=stored.n_duplicate,
                n_late_samples=stored.n_late,
                n_blocks=stored.n_blocks,
                n_beats=stored.n_beats,
                n_proposals=stored.n_spans,
                checkpoint_bytes=stored.n_checkpoint_bytes,
                n_transactions=1,
            )
            self._dead_letters.update(class_of(one.reason) for one in rejected)
            self._write_s = self._write_s.with_value(stored.write_s)
            self._end_to_end_s = self._end_to_end_s.with_values(latencies_s)
            self._detector_s += stored.detector_s
            self._n_states = n_states
            self._heard_us.update(dict.fromkeys(streams, committed_us))
            self._prune(committed_us)

    def note_followed(self, followed: Stored, behind: Behind) -> None:
        """Take into account what detectors said that were behind, and how far they are now."""
        with self._lock:
            self._counts.update(
                n_beats=followed.n_beats, n_proposals=followed.n_spans, checkpoint_bytes=followed.n_checkpoint_bytes
            )
            self._detector_s += followed.detector_s
            self._behind = behind

    def note_rebalance(self) -> None:
        """The group gave partitions or took them."""
        with self._lock:
            self._counts["n_rebalances"] += 1

    def note_lag(self, lags: Mapping[Partition, int]) -> None:
        """How far behind each partition is; those that are not named are no longer ours."""
        with self._lock:
            self._lags = dict(lags)

    def note_state(self, state: str) -> None:
        """One of `WORKER_STATES`."""
        with self._lock:
            self._state = state

    def figures(self, *, now_us: int) -> WorkerFigures:
        """Everything at this moment."""
        with self._lock:
            self._prune(now_us, every_us=0)
            counts = self._counts
            return WorkerFigures(
                started_us=self._started_us,
                state=self._state,
                n_messages=counts["n_messages"],
                n_samples=counts["n_samples"],
                n_blocks=counts["n_blocks"],
                n_proposals=counts["n_proposals"],
                n_beats=counts["n_beats"],
                n_duplicate_samples=counts["n_duplicate_samples"],
                n_late_samples=counts["n_late_samples"],
                n_dead_letters=dict(self._dead_letters),
                lag_messages=dict(self._lags),
                n_transactions=counts["n_transactions"],
                write_s=self._write_s,
                end_to_end_s=self._end_to_end_s,
                detector_s=self._detector_s,
                n_active_streams=len(self._heard_us),
                n_states=self._n_states,
                behind=self._behind,
                checkpoint_bytes=counts["checkpoint_bytes"],
                n_rebalances=counts["n_rebalances"],
            )

    def _prune(self, now_us: int, *, every_us: int = int(ACTIVE_WITHIN_S * US_PER_S)) -> None:
        """Forget streams that went silent, seldom enough to cost nothing."""
        if now_us - self._pruned_us < every_us:
            return
        self._pruned_us = now_us
        oldest_us = now_us - int(ACTIVE_WITHIN_S * US_PER_S)
        self._heard_us = {stream: at_us for stream, at_us in self._heard_us.items() if at_us >= oldest_us}
