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
from detectors.registry import own


class Measured(NamedTuple):
    """A line of a recipe that the workstation shows.

    Parameters
    ----------
    detector : the annotator whose figures they are, in its version of now.
    line : regular expression; its named groups are the figures, "_" for a space and "_P" for +P.
    """

    detector: str
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


def version_of(annotator: str) -> str:
    """The version of now of an annotator of ours."""
    (version,) = {a.version for detector in own().values() for a in detector.annotators if a.name == annotator}
    return version


def _scores(one: Measured, printed: str) -> Scores:
    found = re.search(one.line, printed)
    if found is None:
        msg = f"what training prints must have a line {one.line!r}"
        raise ValueError(msg)
    figures = {name.replace("_P", " +P").replace("_", " "): float(value) for name, value in found.groupdict().items()}
    return Scores(
        detector=one.detector,
        version=version_of(one.detector),
        measured=one.measured,
        database=one.database,
        n_records=one.n_records,
        is_held_out=True,
        leads=one.leads,
        figures=figures,
    )


_AFDB = (
    r"afdb\S*: beats Se (?P<beats_Se>[\d.]+).*?Sp (?P<beats_Sp>[\d.]+)"
    r".*?episodes Se (?P<episodes_Se>[\d.]+).*?\+P (?P<episodes_P>[\d.]+)"
)
_NSRDB = r"nsrdb\S*: Sp (?P<beats_Sp>[\d.]+)"

RECIPES = (
    Recipe(
        "afib_rhythm",
        "Atrial fibrillation from the beats",
        "Beats of fibrillation (Se, Sp) and episodes of 30 s and more (Se, +P), pooled over the records of a database,"
        " by weights that had not seen the patient, from the experts' beats.",
        (
            Measured("afib", "fibrillation", "afdb", 13, "beats of experts", _AFDB),
            Measured("afib", "fibrillation", "nsrdb", 9, "beats of experts", _NSRDB),
        ),
    ),
    Recipe(
        "strips",
        "Short strips",
        "F1 of each class of the Challenge 2017 and its score, the mean of those of N, A and O, by trees that had not"
        " seen the strip; then how often the verdict is right where it is how certain.",
    ),
    Recipe(
        "strip_quality",
        "Twelve leads, acceptable or not",
        "Accuracy on the Challenge 2011, and the shares of unacceptable recordings found (Se) and of acceptable ones"
        " left alone (Sp), by trees that had not seen the recording, in six divisions into folds; then how often a"
        " recording is acceptable where that is said with how much certainty.",
    ),
    Recipe(
        "alarm_weights",
        "Alarms verified by a second signal",
        "The score of the Challenge 2015 by kind of alarm. Ventricular tachycardia by weights learned from the other"
        " alarms; the limits of the other rules were set with these alarms in sight.",
        arguments=(),
    ),
    Recipe(
        "wave_boundaries",
        "Onsets and ends of waves",
        "LUDB and QTDB by the rules of CSE and of Martinez 2004 (150 ms), by networks that had not seen the record.",
    ),
)
"""Sections that are what a training recipe prints of records that were held out, in the order of the report."""
