"""QRS complexes under noise: F1 by signal-to-noise ratio, beside the open tools."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.detector_report import ours, plots
from benchmarks.detector_report.beat_tables import beats_in_words
from benchmarks.detector_report.parts import Part, Picture, Scores, Table, percent
from benchmarks.detector_report.peers import peers
from benchmarks.detector_report.recordings import ALL_LEADS, CHANNEL_0, Recording, recordings
from benchmarks.workload import DATA_DIR
from detectors.evaluation.beats import Confusion, compare
from detectors.evaluation.marks import Mark
from detectors.evaluation.noise_stress import gains, mixed
from detectors.registry import detector_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np

SNR_DB = (24.0, 18.0, 12.0, 6.0, 0.0, -6.0)
NSTDB = ("118", "119")
"""The records that the Noise Stress Test Database was made of, with electrode motion."""

NOISES = {"em": "electrode motion", "ma": "muscle", "bw": "baseline wander"}
PICTURE = "noise-stress.png"

Curves = dict[str, dict[float, Confusion]]


def part() -> Part:
    """Two tables: the database that papers use, made again, and all records with each of the three noises."""
    tools, absent = peers()
    stress = _curves(_of_nstdb(), {**_ours(), **{f"{peer.name}, channel 0": peer for peer in tools}})
    wide = [peer for peer in tools if peer.name.startswith("sleepecg")]  # the others would take an hour
    every = {
        noise: _curves([(one, noise) for one in _clean()], {**_ours(), **{f"{p.name}, channel 0": p for p in wide}})
        for noise in NOISES
    }
    tables = [
        _table("Records 118 and 119 with electrode motion, as the Noise Stress Test Database (nstdb) has them", stress),
        *(_table(f"All {len(_clean())} records of mitdb, {NOISES[noise]}", found) for noise, found in every.items()),
    ]
    about = (
        "F1 of QRS complexes by EC57, by signal-to-noise ratio. The noise of nstdb is added to the clean records by the"
        " rule of WFDB's `nst` (`detectors.evaluation.noise_stress`): two noisy minutes alternate with two clean ones"
        " after the fifth. The last column pools all ratios. Ours has learned from other records, without such noise."
    )
    title = "F1 of QRS complexes, records 118 and 119 with electrode motion"
    plots.curves(PICTURE, title, "signal-to-noise ratio, dB", "F1, %", _points(stress))
    return Part(
        "noise",
        "QRS complexes under noise",
        about,
        tables,
        pictures=[Picture(PICTURE, title)],
        remarks=[f"Skipped: {one}." for one in absent],
        scores=_scores(stress),
    )


def _ours() -> dict[str, Callable[[np.ndarray, float], np.ndarray] | None]:
    return {f"{beats_in_words()}, {words}": None for words in ("channel 0", "all leads")}


@cache
def _clean() -> tuple[Recording, ...]:
    return recordings("mitdb")


def _of_nstdb() -> list[tuple[Recording, str]]:
    return [(one, "em") for one in _clean() if one.name in NSTDB]


@cache
def _noise(name: str) -> np.ndarray:
    return Recording(DATA_DIR / "nstdb" / name).samples


def _curves(
    pairs: Sequence[tuple[Recording, str]], detectors: dict[str, Callable[[np.ndarray, float], np.ndarray] | None]
) -> Curves:
    """Counts by detector and ratio; None stands for ours."""
    found: dict[str, dict[float, Confusion]] = {who: defaultdict(lambda: Confusion(Counter())) for who in detectors}
    for recording, noise, snr_db, samples in _noisy(pairs):
        del noise
        for who, places in detectors.items():
            marks = _marks(recording, samples, who, places)
            fs_hz, end = recording.signal.fs_hz, recording.n_samples
            found[who][snr_db] += compare(recording.reference, marks, fs_hz=fs_hz, end=end)
    return {who: dict(by_snr) for who, by_snr in found.items()}


def _noisy(pairs: Iterable[tuple[Recording, str]]) -> Iterator[tuple[Recording, str, float, np.ndarray]]:
    for recording, name in pairs:
        fs_hz, clean, noise = recording.signal.fs_hz, recording.samples, _noise(name)
        for snr_db in SNR_DB:
            by = gains(clean, recording.reference, noise, snr_db=snr_db, fs_hz=fs_hz)
            yield recording, name, snr_db, mixed(clean, noise, by, fs_hz=fs_hz)


def _marks(
    recording: Recording, samples: np.ndarray, who: str, places: Callable[[np.ndarray, float], np.ndarray] | None
) -> list[Mark]:
    if places is not None:
        return [Mark(int(at), "N") for at in places(samples[:, 0], recording.signal.fs_hz)]
    leads = ALL_LEADS if who.endswith("all leads") else CHANNEL_0
    (trees,) = (trees for trees, records in ours.folds() if recording.name in records)
    with ours.held_out(trees):
        return ours.marks(recording.signal, ours.said(recording.signal, samples, leads))


def _table(title: str, curves: Curves) -> Table:
    columns = ["detector", *(f"{snr_db:g} dB" for snr_db in SNR_DB), "Se", "+P", "F1 of all"]
    rows = []
    for who, by_snr in curves.items():
        together = sum(by_snr.values(), Confusion(Counter())).qrs
        cells = [percent(by_snr[snr_db].qrs.f1_percent, 1) for snr_db in SNR_DB]
        sides = [percent(ratio.percent, 1) for ratio in together]
        rows.append([who, *cells, *sides, percent(together.f1_percent, 1)])
    return Table(title, columns, rows)


def _points(curves: Curves) -> dict[str, list[tuple[float, float]]]:
    return {
        who: [(snr_db, by_snr[snr_db].qrs.f1_percent or 0.0) for snr_db in SNR_DB] for who, by_snr in curves.items()
    }


def _scores(curves: Curves) -> list[Scores]:
    detector = detector_named("beats")
    made = []
    for who, by_snr in curves.items():
        if not who.startswith(beats_in_words()):
            continue
        figures = {f"F1 at {snr_db:g} dB": round(by_snr[snr_db].qrs.f1_percent or 0.0, 1) for snr_db in SNR_DB}
        together = sum(by_snr.values(), Confusion(Counter())).qrs
        figures["F1"] = round(together.f1_percent or 0.0, 1)
        leads = who.rsplit(", ", 1)[1]
        made.append(
            Scores("beats", detector.version, "QRS under noise", "nstdb", len(NSTDB), True, leads, figures)  # noqa: FBT003 - as the field is read
        )
    return made
