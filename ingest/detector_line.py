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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.protocol import AnyDetector
    from signal_processing.values import Annotation, Annotator, Block
    from storage.batch_writer import BatchWriter
    from storage.catalogue import GroupRow
    from storage.checkpoints import Checkpoint

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
    is_resumed : whether that state comes from a checkpoint.
    """

    def __init__(
        self,
        detector: AnyDetector,
        group: GroupRow,
        *,
        run_ids: dict[Annotator, int],
        run: DetectorRun,
        position: int,
        is_resumed: bool = False,
    ) -> None:
        self.detector = detector
        self.position = position
        self.is_resumed = is_resumed
        self._group = group
        self._run_ids = run_ids
        self._run = run
        self._saved_position = position
        self._is_broken = False

    @classmethod
    def resume(
        cls,
        group: GroupRow,
        detector: AnyDetector,
        *,
        run_ids: dict[Annotator, int],
        saved: Checkpoint | None,
    ) -> DetectorLine:
        """The line as a checkpoint left it; without one, before the group's first sample."""
        if saved is not None:
            try:
                run = DetectorRun.resume(detector, group.signal, saved.state)
                return cls(detector, group, run_ids=run_ids, run=run, position=saved.next_sample, is_resumed=True)
            except InvalidValueError as error:
                _log.warning("checkpoint_unreadable", detector=detector.name, group_id=group.id, error=str(error))
        fresh = DetectorRun(detector, group.signal)
        return cls(detector, group, run_ids=run_ids, run=fresh, position=group.first_sample)

    def feed(self, blocks: Sequence[Block]) -> list[Annotation]:
        """Take blocks in physical units; what is before `position` was seen or came too late, and is passed over."""
        said: list[Annotation] = []
        for block in blocks:
            part = block if block.start >= self.position else block.between(self.position, block.end)
            if len(part):
                said += self._guarded(lambda part=part: self._run.feed(part))
                self.position = part.end
        return said

    def finish(self) -> list[Annotation]:
        """What remains to be said when the group ends here."""
        return self._guarded(self._run.finish)

    def collect(self, said: Sequence[Annotation], writer: BatchWriter) -> None:
        """Have what was said stored: beats as arrays, spans as proposals."""
        for annotation in settled(said):
            run_id = self._run_ids[annotation.annotator]
            if vocabulary.label(annotation.label).kind in _POINTS:
                writer.add_beat(self._group, run_id, annotation)
            else:
                writer.add_span(self._group, run_id, annotation)

    def save(self, writer: BatchWriter, *, interval_samples: int) -> None:
        """Have a checkpoint saved, if the last one is that many samples back."""
        if self._is_broken or self.position - self._saved_position < interval_samples:
            return
        state = self._run.checkpoint()
        writer.add_checkpoint(self._group, self.detector.name, self.detector.version, self.position, state)
        self._saved_position = self.position

    def stagger(self, interval_samples: int) -> None:
        """Let the first checkpoint come somewhere within the interval, so that not all groups save theirs at once."""
        self._saved_position = self.position - interval_samples * (self._group.id * 61 % 128) // 128

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
