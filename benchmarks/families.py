"""Families of beats by shape: how pure they are on real records with the experts' beats, and the time for a day, edits
by hand included.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import workload
from benchmarks.figures import Figure, median_ms
from formats.wfdb_files import read_annotations, read_blocks, read_header
from signal_processing.beat_windows import BeatWindows, beat_windows, joined
from signal_processing.family_edits import (
    EditRules,
    FamilyEdit,
    SortedBeats,
    apply_edits,
    parts_of_merge,
    parts_of_split,
)
from signal_processing.family_shapes import ShapesRun
from signal_processing.likeness import LIKENESS, Likeness, Templates
from signal_processing.morphology import FamiliesRun
from signal_processing.two_means import smaller_half
from signal_processing.values import Block
from signal_processing.vocabulary import LabelKind, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

N_BEATS = 100_000
CALL_BEATS = 700
"""About ten minutes, as the server reads them."""
RR = 200
"""Samples between beats, as far as edits by hand need any."""
CLASSES = "NSVF"
PACED = frozenset({"102", "104"})
"""EC57 leaves them out."""


class Record(NamedTuple):
    """Windows of a record's reference beats and their AAMI classes, one character each."""

    name: str
    windows: BeatWindows
    classes: NDArray[np.str_]


class Purity(NamedTuple):
    """What families say of beats, if all members of a family were taken for what most of them are.

    Parameters
    ----------
    n_families : a record, on average.
    right : share of all beats.
    found, agreed : of each class, the share of its beats that are in a family of it; and of the members of such
        families the share that are of it.
    """

    n_families: float
    right: float
    found: dict[str, float]
    agreed: dict[str, float]


def figures() -> Iterator[Figure]:
    """Purity first, then the time."""
    records = [record_of(path) for path in workload.mitdb_records() if path.name not in PACED]
    purity = purity_of(records, LIKENESS)
    yield Figure("families a record of mitdb", purity.n_families, "families")
    yield Figure("beats in a family of their class, mitdb", purity.right, "share")
    for name in CLASSES:
        yield Figure(f"{name} beats in a family of {name}", purity.found[name], "share")
        yield Figure(f"of the members of families of {name} are {name}", purity.agreed[name], "share")
    yield from _day(records)


def record_of(path: Path) -> Record:
    """Its expert's beats, cut out."""
    header = read_header(path, t0_us=workload.START_US)
    whole = Block(0, np.concatenate([block.samples for block in read_blocks(header)]))
    beats = [(entry.start, label(entry.label)) for entry in read_annotations(header, "atr")]
    kept = [(sample, known.aami) for sample, known in beats if known.kind is LabelKind.BEAT]
    samples = np.array([sample for sample, _ in kept], np.int64)
    leads = range(header.signal.n_channels)
    return Record(path.name, beat_windows(header.signal, leads, whole, samples), np.array([c for _, c in kept]))


def purity_of(records: Sequence[Record], likeness: Likeness) -> Purity:
    """Over all records together; each has its own families."""
    n_families, taken, there, right = [], Counter[str](), Counter[str](), Counter[str]()
    for record in records:
        run = FamiliesRun(record.windows.points.shape[1], likeness)
        run.add(record.windows)
        told = run.families()
        n_families.append(len(told.families))
        there.update(record.classes.tolist())
        for number in np.unique(told.numbers):
            counts = Counter(record.classes[told.numbers == number].tolist())
            name, n_right = counts.most_common(1)[0]
            taken[name] += sum(counts.values())
            right[name] += n_right
    found = {name: right[name] / max(there[name], 1) for name in CLASSES}
    agreed = {name: right[name] / max(taken[name], 1) for name in CLASSES}
    return Purity(float(np.mean(n_families)), sum(right.values()) / sum(there.values()), found, agreed)


def _day(records: Sequence[Record]) -> Iterator[Figure]:
    """100,000 beats of three leads, of all records in turn: more shapes than one heart has."""
    run, parts, n_beats, taken_s = FamiliesRun(3), [], 0, 0.0
    while n_beats < N_BEATS:
        for record in records:
            part = _three_leads(record.windows)
            for at in range(0, part.n_beats, CALL_BEATS):
                begin_s = time.process_time()
                run.add(part.at(slice(at, at + CALL_BEATS)))
                taken_s += time.process_time() - begin_s
            parts.append(part)
            n_beats += part.n_beats
    yield Figure(f"{N_BEATS} beats of 3 leads clustered", taken_s * N_BEATS / n_beats, "s CPU")
    begin_s = time.process_time()
    told = run.families()
    yield Figure(f"families of {n_beats} beats told", time.process_time() - begin_s, "s CPU")
    samples = RR * np.arange(n_beats)
    families = tuple(family._replace(examples=RR * family.examples) for family in told.families)
    yield from _by_hand(SortedBeats(samples, told.numbers, told.similarities, families), joined(parts, 3))


def _by_hand(told: SortedBeats, windows: BeatWindows) -> Iterator[Figure]:
    """What merging and splitting take: a shape is learned once, edits are applied whenever families are asked for."""
    rules = EditRules(ShapesRun(lambda samples: windows.at(samples // RR)), RR // 20)
    largest = told.families[0]
    members = told.samples[told.numbers == largest.number]
    begin_s = time.process_time()
    template = Templates(largest.template[np.newaxis], (largest.weight > 0)[np.newaxis])
    half = smaller_half(members, template, rules.shapes)
    yield Figure(f"a family of {len(members)} in two by itself", time.process_time() - begin_s, "s CPU")
    end = int(told.samples[-1]) + 1
    firsts = [told.samples[told.numbers == family.number][:1] for family in told.families]
    merge = FamilyEdit(1, "merge", parts_of_merge(told, np.unique(np.concatenate(firsts[:2]))), end)
    split = FamilyEdit(2, "split", parts_of_split(told, half), end)
    some = [FamilyEdit(3, "split", parts_of_split(told, members[::40]), end)]
    for i in range(10):
        pair = np.unique(np.concatenate(firsts[2 * i : 2 * i + 2]))
        off = members[i::1000]
        some.append(FamilyEdit(2 * i + 4, "merge", parts_of_merge(told, pair), end))
        some.append(FamilyEdit(2 * i + 5, "split", parts_of_split(told, off), end))
    n_beats = len(told.samples)
    for name, edits in (("merge", [merge]), (f"split of {len(half)}", [split]), (f"{len(some)} edits", some)):
        begin_s = time.process_time()
        apply_edits(told, edits, rules)
        yield Figure(f"{name} over {n_beats} beats, the first time", 1000 * (time.process_time() - begin_s), "ms CPU")
        yield Figure(
            f"{name} over {n_beats} beats", median_ms(lambda _, e=edits: apply_edits(told, e, rules), n_calls=20), "ms"
        )


def _three_leads(windows: BeatWindows) -> BeatWindows:
    """The third the difference of the two."""
    points = np.concatenate([windows.points, windows.points[:, :1] - windows.points[:, 1:]], axis=1)
    usable = np.concatenate([windows.usable, windows.usable.all(axis=1, keepdims=True)], axis=1)
    return joined([BeatWindows(points, usable)], 3)
