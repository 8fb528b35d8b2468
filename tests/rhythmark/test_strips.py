"""`rhythmark classify-strip` over files."""

import csv

import pytest


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_strip_has_a_row_in_the_order_named(rhythmark, write_ecg, tmp_path):
    records = [write_ecg(tmp_path, name, seconds=12.0) for name in "cab"]
    done = rhythmark("classify-strip", *records, "--output", "out/strips.csv", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "[3/3]" in done.stderr
    rows = rows_of(tmp_path / "out" / "strips.csv")
    assert list(rows[0])[:6] == ["record", "N", "A", "O", "~", "verdict"]
    assert [row["record"] for row in rows] == ["c", "a", "b"]
    for row in rows:
        chances = {label: float(row[label]) for label in "NAO~"}
        assert sum(chances.values()) == pytest.approx(1.0, abs=1e-3)
        assert row["verdict"] == max(chances, key=chances.get)
        assert float(row["rate_bpm"]) == pytest.approx(75, abs=1)


def test_a_damaged_record_and_one_that_is_no_strip_do_not_stop_the_others(rhythmark, write_ecg, tmp_path):
    good, bad = write_ecg(tmp_path, "good"), write_ecg(tmp_path, "bad")
    bad.with_suffix(".dat").write_bytes(b"\1\2\3")
    long = write_ecg(tmp_path, "long", seconds=150.0)
    done = rhythmark("classify-strip", bad, long, good, "--output", "strips.csv", "--jobs", "1")
    assert done.returncode == 1
    assert "must hold the 7500 samples its header states" in done.stderr
    assert "at most 120 s long, got 150.0 s" in done.stderr
    assert "error: 2 of 3 records could not be judged" in done.stderr
    assert [row["record"] for row in rows_of(tmp_path / "strips.csv")] == ["good"]


def test_what_is_too_short_is_too_noisy_and_says_why(rhythmark, write_ecg, tmp_path):
    done = rhythmark("classify-strip", write_ecg(tmp_path, seconds=3.0), "--output", "strips.csv", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    [row] = rows_of(tmp_path / "strips.csv")
    assert (row["verdict"], row["~"]) == ("~", "1.0")
    assert row["reason"] == "too short: 3.0 s, at least 5 s are needed"


def test_the_former_file_stays_where_nothing_could_be_judged(rhythmark, tmp_path):
    (tmp_path / "strips.csv").write_text("before")
    done = rhythmark("classify-strip", "nowhere", "--output", "strips.csv", "--jobs", "1")
    assert (done.returncode, (tmp_path / "strips.csv").read_text()) == (1, "before")
    assert [path.name for path in tmp_path.iterdir() if "strips" in path.name] == ["strips.csv"]


def test_a_file_that_cannot_be_written_is_said(rhythmark, write_ecg, tmp_path):
    (tmp_path / "taken").mkdir()
    done = rhythmark("classify-strip", write_ecg(tmp_path), "--output", "taken", "--jobs", "1")
    assert done.returncode == 1
    assert "taken must be writable" in done.stderr


def test_twelve_leads_are_checked_and_the_faulty_one_is_named(rhythmark, write_twelve_leads, write_ecg, tmp_path):
    good, bad = write_twelve_leads(tmp_path, "good"), write_twelve_leads(tmp_path, "bad", flat="V3")
    two = write_ecg(tmp_path, "two", seconds=12.0)
    done = rhythmark("check-quality", good, two, bad, "--output", "quality.csv", "--jobs", "1")
    assert done.returncode == 1
    assert "must have 12 ECG leads" in done.stderr
    first, other = rows_of(tmp_path / "quality.csv")
    assert (first["record"], first["acceptable"], first["reason"]) == ("good", "1", "")
    assert (other["record"], other["reason"]) == ("bad", "V3: flat (10 s)")
    assert float(other["probability"]) < float(first["probability"])
