"""One batch into the database, in one transaction: samples, what detectors say, checkpoints, positions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from ingest.batch import GroupKey, Placed
from ingest.errors import MessageError, StaleStateError
from ingest.following import Followers, a_turn
from ingest.group_errors import GroupFailedError, naming, naming_if
from ingest.group_loading import Known, load_states, register
from ingest.group_state import Pace
from ingest.source import DeadLetter
from ingest.stored import Behind, Stored
from storage import annotations as labels
from storage import catalogue, positions
from storage.batch_writer import BatchWriter
from storage.database import translating
from storage.errors import ContentionError, RetryLaterError, SchemaError, StaleRowsError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from detectors.protocol import AnyDetector
    from ingest.batch import Batch
    from ingest.conn import Conn
    from ingest.group_state import GroupState, Taken
    from ingest.source import Partition
    from signal_processing.values import Signal
    from storage.database import Database

_log = structlog.get_logger()

MAX_STALE_RETRIES = 5
LOAD_AT_ONCE = 500
"""Groups whose states are loaded together: some tens of megabytes of checkpoints."""
SAVE_AT_ONCE = 100
ORPHAN_S = 60.0
"""Silence after which a group whose end is known, but was never completed, is taken over, s."""
NEAR_S = 120.0
"""Detectors that are no more behind when their state is loaded read that at once, s of signal: what came since their
checkpoint."""


class Pipeline:
    """Stores batches; holds the states of the groups it has seen, and none that the database does not have.

    Parameters
    ----------
    detectors_for : the detectors of a group.
    pace : how often checkpoints are saved, and how long detectors wait for a missing block.
    max_groups : states kept; the least recently used goes first, and comes back from its checkpoint.
    stopwatch : gives s; for what is said of the time that parts of the work take.
    """

    def __init__(
        self,
        database: Database,
        *,
        detectors_for: Callable[[Signal], Sequence[AnyDetector]],
        pace: Pace | None = None,
        max_groups: int = 20_000,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._database = database
        self._detectors_for = detectors_for
        self._pace = pace or Pace()
        self._max_groups = max_groups
        self._stopwatch = stopwatch
        self._states: dict[GroupKey, GroupState] = {}  # in the order of last use
        self._followers = Followers()

    @property
    def n_groups(self) -> int:
        """Groups whose state is held."""
        return len(self._states)

    def store(self, batch: Batch, *, positions_key: str | None, now_s: float = 0.0) -> Stored | None:
        """Store a batch, unless messages of it turn out to be unfit.

        Those are moved to `batch.rejected`, and None says that they are to be put aside before the transaction passes
        their offsets; then call again. On any error the states are dropped, so that the next attempt begins with what
        the database has.

        Parameters
        ----------
        now_s : monotonic time, s; who hears nothing for long is told so by it, see `settle`.

        Raises
        ------
        RetryLaterError : if the database is gone or full; nothing of the batch is stored.
        SchemaError : if the database is not migrated.
        """
        try:
            return self._attempt(batch, positions_key, now_s)
        except GroupFailedError as error:
            self.forget()
            cause = error.__cause__
            _log.warning("group_rejected", stream=error.key.stream, group=error.key.group, error=str(cause))
            batch.reject_all(error.key, f"cannot be stored: {type(cause).__name__}: {cause}")
            return None
        except BaseException:
            self.forget()
            raise

    def waiting(self, *, heard_before_s: float) -> set[Partition]:
        """Partitions of groups that wait for missing samples and were not heard of since then."""
        silent = (state.partition for state in self._states.values() if state.is_silent(heard_before_s))
        return {partition for partition in silent if partition is not None}

    def settle(self, heard_before_s: Mapping[Partition | None, float], *, now_s: float) -> int:
        """Let go on what waits for missing samples of groups that were silent since then; says how many.

        Parameters
        ----------
        heard_before_s : by partition; groups of the others are left alone.

        Raises
        ------
        RetryLaterError : if the database is gone or full.
        """
        try:
            with self._database.transaction() as conn:
                adopted = self._adopt(conn)
            self._followers.look_at(adopted)
            self._catch_up(adopted)
            silent = [
                key
                for key, one in self._states.items()
                if one.partition in heard_before_s and one.is_silent(heard_before_s[one.partition])
            ]
            with self._database.transaction() as conn:
                writer = BatchWriter()
                for key in silent:
                    self._states[key].give_up_waiting(writer)
                    self._states[key].heard_s = now_s
                self._write(conn, silent, writer)
        except (StaleStateError, StaleRowsError, GroupFailedError) as error:
            self.forget()  # the groups come back with their next messages, and are looked at again
            _log.warning("not_settled", reason=str(error.__cause__ or error))
            return 0
        except BaseException:
            self.forget()
            raise
        self._drop_ended([*silent, *adopted])
        return len(silent)

    def follow(self) -> Stored:
        """Let detectors that are behind read on in what is stored, for a quarter of a second; the least behind first.

        A backlog is stored first, so that people see the signal again and Kafka may forget it; a new version of a
        detector reads what is there from its beginning, beside the live work.

        Raises
        ------
        RetryLaterError : if the database is gone or full.
        """
        keys = self._followers.in_turn(self._states)
        if not keys:
            return Stored()
        try:
            followed = self._caught_up(keys)
        except (StaleStateError, StaleRowsError, GroupFailedError) as error:
            self.forget()  # they come back with their next messages
            if isinstance(error, GroupFailedError):  # it would fail again at every turn: it stays behind, as is said
                self._followers.note_unreadable(error.key)
            _log.warning("not_followed", reason=str(error.__cause__ or error))
            return Stored()
        except BaseException:
            self.forget()
            raise
        self._drop_ended(keys)
        return followed

    def behind(self) -> Behind:
        """How far detectors are behind."""
        return self._followers.behind(self._states)

    def save(self, *, may_go_on: Callable[[], bool]) -> int:
        """Save checkpoints of all groups while it `may_go_on`, so that the next worker has less to read again."""
        n_saved = 0
        keys = list(self._states)
        for low in range(0, len(keys), SAVE_AT_ONCE):
            if not may_go_on():
                break
            writer = BatchWriter()
            for key in keys[low : low + SAVE_AT_ONCE]:
                self._states[key].save(writer)
            with self._database.transaction() as conn:
                writer.write(conn)
            n_saved += len(keys[low : low + SAVE_AT_ONCE])
        return n_saved

    def load_positions(self, positions_key: str) -> dict[tuple[str, int], int]:
        """Where the database says that a source is to be read on."""
        with self._database.transaction() as conn:
            return positions.load(conn, positions_key)

    def forget(self, partitions: Collection[Partition] | None = None) -> None:
        """Drop the states, all or those of some partitions."""
        if partitions is None:
            self._states.clear()
        else:
            self._states = {key: state for key, state in self._states.items() if state.partition not in partitions}

    def _attempt(self, batch: Batch, positions_key: str | None, now_s: float) -> Stored | None:
        is_suspect = False  # something of the batch cannot be stored: find out which group by taking one at a time
        for n_left in reversed(range(MAX_STALE_RETRIES)):
            try:
                self._load(batch, one_by_one=is_suspect)
                self._place(batch)
                if batch.unburied():
                    return None
                stored = self._store(batch, positions_key, now_s, one_by_one=is_suspect)
            except (StaleStateError, StaleRowsError) as error:
                self.forget()
                _log.info("states_reloaded", reason=str(error))
                if n_left == 0:  # others keep storing them: perhaps they are no longer ours, which polling tells
                    raise ContentionError(str(error)) from error
                continue
            except (RetryLaterError, SchemaError):
                raise
            except StorageError as error:
                if is_suspect:
                    raise
                self.forget()
                _log.info("batch_taken_group_by_group", reason=str(error))
                is_suspect = True
                continue
            self._trim()
            return stored
        return None

    def _load(self, batch: Batch, *, one_by_one: bool) -> None:
        """Have a state for every group of the batch, with detectors that have seen all that is stored."""
        missing = [key for key in batch.groups if key not in self._states]
        at_once = 1 if one_by_one else LOAD_AT_ONCE
        for low in range(0, len(missing), at_once):
            keys = missing[low : low + at_once]
            first = {key: batch.groups[key][0] for key in keys}
            with naming_if(one_by_one, keys[0]), self._database.transaction() as conn:
                known = register(conn, first)
                self._states |= load_states(
                    conn, known, detectors_for=self._detectors_for, pace=self._pace, stopwatch=self._stopwatch
                )
        self._catch_up([key for key in missing if not batch.is_old(key, self._pace.defer_s)])
        self._followers.look_at(missing)

    def _catch_up(self, keys: Sequence[GroupKey]) -> None:
        """Have detectors that are a little behind read on to the end of what is stored; the others follow."""
        while near := [key for key in keys if 0.0 < self._states[key].behind_s <= NEAR_S]:
            self._caught_up(near)

    def _caught_up(self, behind: Sequence[GroupKey]) -> Stored:
        """One transaction of it, over the first of these groups."""
        some = a_turn(behind, self._states)
        writer, detector_s = BatchWriter(), 0.0
        with self._database.transaction() as conn:
            for key in some:
                with naming(key):
                    detector_s += self._states[key].catch_up(conn, writer)
            self._write(conn, some, writer)
        return Stored(
            n_beats=writer.n_beats,
            n_spans=writer.n_spans,
            n_checkpoint_bytes=writer.n_checkpoint_bytes,
            detector_s=detector_s,
        )

    def _place(self, batch: Batch) -> None:
        """Say where each message begins, once; those that have no place are rejected."""
        for key, items in list(batch.groups.items()):
            state = self._states[key]
            if key in batch.placed and batch.placed[key].by is state:
                continue
            unfit = []
            starts: list[int] = []
            batch.placed[key] = Placed(state, starts)
            place = state.place
            for item in items:
                try:
                    starts.append(place(item.message, item.received.timestamp_us or batch.now_us))
                except MessageError as error:
                    unfit.append(DeadLetter(item.received, str(error)))
            if unfit:
                batch.reject(key, unfit)

    def _store(self, batch: Batch, positions_key: str | None, now_s: float, *, one_by_one: bool) -> Stored:
        keys = list(batch.groups)
        if one_by_one:  # one order for all workers, so that two of them cannot deadlock
            keys.sort(key=lambda key: self._states[key].group.id)
        chunks = [[key] for key in keys] if one_by_one else [keys]
        total = Stored()
        began_s = self._stopwatch()
        with self._database.transaction() as conn:
            for chunk in chunks:
                with naming_if(one_by_one, chunk[0] if chunk else None):
                    stored = self._store_groups(conn, batch, chunk, now_s)
                total = Stored._make(map(sum, zip(total, stored, strict=True)))
            if positions_key is not None:
                next_offsets = {(where.topic, where.number): at for where, at in batch.positions().items()}
                positions.save(conn, positions_key, next_offsets)
        self._drop_ended(keys)
        return total._replace(write_s=self._stopwatch() - began_s - total.detector_s)

    def _store_groups(self, conn: Conn, batch: Batch, keys: Sequence[GroupKey], now_s: float) -> Stored:
        writer = BatchWriter()
        taken: dict[GroupKey, Taken] = {}
        n_old = 0
        for key in keys:
            state = self._states.pop(key)
            self._states[key] = state  # now the most recently used
            state.heard_s = now_s
            with naming(key):
                starts, is_old = batch.placed[key].starts, batch.is_old(key, self._pace.defer_s)
                taken[key] = state.take(conn, batch.groups[key], starts, writer, is_old=is_old)
            n_old += is_old
            if taken[key].n_deferred:
                self._followers.look_at([key])
        self._write(conn, keys, writer)
        changed = [(self._states[key].group, late) for key, one in taken.items() for late in one.late]
        labels.mark_changed(conn, changed)
        ending = {self._states[key].group.id: self._states[key].ends_at for key in keys}
        catalogue.note_endings(conn, {group_id: at for group_id, at in ending.items() if at is not None})
        return Stored(
            n_samples=sum(one.n_samples for one in taken.values()),
            n_duplicate=sum(one.n_duplicate for one in taken.values()),
            n_late=sum(one.n_late for one in taken.values()),
            n_groups=len(keys),
            n_old=n_old,
            n_blocks=writer.n_blocks,
            n_beats=writer.n_beats,
            n_spans=writer.n_spans,
            n_checkpoint_bytes=writer.n_checkpoint_bytes,
            detector_s=sum(one.detector_s for one in taken.values()),
        )

    def _write(self, conn: Conn, keys: Iterable[GroupKey], writer: BatchWriter) -> None:
        """Write what was collected, and end the groups that are complete with it."""
        complete = [key for key in keys if self._states[key].is_complete]
        for key in complete:
            with naming(key):
                self._states[key].finish(writer)
        with translating():
            writer.write(conn)
        for key in complete:
            self._states[key].seal(conn)
            self._end_stream_if_complete(conn, key.stream, self._states[key].group.stream_id)

    def _end_stream_if_complete(self, conn: Conn, stream: str, stream_id: int) -> None:
        """End the stream when all its groups have ended, those too that another worker or an earlier one stored."""
        if not all(state.is_ended for key, state in self._states.items() if key.stream == stream):
            return  # one of them may have no sample yet, because its first ones are in this batch
        groups = [group for group in catalogue.groups_of(conn, stream_id) if group.next_sample > group.first_sample]
        if all(group.sealed for group in groups):
            at_us = max(group.signal.clock.us_at(group.next_sample) for group in groups)
            catalogue.end_stream(conn, stream_id, at_us=at_us)

    def _adopt(self, conn: Conn) -> list[GroupKey]:
        """Take over groups whose end is known, but whose worker was gone before it could say so."""
        rows = catalogue.unfinished_groups(conn, silent_s=ORPHAN_S)
        groups = {GroupKey(row.signal.stream, row.signal.group): row for row in rows}
        unknown = {key: Known(row, None) for key, row in groups.items() if key not in self._states}
        self._states |= load_states(
            conn, unknown, detectors_for=self._detectors_for, pace=self._pace, stopwatch=self._stopwatch
        )
        return list(unknown)

    def _drop_ended(self, keys: Collection[GroupKey]) -> None:
        """A stream whose groups have all ended needs no state any more."""
        for stream in {key.stream for key in keys if self._states[key].is_ended}:
            siblings = [key for key in self._states if key.stream == stream]
            if all(self._states[key].is_ended for key in siblings):
                for key in siblings:
                    del self._states[key]

    def _trim(self) -> None:
        surplus = list(self._states)[: max(len(self._states) - self._max_groups, 0)]
        if surplus:
            writer = BatchWriter()
            for key in surplus:
                self._states[key].save(writer)
            with self._database.transaction() as conn:
                writer.write(conn)
            for key in surplus:
                del self._states[key]
