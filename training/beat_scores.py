"""How right the labels of beats are: EC57 figures of pooled counts, the worst records, and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.evaluation.beats import Confusion, compare, gross
from detectors.evaluation.marks import Mark
from formats.wfdb_files import read_header, read_marks
from training.beat_examples import DATABASES, NO_BEAT, Examples, records_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from detectors.evaluation.marks import Score

N_WORST = 10
N_BINS = 10
VIEWS = ("lead 0", "lead 1", "leads 0, 1")
FIRST_VIEW = VIEWS[0]


def scores(data_dir: Path, examples: Examples, said: NDArray[np.str_]) -> Iterator[str]:
    """Lines of sensitivity, predictivity and F1 of V and S by database and view, and the worst records of lead 0.

    Missed and invented beats count; the first 5 minutes do not; each figure is of all beats of all records together.
    """
    for database in DATABASES:
        for view in VIEWS:
            per_record = dict(_compared(data_dir, database, view, examples, said))
            yield f"{database}, {view}: {_figures(per_record)}"
            if view == FIRST_VIEW:
                yield from _worst(per_record)


def reliability(examples: Examples, said: NDArray[np.str_], confidences: NDArray[np.float64]) -> Iterator[str]:
    """Lines of a reliability diagram of lead 0: of beats said with a probability in a bin, how many are right."""
    known = (examples.views == FIRST_VIEW) & np.isin(examples.labels, ("N", "S", "V", NO_BEAT))
    for label in "NSV":
        for k in range(N_BINS):
            low = k / N_BINS
            rows = known & (said == label) & (confidences >= low) & (confidences < low + 1 / N_BINS + (k == N_BINS - 1))
            if rows.any():
                right = np.mean(examples.labels[rows] == label)
                mean = confidences[rows].mean()
                yield f"{label} said with {100 * mean:.1f} %: right {100 * right:.1f} % of {rows.sum()}"


def _compared(
    data_dir: Path, database: str, view: str, examples: Examples, said: NDArray[np.str_]
) -> Iterator[tuple[str, Confusion]]:
    for record in records_of(data_dir, database):
        rows = (examples.databases == database) & (examples.records == record) & (examples.views == view)
        header = read_header(data_dir / database / record, t0_us=0)
        reference = read_marks(data_dir / database / record, "atr")
        marks = [Mark(int(at), str(label)) for at, label in zip(examples.samples[rows], said[rows], strict=True)]
        yield (
            record,
            compare(
                [Mark(mark.sample, mark.symbol, mark.subtyp, mark.aux) for mark in reference],
                marks,
                fs_hz=header.signal.fs_hz,
                end=header.n_samples,
            ),
        )


def _score(confusion: Confusion, label: str) -> Score:
    return confusion.veb if label == "V" else confusion.sveb_pooled


def _figures(per_record: dict[str, Confusion]) -> str:
    parts = []
    for label in "VS":
        whole = _score(gross(list(per_record.values())), label)
        most = max(per_record, key=lambda record: _score(per_record[record], label).sensitivity.total)
        others = _score(gross([counts for record, counts in per_record.items() if record != most]), label)
        parts.append(
            f"{label} Se {_two(whole.sensitivity.percent)} +P {_two(whole.predictivity.percent)}"
            f" F1 {_two(whole.f1_percent)} (F1 without {most} {_two(others.f1_percent)})"
        )
    return ", ".join(parts)


def _worst(per_record: dict[str, Confusion]) -> Iterator[str]:
    for label in "VS":
        errors = {record: _errors(_score(counts, label)) for record, counts in per_record.items()}
        worst = sorted(errors, key=lambda record: -sum(errors[record]))[:N_WORST]
        listed = ", ".join(f"{record} {errors[record][0]} + {errors[record][1]}" for record in worst)
        yield f"  worst of {label} (missed + wrong): {listed}"


def _errors(score: Score) -> tuple[int, int]:
    sensitivity, predictivity = score
    return sensitivity.total - sensitivity.hits, predictivity.total - predictivity.hits


def _two(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:.2f}"
