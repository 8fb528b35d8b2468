"""`rhythmark reanalyse`: today's detectors over streams that are stored already; what people decided stands."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import structlog

from detectors.registry import detector_named, production_for
from ingest.backoff import Backoff
from ingest.errors import ReanalysisError
from ingest.reanalysis import Reanalysis
from rhythmark.progress import Progress
from rhythmark.who import operator
from signal_processing.errors import InvalidValueError, RhythmarkError
from storage import audit, catalogue
from storage.database import Database
from storage.errors import RetryLaterError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

    from detectors.protocol import AnyDetector
    from rhythmark.settings import Settings
    from signal_processing.values import Signal
    from storage.catalogue import GroupRow, StreamSummary
    from storage.reanalyses import Reached

MAX_TRIES = 8
_SAMPLE_BYTES = 2

_log = structlog.get_logger("rhythmark")


def run(arguments: Namespace, settings: Settings) -> int:
    """Read the streams again, one after the other; one that fails does not stop the others."""
    if bool(arguments.streams) == arguments.all:
        msg = f"reanalyse must be given names of streams, or --all, got {len(arguments.streams)} names"
        raise InvalidValueError(msg)
    if arguments.detector is not None:
        detector_named(arguments.detector)  # refuse an unknown one before anything is read
    n_failed = 0
    with Database.open(settings.required_dsn(), max_size=2) as database:
        with database.transaction() as conn:
            chosen = _chosen(catalogue.list_streams(conn), arguments)
            groups = {one.stream.name: catalogue.groups_of(conn, one.stream.id) for one in chosen}
        total = sum(_n_bytes(group) for found in groups.values() for group in found)
        with Progress("streams", len(groups), total) as progress:
            for name, found in groups.items():
                try:
                    _read_stream(database, name, found, arguments, progress)
                except RhythmarkError as error:
                    n_failed += 1
                    progress.say(f"error: {name}: {error}")
                progress.finish_one()
    if n_failed:
        msg = f"{n_failed} of {len(groups)} streams could not be read again"
        raise ReanalysisError(msg)
    return 0


def _chosen(streams: Sequence[StreamSummary], arguments: Namespace) -> list[StreamSummary]:
    named = set(arguments.streams)
    unknown = named - {one.stream.name for one in streams}
    if unknown:
        msg = f"streams must be stored ones (`rhythmark streams`), got {', '.join(sorted(unknown))}"
        raise InvalidValueError(msg)
    return [
        one
        for one in streams
        if (arguments.all or one.stream.name in named)
        and (arguments.since is None or (one.last_us is not None and one.last_us > arguments.since))
        and (arguments.until is None or (one.first_us is not None and one.first_us < arguments.until))
    ]


def _read_stream(
    database: Database, name: str, groups: Sequence[GroupRow], arguments: Namespace, progress: Progress
) -> None:
    came_to: dict[str, Reached] = {}
    is_news = False
    for group in groups:
        reading = _opened(database, group, arguments.detector, is_anew=arguments.restart)
        progress.skip((reading.next_sample - group.first_sample) * _bytes_per_sample(group))
        is_news |= not reading.is_done
        reading = _read_group(database, group, reading, arguments.detector, progress)
        came_to |= {f"{group.signal.group}: {who}": reached for who, reached in reading.reached.items()}
    n_beats, n_proposed = sum(r.n_beats for r in came_to.values()), sum(r.n_proposed for r in came_to.values())
    n_withdrawn, n_answered = sum(r.n_withdrawn for r in came_to.values()), sum(r.n_answered for r in came_to.values())
    if is_news:
        detail = {
            "detectors": sorted(came_to),
            "beats": n_beats,
            "proposed": n_proposed,
            "answered before": n_answered,
            "withdrawn": n_withdrawn,
        }
        with database.transaction() as conn:
            audit.record(conn, operator(), "reanalyse", f"stream {name}", detail)
    what = "read again" if is_news else "was read by these versions before"
    progress.say(
        f"{name}: {what}: {n_beats} beats, {n_proposed} proposals new or grown, {n_answered} of them answered before,"
        f" {n_withdrawn} of older versions withdrawn"
    )


def _read_group(
    database: Database, group: GroupRow, reading: Reanalysis, detector: str | None, progress: Progress
) -> Reanalysis:
    backoff, n_failures, never = Backoff(), 0, Event()
    is_complete = False
    while not is_complete:
        try:
            step = reading.step()
        except RetryLaterError as error:
            n_failures += 1
            if n_failures >= MAX_TRIES:
                raise
            _log.warning("waiting", reason=f"{type(error).__name__}: {error}", n_failures=n_failures)
            never.wait(backoff.wait_s(n_failures))
            reading = _opened(database, group, detector, is_anew=False)  # its states are those before the failure
            continue
        n_failures = 0
        is_complete = step.is_complete
        progress.advance(step.n_samples * _bytes_per_sample(group))
    return reading


def _opened(database: Database, group: GroupRow, detector: str | None, *, is_anew: bool) -> Reanalysis:
    return Reanalysis(database, group.id, detectors_for=_detectors_for(detector), is_anew=is_anew)


def _detectors_for(name: str | None) -> Callable[[Signal], list[AnyDetector]]:
    if name is None:
        return production_for

    def one_of(signal: Signal) -> list[AnyDetector]:
        detector = detector_named(name)
        return [detector] if detector.accepts(signal) else []

    return one_of


def _bytes_per_sample(group: GroupRow) -> int:
    return group.signal.n_channels * _SAMPLE_BYTES


def _n_bytes(group: GroupRow) -> int:
    return (group.next_sample - group.first_sample) * _bytes_per_sample(group)
