"""The report on detectors: put together from its parts, its pictures there and small, errors found where they are."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detector_report import document, parts
from benchmarks.detector_report.__main__ import NAMES
from benchmarks.detector_report.worst import errors
from detectors.evaluation.marks import Mark

DOCS = Path(__file__).parents[2] / "docs"
FS_HZ = 100.0


def marks(text, *, start=40_000, every=100):
    return [Mark(start + i * every, symbol) for i, symbol in enumerate(text) if symbol != " "]


def test_the_report_that_is_committed_is_the_one_that_its_parts_give(monkeypatch, tmp_path):
    monkeypatch.setattr(document, "REPORT", tmp_path / "detectors.md")
    monkeypatch.setattr(document, "SCORES", tmp_path / "scores.json")
    document.write(part for part in map(parts.read, NAMES) if part is not None)
    assert (tmp_path / "detectors.md").read_text() == (DOCS / "detectors.md").read_text()
    assert (tmp_path / "scores.json").read_bytes() == (DOCS.parent / "detectors" / "scores.json").read_bytes()


def test_every_picture_of_the_report_is_there_and_small():
    named = set(re.findall(r"\]\(images/detectors/([^)]+)\)", (DOCS / "detectors.md").read_text()))
    there = {path.name: path.stat().st_size for path in (DOCS / "images" / "detectors").glob("*.png")}
    assert set(there) == named
    assert [name for name, size in there.items() if size > 100_000] == []


def test_every_record_of_a_table_has_as_many_cells_as_the_table_has_columns():
    for part in filter(None, map(parts.read, NAMES)):
        for table in part.tables:
            assert {len(row) for row in table.rows} == {len(table.columns)}, table.title


@pytest.mark.parametrize(
    ("kind", "reference", "test", "missed", "extra"),
    [
        ("QRS", "NVNN", "NVN ", [3], []),
        ("QRS", "NV N", "NVNN", [], [2]),
        ("VEB", "NVNF", "NNVV", [1], [2]),  # a fusion beat called V is no error
        ("SVEB", "NANe", "NSSN", [3], [2]),  # an escape beat is supraventricular, as bxb has it
        ("SVEB", "NSQN", "N SV", [1], []),
    ],
)
def test_errors_are_beats_that_one_side_has_and_the_other_has_not(kind, reference, test, missed, extra):
    found = errors(marks(reference), marks(test), kind, FS_HZ)
    assert (found.missed - 40_000).tolist() == [100 * i for i in missed]
    assert (found.extra - 40_000).tolist() == [100 * i for i in extra]


def test_errors_of_the_first_five_minutes_are_not_counted_and_marks_150_ms_apart_are_one():
    early = [Mark(29_999, "N"), Mark(50_000, "N"), Mark(60_000, "N")]
    found = errors(early, [Mark(50_015, "N"), Mark(60_016, "N")], "QRS", FS_HZ)
    assert (found.missed.tolist(), found.extra.tolist(), found.n_beats) == ([60_000], [60_016], 2)
    assert np.array_equal(found.all, [60_000, 60_016])


def test_beats_within_fibrillation_are_no_errors():
    reference = [Mark(40_000, "N"), Mark(40_100, "["), Mark(40_900, "]"), Mark(41_000, "N")]
    found = errors(reference, [Mark(40_000, "N"), Mark(40_500, "V"), Mark(41_000, "N")], "VEB", FS_HZ)
    assert found.all.tolist() == []
