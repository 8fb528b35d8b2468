"""A day of 3 leads at 250 Hz, cut from real recordings end to end, with their reference beats and with proposals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.signal import resample_poly

from benchmarks import workload
from formats.wfdb_files import read_annotations, read_header
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from signal_processing.vocabulary import LabelKind, label
from storage import annotations, beats, catalogue, runs, users, waveforms

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from storage.database import Database

FS_HZ = 250
DAY_S = 86_400
MACHINE = Annotator("machine", "reference", "1")
CHANNELS = tuple(Channel(name, "mV", 200.0) for name in ("MLII", "V5", "III"))
PASSWORD = "a password of a benchmark"  # noqa: S105 - of users who live as long as it
PROPOSED = ("AFIB", "VT", "SVTA", "PAUSE", "BRADY", "AFL", "VCOUPLET", "TACHY")


class Day(NamedTuple):
    """Where it is stored.

    Parameters
    ----------
    n_beats, n_proposals : how many it has.
    """

    stream_id: int
    group_id: int
    signal: Signal
    n_beats: int
    n_proposals: int


def store(database: Database, *, duration_s: int = DAY_S, n_proposals: int = 600, name: str = "day") -> Day:
    """Store it as one stream that has ended."""
    signal = Signal(name, "ecg", float(FS_HZ), workload.START_US, CHANNELS)
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(
            conn, name=name, device="benchmark", t0_us=signal.t0_us, patient_pseudonym="P-DAY"
        )
        group = catalogue.ensure_group(conn, stream.id, signal)
        run_id = runs.ensure_run(conn, group.id, MACHINE, {})
    at, n_beats, records = 0, 0, workload.mitdb_records()
    while at < duration_s * FS_HZ:
        samples, marks = _at_250_hz(records[n_beats % len(records)])
        samples = samples[: duration_s * FS_HZ - at]
        found = [_beat(at + sample, code) for sample, code in marks if sample < len(samples)]
        with database.transaction() as conn:
            waveforms.store_blocks(conn, group, [Block(at, samples)])
            beats.store_beats(conn, group, run_id, found)
        n_beats += len(found)
        at += len(samples)
    with database.transaction() as conn:
        waveforms.seal(conn, group)
        catalogue.end_stream(conn, stream.id, at_us=signal.clock.us_at(at))
        group = catalogue.group_by_id(conn, group.id)
        annotations.propose(conn, stream.id, group, run_id, _proposals(n_proposals, duration_s))
        conn.execute("ANALYZE")
    return Day(stream.id, group.id, signal, n_beats, n_proposals)


def add_readers(database: Database, n_readers: int) -> list[str]:
    """Logins of readers, made, with `PASSWORD`."""
    logins = [f"reader{i}" for i in range(n_readers)]
    with database.transaction() as conn:
        for login in logins:
            users.create(conn, login=login, password=PASSWORD, role="reader")
    return logins


def _at_250_hz(path: Path) -> tuple[NDArray[np.int16], list[tuple[int, str]]]:
    signal, blocks = workload.recording(path)
    millivolts = np.concatenate([signal.physical(block).samples for block in blocks])
    leads: Any = resample_poly(np.nan_to_num(millivolts), FS_HZ, round(signal.fs_hz), axis=0)
    three = np.column_stack([leads, leads[:, 0] - leads[:, 1]])
    marks = read_annotations(read_header(path, t0_us=workload.START_US), "atr")
    kept = [(round(one.start * FS_HZ / signal.fs_hz), one.label) for one in marks if _is_beat(one.label)]
    return np.round(three * CHANNELS[0].gain).astype(np.int16), kept


def _is_beat(code: str) -> bool:
    return label(code).kind is LabelKind.BEAT


def _beat(sample: int, code: str) -> Annotation:
    return Annotation(start=sample, end=sample, label=code, annotator=MACHINE, confidence=0.9)


def _proposals(n: int, duration_s: int) -> list[Annotation]:
    rng = np.random.default_rng(0)
    starts_s = np.sort(rng.choice(np.arange(10, duration_s - 60), n, replace=False))
    return [
        Annotation(
            start=int(start_s) * FS_HZ,
            end=int(start_s + rng.integers(3, 30)) * FS_HZ,
            label=PROPOSED[i % len(PROPOSED)],
            annotator=MACHINE,
            confidence=float(rng.uniform(0.5, 1.0)),
            figures={"rate_bpm": float(rng.integers(40, 180))},
        )
        for i, start_s in enumerate(starts_s)
    ]
