"""`rhythmark classify-strip`: normal, AF, another rhythm or too noisy, of short strips of one wearable lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.strips.classify import CLASSES, MAX_S, TOLD, classify
from rhythmark.strip_tables import judge_all, whole_record

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from pathlib import Path

    from rhythmark.settings import Settings

_COLUMNS = ("record", *CLASSES, "verdict", *TOLD.values(), "reason")
_DIGITS = 4


def run(arguments: Namespace, settings: Settings) -> int:
    """Classify every record that is named, and write a row for each."""
    del settings
    return judge_all(arguments, judge, _COLUMNS, _told)


def judge(path: Path) -> dict[str, object]:
    """The row of one record."""
    verdict = classify(*whole_record(path, MAX_S))
    figures = {name: verdict.figures.get(name) for name in TOLD.values()}
    numbers = {name: None if value is None else round(value, _DIGITS) for name, value in figures.items()}
    chances = {name: round(value, _DIGITS) for name, value in verdict.probabilities.items()}
    return {"record": path.name, **chances, "verdict": verdict.label, **numbers, "reason": verdict.reason}


def _told(row: Mapping[str, object]) -> str:
    return f"{row['verdict']} ({row[str(row['verdict'])]:.0%}) {row['reason']}".rstrip()
