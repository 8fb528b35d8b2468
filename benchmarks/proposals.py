"""100,000 proposals of one stream: the queue in each order, many accepted and undone; figures recounted from beats."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, get_args

import numpy as np

import storage.annotations as labels
from benchmarks import workload
from benchmarks.figures import Figure, median_ms
from labeling_server.span_figures import figures_of
from signal_processing.values import Annotation, Annotator, Channel, Signal, annotation_id
from storage import acceptances, beats, catalogue, runs, users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.catalogue import GroupRow
    from storage.database import Database

N_PROPOSALS = 100_000
N_BEATS = 100_000
QUEUE = 500
FS_HZ = 250.0
HOUR = round(3600 * FS_HZ)
MACHINE = Annotator("machine", "benchmark", "1")
LABELS = ("AFIB", "VT", "PAUSE", "NOISY", "VCOUPLET")
N_CALLS = 10


def figures() -> Iterator[Figure]:
    """Each commit included."""
    with workload.database() as database:
        with database.transaction() as conn:
            actor = users.create(conn, login="reader", password="a password here", role="reader").actor  # noqa: S106 - of a benchmark
            group = _filled(conn)
        with database.transaction() as conn:
            conn.execute("ANALYZE annotations")

        def timed(what: str, call: Callable[[Connection[TupleRow]], object]) -> Figure:
            def once(_: int) -> None:
                with database.transaction() as conn:
                    call(conn)

            return Figure(what, median_ms(once, n_calls=N_CALLS, n_warm_up=2), "ms")

        for order in get_args(labels.Order):
            what = f"{QUEUE} of {N_PROPOSALS} proposals by {order}"
            yield timed(
                what, lambda conn, by=order: labels.queue(conn, stream_id=group.stream_id, limit=QUEUE, order=by)
            )  # type: ignore[misc] # a default binds it
        everything = _wanted(group, 0.9)
        yield timed(
            f"acceptance of {N_PROPOSALS} previewed",
            lambda conn: acceptances.preview(conn, group.stream_id, everything),
        )
        yield from _accepted(database, group, actor, everything)
        for what, identity in _store_spans(database, group).items():
            yield timed(f"figures of {what}", lambda conn, of=identity: figures_of(conn, of))  # type: ignore[misc] # as above


def _filled(conn: Connection[TupleRow]) -> GroupRow:
    rng = np.random.default_rng(0)
    signal = Signal("proposals", "ecg", FS_HZ, workload.START_US, (Channel("II", "mV", 200.0),))
    stream = catalogue.ensure_stream(conn, name=signal.stream, device="benchmark", t0_us=signal.t0_us)
    group = catalogue.ensure_group(conn, stream.id, signal)
    run_id = runs.ensure_run(conn, group.id, MACHINE, {})
    said = [
        _span(200 * i, 200 * i + 150, LABELS[i % len(LABELS)], confidence)
        for i, confidence in enumerate(rng.uniform(0.3, 1.0, N_PROPOSALS).tolist())
    ]
    labels.propose(conn, stream.id, group, run_id, said)
    at = np.cumsum(rng.integers(100, 300, N_BEATS)).tolist()
    found = [Annotation(start=sample, end=sample, label="N", annotator=MACHINE, confidence=0.9) for sample in at]
    beats.store_beats(conn, group, run_id, found)
    return group


def _span(start: int, end: int, label: str, confidence: float) -> Annotation:
    return Annotation(start=start, end=end, label=label, annotator=MACHINE, confidence=confidence)


def _wanted(group: GroupRow, at_least: float) -> acceptances.WantedAcceptance:
    end_us = group.signal.clock.us_at(200 * N_PROPOSALS)
    return acceptances.WantedAcceptance(start_us=group.signal.t0_us, end_us=end_us, min_confidence=at_least)


def _accepted(
    database: Database, group: GroupRow, actor: Actor, wanted: acceptances.WantedAcceptance
) -> Iterator[Figure]:
    bulk_id = uuid.uuid4()
    begun_s = time.perf_counter()
    with database.transaction() as conn:
        done = acceptances.apply(conn, group.stream_id, wanted, bulk_id=bulk_id, actor=actor, view={})
    yield Figure(f"{done.n_changed} of {done.n_given} proposals accepted", time.perf_counter() - begun_s, "s")
    begun_s = time.perf_counter()
    with database.transaction() as conn:
        undone = acceptances.undo(conn, bulk_id, actor)
    assert undone.n_changed_since == 0
    yield Figure(f"{done.n_changed} acceptances undone", time.perf_counter() - begun_s, "s")


def _store_spans(database: Database, group: GroupRow) -> dict[str, uuid.UUID]:
    """Ids of spans of an hour and of all beats, a day, by what they are called."""
    day = 200 * N_BEATS
    spans = {
        "an hour of AFIB": _span(1, HOUR, "AFIB", 0.9),
        "an hour of TACHY": _span(1, HOUR, "TACHY", 0.9),
        "a day of AFIB": _span(2, day, "AFIB", 0.9),
        "a day of TACHY": _span(2, day, "TACHY", 0.9),
    }
    with database.transaction() as conn:
        run_id = runs.ensure_run(conn, group.id, MACHINE, {})
        labels.propose(conn, group.stream_id, group, run_id, list(spans.values()))
    return {what: annotation_id(group.signal.stream, group.signal.group, span) for what, span in spans.items()}
