"""One batch into the database, in one transaction: samples, what detectors say, checkpoints, positions."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import structlog

from ingest.errors import MessageError, StaleStateError
from ingest.group_state import GroupState
from ingest.source import DeadLetter
from signal_processing.errors import RhythmarkError
from storage import catalogue, positions
from storage.database import translating
from storage.errors import RetryLaterError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from detectors.protocol import AnyDetector
    from ingest.batch import Batch, GroupKey, Item
    from ingest.conn import Conn
    from ingest.source import Partition
    from signal_processing.values import Signal
    from storage.database import Database

_log = structlog.get_logger()

MAX_STALE_RETRIES = 5


class Stored(NamedTuple):
    """What a batch came to; sample times, over all groups.

    `n_late` of the `n_samples` came after later ones: they are stored, but detectors had passed them already.
    """

    n_samples: int
    n_duplicate: int
    n_late: int


class _GroupFailedError(Exception):
    """Carries out of the transaction which group it was."""

    def __init__(self, key: GroupKey) -> None:
        super().__init__(str(key))
        self.key = key


class Pipeline:
    """Stores batches; holds the states of the groups it has seen, and none that the database does not have.

    Parameters
    ----------
    detectors_for : the detectors of a group.
    checkpoint_s : signal between two checkpoints, s.
    t0_tolerance_us : how far the origin that a message implies may be off.
    max_groups : states kept; the least recently used goes first, and comes back from its checkpoint.
    """

    def __init__(
        self,
        database: Database,
        *,
        detectors_for: Callable[[Signal], Sequence[AnyDetector]],
        checkpoint_s: float = 10.0,
        t0_tolerance_us: int = 1_000_000,
        max_groups: int = 5_000,
    ) -> None:
        self._database = database
        self._detectors_for = detectors_for
        self._checkpoint_s = checkpoint_s
        self._t0_tolerance_us = t0_tolerance_us
        self._max_groups = max_groups
        self._states: dict[GroupKey, GroupState] = {}  # in the order of last use

    def store(self, batch: Batch, *, positions_key: str | None) -> Stored | None:
        """Store a batch, unless messages of it turn out to be unfit.

        Those are moved to `batch.rejected`, and None says that they are to be put aside before the transaction passes
        their offsets; then call again. On any error the states are dropped, so that the next attempt begins with what
        the database has.

        Raises
        ------
        RetryLaterError : if the database is gone or full; nothing of the batch is stored.
        SchemaError : if the database is not migrated.
        """
        try:
            return self._attempt(batch, positions_key)
        except _GroupFailedError as error:
            self.forget()
            cause = error.__cause__
            _log.warning("group_rejected", stream=error.key.stream, group=error.key.group, error=str(cause))
            batch.reject_all(error.key, f"cannot be stored: {type(cause).__name__}: {cause}")
            return None
        except BaseException:
            self.forget()
            raise

    def _attempt(self, batch: Batch, positions_key: str | None) -> Stored | None:
        for n_left in reversed(range(MAX_STALE_RETRIES)):
            self._load(batch)
            self._reject_unfit(batch)
            if batch.unburied():
                return None
            try:
                stored = self._store(batch, positions_key)
            except StaleStateError as error:
                self.forget()
                _log.info("states_reloaded", reason=str(error))
                if n_left == 0:
                    raise
                continue
            self._trim()
            return stored
        return None

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

    def _load(self, batch: Batch) -> None:
        """Have a state for every group of the batch, with detectors that have seen all that is stored."""
        missing = [key for key in batch.groups if key not in self._states]
        if not missing:
            return
        with self._database.transaction() as conn:
            for key in missing:
                with _naming(key):
                    item = batch.groups[key][0]
                    partition = item.received.partition
                    self._states[key] = GroupState.load(conn, item.message, self._detectors_for, partition)
        for key in missing:
            while self._states[key].is_behind():
                with self._database.transaction() as conn, _naming(key):
                    self._states[key].catch_up(conn)

    def _reject_unfit(self, batch: Batch) -> None:
        for key, items in list(batch.groups.items()):
            unfit = []
            for item in items:
                try:
                    self._states[key].check(item.message, t0_tolerance_us=self._t0_tolerance_us)
                except MessageError as error:
                    unfit.append(DeadLetter(item.received, str(error)))
            if unfit:
                batch.reject(key, unfit)

    def _store(self, batch: Batch, positions_key: str | None) -> Stored:
        total = Stored(0, 0, 0)
        # one order for all workers, so that two of them cannot deadlock
        ordered = sorted(batch.groups, key=lambda key: self._states[key].group.id)
        with self._database.transaction() as conn:
            for key in ordered:
                with _naming(key):
                    one = self._store_group(conn, key, batch.groups[key])
                total = Stored(*map(sum, zip(total, one, strict=True)))
            if positions_key is not None:
                next_offsets = {(where.topic, where.number): at for where, at in batch.positions().items()}
                positions.save(conn, positions_key, next_offsets)
        self._drop_ended(ordered)
        return total

    def _store_group(self, conn: Conn, key: GroupKey, items: list[Item]) -> Stored:
        state = self._states.pop(key)
        self._states[key] = state  # now the most recently used
        blocks = [item.message.block() for item in items]
        seen_until = state.stored_until
        stored = state.store(conn, blocks, checkpoint_s=self._checkpoint_s)
        if any(item.message.last and item.message.end == state.stored_until for item in items):
            state.end(conn)
            self._end_stream_if_complete(conn, key.stream, state.group.stream_id)
        elif state.is_ended and stored.new:
            state.is_ended = False
        n_late = sum(len(block.between(0, seen_until)) for block in stored.new)
        return Stored(sum(map(len, stored.new)), stored.n_duplicate, n_late)

    def _end_stream_if_complete(self, conn: Conn, stream: str, stream_id: int) -> None:
        """End the stream when all its groups have ended, those too that another worker or an earlier one stored."""
        if not all(state.is_ended for key, state in self._states.items() if key.stream == stream):
            return  # one of them may have no sample yet, because its first ones are in this batch
        groups = [group for group in catalogue.groups_of(conn, stream_id) if group.next_sample > group.first_sample]
        if all(group.sealed for group in groups):
            at_us = max(group.signal.clock.us_at(group.next_sample) for group in groups)
            catalogue.end_stream(conn, stream_id, at_us=at_us)

    def _drop_ended(self, keys: Collection[GroupKey]) -> None:
        """A stream whose groups have all ended needs no state any more."""
        for stream in {key.stream for key in keys if self._states[key].is_ended}:
            siblings = [key for key in self._states if key.stream == stream]
            if all(self._states[key].is_ended for key in siblings):
                for key in siblings:
                    del self._states[key]

    def _trim(self) -> None:
        while len(self._states) > self._max_groups:
            del self._states[next(iter(self._states))]


@contextmanager
def _naming(key: GroupKey) -> Iterator[None]:
    """Attach the group to an error that concerns only it; what concerns the whole batch passes through."""
    try:
        with translating():  # here already: a connection that breaks is the whole batch's misfortune, not this group's
            yield
    except (RetryLaterError, SchemaError, StaleStateError):
        raise
    except Exception as error:
        if not isinstance(error, RhythmarkError):
            where = traceback.format_exc(limit=-3)  # no variables: they hold samples
            _log.error("group_failed_unexpectedly", stream=key.stream, group=key.group, where=where)
        raise _GroupFailedError(key) from error
