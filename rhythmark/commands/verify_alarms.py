"""`rhythmark verify-alarms`: whether alarms of monitors stand, by the channels that did not raise them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from detectors.alarms.rules import ALARMS, verify
from formats.errors import FormatError
from formats.wfdb_files import read_blocks, read_header
from rhythmark.strip_tables import judge_all
from signal_processing.values import Block

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from pathlib import Path

    from formats.wfdb_files import RecordHeader
    from rhythmark.settings import Settings

BEFORE_S = 300.0
"""Of the signal before an alarm, what detectors learn from at most."""
_COLUMNS = ("record", "alarm", "verdict", "probability", "reason", "figures")
_DIGITS = 4
_NAMES = {
    "asystole": "ASYSTOLE",
    "bradycardia": "BRADY",
    "tachycardia": "TACHY",
    "ventriculartachycardia": "VT",
    "ventricularflutterfib": "VFIB",
    "ventricularfibrillation": "VFIB",
    **{label.lower(): label for label in ALARMS},
}
"""What alarms are called in comments of records, without case, "extreme", and all that is no letter."""


def run(arguments: Namespace, settings: Settings) -> int:
    """Verify the alarm of every record that is named, and write a row for each."""
    del settings
    judge = partial(judge_one, alarm=arguments.alarm, at_s=arguments.at_s)
    return judge_all(arguments, judge, _COLUMNS, _told)


def judge_one(path: Path, *, alarm: str | None, at_s: float) -> dict[str, object]:
    """The row of one record; nothing of what comes after the alarm is looked at."""
    header = read_header(path)
    label = alarm or _alarm_of(path, header)
    fs_hz = header.signal.fs_hz
    end = round(at_s * fs_hz)
    if end > header.n_samples:
        msg = f"an alarm must be within its record of {header.n_samples / fs_hz:.1f} s, got {at_s:g} s in {path}"
        raise FormatError(msg)
    first = max(end - round(BEFORE_S * fs_hz), 0)
    digital = np.concatenate([block.samples for block in read_blocks(header, start=first, end=end)])
    found = verify(label, header.signal, header.signal.physical(Block(0, digital)))
    return {
        "record": path.name,
        "alarm": label,
        "verdict": "stands" if found.stands else "rejected",
        "probability": round(found.probability, _DIGITS),
        "reason": found.reason,
        "figures": " ".join(f"{name}={value:.4g}" for name, value in found.figures.items()),
    }


def _alarm_of(path: Path, header: RecordHeader) -> str:
    for comment in header.comments:
        name = re.sub(r"[^a-z]|extreme", "", comment.lower())
        if name in _NAMES:
            return _NAMES[name]
    msg = f"a comment must name the alarm ({', '.join(ALARMS)}), or --alarm: got none in {path}"
    raise FormatError(msg)


def _told(row: Mapping[str, object]) -> str:
    return f"{row['alarm']} {row['verdict']}: {row['reason']}"
