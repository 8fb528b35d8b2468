"""`rhythmark evaluate`: annotation files against reference ones, by EC57: beats, runs and episodes."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from detectors.evaluation.beats import average_percent, compare, gross
from detectors.evaluation.episodes import EpisodeKind, Rhythm, compare_episodes
from detectors.evaluation.marks import Mark
from detectors.evaluation.runs import Ectopy, compare_runs
from formats.errors import FormatError
from formats.wfdb_files import read_header, read_marks
from rhythmark.records import records_in
from rhythmark.tables import as_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from detectors.evaluation.beats import Confusion
    from detectors.evaluation.episodes import Episodes
    from detectors.evaluation.marks import Ratio, Score
    from detectors.evaluation.runs import Runs
    from rhythmark.settings import Settings

_BEATS = ("record", "QRS Se", "QRS +P", "VEB Se", "VEB +P", "SVEB Se", "SVEB +P", "RR ms", "shut s", "beats")
_RUNS = ("record", "couplet Se", "couplet +P", "3-5 Se", "3-5 +P", ">5 Se", ">5 +P", "runs", "called")
_EPISODES = ("record", "episode Se", "episode +P", "duration Se", "duration +P", "episodes", "called")
_RHYTHMS = ("rhythm", *_EPISODES[1:])
_ECTOPY: Final[dict[Ectopy, str]] = {"V": "runs of ventricular beats", "S": "runs of supraventricular beats"}
_KINDS: Final[dict[EpisodeKind, str]] = {"AF": "atrial fibrillation", "VF": "ventricular flutter and fibrillation"}


class _Result(NamedTuple):
    """Of one record, or of all together."""

    beats: Confusion
    runs: Mapping[Ectopy, Runs]
    episodes: Mapping[EpisodeKind, Episodes]
    rhythms: Mapping[str, Episodes]


def run(arguments: Namespace, settings: Settings) -> int:
    """Print tables of beats, and of runs and episodes where there are any: a row a record, and all of them together."""
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
    print("\n\n".join(_tables(results)))
    return 0


def _has(record: Path, annotator: str) -> bool:
    return record.with_name(f"{record.name}.{annotator}").is_file()


def _compared(record: Path, annotator: str, test_record: Path, test_annotator: str) -> _Result:
    header = read_header(record)
    reference, test = _marks(record, annotator), _marks(test_record, test_annotator)
    fs_hz, end = header.signal.fs_hz, header.n_samples
    return _Result(
        compare(reference, test, fs_hz=fs_hz, end=end),
        {ectopy: compare_runs(reference, test, ectopy=ectopy, fs_hz=fs_hz, end=end) for ectopy in _ECTOPY},
        {kind: compare_episodes(reference, test, kind=kind, fs_hz=fs_hz, end=end) for kind in _KINDS},
        {
            aux: compare_episodes(reference, test, kind=Rhythm(aux), fs_hz=fs_hz, end=end)
            for aux in {mark.aux for mark in (*reference, *test) if mark.symbol == "+" and mark.aux.startswith("(")}
            if _names_rhythms(reference)
        },
    )


def _names_rhythms(marks: Sequence[Mark]) -> bool:
    """Whether an annotator says which rhythm there is; who never does has not said that there is none."""
    return any(mark.symbol == "+" and mark.aux.startswith("(") for mark in marks)


def _marks(record: Path, annotator: str) -> list[Mark]:
    return [Mark(mark.sample, mark.symbol, mark.subtyp, mark.aux) for mark in read_marks(record, annotator)]


def _tables(results: Mapping[str, _Result]) -> Iterable[str]:
    yield as_table(_BEATS, _beat_rows({name: result.beats for name, result in results.items()}))
    for ectopy, title in _ECTOPY.items():
        runs = {name: result.runs[ectopy] for name, result in results.items()}
        yield from _table(title, _RUNS, {name: (one.couplets, one.short, one.long) for name, one in _with_all(runs)})
    for kind, title in _KINDS.items():
        episodes = {name: result.episodes[kind] for name, result in results.items()}
        found = {name: (one.episodes, one.duration) for name, one in _with_all(episodes)}
        yield from _table(title, _EPISODES, found, n_counted=1)
    rhythms: dict[str, list[Episodes]] = {}
    for result in results.values():
        for aux, one in result.rhythms.items():
            rhythms.setdefault(aux, []).append(one)
    together = {aux: reduce(add, rhythms[aux]) for aux in sorted(rhythms)}
    found = {aux: (one.episodes, one.duration) for aux, one in together.items()}
    yield from _table("rhythms, of all records together", _RHYTHMS, found, n_counted=1)


def _with_all(results: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    yield from results.items()
    yield "gross", reduce(add, results.values())


def _table(
    title: str, columns: Sequence[str], found: Mapping[str, Sequence[Score]], *, n_counted: int | None = None
) -> Iterable[str]:
    """A table of what either side has any of; the first `n_counted` scores are of things that can be counted."""
    counts = {
        name: [sum(score[side].total for score in scores[:n_counted]) for side in (0, 1)]
        for name, scores in found.items()
    }
    rows = [
        (name, *(_two_digits(ratio.percent) for score in scores for ratio in score), *map(str, counts[name]))
        for name, scores in found.items()
        if any(counts[name])
    ]
    if rows:
        yield f"{title}\n{as_table(columns, rows)}"


def _beat_rows(results: Mapping[str, Confusion]) -> list[tuple[str, ...]]:
    rows = [(name, *_figures(result, pooled=False), *_measures(result)) for name, result in results.items()]
    together = gross(list(results.values()))
    rows.append(("gross", *_figures(together, pooled=True), *_measures(together)))
    rows.append(_average_row(list(results.values())))
    return rows


def _figures(confusion: Confusion, *, pooled: bool) -> tuple[str, ...]:
    scores: tuple[Score, ...] = (confusion.qrs, confusion.veb, confusion.sveb_pooled if pooled else confusion.sveb)
    return tuple(_two_digits(ratio.percent) for score in scores for ratio in score)


def _average_row(results: list[Confusion]) -> tuple[str, ...]:
    def average(ratios: list[Ratio]) -> str:
        return _two_digits(average_percent(ratios))

    scores = [(result.qrs, result.veb, result.sveb) for result in results]
    columns = [
        average([getattr(score[i], side) for score in scores])
        for i in range(3)
        for side in ("sensitivity", "predictivity")
    ]
    return ("average", *columns, "", "", "")


def _measures(confusion: Confusion) -> tuple[str, ...]:
    """Root mean square error of RR intervals, time of shutdown, beats."""
    n_beats = confusion.qrs.sensitivity.total
    return (_two_digits(confusion.rr_error_ms), f"{confusion.shutdown_s:.0f}", str(n_beats))


def _two_digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
