"""Strips of recordings at 250 Hz, one lead each, with what experts marked each moment as."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detectors.waves.windows import FS_HZ, N_WINDOW, interpolation
from formats.wave_marks import SYMBOLS
from formats.wfdb_files import read_blocks, read_header, read_marks
from signal_processing.values import Block
from signal_processing.vocabulary import LABELS, LabelKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from formats.mit_annotations import Mark

    Floats = NDArray[np.float64]

LUDB_LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
N_CLASSES = 4
AROUND_S = 2.0
"""What is taken of a long recording around its marked stretches, s."""
UNMARKED_S = 0.3
"""After the peak of a wave without an end nothing is learned for so long, s."""
MANY_RR = 1.8
"""A gap between marked beats of so many median RR intervals ends a marked stretch."""

_KINDS = {"p": 1, "t": 3} | {entry.code: 2 for entry in LABELS if entry.kind is LabelKind.BEAT}


class Marked(NamedTuple):
    """One wave as it was marked: class and times, s; NaN where there is no mark."""

    kind: int
    onset_s: float
    peak_s: float
    end_s: float


class Strip(NamedTuple):
    """One lead of one record.

    Parameters
    ----------
    database, record, lead : where it comes from; a record is a patient.
    start_s : of its first sample in the record.
    samples : (n,) mV at 250 Hz.
    targets : (n, N_CLASSES): which part of each sample's time is none, P, QRS, T.
    weights : (n,): 0 where nothing is learned.
    marked : the waves.
    judged_s : stretches in which all waves are marked.
    """

    database: str
    record: str
    lead: str
    start_s: float
    samples: NDArray[np.float32]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    marked: list[Marked]
    judged_s: list[tuple[float, float]]


def read_strips(data_dir: Path) -> list[Strip]:
    """Each lead of LUDB by its own marks, and what is marked of QTDB (q1c) in both leads."""
    ludb, qtdb = data_dir / "ludb" / "data", data_dir / "qtdb"
    names = sorted((path.stem for path in ludb.glob("*.hea")), key=int)
    strips = [strip for name in names for strip in _of_ludb(ludb, name)]
    return strips + [strip for path in sorted(qtdb.glob("*.hea")) for strip in _of_qtdb(qtdb, path.stem)]


def read_noise(data_dir: Path) -> NDArray[np.float32]:
    """Baseline wander, electrode motion and muscle of nstdb, both leads of each, (6, n) at 250 Hz."""
    leads = [lead for name in ("bw", "em", "ma") for lead in _leads_of(data_dir / "nstdb" / name)]
    n = min(map(len, leads))
    return np.array([lead[:n] for lead in leads], np.float32)


def _of_ludb(folder: Path, name: str) -> Iterator[Strip]:
    fs_hz = read_header(folder / name).signal.fs_hz
    for lead, samples in zip(LUDB_LEADS, _leads_of(folder / name), strict=True):
        marked = waves_of(read_marks(folder / name, lead), fs_hz)
        times = _times(marked)
        yield _strip(("ludb", name, lead), 0, samples, marked, [(min(times), max(times))])


def _of_qtdb(folder: Path, name: str) -> Iterator[Strip]:
    fs_hz = read_header(folder / name).signal.fs_hz
    marked = waves_of([mark for mark in read_marks(folder / name, "q1c") if mark.symbol != "u"], fs_hz)
    judged = stretches(marked)
    for lead, samples in enumerate(_leads_of(folder / name)):
        for low_s, high_s in judged:
            first = max(round((low_s - AROUND_S) * FS_HZ), 0)
            last = min(max(round((high_s + AROUND_S) * FS_HZ), first + N_WINDOW), len(samples))
            yield _strip(("qtdb", name, str(lead)), first, samples[first:last], marked, [(low_s, high_s)])


def _leads_of(path: Path) -> Iterator[Floats]:
    """Each lead of a record at 250 Hz, mV."""
    header = read_header(path, t0_us=0)
    digital = np.concatenate([block.samples for block in read_blocks(header)])
    physical = header.signal.physical(Block(0, digital)).samples
    ratio = header.signal.fs_hz / FS_HZ
    sources, weights = interpolation(ratio, int(len(physical) / ratio))
    for lead in np.nan_to_num(physical).T:
        yield np.sum(lead[np.clip(sources, 0, len(lead) - 1)] * weights, axis=1)


def waves_of(marks: Sequence[Mark], fs_hz: float) -> list[Marked]:
    """The waves of a file, those that lack an onset or an end among them."""
    own = [mark for mark in marks if mark.symbol in SYMBOLS or mark.symbol in _KINDS]
    return [
        Marked(
            _KINDS[mark.symbol],
            own[i - 1].sample / fs_hz if i and own[i - 1].symbol == "(" else np.nan,
            mark.sample / fs_hz,
            own[i + 1].sample / fs_hz if i + 1 < len(own) and own[i + 1].symbol == ")" else np.nan,
        )
        for i, mark in enumerate(own)
        if mark.symbol in _KINDS
    ]


def stretches(marked: Sequence[Marked]) -> list[tuple[float, float]]:
    """Where beats after beats are marked, from the first mark to the last, s."""
    beats = np.array([wave.peak_s for wave in marked if wave.kind == 2])  # noqa: PLR2004 - QRS
    times = np.array(_times(marked))
    rr = np.diff(beats)
    breaks = [-1, *np.flatnonzero(rr > MANY_RR * np.median(rr)).tolist(), len(beats) - 1]
    found = []
    for before, last in pairwise(breaks):
        low, high = beats[before + 1], beats[last]
        previous = low - 0.4 * (low - beats[before]) if before >= 0 else -np.inf
        following = high + 0.65 * (beats[last + 1] - high) if last + 1 < len(beats) else np.inf
        inside = times[(times > max(previous, low - 0.45)) & (times < min(following, high + 0.75))]
        found.append((float(inside.min()), float(inside.max())))
    return found


def _times(marked: Sequence[Marked]) -> list[float]:
    return [time for wave in marked for time in wave[1:] if not np.isnan(time)]


def _strip(
    whence: tuple[str, str, str],
    first: int,
    samples: Floats,
    marked: Sequence[Marked],
    judged: list[tuple[float, float]],
) -> Strip:
    n, start_s = len(samples), first / FS_HZ
    weights = np.zeros(n, np.float32)
    for low_s, high_s in judged:
        weights[max(int(np.ceil((low_s - start_s) * FS_HZ)), 0) : int((high_s - start_s) * FS_HZ) + 1] = 1
    targets = np.zeros((n, N_CLASSES), np.float32)
    ends = [wave.end_s for wave in marked if wave.kind == 2]  # noqa: PLR2004 - QRS
    for wave in marked:
        onset_s, end_s = wave.onset_s, wave.end_s
        if np.isnan(onset_s):  # somewhere after the QRS before it
            low = max([end for end in ends if end < wave.peak_s], default=wave.peak_s - 0.2)
            _forget(weights, low - start_s, wave.peak_s - start_s)
            onset_s = wave.peak_s
        if np.isnan(end_s):
            _forget(weights, wave.peak_s - start_s, wave.peak_s + UNMARKED_S - start_s)
            end_s = wave.peak_s
        _cover(targets[:, wave.kind], (onset_s - start_s) * FS_HZ, (end_s - start_s) * FS_HZ)
    total = targets.sum(axis=1, keepdims=True)
    targets /= np.maximum(total, 1)
    targets[:, 0] = 1 - targets.sum(axis=1)
    return Strip(*whence, start_s, samples.astype(np.float32), targets, weights, list(marked), judged)


def _forget(weights: NDArray[np.float32], low_s: float, high_s: float) -> None:
    weights[max(int(low_s * FS_HZ), 0) : max(int(high_s * FS_HZ), 0)] = 0


def _cover(target: NDArray[np.float32], low: float, high: float) -> None:
    """Add to each sample the part of its time, half a sample on either side, that lies between two times."""
    at: Any = np.arange(max(int(low) - 1, 0), max(min(int(high) + 2, len(target)), 0))
    target[at] += np.clip(np.minimum(at + 0.5, high) - np.maximum(at - 0.5, low), 0, 1)
