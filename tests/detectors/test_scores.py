"""The scores that ship are those of the report, and of versions that are known by name."""

import json
from pathlib import Path

from detectors.registry import own
from detectors.scores import scores, scores_of

FIGURES = Path(__file__).parents[2] / "docs" / "figures"


def test_scores_are_those_of_the_parts_of_the_report():
    parts = [json.loads(path.read_text()) for path in FIGURES.glob("*.json") if path.name != "causes.json"]
    reported = [one for part in parts for one in part["scores"]]
    shipped = [{name: getattr(one, name) for name in one.__struct_fields__} for one in scores()]
    assert sorted(shipped, key=str) == sorted(reported, key=str)


def test_scores_are_of_annotators_that_there_are():
    names = {annotator.name for detector in own().values() for annotator in detector.annotators}
    assert {one.detector for one in scores()} <= names


def test_a_version_that_nobody_measured_has_none():
    first = scores()[0]
    assert first in scores_of(first.detector, first.version)
    assert scores_of(first.detector, "0") == []
