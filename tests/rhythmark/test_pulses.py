"""`rhythmark pulses` over a CSV file."""

import csv

import numpy as np
import pytest

from formats.csv_signals import read_column
from formats.errors import FormatError

FS_HZ = 125.0


def pleth(n_samples, period_s=0.8):
    phase_s = np.arange(n_samples) / FS_HZ % period_s
    return 0.5 + 0.4 * np.exp(-0.5 * ((phase_s - 0.3) / 0.08) ** 2)


@pytest.fixture
def file(tmp_path):
    def write(samples, header="Time [s], PLETH, II", name="in.csv"):
        rows = [f"{i / FS_HZ},{value},0.1" for i, value in enumerate(samples)]
        (tmp_path / name).write_text("\n".join([header, *rows]) + "\n")
        return tmp_path / name

    return write


def test_each_pulse_has_a_row_with_its_sample_and_time(rhythmark, file, tmp_path):
    done = rhythmark("pulses", file(pleth(2500)), "--fs-hz", "125", "--output", "out/pulses.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "out" / "pulses.csv").read_text().splitlines()))
    times_s = np.array([float(row["time_s"]) for row in rows])
    expected = np.arange(0.3, 20, 0.8)
    assert all(abs(expected - at).min() < 0.05 for at in times_s)
    assert len(rows) == len(expected)  # the first one too
    assert [int(row["sample"]) for row in rows] == np.round(times_s * FS_HZ).tolist()


def test_each_row_says_how_sure_the_pulse_is_and_whether_the_signal_is_readable_there(rhythmark, file, tmp_path):
    noise = np.convolve(np.random.default_rng(4).normal(0, 1, 2500), np.ones(15) / 4, mode="same")
    samples = np.concatenate([pleth(2500), noise, pleth(2500)])
    done = rhythmark("pulses", file(samples), "--fs-hz", "125", "--output", "out.csv")
    assert "s are unreadable" in done.stderr
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    middle = [row for row in rows if 22 < float(row["time_s"]) < 38]
    first = [row for row in rows if float(row["time_s"]) < 19]
    assert {row["readable"] for row in first} == {"1"}
    assert min(float(row["confidence"]) for row in first) > 0.8
    assert sum(row["readable"] == "0" for row in middle) > len(middle) / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column", "ABP"], "got 'ABP' among Time [s], PLETH, II"),
        (["--fs-hz", "5"], "must be within [20, 2000] Hz, got 5"),
        (["--output", "in.csv/x.csv"], "must be a file that can be written"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(rhythmark, file, tmp_path, arguments, message):
    given = ["--fs-hz", "125", "--output", "out.csv", *arguments]
    done = rhythmark("pulses", file(pleth(500)), *given)
    assert (done.returncode, message in done.stderr) == (1, True), done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["in.csv"]


def test_a_column_is_found_whatever_the_space_and_case_around_its_name(file):
    assert read_column(file([1.5, 2.5], header="\ufefft, pleth ,x"), "PLETH").tolist() == [1.5, 2.5]


def test_an_empty_cell_is_a_sample_that_is_not_there(file):
    assert np.isnan(read_column(file(["", "nan", 3]), "PLETH")).tolist() == [True, True, False]


@pytest.mark.parametrize("cell", ["high", "1e999", "inf", "1;2"])
def test_what_is_no_number_is_refused_with_its_line(file, cell):
    with pytest.raises(FormatError, match=r"line 3: a sample must be a finite number or empty"):
        read_column(file([1.0, cell]), "PLETH")


def test_a_column_that_stands_twice_or_not_at_all_is_refused(file, tmp_path):
    with pytest.raises(FormatError, match="got 'PLETH' twice"):
        read_column(file([1.0], header="PLETH,pleth,x"), "PLETH")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(FormatError, match="among none"):
        read_column(tmp_path / "empty.csv", "PLETH")
    with pytest.raises(FormatError, match="can be read"):
        read_column(tmp_path / "absent.csv", "PLETH")
