"""`rhythmark agreement`: how far the readers of a project agree, as tables, JSON or CSV."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from formats.csv_rows import write_rows
from labeling_server.programme.report import report_of
from rhythmark.tables import as_table
from storage import projects
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from labeling_server.programme.report import AgreementReport, ClassFigures, Figure, SpreadFigures
    from rhythmark.settings import Settings

_COLUMNS = ("kind", "label", "first", "second", "measure", "unit", "value", "low", "high", "n", "why")


def run(arguments: Namespace, settings: Settings) -> int:
    """Print the figures of a project, and write them where asked."""
    with Database.open(settings.required_dsn(), max_size=1) as database, database.transaction() as conn:
        report = report_of(conn, projects.named(conn, arguments.project), n_resamples=arguments.resamples)
    if arguments.csv is not None:
        write_rows(arguments.csv, _COLUMNS, rows_of(report))
    if arguments.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    else:
        print("\n\n".join(_tables(report)))
    return 0


def rows_of(report: AgreementReport) -> Iterator[dict[str, object]]:
    """Every figure of a report as a row of CSV."""
    for kind, found in (("aami", report.aami), ("beats", report.beats), ("answers", report.answers)):
        if found is not None:
            yield from _class_rows(kind, found)
    for mark in report.landmarks:
        yield from _spread_rows("landmark", mark.spread, (mark.label, mark.first, mark.second))
    for span in report.spans:
        named = (span.label, span.first, span.second)
        for measure, figure in (("iou", span.iou), ("dice", span.dice)):
            yield _row("span", figure, span.onsets.n_pairs, *named, measure=measure)
        yield from _spread_rows("span", span.onsets, named, "onset_")
        yield from _spread_rows("span", span.ends, named, "end_")


def _spread_rows(
    kind: str, spread: SpreadFigures, named: tuple[str, str, str], prefix: str = ""
) -> Iterator[dict[str, object]]:
    measures = {
        "mean": spread.mean_ms,
        "sd": spread.sd_ms,
        "median": spread.median_ms,
        "median_apart": spread.median_apart_ms,
    }
    for measure, figure in measures.items():
        yield _row(kind, figure, spread.n_pairs, *named, measure=f"{prefix}{measure}", unit="ms")


def _class_rows(kind: str, found: ClassFigures) -> Iterator[dict[str, object]]:
    for measure in ("percent", "kappa", "alpha", "gwet"):
        yield _row(kind, getattr(found, measure), found.n_items, measure=measure)
    for one in found.by_category:
        for measure in ("alpha", "gwet"):
            yield _row(kind, getattr(one, measure), one.n, one.label, measure=measure)
    for pair in found.pairs:
        for measure in ("percent", "kappa", "gwet"):
            yield _row(kind, getattr(pair, measure), pair.n, "", pair.first, pair.second, measure=measure)


def _row(
    kind: str, figure: Figure, n: int, label: str = "", *pair: str, measure: str, unit: str = ""
) -> dict[str, object]:
    first, second = pair or ("", "")
    values = (kind, label, first, second, measure, unit, figure.value, figure.low, figure.high, n, figure.why)
    return dict(zip(_COLUMNS, values, strict=True))


def _tables(report: AgreementReport) -> Iterable[str]:
    yield (
        f"project {report.project}: {report.n_items} items of {report.n_patients} patients read by two or more;"
        f" intervals: 95 % of {report.n_resamples} resamples of patients"
    )
    readers = [
        (one.name, one.kind, str(one.n_read), str(one.n_ambiguous), str(one.n_unreadable), str(one.n_marks))
        for one in report.readers
    ]
    yield as_table(("reader", "kind", "read", "ambiguous", "unreadable", "marks"), readers)
    questions = (
        ("beats in the classes of EC57", report.aami),
        ("beats by their codes", report.beats),
        ("can it be read", report.answers),
    )
    for title, found in questions:
        if found is not None:
            yield from _class_tables(title, found)
    if report.landmarks:
        landmarks = [
            (one.label, one.first, one.second, str(one.spread.n_first), str(one.spread.n_second),
             str(one.spread.n_pairs), shown(one.spread.mean_ms, 1), shown(one.spread.sd_ms, 1),
             shown(one.spread.median_apart_ms, 1))
            for one in report.landmarks
        ]  # fmt: skip
        columns = ("landmark", "first", "second", "n first", "n second", "pairs", "mean ms", "SD ms", "median apart ms")
        yield as_table(columns, landmarks)
    if report.spans:
        spans = [
            (one.label, one.first, one.second, str(one.onsets.n_pairs), shown(one.iou, 3), shown(one.dice, 3),
             shown(one.onsets.sd_ms, 0), shown(one.ends.sd_ms, 0))
            for one in report.spans
        ]  # fmt: skip
        yield as_table(("span", "first", "second", "pairs", "IoU", "Dice", "onset SD ms", "end SD ms"), spans)


def _class_tables(title: str, found: ClassFigures) -> Iterable[str]:
    kappa = "Cohen's kappa" if found.kappa_of == "cohen" else "Fleiss' kappa"
    rows = [
        (name, shown(figure, 3), figure.why)
        for name, figure in (
            ("percent", found.percent),
            (kappa, found.kappa),
            ("Krippendorff's alpha", found.alpha),
            ("Gwet's AC1", found.gwet),
        )
    ]
    yield f"{title}: {found.n_items} answered by two or more\n" + as_table(("all readers", "", ""), rows)
    by_category = [(one.label, str(one.n), shown(one.alpha, 3), shown(one.gwet, 3)) for one in found.by_category]
    yield as_table(("answer", "said", "alpha", "AC1"), by_category)
    pairs = [
        (one.first, one.second, str(one.n), shown(one.percent, 3), shown(one.kappa, 3), shown(one.gwet, 3))
        for one in found.pairs
    ]
    yield as_table(("first", "second", "n", "percent", "kappa", "AC1"), pairs)


def shown(figure: Figure, digits: int) -> str:
    """The value with its interval; "-" where there is none."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.{digits}f}"
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"
