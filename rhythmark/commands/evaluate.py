"""`rhythmark evaluate`: annotation files against reference ones, by EC57."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.evaluation import Confusion, Mark, average_percent, compare, gross
from formats.errors import FormatError
from formats.wfdb_files import read_header, read_marks
from rhythmark.records import records_in
from rhythmark.tables import as_table

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from detectors.evaluation import Ratio, Score
    from rhythmark.settings import Settings

_COLUMNS = ("record", "QRS Se", "QRS +P", "VEB Se", "VEB +P", "SVEB Se", "SVEB +P", "beats")


def run(arguments: Namespace, settings: Settings) -> int:
    """Print one row a record, the gross figures, and the averages over records."""
    del settings
    given = records_in(arguments.reference)
    test = arguments.test or given[0].parent
    records = [record for record in given if _has(record, arguments.reference_annotator)]
    if not records:
        msg = f"{arguments.reference} must hold records with annotations .{arguments.reference_annotator}, got none"
        raise FormatError(msg)
    results = {
        record.name: _compared(record, arguments.reference_annotator, test / record.name, arguments.annotator)
        for record in records
    }
    rows = [(name, *_figures(result, pooled=False), _n_beats(result)) for name, result in results.items()]
    rows.append(_gross_row(list(results.values())))
    rows.append(_average_row(list(results.values())))
    print(as_table(_COLUMNS, rows))
    return 0


def _has(record: Path, annotator: str) -> bool:
    return record.with_name(f"{record.name}.{annotator}").is_file()


def _compared(record: Path, annotator: str, test_record: Path, test_annotator: str) -> Confusion:
    header = read_header(record)
    return compare(
        _marks(record, annotator), _marks(test_record, test_annotator), fs_hz=header.signal.fs_hz, end=header.n_samples
    )


def _marks(record: Path, annotator: str) -> list[Mark]:
    return [Mark(mark.sample, mark.symbol, mark.subtyp) for mark in read_marks(record, annotator)]


def _figures(confusion: Confusion, *, pooled: bool) -> tuple[str, ...]:
    scores: tuple[Score, ...] = (confusion.qrs, confusion.veb, confusion.sveb_pooled if pooled else confusion.sveb)
    return tuple(_percent(ratio.percent) for score in scores for ratio in score)


def _gross_row(results: list[Confusion]) -> tuple[str, ...]:
    together = gross(results)
    return ("gross", *_figures(together, pooled=True), _n_beats(together))


def _average_row(results: list[Confusion]) -> tuple[str, ...]:
    def average(ratios: list[Ratio]) -> str:
        return _percent(average_percent(ratios))

    scores = [(result.qrs, result.veb, result.sveb) for result in results]
    columns = [
        average([getattr(score[i], side) for score in scores])
        for i in range(3)
        for side in ("sensitivity", "predictivity")
    ]
    return ("average", *columns, "")


def _n_beats(confusion: Confusion) -> str:
    return str(confusion.qrs.sensitivity.total)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
