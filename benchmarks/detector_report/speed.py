"""How fast the detectors are and how soon they speak: what `python -m benchmarks detectors` measures, as tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks import detectors
from benchmarks.detector_report.parts import Part, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figure

_LATENCY = re.compile(r"latency of (\S+), (.+), (\d+) of them in blocks of 1 s, (\w+)")
MILLION = 1e6


def part() -> Part:
    """Whole records, blocks of a second, and latency by label."""
    figures = list(detectors.figures())
    about = (
        "One core of the machine that made the report, CPU time, while others used it too; the open tools in the same"
        " run. Whole records are four of mitdb; blocks are 1 s of 3 leads at 250 Hz of that many streams, one after the"
        " other, to physical units included. The open tools cannot go on where they stopped: as a stream they read the"
        " newest 10 s of one lead again each second. Latency is measured on recordings of mitdb, vfdb, cudb and the"
        " Challenge 2015 in blocks of 1 s, so up to a second of it is the block itself."
    )
    tables = [
        Table(
            "Whole records", ["", "million samples a second"], _rows(figures, "whole records|one lead$", "samples/s")
        ),
        Table("Blocks of a second", ["", "us a block"], _rows(figures, "streams$", "us CPU a block")),
        Table(
            "Latency, s",
            ["label", "what", "of them", "median", "95 % within", "longest"],
            _latencies(figures),
        ),
    ]
    return Part("speed", "Speed and latency", about, tables)


def _rows(figures: Sequence[Figure], names: str, unit: str) -> list[list[str]]:
    scale = MILLION if unit == "samples/s" else 1.0
    found = [one for one in figures if one.unit == unit and re.search(names, one.figure)]
    return [[one.figure, f"{one.value / scale:.3g}"] for one in found]


def _latencies(figures: Sequence[Figure]) -> list[list[str]]:
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in figures:
        if match := _LATENCY.fullmatch(one.figure):
            rows.setdefault(match.groups()[:3], []).append(f"{one.value:.1f}")
    return [[*key, *values] for key, values in rows.items()]
