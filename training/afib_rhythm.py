"""Learn the weights of `detectors/rhythms/afib.npz`: which intervals are of atrial fibrillation.

`python -m training.afib_rhythm` writes the file and prints in-sample figures; with `--cross-validate` it writes nothing
and prints figures of records that were held out. Data, licences and figures stand in docs/training.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import detectors.rhythms
from detectors.evaluation.episodes import Span, overlap
from detectors.rhythms.afib_judged import Judged, episodes, judged
from formats.wfdb_files import read_marks
from signal_processing.vocabulary import is_known, label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

N_FOLDS = 6
SEED = 1
C = 0.001
MIN_EPISODE_S = 30.0
NEAR = 30
"""Beats around a supraventricular premature one that are no fibrillation, where rhythms are not annotated."""


class Database(NamedTuple):
    """Where records lie, their rate, and how many of their intervals are learned from: one in `every`, so often."""

    folder: str
    annotator: str
    fs_hz: float
    every: int
    weight: float = 1.0
    has_rhythms: bool = True


DATABASES = (
    Database("afdb-annotations-only", "qrs", 250.0, 24),
    Database("ltafdb-annotations-only", "atr", 128.0, 48),
    Database("nsrdb-annotations-only", "atr", 128.0, 120),
    Database("mitdb", "atr", 360.0, 6),
    Database("cpsc2021-sample", "atr", 200.0, 3),
    Database("svdb", "atr", 128.0, 6, weight=0.5, has_rhythms=False),
)


class Record(NamedTuple):
    """Beats of one record, what a follower measures of them, and where the reference has fibrillation.

    Parameters
    ----------
    patient : records of one patient are held out together.
    beats : (n_beats,) samples.
    found : the intervals that would be judged, n of them.
    is_af, is_known : (n,) whether the reference calls an interval fibrillation, and whether it says so or not.
    reference : its episodes.
    """

    database: Database
    patient: str
    beats: Ints
    found: Judged
    is_af: Bools
    is_known: Bools
    reference: list[Span]


def read_records(data_dir: Path) -> list[Record]:
    """Every record, in order of database and name."""
    return [
        _record(database, path) for database in DATABASES for path in sorted((data_dir / database.folder).glob("*.atr"))
    ]


def _record(database: Database, path: Path) -> Record:
    beats = [
        mark
        for mark in read_marks(path.with_suffix(""), database.annotator)
        if is_known(mark.symbol) and label(mark.symbol).aami
    ]
    samples, codes = np.array([beat.sample for beat in beats]), [beat.symbol for beat in beats]
    classes = np.array([label(code).aami for code in codes])
    found = judged(samples, np.isin(classes, ["V", "F"]), database.fs_hz)
    reference = _episodes(path, int(samples[-1]) + 1) if database.has_rhythms else []
    if database.has_rhythms:
        known = np.ones(len(found.starts), bool)
    else:
        premature = np.r_[0, np.cumsum(classes == "S")]
        at = np.searchsorted(samples, found.starts)
        known = premature[np.minimum(at + NEAR, len(samples))] > premature[np.maximum(at - NEAR, 0)]
    patient = path.stem.rsplit("_", 1)[0]
    return Record(database, patient, samples, found, _within(found.starts, reference), known, reference)


def _episodes(path: Path, end: int) -> list[Span]:
    found, begun = [], None
    for mark in read_marks(path.with_suffix(""), "atr"):
        if mark.symbol == "+" and mark.aux.startswith("("):
            is_af = mark.aux == "(AFIB"
            if is_af and begun is None:
                begun = mark.sample
            elif not is_af and begun is not None:
                found.append(Span(begun, mark.sample))
                begun = None
    return found if begun is None else [*found, Span(begun, end)]


def _within(samples: Ints, spans: Sequence[Span]) -> Bools:
    inside = np.zeros(len(samples), bool)
    for span in spans:
        inside[np.searchsorted(samples, span.start) : np.searchsorted(samples, span.end)] = True
    return inside


def learned(records: Sequence[Record]) -> Floats:
    """The weights, the bias last."""
    features, labels, weights = [], [], []
    for record in records:
        rows = np.flatnonzero(record.is_known)[:: record.database.every]
        features.append(record.found.features[rows])
        labels.append(record.is_af[rows])
        weights.append(np.full(len(rows), record.database.weight))
    scaler = StandardScaler()
    model = LogisticRegression(C=C, max_iter=1000)
    model.fit(scaler.fit_transform(np.concatenate(features)), np.concatenate(labels), np.concatenate(weights))
    slopes = model.coef_[0] / scaler.scale_
    result: Floats = np.r_[slopes, model.intercept_[0] - slopes @ scaler.mean_]
    return result


def rejudged(found: Judged, weights: Floats) -> Judged:
    """By other weights; what could not be judged stays so."""
    probabilities = 1.0 / (1.0 + np.exp(-(found.features @ weights[:-1] + weights[-1])))
    return found._replace(probabilities=np.where(found.probabilities == 0.0, 0.0, probabilities))


def folds(records: Sequence[Record]) -> NDArray[np.int64]:
    """The fold of each record: patients of each database in turn."""
    rng = np.random.default_rng(SEED)
    fold = {}
    for database in DATABASES:
        patients = sorted({record.patient for record in records if record.database is database})
        for i, patient in enumerate(rng.permutation(patients).tolist()):
            fold[database, patient] = i % N_FOLDS
    return np.array([fold[record.database, record.patient] for record in records])


def scores(records: Sequence[Record], weights_of: Callable[[int], Floats]) -> Iterator[str]:
    """A line a database: beats and episodes of 30 s and more, pooled over its records."""
    for database in DATABASES:
        own = [(i, record) for i, record in enumerate(records) if record.database is database]
        if database.has_rhythms:
            counts = np.sum([_counts(record, rejudged(record.found, weights_of(i))) for i, record in own], axis=0)
            yield f"{database.folder}: {_line(counts)}"


def _counts(record: Record, found: Judged) -> Ints:
    """Beats of AF found, all, of no AF not taken for it, all; episodes of the reference found, all; of ours, all."""
    ours = [Span(said.start, said.end) for said in episodes(found, record.database.fs_hz)]
    is_af, is_found = _within(record.beats, record.reference), _within(record.beats, ours)
    least = MIN_EPISODE_S * record.database.fs_hz
    pairs = [
        (
            sum(overlap(one, others) > 0 for one in own if one.end - one.start >= least),
            sum(b - a >= least for a, b in own),
        )
        for own, others in ((record.reference, ours), (ours, record.reference))
    ]
    counts = [np.sum(is_af & is_found), np.sum(is_af), np.sum(~is_af & ~is_found), np.sum(~is_af), *pairs[0], *pairs[1]]
    return np.array(counts, np.int64)


def _line(counts: Ints) -> str:
    names = ("beats Se", "Sp", "episodes Se", "+P")
    pairs = zip(names, counts[::2].tolist(), counts[1::2].tolist(), strict=True)
    return ", ".join(f"{name} {100 * hits / total:.2f} ({hits}/{total})" for name, hits, total in pairs if total)


def main() -> int:
    """Train and write, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m training.afib_rhythm", description=__doc__)
    parser.add_argument("--cross-validate", action="store_true", help="six folds by patient; writes nothing")
    parser.add_argument("--output", type=Path, default=Path(detectors.rhythms.__path__[0]) / "afib.npz")
    arguments = parser.parse_args()
    records = read_records(Path(os.environ.get("RHYTHMARK_DATA", "../shared/data")))
    if arguments.cross_validate:
        fold = folds(records)
        models = [learned([r for r, at in zip(records, fold, strict=True) if at != k]) for k in range(N_FOLDS)]
        print(f"held-out patients, {N_FOLDS} folds", *scores(records, lambda i: models[fold[i]]), sep="\n")
        return 0
    weights = learned(records)
    np.savez_compressed(arguments.output, weights=weights)
    print("in sample", *scores(records, lambda _: weights), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
