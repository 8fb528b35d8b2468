"""Runs of ectopic beats on mitdb and svdb, by EC57 as WFDB's `rxr` counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from benchmarks.detector_report.beat_tables import (
    DATABASES,
    Answers,
    our_answers,
    score_pair,
    scores_for,
    titled,
)
from benchmarks.detector_report.parts import Part, Scores, Table
from benchmarks.detector_report.recordings import recordings
from detectors.evaluation.runs import Ectopy, Runs, compare_runs

if TYPE_CHECKING:
    from detectors.evaluation.marks import Score

WORDS: Final[dict[Ectopy, str]] = {"V": "ventricular", "S": "supraventricular"}


def part() -> Part:
    """A table a database."""
    tables, scores = [], []
    for database in DATABASES:
        rows = []
        for answers in our_answers():
            if not answers.is_held_out:
                continue
            for ectopy, word in WORDS.items():
                found = _together(answers, database, ectopy)
                lengths = {"couplets": found.couplets, "runs of 3-5": found.short, "longer runs": found.long}
                cells = [cell for score in lengths.values() for cell in (*score_pair(score), _counts(score))]
                rows.append([answers.who, answers.leads, word, *cells])
                scores.append(_scores(answers, database, word, lengths))
        columns = ["detector", "leads", "beats"]
        columns += [f"{length} {side}" for length in ("2:", "3-5:", ">5:") for side in ("Se", "+P", "of, called")]
        tables.append(Table(titled(database), columns, rows))
    about = (
        "Gross figures by EC57 as WFDB's `rxr` counts: a run is found where the other side has one at least as long as"
        " the shortest of its class. Trees that had not seen the record; `rxr` counts escape beats as supraventricular."
    )
    return Part("runs", "Runs of ectopic beats", about, tables, scores=scores)


def _together(answers: Answers, database: str, ectopy: Ectopy) -> Runs:
    found = Runs(Counter(), Counter())
    for one in recordings(database):
        marks, fs_hz = answers.marks[one.key], one.signal.fs_hz
        found += compare_runs(one.reference, marks, ectopy=ectopy, fs_hz=fs_hz, end=one.n_samples)
    return found


def _counts(score: Score) -> str:
    return f"{score.sensitivity.total}, {score.predictivity.total}"


def _scores(answers: Answers, database: str, word: str, lengths: dict[str, Score]) -> Scores:
    figures = {
        f"{length} {side}": round(ratio.percent, 1)
        for length, score in lengths.items()
        for side, ratio in (("Se", score.sensitivity), ("+P", score.predictivity))
        if ratio.percent is not None
    }
    return scores_for(f"runs of {word} beats", database, answers, figures)
