"""Reads a stored channel group again with other versions of detectors, beside the worker that may still write it.

Ten minutes of signal a transaction: beats, proposals, what older versions had proposed and nobody touched, and how far
it is. So memory is bounded, and an interruption costs one transaction. The worker's checkpoints are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from detectors.runner import DetectorRun
from ingest.detector_line import parameters_of
from ingest.errors import ReanalysisError, StaleStateError
from signal_processing import vocabulary
from signal_processing.values import Annotation, annotation_id, settled
from signal_processing.vocabulary import LabelKind
from storage import annotations as proposals
from storage import beats, catalogue, reanalyses, runs, waveforms
from storage.reanalyses import Reached

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from detectors.protocol import AnyDetector
    from ingest.conn import Conn
    from signal_processing.values import Annotator, Block, Signal
    from storage.catalogue import GroupRow
    from storage.database import Database

STEP_S = 600.0
"""Signal in one transaction, s."""
MAX_STEP_VALUES = 8_000_000
"""Samples of all channels in one transaction: 64 MB as the detectors see them."""
_POINTS = frozenset({LabelKind.BEAT, LabelKind.PULSE})


class Step(msgspec.Struct, frozen=True):
    """What one transaction came to.

    Parameters
    ----------
    n_samples : samples that were read on, a channel.
    is_complete : nothing more is stored.
    """

    n_samples: int
    is_complete: bool


class _Saved(msgspec.Struct, array_like=True):
    """A detector's state, and the beats of cells that are not complete yet."""

    run: bytes
    pending: list[Annotation]


class Reanalysis:
    """The reading of one group by some detectors; it goes on where an earlier one stopped.

    Parameters
    ----------
    group_id : of the group.
    detectors_for : gives the detectors of a group.
    is_anew : begin at the first sample, whatever was read before.
    """

    def __init__(
        self,
        database: Database,
        group_id: int,
        *,
        detectors_for: Callable[[Signal], Sequence[AnyDetector]],
        is_anew: bool = False,
    ) -> None:
        self._database = database
        with database.transaction() as conn:
            self._group = catalogue.group_by_id(conn, group_id)
            detectors = detectors_for(self._group.signal)
            self._readings = [_Reading(conn, self._group, detector, is_anew=is_anew) for detector in detectors]

    @property
    def reached(self) -> dict[str, Reached]:
        """How far each detector is, and what came of it, by name and version."""
        return {f"{one.detector.name} {one.detector.version}": one.reached for one in self._readings}

    @property
    def next_sample(self) -> int:
        """All detectors have read what is before."""
        return min((one.reached.next_sample for one in self._readings), default=self._group.next_sample)

    @property
    def is_done(self) -> bool:
        """Every detector has read the group to its end."""
        return all(one.reached.is_done for one in self._readings)

    def step(self) -> Step:
        """Read on by one transaction.

        Raises
        ------
        StaleStateError : if another reanalysis reads the same group.
        ReanalysisError : if a detector fails.
        """
        if self.is_done:
            return Step(0, is_complete=True)
        with self._database.transaction() as conn:
            for reading in self._readings:
                reading.claim(conn)
            group = self._group = catalogue.group_by_id(conn, self._group.id)
            start = self.next_sample
            n_step = min(group.signal.clock.n_samples(STEP_S), MAX_STEP_VALUES // group.signal.n_channels)
            end = min(start + max(n_step, 1), group.next_sample)
            blocks = [group.signal.physical(block) for block in waveforms.read_window(conn, group, start, end)]
            is_end = group.sealed and end == group.next_sample
            after = [one.read(conn, group, blocks, end, is_end=is_end) for one in self._readings]
        for reading, reached in zip(self._readings, after, strict=True):  # only now is it stored
            reading.reached = reached
        return Step(end - start, is_complete=end == group.next_sample)


class _Reading:
    """One detector on the group."""

    def __init__(self, conn: Conn, group: GroupRow, detector: AnyDetector, *, is_anew: bool) -> None:
        self.detector = detector
        self._key = (group.id, detector.name, detector.version)
        self._run_ids: dict[Annotator, int] = {
            who: runs.ensure_run(conn, group.id, who, parameters_of(detector)) for who in detector.annotators
        }
        known = reanalyses.load(conn, *self._key)
        if known is not None and (is_anew or (known.is_done and known.next_sample < group.next_sample)):
            reanalyses.forget(conn, *self._key)  # what came after the end belongs to what was before
            known = None
        if known is None:
            self._run, self._pending = DetectorRun(detector, group.signal), list[Annotation]()
            known = Reached(group.first_sample, self._state())
            reanalyses.begin(conn, *self._key, known)
        else:
            saved = msgspec.msgpack.decode(known.state, type=_Saved)
            self._run, self._pending = DetectorRun.resume(detector, group.signal, saved.run), saved.pending
        self.reached = known

    def claim(self, conn: Conn) -> None:
        """Hold the reading for this transaction."""
        if not reanalyses.is_claimed(conn, *self._key, at=self.reached.next_sample):
            group_id, detector, _ = self._key
            msg = f"one reanalysis at a time may read group {group_id} with {detector!r}, another one goes on"
            raise StaleStateError(msg)

    def read(self, conn: Conn, group: GroupRow, blocks: Sequence[Block], end: int, *, is_end: bool) -> Reached:
        """Feed what is new, and store what can be said of it."""
        was = self.reached
        if was.is_done or end < was.next_sample:
            return was
        said = settled(self._said(group, blocks, end, is_end=is_end))
        latency = group.signal.clock.n_samples(self.detector.latency_s)
        known_until = end if is_end else max(end - latency, group.first_sample)
        n_beats = self._store_beats(conn, group, said, None if is_end else known_until)
        spans = [one for one in said if not _is_point(one)]
        n_proposed = n_answered = n_withdrawn = 0
        for who, run_id in self._run_ids.items():
            own = [span for span in spans if span.annotator == who]
            if own:
                n_proposed += proposals.propose(conn, group.stream_id, group, run_id, own)
                signal = group.signal
                ids = {annotation_id(signal.stream, signal.group, span) for span in own}
                n_answered += reanalyses.link_answered(conn, ids)
            until_us = None if is_end else group.signal.clock.us_at(known_until)
            n_withdrawn += reanalyses.withdraw_older(conn, group, run_id, until_us=until_us)
        reached = Reached(
            next_sample=end,
            state=self._state(),
            is_done=is_end,
            n_beats=was.n_beats + n_beats,
            n_proposed=was.n_proposed + n_proposed,
            n_withdrawn=was.n_withdrawn + n_withdrawn,
            n_answered=was.n_answered + n_answered,
        )
        reanalyses.save(conn, *self._key, reached)
        return reached

    def _said(self, group: GroupRow, blocks: Sequence[Block], end: int, *, is_end: bool) -> list[Annotation]:
        said: list[Annotation] = []
        try:
            for block in blocks:
                part = block.between(self.reached.next_sample, end)
                if len(part):
                    said += self._run.feed(part)
            if is_end:
                said += self._run.finish()
        except Exception as error:
            # no text of the error: it may hold samples
            msg = (
                f"detector {self.detector.name!r} must read stream {group.signal.stream!r} to sample {end},"
                f" it failed with {type(error).__name__}"
            )
            raise ReanalysisError(msg) from error
        return said

    def _store_beats(self, conn: Conn, group: GroupRow, said: Sequence[Annotation], known_until: int | None) -> int:
        """Store the beats of whole cells, because in a cell the newest run alone is heard; keep the rest."""
        self._pending += [one for one in said if _is_point(one)]
        first_cell = self.reached.next_sample // group.cell_samples
        if known_until is None:
            ready, self._pending = self._pending, []
            end_cell = -(-group.next_sample // group.cell_samples)
        else:
            end_cell = known_until // group.cell_samples
            limit = end_cell * group.cell_samples
            ready = [one for one in self._pending if one.start < limit]
            self._pending = [one for one in self._pending if one.start >= limit]
        latency_cells = -(-group.signal.clock.n_samples(self.detector.latency_s) // group.cell_samples) + 1
        for who, run_id in self._run_ids.items():
            beats.store_beats(conn, group, run_id, [one for one in ready if one.annotator == who])
            # those that were incomplete the last time as well
            reanalyses.cover_cells(conn, run_id, first_cell - latency_cells, end_cell)
        return len(ready)

    def _state(self) -> bytes:
        return msgspec.msgpack.encode(_Saved(self._run.checkpoint(), self._pending))


def _is_point(one: Annotation) -> bool:
    kind: Any = vocabulary.label(one.label).kind
    return kind in _POINTS
