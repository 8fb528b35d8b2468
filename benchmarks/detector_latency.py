"""How long after the fact each kind of annotation comes out, on real recordings in blocks of 1 s."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import workload
from benchmarks.figures import Figure
from detectors.registry import production_for
from detectors.runner import DetectorRun
from formats.errors import FormatError
from signal_processing.vocabulary import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from signal_processing.values import Annotation, Annotator

DATABASES = {"mitdb": 6, "vfdb": 4, "cudb": 4, "challenge-2015": 6}
"""How many records of each: beats and rhythms, then fibrillation, then pulses."""

Identity = tuple["Annotator", int, str, str | None]


def figures() -> Iterator[Figure]:
    """By label, in the vocabulary's order: from the end of what is said to when it stands, and from its onset on."""
    ends: dict[str, list[float]] = defaultdict(list)
    onsets: dict[str, list[float]] = defaultdict(list)
    for path in _records():
        _listen(path, ends, onsets)
    for label in [one.code for one in LABELS if one.code in ends]:
        yield from _of("end to final word", label, ends[label])
        if label in onsets:
            yield from _of("onset to first word", label, onsets[label])


def _records() -> Iterator[Path]:
    for database, n in DATABASES.items():
        headers = sorted((workload.DATA_DIR / database).glob("*.hea"))
        yield from [path.with_suffix("") for path in headers[:n]]


def _listen(path: Path, ends: dict[str, list[float]], onsets: dict[str, list[float]]) -> None:
    """Feed a record as it comes, second by second, and note when what is said."""
    try:
        signal, blocks = workload.recording(path)
    except FormatError:  # a record of several rates, which no stream is
        return
    digital = np.concatenate([block.samples for block in blocks])
    whole = signal.physical(type(blocks[0])(0, digital))
    runs = [DetectorRun(detector, signal) for detector in production_for(signal)]
    first: dict[Identity, float] = {}
    n = round(signal.fs_hz)
    for at in range(0, len(whole), n):
        block = whole.between(at, at + n)
        heard_s = block.end / signal.fs_hz
        for run in runs:
            for said in run.feed(block):
                _note(said, heard_s, signal.fs_hz, first, ends)
    for (_, start, label, _), heard_s in first.items():
        onsets[label].append(heard_s - start / signal.fs_hz)


def _note(
    said: Annotation, heard_s: float, fs_hz: float, first: dict[Identity, float], ends: dict[str, list[float]]
) -> None:
    if said.end > said.start:
        first.setdefault((said.annotator, said.start, said.label, said.channel), heard_s)
    if not said.ongoing:
        ends[said.label].append(heard_s - said.end / fs_hz)


def _of(what: str, label: str, delays_s: list[float]) -> Iterator[Figure]:
    """What is still to come at a record's end is never waited for, and not counted."""
    title = f"latency of {label}, {what}, {len(delays_s)} of them in blocks of 1 s"
    yield Figure(f"{title}, median", float(np.median(delays_s)), "s")
    yield Figure(f"{title}, p95", float(np.percentile(delays_s, 95)), "s")
    yield Figure(f"{title}, longest", max(delays_s), "s")
