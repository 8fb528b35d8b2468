"""Sections that training recipes print: their lines become figures, and what fails is skipped visibly."""

import sys

import pytest

from benchmarks.detector_report import recipes
from benchmarks.detector_report.recipes import Measured, Recipe

LINE = r"afdb: beats Se (?P<beats_Se>[\d.]+), \+P (?P<beats_P>[\d.]+)"
MEASURED = Measured("afib", "fibrillation", "afdb", 13, "all leads", LINE)


@pytest.fixture
def printing(monkeypatch, tmp_path):
    """A recipe that prints this, or ends with that error."""

    def recipe(said="", error=None):
        folder = tmp_path / "training"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        text = f"print({said!r})" if error is None else f"raise {error}"
        (folder / "drawn.py").write_text(text)
        monkeypatch.setattr(recipes, "ROOT", tmp_path)
        monkeypatch.setenv("RHYTHMARK_TRAINING_PYTHON", sys.executable)
        return Recipe("drawn", "Drawn", "About.", (MEASURED,))

    return recipe


def test_what_a_recipe_prints_stands_in_the_report_and_its_figures_in_the_scores(printing):
    part = recipes.part(printing("afdb: beats Se 98.1, +P 85.2\nmore"))
    assert part.printed == "afdb: beats Se 98.1, +P 85.2\nmore"
    (score,) = part.scores
    assert score.figures == {"beats Se": 98.1, "beats +P": 85.2}
    assert (score.detector, score.is_held_out, score.n_records) == ("afib", True, 13)
    assert score.version


def test_a_recipe_that_cannot_run_is_skipped_with_its_reason(printing):
    part = recipes.part(printing(error="ModuleNotFoundError(\"No module named 'torch'\")"))
    assert part.remarks == ["Skipped: training.drawn: ModuleNotFoundError: No module named 'torch'"]
    assert (part.printed, part.scores) == ("", [])


def test_a_recipe_that_no_longer_prints_its_figures_is_an_error(printing):
    with pytest.raises(ValueError, match="must have a line"):
        recipes.part(printing("something else"))


def test_every_annotator_of_a_recipe_is_there():
    for recipe in recipes.RECIPES:
        for one in recipe.scores:
            assert recipes.version_of(one.detector)
