"""Beats: QRS complexes and their classes on mitdb and svdb, beside the open tools, by EC57."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from benchmarks.detector_report import ours
from benchmarks.detector_report.parts import Part, Scores, Table, percent
from benchmarks.detector_report.peers import peers
from benchmarks.detector_report.recordings import (
    ALL_LEADS,
    CHANNEL_0,
    Leads,
    Recording,
    escapes_as_normal,
    recordings,
)
from benchmarks.detector_report.worst import worst
from detectors.evaluation.beats import Confusion, average_percent, compare, gross
from detectors.evaluation.marks import Mark
from detectors.registry import detector_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.evaluation.marks import Score

DATABASES = ("mitdb", "svdb")
LEADS_IN_WORDS = {CHANNEL_0: "channel 0", ALL_LEADS: "all leads"}


class Answers(NamedTuple):
    """Marks of every record by one detector, one way."""

    who: str
    leads: str
    is_held_out: bool | None
    marks: dict[str, list[Mark]]


def all_recordings() -> list[Recording]:
    """Of both databases."""
    return [recording for database in DATABASES for recording in recordings(database)]


def beats_in_words() -> str:
    """Name and version of what is measured."""
    return f"beats {detector_named('beats').version}"


@cache
def our_answers() -> tuple[Answers, ...]:
    """With trees that have not seen the record, then with those that ship; channel 0 and all leads of each.

    Kept on disk for as long as no detector, recipe or record is another one.
    """
    path = ours.CACHE / f"answers-{ours.fingerprint()}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(_our_answers()))
    return msgspec.json.decode(path.read_bytes(), type=tuple[Answers, ...])


def _our_answers() -> tuple[Answers, ...]:
    found: dict[tuple[Leads, bool], dict[str, list[Mark]]] = defaultdict(dict)
    for trees, records in ours.folds():
        with ours.held_out(trees):
            _answer(found, [one for one in all_recordings() if one.name in records], is_held_out=True)
    _answer(found, all_recordings(), is_held_out=False)
    ways = [(CHANNEL_0, True), (ALL_LEADS, True), (CHANNEL_0, False), (ALL_LEADS, False)]
    return tuple(Answers(beats_in_words(), LEADS_IN_WORDS[leads], held, found[leads, held]) for leads, held in ways)


def _answer(
    found: dict[tuple[Leads, bool], dict[str, list[Mark]]], records: Sequence[Recording], *, is_held_out: bool
) -> None:
    for recording in records:
        samples = recording.samples
        for leads in (CHANNEL_0, ALL_LEADS):
            said = ours.said(recording.signal, samples, leads)
            found[leads, is_held_out][recording.key] = ours.marks(recording.signal, said)


@cache
def peer_answers() -> tuple[tuple[Answers, ...], tuple[str, ...]]:
    """Of each open tool on channel 0; and which are not at hand."""
    tools, absent = peers()
    found: dict[str, dict[str, list[Mark]]] = {peer.name: {} for peer in tools}
    for recording in all_recordings():
        lead = recording.samples[:, 0]
        for peer in tools:
            places = peer(lead, recording.signal.fs_hz)
            found[peer.name][recording.key] = [Mark(int(at), "N") for at in places]
    return tuple(Answers(name, "channel 0", None, marks) for name, marks in found.items()), tuple(absent)


def compared(answers: Answers, database: str, *, is_escape_normal: bool = False) -> dict[str, Confusion]:
    """The comparison of each record of a database."""
    found = {}
    for recording in recordings(database):
        sides = (recording.reference, answers.marks[recording.key])
        reference, test = map(escapes_as_normal, sides) if is_escape_normal else sides
        found[recording.key] = compare(reference, test, fs_hz=recording.signal.fs_hz, end=recording.n_samples)
    return found


def qrs() -> Part:
    """Every beat, whatever its class."""
    others, absent = peer_answers()
    rows: dict[str, list[list[str]]] = {database: [] for database in DATABASES}
    scores = []
    mine = [answers for answers in our_answers() if answers.is_held_out]
    for answers in (*mine, *others):
        for database in DATABASES:
            records = list(compared(answers, database).values())
            together = gross(records)
            figures = score_pair(together.qrs), _averages([one.qrs for one in records])
            error = percent(together.rr_error_ms, 1)
            rows[database].append(
                [answers.who, answers.leads, *figures[0], percent(together.qrs.f1_percent), *figures[1], error]
            )
            if answers in mine:
                scores.append(scores_for("QRS", database, answers, _of_score(together.qrs)))
    columns = ["detector", "leads", "Se", "+P", "F1", "average Se", "average +P", "RR error, ms"]
    about = (
        "Gross sensitivity and positive predictivity, then the averages over records, by EC57 as WFDB's `bxb` counts"
        " (150 ms, without the first 5 minutes), and the root mean square error of RR intervals. The open tools see"
        " channel 0 and the whole record at once; ours is a stream, its second look learned"
        " without the record; the rules before it were made with these records in view."
    )
    tables = [Table(titled(database), columns, rows[database]) for database in DATABASES]
    return Part(
        "qrs",
        "QRS complexes",
        about,
        tables,
        remarks=[f"Skipped: {one}." for one in absent],
        scores=scores,
        worst=worst("QRS", all_recordings(), _measured().marks),
        worst_about=_WORST_ABOUT,
    )


def _measured() -> Answers:
    """Channel 0, held out: what the worst records are taken from."""
    return our_answers()[0]


_WORST_ABOUT = (
    "The ten records with most errors, of both databases, channel 0, held out; of each the ten seconds with most,"
    " 25 mm/s, 10 mm/mV."
)


def classes() -> Part:
    """Ventricular and supraventricular beats."""
    tables, scores = [], []
    for database in DATABASES:
        rows = []
        for answers in our_answers():
            for is_escape_normal in (True, False):
                records = list(compared(answers, database, is_escape_normal=is_escape_normal).values())
                together = gross(records)
                said = ["held out" if answers.is_held_out else "in sample", "N" if is_escape_normal else "S"]
                rows.append([answers.who, answers.leads, *said, *_classes(together)])
                if answers.is_held_out and not is_escape_normal:
                    figures = {**_of_score(together.veb, "VEB "), **_of_score(together.sveb_pooled, "SVEB ")}
                    scores.append(scores_for("beat classes", database, answers, figures))
        tables.append(Table(titled(database), _CLASS_COLUMNS, rows))
    about = (
        "Gross figures by EC57, as `bxb` and `sumstats` count; beats that are not found count as missed. Escape beats"
        " (e, j, n) are N, as papers have it, or S, as `bxb` has it, by which the rest of this report goes. FPR: of"
        " beats that are not ventricular, how many are called so. The open tools say no classes."
    )
    marks = _measured().marks
    return Part(
        "classes",
        "Ventricular and supraventricular beats",
        about,
        tables,
        scores=scores,
        worst=worst("VEB", all_recordings(), marks) + worst("SVEB", all_recordings(), marks),
        worst_about=f"{_WORST_ABOUT} First of ventricular beats, then of supraventricular ones.",
    )


_CLASS_COLUMNS = [
    "detector",
    "leads",
    "trees",
    "escape beats",
    "VEB Se",
    "VEB +P",
    "VEB F1",
    "VEB FPR",
    "SVEB Se",
    "SVEB +P",
    "SVEB F1",
    "RR error, ms",
]


def _classes(together: Confusion) -> list[str]:
    veb, sveb = together.veb, together.sveb_pooled
    return [
        *score_pair(veb),
        percent(veb.f1_percent),
        percent(veb_fpr_percent(together), 3),
        *score_pair(sveb),
        percent(sveb.f1_percent),
        percent(together.rr_error_ms, 1),
    ]


def veb_fpr_percent(together: Confusion) -> float | None:
    """Of beats called anything that are not ventricular, how many were called so; fusion beats are left out."""
    n_wrong = together.count("NSOX", "V")
    n_all = together.count("NSFOX", "NSV") - together.count("F", "V")
    return 100.0 * n_wrong / n_all if n_all else None


def score_pair(score: Score) -> tuple[str, str]:
    """Sensitivity and positive predictivity."""
    return percent(score.sensitivity.percent), percent(score.predictivity.percent)


def _averages(scores: list[Score]) -> tuple[str, str]:
    return (
        percent(average_percent([one.sensitivity for one in scores])),
        percent(average_percent([one.predictivity for one in scores])),
    )


def _of_score(score: Score, prefix: str = "") -> dict[str, float]:
    named = {"Se": score.sensitivity.percent, "+P": score.predictivity.percent, "F1": score.f1_percent}
    return {f"{prefix}{name}": round(value, 2) for name, value in named.items() if value is not None}


def scores_for(measured: str, database: str, answers: Answers, figures: dict[str, float]) -> Scores:
    """What the workstation shows of it."""
    n_records = len(recordings(database))
    name, _, version = answers.who.partition(" ")
    return Scores(name, version, measured, database, n_records, bool(answers.is_held_out), answers.leads, figures)


def titled(database: str) -> str:
    """Its name, and how many records there are."""
    names = {"mitdb": "MIT-BIH Arrhythmia", "svdb": "MIT-BIH Supraventricular Arrhythmia"}
    return f"{names[database]} ({database}), {len(recordings(database))} records"
