"""What the training recipes say of records that were held out, in their own words: a section for each.

A recipe under `training/` cross-validates itself and prints its figures; what it prints stands in the report as it is.
Those that need torch run with the interpreter that RHYTHMARK_TRAINING_PYTHON names.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import NamedTuple

from benchmarks.detector_report.parts import ROOT, Part, Scores


class Measured(NamedTuple):
    """A line of a recipe that the workstation shows.

    Parameters
    ----------
    detector, version : whose it is.
    line : regular expression; its named groups are the figures, "_" for a space.
    """

    detector: str
    version: str
    measured: str
    database: str
    n_records: int
    leads: str
    line: str


class Recipe(NamedTuple):
    """A module of `training`, and what it measures."""

    name: str
    title: str
    about: str
    scores: tuple[Measured, ...] = ()
    arguments: tuple[str, ...] = ("--cross-validate",)


def part(recipe: Recipe) -> Part:
    """Run the recipe; minutes to an hour, as docs/training.md says."""
    python = os.environ.get("RHYTHMARK_TRAINING_PYTHON", sys.executable)
    command = [python, "-m", f"training.{recipe.name}", *recipe.arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Part(recipe.name, recipe.title, recipe.about, [], remarks=[f"Skipped: training.{recipe.name}: {reason}"])
    scores = [_scores(one, done.stdout) for one in recipe.scores]
    return Part(recipe.name, recipe.title, recipe.about, [], printed=done.stdout.rstrip(), scores=scores)


def _scores(one: Measured, printed: str) -> Scores:
    found = re.search(one.line, printed)
    if found is None:
        msg = f"what training prints must have a line {one.line!r}"
        raise ValueError(msg)
    figures = {name.replace("_", " "): float(value) for name, value in found.groupdict().items()}
    return Scores(one.detector, one.version, one.measured, one.database, one.n_records, True, one.leads, figures)  # noqa: FBT003 - as the field is read
