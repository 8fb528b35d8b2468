"""The datasheet and the data dictionary of a release, as Markdown and HTML, filled from the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from detectors.scores import scores_of
from labeling_server.programme.report import Figure
from reading import gold
from rhythmark.release.tables import BEATS, ITEMS, RECORDS, SPANS
from signal_processing.vocabulary import VOCABULARY_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeling_server.programme.report import AgreementReport
    from rhythmark.release.collected import Collected

MAX_LABELS = 12
"""Labels with a column of their own in the table of splits: the most frequent ones."""
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:2px 8px}"
)


class Wish(NamedTuple):
    """How a release is made: its version, the shares of its parts, the seed, what was let pass, known issues."""

    version: str
    parts: Mapping[str, float]
    seed: int
    accepted: Sequence[str]
    issues: Sequence[str]


def markdown(
    collected: Collected, wish: Wish, splits: Mapping[str, str], counts: Mapping[str, Mapping[str, int]]
) -> str:
    """The datasheet.

    Parameters
    ----------
    splits : the part of each patient.
    counts : labels of each patient, as people left them.
    """
    environment = Environment(
        loader=PackageLoader("rhythmark", "release/templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - Markdown; the HTML below escapes whatever is HTML in it
    )
    total = sum((Counter(own) for own in counts.values()), Counter[str]())
    labels = [name for name, _ in total.most_common(MAX_LABELS)]
    patients = {record.patient.name: record.patient for record in collected.records}
    return environment.get_template("datasheet.md.j2").render(
        project=collected.project,
        version=wish.version,
        seed=wish.seed,
        n_records=len(collected.records),
        n_patients=len(patients),
        n_synthetic=sum(record.synthetic for record in collected.records),
        hours=_hours(collected, patients),
        labels=labels,
        splits=[_split_row(name, collected, splits, counts) for name in wish.parts],
        sexes=sorted(Counter(one.sex for one in patients.values()).items()),
        ages=sorted(Counter(one.age_band for one in patients.values()).items()),
        sources=sorted({record.note for record in collected.records if record.note}),
        readers=[(number, reader.kind) for number, reader in collected.readers.items()],
        vocabulary_version=VOCABULARY_VERSION,
        n_changes=len(collected.history),
        n_people=len({change.by for change in collected.history}),
        detectors=[(name, version, _scores(name, version)) for name, version in collected.detectors],
        agreement=collected.agreement,
        figures=list(_agreement_rows(collected.agreement)),
        guidelines=[(one.version, one.why) for one in collected.guidelines],
        quality=list(_quality_rows(collected)),
        accepted=wish.accepted,
        issues=wish.issues,
    )


def dictionary() -> str:
    """What every file and column is, as Markdown."""
    files = {
        "RECORDS": "names of the records, one a line",
        "records/NAME.hea, .dat": "WFDB record: samples as they came in; of float32 signals NAME.json and NAME.npy",
        "records/NAME.con, .mac, .r1 ...": "WFDB annotations, one file an annotator",
        "beats.parquet, spans.parquet, records.parquet": "tables, described below",
        "history.jsonl": "one JSON object a revision: what a person did to an annotation, before and after",
        "guidelines/version-N.md": "how readers were to read, version by version, where the project has a guideline",
        "vocabulary.json": "every label with its name, AAMI class, SNOMED CT and ICD-10 codes",
        "splits.csv": "the part of each patient",
        "manifest.json": "what the release is made of, and how",
        "datasheet.md, datasheet.html": "what is in it, who labelled it, how well they agree",
        "SHA256SUMS": "the SHA-256 of every other file: `sha256sum -c SHA256SUMS`",
    }
    lines = ["# Data dictionary", "", "| file | what it is |", "|---|---|"]
    lines += [f"| {name} | {meaning} |" for name, meaning in files.items()]
    for title, columns in (
        ("records.parquet", RECORDS),
        ("beats.parquet", BEATS),
        ("spans.parquet", SPANS),
        ("items.parquet", ITEMS),
    ):
        lines += ["", f"## {title}", "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| {name} | {column.kind} | {column.meaning} |" for name, column in columns.items()]
    return "\n".join(lines) + "\n"


def html(text: str, title: str) -> str:
    """Markdown as a page that needs nothing else."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    head = f'<meta charset="utf-8"><title>{MarkdownIt().renderInline(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'


def _hours(collected: Collected, patients: Iterable[str]) -> str:
    wanted = set(patients)
    return f"{sum(_seconds(record) for record in collected.records if record.patient.name in wanted) / 3600:.1f}"


def _seconds(record: Any) -> float:
    return float((record.group.next_sample - record.group.first_sample) / record.signal.fs_hz)


def _split_row(
    name: str, collected: Collected, splits: Mapping[str, str], counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    own = [patient for patient, part in splits.items() if part == name]
    return {
        "name": name,
        "n_patients": len(own),
        "n_records": sum(record.patient.name in set(own) for record in collected.records),
        "hours": _hours(collected, own),
        "counts": sum((Counter(counts.get(patient, {})) for patient in own), Counter()),
    }


def _scores(name: str, version: str) -> str:
    told = [
        f"{score.measured} on {score.database}{' (held out)' if score.is_held_out else ' (in sample)'} "
        + ", ".join(f"{what} {value:g}" for what, value in score.figures.items())
        for score in scores_of(name, version)[:3]
    ]
    return "; ".join(told)


def _agreement_rows(report: AgreementReport) -> Iterable[dict[str, str]]:
    for title, found in (("beats in EC57's classes", report.aami), ("can it be read", report.answers)):
        if found is not None:
            yield _row(title, "percent, all", found.percent, 3, found.n_items)
            yield _row(title, "Krippendorff's alpha, all", found.alpha, 3, found.n_items)
            for pair in found.pairs:
                yield _row(title, f"Cohen's kappa, {pair.first} and {pair.second}", pair.kappa, 3, pair.n)
    for mark in report.landmarks:
        whom = f"{mark.first} and {mark.second}"
        yield _row(f"{mark.label}, SD of differences, ms", whom, mark.spread.sd_ms, 1, mark.spread.n_pairs)
    for span in report.spans:
        yield _row(f"{span.label}, IoU", f"{span.first} and {span.second}", span.iou, 3, span.onsets.n_pairs)


def _quality_rows(collected: Collected) -> Iterable[dict[str, str]]:
    """How well people read, by number: against what is known, twice, and with the machine's marks."""
    numbers = {reader.name: number for number, reader in collected.readers.items()}
    report = collected.quality
    for one in report.readers:
        for what, share in (("hidden gold right", one.right), ("called the same twice", one.same)):
            if share.n:
                yield _row(what, numbers[one.name], share.figure, 3, share.n)
        if one.skill is not None:
            yield _row(
                "skill, estimated without truth (Dawid and Skene)",
                numbers[one.name],
                Figure(one.skill, None, None),
                3,
                0,
            )
    _, n_done, n_overturned = report.audits
    if n_done:
        yield _row("audits overturned", "all", Figure(*gold.share(n_overturned, n_done)), 3, n_done)
    if report.assistance is not None:
        found, n = report.assistance, report.assistance.n + report.assistance.n_without
        yield _row("error with the machine's marks less that without (automation bias)", "all", found.difference, 3, n)
        yield _row("time with them, over that without", "all", found.time_ratio, 2, n)
    for group in report.groups:
        if group.error.value is not None:
            name = group.name or "not known"
            if group.by != "device":  # its name may name a place
                yield _row(f"readings other than what was decided, {group.by} {name}", "all", group.error, 3, group.n)


def _row(what: str, whom: str, figure: Figure, digits: int, n: int) -> dict[str, str]:
    value = "undefined" if figure.value is None else f"{figure.value:.{digits}f}"
    has = figure.low is not None and figure.high is not None
    interval = f"{figure.low:.{digits}f} to {figure.high:.{digits}f}" if has else "-"
    return {"what": what, "whom": whom, "value": value, "interval": interval, "n": str(n)}
