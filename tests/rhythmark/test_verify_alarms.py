"""`rhythmark verify-alarms` over files."""

import csv


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_alarm_has_a_row_and_one_without_a_name_or_beyond_its_record_is_said(rhythmark, write_ecg, tmp_path):
    named, other = write_ecg(tmp_path, "named", seconds=40.0), write_ecg(tmp_path, "other", seconds=40.0)
    header = named.with_suffix(".hea")
    header.write_text(header.read_text() + "#Asystole\n#False alarm\n")
    short = write_ecg(tmp_path, "short", seconds=20.0)
    done = rhythmark("verify-alarms", named, other, short, "--at-s", "40", "--output", "alarms.csv", "--jobs", "1")
    assert done.returncode == 1
    assert "a comment must name the alarm (ASYSTOLE, BRADY, TACHY, VT, VFIB), or --alarm" in done.stderr
    [row] = rows_of(tmp_path / "alarms.csv")
    assert (row["record"], row["alarm"], row["verdict"]) == ("named", "ASYSTOLE", "rejected")
    assert "longest gap 0.8 s" in row["reason"]
    assert "II_gap_s=0.8" in row["figures"]
    done = rhythmark(
        *("verify-alarms", other, short, "--alarm", "BRADY", "--at-s", "40", "--output", "alarms.csv", "--jobs", "1")
    )
    assert "must be within its record of 20.0 s, got 40 s" in done.stderr
    assert [(row["record"], row["alarm"]) for row in rows_of(tmp_path / "alarms.csv")] == [("other", "BRADY")]
