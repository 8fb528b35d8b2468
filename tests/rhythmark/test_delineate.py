"""`rhythmark delineate` over files."""

import csv

import numpy as np
import pytest

from formats.wfdb_files import read_header, read_marks, write_record
from signal_processing.values import Block, Channel, Signal


def symbols(marks):
    return "".join(mark.symbol for mark in marks)


def test_delineate_marks_each_record_and_writes_a_row_a_beat(rhythmark, write_ecg, tmp_path):
    for name in ("a", "b"):
        write_ecg(tmp_path / "records", name, seconds=12.0)
    arguments = ["--lead", "v1", "--output", "out", "--annotator", "tst", "--intervals", "out/beats.csv", "--jobs", "1"]
    done = rhythmark("delineate", "records", *arguments)
    assert done.returncode == 0, done.stderr
    assert "[2/2]" in done.stderr
    assert "in lead V1" in done.stderr
    marks = read_marks(tmp_path / "out" / "a", "tst")
    peaks = [mark.sample for mark in marks if mark.symbol == "N"]
    expected = np.arange(0.4, 12, 0.8) * 250
    assert sum(min(abs(peak - at) for peak in peaks) <= 3 for at in expected[1:-1]) == len(expected) - 2
    assert symbols(marks).count("(N)") == len(peaks)
    assert {mark.chan for mark in marks} == {1}
    rows = list(csv.DictReader((tmp_path / "out" / "beats.csv").read_text().splitlines()))
    assert [row["record"] for row in rows if row["beat"] == "median"] == ["a", "b"]
    own = [row for row in rows if row["record"] == "a" and row["beat"] != "median"]
    assert [int(row["sample"]) for row in own] == peaks
    assert float(next(row for row in rows if row["beat"] == "median")["rr_s"]) == pytest.approx(0.8, abs=0.01)


def test_delineate_takes_all_leads_together_or_one_by_its_number(rhythmark, write_ecg, tmp_path):
    write_ecg(tmp_path, "a", seconds=8.0)
    for output, lead, told in (("all", [], "in all leads together"), ("one", ["--lead", "1"], "in lead V1")):
        done = rhythmark("delineate", "a", *lead, "--output", output)
        assert (done.returncode, told in done.stderr) == (0, True), done.stderr
    together, alone = (read_marks(tmp_path / output / "a", "rhd") for output in ("all", "one"))
    assert ({mark.chan for mark in together}, {mark.chan for mark in alone}) == ({0}, {1})
    assert symbols(together).count("N") == pytest.approx(10, abs=2)


def test_what_cannot_be_marked_is_told_and_the_other_records_are_marked(rhythmark, write_ecg, tmp_path):
    write_ecg(tmp_path, "good", seconds=5.0)
    write_ecg(tmp_path, "short", seconds=1.0)
    for name, fs_hz, unit in (("slow", 50.0, "mV"), ("pulse", 125.0, "1")):
        signal = Signal(name, "g", fs_hz, 0, (Channel("I", unit, 100.0), Channel("II", unit, 100.0)))
        write_record(tmp_path, name, signal, [Block(0, np.ones((1000, 2), np.int16))])
    done = rhythmark("delineate", "good", "short", "slow", "pulse", "--lead", "ii", "--output", "out", "--jobs", "1")
    assert done.returncode == 1
    assert "'short' must be 2 s or longer to find waves in it, got 1 s" in done.stderr
    assert "sampling rate of 'slow' must be within [100, 1000] Hz to find waves in it, got 50" in done.stderr
    assert "'pulse' must have an ECG lead in V, mV or uV, got II in 1" in done.stderr
    assert "3 of 4 records could not be marked" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.rhd"]
    assert read_header(tmp_path / "good").signal.fs_hz == 250.0


@pytest.mark.parametrize(
    ("lead", "message"), [("V9", "must be one of 0 II, 1 V1; got 'V9'"), ("2", "must be one of 0 II, 1 V1; got '2'")]
)
def test_delineate_names_the_leads_that_are_there(rhythmark, write_ecg, tmp_path, lead, message):
    write_ecg(tmp_path, "a", seconds=5.0)
    done = rhythmark("delineate", "a", "--lead", lead, "--output", "out")
    assert (done.returncode, message in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "out").exists()
