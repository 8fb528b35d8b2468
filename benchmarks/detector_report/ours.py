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
from typing import TYPE_CHECKING, Any

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
BEATS_ROOM = "detectors.beats"


def said(signal: Signal, samples: np.ndarray, leads: Leads, *, names: tuple[str, ...] = ("beats",)) -> list[Annotation]:
    """What the named detectors say of samples in physical units, as it stands in the end."""
    signal, block = chosen(signal, samples, leads)
    detectors = [registry.detector_named(name) for name in names]
    return settled([one for d in detectors if d.accepts(signal) for one in annotate(d, signal, [block])])


def marks(signal: Signal, annotations: list[Annotation]) -> list[Mark]:
    """As they stand in a file that `rhythmark annotate` writes."""
    return [Mark(mark.sample, mark.symbol, mark.subtyp, mark.aux) for mark in marks_of(signal, annotations)]


def folds() -> list[tuple[Trees, frozenset[str]]]:
    """(trees, the records that they have not seen) of each fold of `training.beat_labels`; every record is in one."""
    path = CACHE / f"folds-{fingerprint()}.npz"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **_trained())
    with np.load(path) as arrays:
        n = int(arrays["n"])
        trees = [Trees(*(arrays[f"{i}-{field}"] for field in Trees._fields)) for i in range(n)]
        return [(one, frozenset(arrays[f"{i}-records"].tolist())) for i, one in enumerate(trees)]


@contextmanager
def held_out(fold: Trees) -> Iterator[None]:
    """The beat detector has these trees for a while."""
    with _files_replaced({BEATS_ROOM: fold}):
        yield


def _trained() -> dict[str, Any]:
    from sklearn.model_selection import GroupKFold

    from training.beat_labels import N_FOLDS, SEED, learned, read_examples
    from training.trees import trees_of

    examples = read_examples(DATA_DIR)
    arrays: dict[str, Any] = {"n": N_FOLDS}
    splits = GroupKFold(N_FOLDS, shuffle=True, random_state=SEED).split(examples.features, groups=examples.records)
    for i, (seen, unseen) in enumerate(splits):
        trees = trees_of(learned(examples.take(seen)))
        arrays |= {f"{i}-{field}": array for field, array in trees.items()}
        arrays[f"{i}-records"] = np.unique(examples.records[unseen])
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
def _files_replaced(trees: Mapping[str, Trees]) -> Iterator[None]:
    """`load_trees` gives these, by room, wherever a module has it by name; what was kept of others is forgotten."""
    from detectors.loops.trees import load_trees

    def instead(room: str, name: str = "model.npz") -> Trees:
        return trees[room] if room in trees else load_trees(room, name)

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
