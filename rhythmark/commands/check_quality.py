"""`rhythmark check-quality`: whether ten seconds of twelve leads can be read, and which lead is why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.strips.acceptable import MAX_S, check
from rhythmark.strip_tables import judge_all, whole_record

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from pathlib import Path

    from rhythmark.settings import Settings

_COLUMNS = ("record", "acceptable", "probability", "reason")
_DIGITS = 4


def run(arguments: Namespace, settings: Settings) -> int:
    """Check every record that is named, and write a row for each."""
    del settings
    return judge_all(arguments, judge, _COLUMNS, _told)


def judge(path: Path) -> dict[str, object]:
    """The row of one record: acceptable is 1 or 0, and the probability that of 1."""
    quality = check(*whole_record(path, MAX_S))
    return {
        "record": path.name,
        "acceptable": int(quality.acceptable),
        "probability": round(quality.probability, _DIGITS),
        "reason": "; ".join(map(str, quality.faults)),
    }


def _told(row: Mapping[str, object]) -> str:
    verdict = "acceptable" if row["acceptable"] else "unacceptable"
    return f"{verdict} ({row['probability']:.0%} acceptable) {row['reason']}".rstrip()
