"""One detector on one channel group of the worker: what it says, stored; its state, saved and found again."""

from __future__ import annotations

import dataclasses
import traceback
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from detectors.runner import DetectorRun
from signal_processing import vocabulary
from signal_processing.errors import InvalidValueError
from signal_processing.values import settled
from signal_processing.vocabulary import LabelKind
from storage import annotations as proposals
from storage import beats, checkpoints, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.protocol import AnyDetector
    from ingest.conn import Conn
    from signal_processing.values import Annotation, Annotator, Block
    from storage.catalogue import GroupRow

_log = structlog.get_logger()

_POINTS = frozenset({LabelKind.BEAT, LabelKind.PULSE})


class DetectorLine:
    """A detector that reads a group's samples in order, from the database's checkpoint on.

    Parameters
    ----------
    detector : its configuration.
    group : as registered.
    run_ids : the detector run of each of its annotators.
    run : the running state.
    position : index of the next sample it is to see; everything before is in its state.
    """

    def __init__(
        self,
        detector: AnyDetector,
        group: GroupRow,
        *,
        run_ids: dict[Annotator, int],
        run: DetectorRun,
        position: int,
    ) -> None:
        self.detector = detector
        self.position = position
        self._group = group
        self._run_ids = run_ids
        self._run = run
        self._saved_position = position
        self._is_broken = False

    @classmethod
    def load(cls, conn: Conn, group: GroupRow, detector: AnyDetector) -> DetectorLine:
        """The line as the last checkpoint left it; without one, before the group's first sample."""
        parameters = parameters_of(detector)
        run_ids = {who: runs.ensure_run(conn, group.id, who, parameters) for who in detector.annotators}
        saved = checkpoints.load(conn, group.id, detector.name, detector.version)
        if saved is not None:
            try:
                run = DetectorRun.resume(detector, group.signal, saved.state)
                return cls(detector, group, run_ids=run_ids, run=run, position=saved.next_sample)
            except InvalidValueError as error:
                _log.warning("checkpoint_unreadable", detector=detector.name, group_id=group.id, error=str(error))
        fresh = DetectorRun(detector, group.signal)
        return cls(detector, group, run_ids=run_ids, run=fresh, position=group.first_sample)

    def feed(self, blocks: Sequence[Block]) -> list[Annotation]:
        """Take blocks in physical units; what is before `position` was seen or came too late, and is passed over."""
        said: list[Annotation] = []
        for block in blocks:
            part = block.between(self.position, block.end)
            if len(part):
                said += self._guarded(lambda part=part: self._run.feed(part))
                self.position = part.end
        return said

    def finish(self) -> list[Annotation]:
        """What remains to be said when the group ends here."""
        return self._guarded(self._run.finish)

    def store(self, conn: Conn, said: Sequence[Annotation]) -> int:
        """Store what was said: beats as arrays, spans as proposals. Returns how many annotations that were."""
        by_annotator: dict[Annotator, list[Annotation]] = {}
        for annotation in settled(said):
            by_annotator.setdefault(annotation.annotator, []).append(annotation)
        for who, annotated in by_annotator.items():
            points = [a for a in annotated if vocabulary.label(a.label).kind in _POINTS]
            spans = [a for a in annotated if vocabulary.label(a.label).kind not in _POINTS]
            if points:
                beats.store_beats(conn, self._group, self._run_ids[who], points)
            if spans:
                proposals.propose(conn, self._group.stream_id, self._group, self._run_ids[who], spans)
        return len(said)

    def save(self, conn: Conn, *, interval_samples: int) -> None:
        """Save a checkpoint, if the last one is that many samples back."""
        if self._is_broken or self.position - self._saved_position < interval_samples:
            return
        state = self._run.checkpoint()
        checkpoints.save(conn, self._group.id, self.detector.name, self.detector.version, self.position, state)
        self._saved_position = self.position

    def _guarded(self, step: Any) -> list[Annotation]:
        """A detector that fails must not cost samples: it stays silent until its state is loaded anew."""
        if self._is_broken:
            return []
        try:
            said: list[Annotation] = step()
        except Exception:  # noqa: BLE001 - whatever the algorithm raises
            self._is_broken = True
            where = traceback.format_exc(limit=-3)  # no variables: they hold samples
            _log.error(
                "detector_failed", detector=self.detector.name, group_id=self._group.id, at=self.position, where=where
            )
            return []
        return said


def parameters_of(detector: AnyDetector) -> dict[str, Any]:
    """The detector's configuration as plain values, for the record of its run."""
    if not dataclasses.is_dataclass(detector):
        return {}
    fields = {field.name: getattr(detector, field.name) for field in dataclasses.fields(detector)}
    plain: dict[str, Any] = msgspec.to_builtins(fields, enc_hook=str, str_keys=True)
    return plain
