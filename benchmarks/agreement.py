"""Agreement of two readers over a day of beats, with intervals over patients: from the database to the figures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import krippendorff
import numpy as np

from benchmarks import workload
from benchmarks.figures import Figure, against, median_ms
from labeling_server.programme.report import beats_of, items_of, report_of
from storage import catalogue, projects, readings
from storage.annotation_row import Actor
from storage.database import Database
from storage.readings import ReadingMarks

if TYPE_CHECKING:
    from collections.abc import Iterator

N_BEATS = 100_000
N_PATIENTS = 50
N_RESAMPLES = 1_000
RR_US = 800_000
T0_US = 1_700_000_000_000_000
_LABELS = np.array(["N", "S", "V"])
_SHARES = (0.9, 0.04, 0.06)
_ACTOR = Actor(None, "benchmark")


def figures() -> Iterator[Figure]:
    """The whole report with 1,000 resamples, the matching alone, and one alpha by the package krippendorff."""
    with workload.server_dsn() as dsn, Database.open(dsn) as database, database.transaction() as conn:
        project = _filled(conn)
        began_s = time.perf_counter()
        report = report_of(conn, project, n_resamples=N_RESAMPLES)
        whole_ms = (time.perf_counter() - began_s) * 1e3
        found = readings.of_project(conn, project.id)
    items, names = items_of(found), sorted({one.reader for one in found})
    beats = beats_of(items, names, project.tolerance_us)
    codes = beats.ratings.codes.T.astype(float)
    matching_ms = median_ms(lambda _: beats_of(items, names, project.tolerance_us), n_calls=3, n_warm_up=0)
    alpha_ms = median_ms(lambda _: krippendorff.alpha(codes, level_of_measurement="nominal"), n_calls=3, n_warm_up=1)
    peer = Figure("one alpha of the same beats, without an interval, by krippendorff", alpha_ms, "ms")
    n_resamples = 0 if report.aami is None or report.aami.alpha.low is None else N_RESAMPLES
    yield against(
        Figure(f"agreement of 2 readers, {len(beats.times)} beats, {n_resamples} resamples", whole_ms, "ms"), peer
    )
    yield Figure("matching of their beats alone", matching_ms, "ms")
    yield peer


def _filled(conn: Any) -> projects.ProjectRow:
    rng = np.random.default_rng(0)
    project = projects.create(conn, name="benchmark", actor=_ACTOR)
    both = [projects.ensure_reader(conn, project, name, "imported") for name in ("R1", "R2")]
    n = N_BEATS // N_PATIENTS
    for patient in range(N_PATIENTS):
        stream = catalogue.ensure_stream(
            conn, name=f"s{patient}", device="d", t0_us=T0_US, patient_pseudonym=f"P{patient}"
        )
        item = readings.ensure_item(conn, project, stream.id, T0_US, T0_US + (n + 1) * RR_US)
        at = T0_US + np.arange(1, n + 1) * RR_US
        said = rng.choice(3, n, p=_SHARES)
        for reader in both:
            own = np.where(rng.random(n) < 0.95, said, rng.integers(0, 3, n))
            marks = at + rng.integers(-20_000, 20_000, n)
            kept = rng.random(n) < 0.999
            readings.hand_in(
                conn, item, reader, ReadingMarks(marks[kept], marks[kept], _LABELS[own[kept]]), actor=_ACTOR
            )
    return project
