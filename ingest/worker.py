"""The one worker loop: from a source into the database, whatever happens to either."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, TypeVar

import msgspec
import structlog

from ingest.backoff import Backoff
from ingest.batch import Batch
from ingest.dead_letters import FailureLimit
from ingest.errors import BrokerUnavailableError
from ingest.group_state import Pace
from ingest.letters import rule_of
from ingest.metrics import WorkerMetrics
from ingest.pipeline import Pipeline
from ingest.progress import Progress
from ingest.silence import Silence
from ingest.stored import Behind, Stored
from ingest.timing import SystemClock
from storage import workers
from storage.errors import RetryLaterError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from detectors.protocol import AnyDetector
    from ingest.source import Partition, Polled, Source
    from ingest.timing import Clock
    from signal_processing.values import Signal
    from storage.database import Database

_log = structlog.get_logger()

SAVE_WITHIN_S = 1.5
"""What a worker that stops gives itself to save the states of its detectors, s."""

MIN_POLL_S = 0.01
"""How long a poll waits while detectors are behind and have better to do, s."""

T = TypeVar("T")


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What deployments may want to change.

    Parameters
    ----------
    poll_s : how long one poll waits for a first message, s.
    heartbeat_s : between two heartbeats, s.
    checkpoint_s : signal between two checkpoints of a detector, s.
    reorder_s : signal after a missing block for which detectors wait for it, s.
    silence_s : a stream that says nothing for so long is read on behind what it misses, s.
    defer_s : messages of a backlog that waited longer than that, by their time stamps, are stored first; detectors
        follow, s.
    follow_s : between two turns of detectors that follow, while there is a backlog, s: none starves them.
    failure_window, failure_share : the worker stops when more than that share of that many messages failed.
    """

    poll_s: float = 0.5
    heartbeat_s: float = 2.0
    checkpoint_s: float = 30.0
    reorder_s: float = 5.0
    silence_s: float = 10.0
    defer_s: float = 30.0
    follow_s: float = 5.0
    failure_window: int = 200
    failure_share: float = 0.5
    backoff: Backoff = Backoff()


class _StoppedError(Exception):
    """Asked to stop while it waited; what was not stored is read again at the next start."""


class Worker:
    """Reads messages, stores samples, runs detectors.

    Parameters
    ----------
    database : migrated.
    source : of messages.
    detectors : gives the detectors of a channel group.
    clock : wall time and waiting.
    name : of this worker, unique among those that run.
    metrics : counts what is done; None makes its own.
    """

    def __init__(
        self,
        database: Database,
        source: Source,
        *,
        detectors: Callable[[Signal], Sequence[AnyDetector]],
        clock: Clock | None = None,
        name: str = "worker",
        settings: WorkerSettings | None = None,
        metrics: WorkerMetrics | None = None,
    ) -> None:
        self._settings = settings or WorkerSettings()
        self._database = database
        self._source = source
        self._clock = clock or SystemClock()
        self._pipeline = Pipeline(
            database,
            detectors_for=detectors,
            pace=Pace(
                checkpoint_s=self._settings.checkpoint_s,
                reorder_s=self._settings.reorder_s,
                defer_s=self._settings.defer_s,
            ),
        )
        self._failures = FailureLimit(window=self._settings.failure_window, most=self._settings.failure_share)
        self._stop = Event()
        self.metrics = metrics or WorkerMetrics(started_us=self._clock.now_us())
        self._settle_at_s = 0.0
        self._silence = Silence(after_s=self._settings.silence_s, now_s=self._clock.monotonic_s())
        self._follow_at_s = 0.0
        self._behind = Behind()
        self.progress = Progress(
            name=name, source=source.kind, clock=self._clock, interval_s=self._settings.heartbeat_s
        )

    def run(self, stop: Event) -> None:
        """Work until `stop` is set.

        Raises
        ------
        TooManyDeadLettersError : if most messages fail.
        SchemaError : if the database is not migrated.
        """
        self._stop = stop
        _log.info("worker_started", worker=self.progress.name, source=self._source.kind)
        try:
            while not stop.is_set():
                self.run_once()
        except _StoppedError:
            pass
        except Exception as error:
            self._say_last("failed", str(error))
            raise
        self._save_states()
        self._say_last("stopped")

    def _save_states(self) -> None:
        """So that whoever goes on has less to read again; what there is no time for is read again."""
        until_s = self._clock.monotonic_s() + SAVE_WITHIN_S
        try:
            n = self._pipeline.save(may_go_on=lambda: self._clock.monotonic_s() < until_s)
        except StorageError as error:
            _log.info("states_not_saved", reason=str(error))
        else:
            _log.info("states_saved", n=n, n_groups=self._pipeline.n_groups)

    def run_once(self) -> int:
        """One poll and what follows from it; gives the number of messages taken."""
        self._silence.note_loop(self._clock.monotonic_s())
        poll_s = MIN_POLL_S if self._behind.n_groups else self._settings.poll_s
        polled = self._persist(lambda: self._source.poll(poll_s))
        self._follow(polled)
        is_backlog = self._take(polled) if polled.messages else False
        self._let_follow(is_backlog=is_backlog)
        self._settle()
        self._heartbeat()
        return len(polled.messages)

    def _follow(self, polled: Polled) -> None:
        """Do what a changed assignment asks for."""
        if polled.revoked or polled.unplaced:
            self.metrics.note_rebalance()
        if polled.revoked:
            self._pipeline.forget(polled.revoked)
            self._silence.forget(polled.revoked)
            _log.info("partitions_revoked", n=len(polled.revoked))
        if polled.unplaced:
            positions = self._persist(self._positions)
            known = {where: positions[where] for where in polled.unplaced if where in positions}
            self._source.seek(polled.unplaced, known)
            _log.info("partitions_assigned", n=len(polled.unplaced), n_known=len(known))

    def _positions(self) -> dict[tuple[str, int], int]:
        if self._source.positions_key is None:
            return {}
        return self._pipeline.load_positions(self._source.positions_key)

    def _take(self, polled: Polled) -> bool:
        """Store what was polled; says whether it was of a backlog."""
        batch = Batch(polled.messages, now_us=self._clock.now_us(), is_of_backlog=polled.is_of_backlog)
        n_messages = len(polled.messages)
        stored: Stored | None = None
        while stored is None:  # first what cannot be decoded, then what the database says of the rest
            self._check_failures(batch, n_messages=n_messages)
            self._persist(lambda: self._bury(batch), batch)
            stored = self._persist(lambda: self._store(batch), batch)
            n_messages = 0
        self._note(batch, stored)
        _log.debug(
            "batch",
            n_messages=len(batch.received),
            n_groups=stored.n_groups,
            detector_ms=round(1000 * stored.detector_s),
            write_ms=round(1000 * stored.write_s),
            n_checkpoint_bytes=stored.n_checkpoint_bytes,
        )
        self._silence.note_read(one.partition for one in polled.messages)
        self._source.commit(batch.positions())
        self.progress.note_batch(len(batch.received), stored, len(batch.rejected))
        if stored.n_late:
            _log.warning("late_samples", n=stored.n_late, n_so_far=self.progress.n_late_samples)
        return stored.n_old > 0

    def _let_follow(self, *, is_backlog: bool) -> None:
        """Give detectors that are behind a turn: at every loop, or now and then while there is more to store first."""
        now_s, followed = self._clock.monotonic_s(), Stored()
        if not is_backlog or now_s >= self._follow_at_s:
            self._follow_at_s = now_s + self._settings.follow_s
            followed = self._persist(self._pipeline.follow)
        before, self._behind = self._behind, self._pipeline.behind()
        if self._behind.n_groups or before.n_groups:
            self.metrics.note_followed(followed, self._behind)
            self.progress.behind = self._behind
        if bool(self._behind.n_groups) != bool(before.n_groups):
            _log.info("detectors_behind", n_groups=self._behind.n_groups, most_s=round(self._behind.most_s))

    def _note(self, batch: Batch, stored: Stored) -> None:
        self.metrics.note_batch(
            batch.received,
            stored,
            streams={key.stream for key in batch.groups},
            rejected=batch.rejected,
            committed_us=self._clock.now_us(),
            n_states=self._pipeline.n_groups,
        )

    def _store(self, batch: Batch) -> Stored | None:
        now_s = self._clock.monotonic_s()
        return self._pipeline.store(batch, positions_key=self._source.positions_key, now_s=now_s)

    def _settle(self) -> None:
        """Now and then: let go on what waits for samples of streams that are silent."""
        now_s = self._clock.monotonic_s()
        if now_s < self._settle_at_s:
            return
        self._settle_at_s = now_s + self._settings.silence_s / 4
        heard_before_s = self._silence.heard_before_s(now_s)
        if heard_before_s is None:
            return
        unasked = self._silence.unasked(self._pipeline.waiting(heard_before_s=heard_before_s))
        if unasked:
            try:
                self._silence.note_unread(self._source.unread(unasked), now_s)
            except BrokerUnavailableError:
                self._silence.note_outage(now_s)
                return
        proven = self._silence.take_proven()
        proven[None] = heard_before_s  # groups that belong to no partition were taken over: nobody hears of them
        self._persist(lambda: self._pipeline.settle(proven, now_s=now_s))

    def _check_failures(self, batch: Batch, *, n_messages: int) -> None:
        """Before anything of the batch is passed: a worker that misreads everything must leave it there."""
        failed = batch.unburied()
        reason = failed[-1].reason if failed else ""
        self._failures.note(n_messages=n_messages, n_failed=len(failed), last_reason=reason)

    def _bury(self, batch: Batch) -> None:
        letters = batch.unburied()
        if letters:
            self._source.dead_letter(letters)
            batch.n_buried += len(letters)
            self.progress.last_reason = letters[-1].reason
            _log.warning("dead_letters", n=len(letters), last_rule=rule_of(letters[-1].reason))  # no values of a device

    def _persist(self, attempt: Callable[[], T], batch: Batch | None = None) -> T:
        """Try until it succeeds: neither a database nor a broker that is gone for a while loses anything.

        Raises
        ------
        _StoppedError : if asked to stop in the meantime.
        """
        n_failures = 0
        while True:
            try:
                done = attempt()
            except (RetryLaterError, BrokerUnavailableError) as error:
                n_failures += 1
                self._wait(error, n_failures, batch)
            else:
                if n_failures:
                    _log.info("resumed", n_failures=n_failures)
                    self._silence.note_outage(self._clock.monotonic_s())
                    self.progress.state = "running"
                return done

    def _wait(self, error: Exception, n_failures: int, batch: Batch | None) -> None:
        wait_s = self._settings.backoff.wait_s(n_failures)
        _log.warning("waiting", reason=f"{type(error).__name__}: {error}", wait_s=wait_s, n_failures=n_failures)
        self.progress.state = "waiting"
        self.progress.last_error = str(error)
        self.metrics.note_state(self.progress.state)
        if isinstance(error, BrokerUnavailableError):
            self._heartbeat()
            if self._clock.wait(self._stop, wait_s):
                raise _StoppedError
            return
        # the database is gone: stay in the group meanwhile, and let go what others took over
        until_s = self._clock.monotonic_s() + wait_s
        while not self._stop.is_set() and (left_s := until_s - self._clock.monotonic_s()) > 0:
            revoked = self._idle(min(left_s, self._settings.poll_s))
            if revoked and batch is not None:
                batch.without(revoked)
        if self._stop.is_set():
            raise _StoppedError

    def _idle(self, duration_s: float) -> frozenset[Partition]:
        try:
            return self._source.idle(duration_s).revoked
        except BrokerUnavailableError:  # both are gone
            self._clock.wait(self._stop, duration_s)
            return frozenset()

    def _heartbeat(self, *, force: bool = False) -> None:
        self.metrics.note_state(self.progress.state)
        if not force and not self.progress.is_due():
            return
        lag = self._lag()
        if lag is None:
            self._silence.note_outage(self._clock.monotonic_s())
        beat = self.progress.heartbeat(lag=lag)
        try:
            with self._database.transaction() as conn:
                workers.heartbeat(conn, beat)
        except StorageError as error:  # the next batch meets it too, and waits
            _log.warning("heartbeat_failed", error=str(error))

    def _lag(self) -> int | None:
        try:
            lags = self._source.lags()
        except BrokerUnavailableError as error:
            if self.progress.state == "running":
                _log.warning("waiting", reason=str(error))
                self.progress.state, self.progress.last_error = "waiting", str(error)
            return None
        if self.progress.state == "waiting":
            self.progress.state = "running"
        if lags is None:
            return None
        self.metrics.note_lag(lags)
        return sum(lags.values())

    def _say_last(self, state: str, note: str = "") -> None:
        self.progress.state = state
        self.progress.last_error = note or self.progress.last_error
        self._heartbeat(force=True)
        _log.info("worker_ended", worker=self.progress.name, state=state, n_samples=self.progress.n_samples)
