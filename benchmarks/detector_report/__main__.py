"""Measure the detectors and write `docs/detectors.md`: `python -m benchmarks.detector_report [--only qrs classes]`.

Each part is kept in docs/figures/, so that one can be made anew by itself; answers of open tools and trained folds are
kept in .cache/detector-report/. Needs the reference recordings (RHYTHMARK_DATA) and the packages of the development
lock; gqrs is measured where its program is on PATH or at RHYTHMARK_WFDB_BIN.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.detector_report import document, parts, recipes

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.detector_report.parts import Part

PARTS = {
    "qrs": "beat_tables:qrs",
    "classes": "beat_tables:classes",
    "runs": "run_tables:part",
    "noise": "noise:part",
    "robustness": "robustness:part",
    "speed": "speed:part",
}
"""In the order of the report: the function that measures each. A new table is a function that gives a `Part`."""

NAMES = (*PARTS, *(recipe.name for recipe in recipes.RECIPES))


def main() -> int:
    """Make the named parts, then put the report together."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detector_report", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=sorted(NAMES), help="make these parts; none: only the report")
    arguments = parser.parse_args()
    for name in NAMES if arguments.only is None else arguments.only:
        began_s = time.perf_counter()
        parts.write(_made(name))
        print(f"{name}: {time.perf_counter() - began_s:.0f} s", file=sys.stderr, flush=True)
    document.write(part for part in map(parts.read, NAMES) if part is not None)
    return 0


def _made(name: str) -> Part:
    for recipe in recipes.RECIPES:
        if recipe.name == name:
            return recipes.part(recipe)
    module, _, function = PARTS[name].partition(":")
    make: Callable[[], Part] = getattr(importlib.import_module(f"benchmarks.detector_report.{module}"), function)
    return make()


if __name__ == "__main__":
    sys.exit(main())
