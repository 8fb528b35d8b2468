"""What our detectors say of a recording, with the files they were shipped with, or with ones that never saw it.

What is learned was learned from the development records, so figures on them need models that left each record out.
`held_out` trains those, by the training recipes, in folds by record; the answers of the detectors with them are
figures of new patients.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.detector_report.recordings import Leads, Recording, chosen
from benchmarks.workload import DATA_DIR
from detectors import loops, registry
from detectors.evaluation.marks import Mark
from detectors.loops.trees import Trees
from detectors.runner import annotate
from formats.wfdb_labels import marks_of
from signal_processing.values import settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from signal_processing.values import Annotation, Signal

CACHE = Path(".cache/detector-report")
LABELS, SECOND_LOOK = ("detectors.beats", "model.npz"), ("detectors.beats", "qrs.npz")
"""Room and name of the files of trees that the beat detector has."""


class Fold(NamedTuple):
    """What was learned without some records: the trees of labels, and those of the second look at QRS complexes."""

    labels: Trees
    second_look: Trees


def said(signal: Signal, samples: np.ndarray, leads: Leads, *, names: tuple[str, ...] = ("beats",)) -> list[Annotation]:
    """What the named detectors say of samples in physical units, as it stands in the end."""
    signal, block = chosen(signal, samples, leads)
    detectors = [registry.detector_named(name) for name in names]
    return settled([one for d in detectors if d.accepts(signal) for one in annotate(d, signal, [block])])


def marks(signal: Signal, annotations: list[Annotation]) -> list[Mark]:
    """As they stand in a file that `rhythmark annotate` writes."""
    return [Mark(mark.sample, mark.symbol, mark.subtyp, mark.aux) for mark in marks_of(signal, annotations)]


def folds() -> list[tuple[Fold, frozenset[str]]]:
    """(trees, the records that they have not seen) of each fold of `training.beat_labels`; every record is in one."""
    path = CACHE / f"folds-{fingerprint()}.npz"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **_trained())
    with np.load(path) as arrays:
        n = int(arrays["n"])
        return [
            (
                Fold(*(Trees(*(arrays[f"{i}-{kind}-{field}"] for field in Trees._fields)) for kind in Fold._fields)),
                frozenset(arrays[f"{i}-records"].tolist()),
            )
            for i in range(n)
        ]


@contextmanager
def held_out(fold: Fold) -> Iterator[None]:
    """The beat detector has these trees for a while."""
    with _files_replaced({LABELS: fold.labels, SECOND_LOOK: fold.second_look}):
        yield


def _trained() -> dict[str, Any]:
    from sklearn.model_selection import GroupKFold

    from training import qrs
    from training.beat_labels import N_FOLDS, SEED, learned, read_examples
    from training.trees import trees_of

    examples, peaks = read_examples(DATA_DIR), qrs.read_peaks(DATA_DIR)
    patients = np.array([record.partition("/")[2] for record in peaks.records.tolist()])
    arrays: dict[str, Any] = {"n": N_FOLDS}
    splits = GroupKFold(N_FOLDS, shuffle=True, random_state=SEED).split(examples.features, groups=examples.records)
    for i, (seen, unseen) in enumerate(splits):
        records = np.unique(examples.records[unseen])
        fold = {
            "labels": learned(examples.take(seen)),
            "second_look": qrs.learned(peaks, np.flatnonzero(~np.isin(patients, records))),
        }
        for kind, model in fold.items():
            arrays |= {f"{i}-{kind}-{field}": array for field, array in trees_of(model).items()}
        arrays[f"{i}-records"] = records
    return arrays


@cache
def fingerprint() -> str:
    """Of whatever decides the answers: detectors, recipes, and which records there are."""
    root = Path(loops.__file__).parents[2]
    digest = hashlib.sha256()
    patterns = ("detectors/**/*.py", "detectors/**/*.npz", "training/*.py")
    found = sorted(path for pattern in patterns for path in root.glob(pattern))
    for path in (path for path in found if path.parent.name != "evaluation"):
        digest.update(path.read_bytes())
    for database in ("mitdb", "svdb"):
        digest.update((DATA_DIR / database / "RECORDS").read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _files_replaced(trees: Mapping[tuple[str, str], Trees]) -> Iterator[None]:
    """`load_trees` gives these, by room and name, wherever a module has it; what was kept of others is forgotten."""
    from detectors.loops.trees import load_trees

    def instead(room: str, name: str = "model.npz") -> Trees:
        return trees[room, name] if (room, name) in trees else load_trees(room, name)

    holders = [module for module in _detector_modules() if getattr(module, "load_trees", None) is load_trees]
    try:
        for module in holders:
            module.load_trees = instead
        _forget()
        yield
    finally:
        for module in holders:
            module.load_trees = load_trees
        _forget()


def _detector_modules() -> list[Any]:
    __import__("detectors.beats.model")
    __import__("detectors.beats.accept")
    return [module for name, module in list(sys.modules.items()) if name.startswith("detectors.") and module]


def _forget() -> None:
    """Clear what functions of the detectors' modules keep."""
    for module in _detector_modules():
        for value in vars(module).values():
            if callable(getattr(value, "cache_clear", None)):
                value.cache_clear()


def record_key(recording: Recording) -> str:
    """As the training recipes name a patient."""
    return recording.name
