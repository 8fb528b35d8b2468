"""Has the state of channel groups loaded, many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from ingest.detector_line import DetectorLine, parameters_of
from ingest.group_state import GroupState
from ingest.timeline import Timeline
from storage import registration, waveforms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from detectors.protocol import AnyDetector
    from ingest.batch import GroupKey, Item
    from ingest.conn import Conn
    from ingest.group_state import Pace
    from ingest.source import Partition
    from signal_processing.values import Signal
    from storage.catalogue import GroupRow


_log = structlog.get_logger()


class Known(NamedTuple):
    """A registered group, and where its messages come from; None where it is only to be completed."""

    group: GroupRow
    partition: Partition | None


def register(conn: Conn, first: Mapping[GroupKey, Item]) -> dict[GroupKey, Known]:
    """The groups as the database knows them; a new one is what its first message says."""
    wanted = [registration.Wanted(item.message.device_id, item.message.signal()) for item in first.values()]
    rows = registration.ensure_groups(conn, wanted)
    return {key: Known(rows[key.stream, key.group], item.received.partition) for key, item in first.items()}


def load_states(
    conn: Conn,
    known: Mapping[GroupKey, Known],
    *,
    detectors_for: Callable[[Signal], Sequence[AnyDetector]],
    pace: Pace,
    stopwatch: Callable[[], float],
) -> dict[GroupKey, GroupState]:
    """The states as the last checkpoints left them; the detectors are still to catch up with what is stored."""
    groups = {key: one.group for key, one in known.items()}
    detectors = {key: list(detectors_for(group.signal)) for key, group in groups.items()}
    lines = _lines(conn, groups, detectors)
    timelines = registration.load_timelines(conn, [group.id for group in groups.values()])
    cells = waveforms.open_cells(conn, list(groups.values()))
    return {
        key: GroupState(
            group,
            cells[group.id],
            _timeline(group, timelines.get(group.id)),
            lines[key],
            known[key].partition,
            pace=pace,
            stopwatch=stopwatch,
        )
        for key, group in groups.items()
    }


def _timeline(group: GroupRow, saved: bytes | None) -> Timeline:
    if saved is not None:
        try:
            return Timeline.decode(saved, next_sample=group.next_sample)
        except msgspec.DecodeError as error:
            _log.warning("timeline_unreadable", group_id=group.id, error=str(error))
    return Timeline.of_stored(group.signal.fs_hz, group.signal.t0_us, group.first_sample, group.next_sample)


def _lines(
    conn: Conn, groups: Mapping[GroupKey, GroupRow], detectors: Mapping[GroupKey, Sequence[AnyDetector]]
) -> dict[GroupKey, list[DetectorLine]]:
    ids_of: dict[AnyDetector, list[int]] = {}
    for key, group in groups.items():
        for detector in detectors[key]:
            ids_of.setdefault(detector, []).append(group.id)
    runs = {}
    for detector, group_ids in ids_of.items():
        parameters = parameters_of(detector)
        found = registration.ensure_runs(conn, group_ids, [(who, parameters) for who in detector.annotators])
        runs[detector] = {(run.group_id, run.annotator): run_id for run, run_id in found.items()}
    wanted = [(group_id, d.name, d.version) for d, group_ids in ids_of.items() for group_id in group_ids]
    saved = registration.load_checkpoints(conn, wanted)
    return {
        key: [
            DetectorLine.resume(
                group,
                detector,
                run_ids={who: runs[detector][group.id, who] for who in detector.annotators},
                saved=saved.get((group.id, detector.name, detector.version)),
            )
            for detector in detectors[key]
        ]
        for key, group in groups.items()
    }
