"""`rhythmark annotate` and `rhythmark evaluate` over files."""

import shutil
import subprocess
import sys
import time

import psutil
import pytest

from formats.wfdb_files import read_marks
from signal_processing.vocabulary import LABELS, LabelKind

BEATS = {entry.code for entry in LABELS if entry.kind is LabelKind.BEAT}


def test_annotate_writes_a_file_of_beats_for_each_record(rhythmark, write_ecg, tmp_path):
    folder = tmp_path / "records"
    for name in ("a", "b"):
        write_ecg(folder, name)
    done = rhythmark("annotate", folder, "--output", "out", "--annotator", "tst", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "[2/2]" in done.stderr
    for name in ("a", "b"):
        beats = [mark.sample for mark in read_marks(tmp_path / "out" / name, "tst") if mark.symbol in BEATS]
        assert len(beats) == pytest.approx(30 / 0.8, abs=4)


def test_annotate_is_the_same_however_many_processes(rhythmark, write_ecg, tmp_path):
    folder = tmp_path / "records"
    for name in ("a", "b", "c"):
        write_ecg(folder, name, seconds=15.0)
    for jobs in ("1", "3"):
        assert rhythmark("annotate", folder, "--output", f"out{jobs}", "--jobs", jobs).returncode == 0
    for name in ("a", "b", "c"):
        assert (tmp_path / "out1" / f"{name}.rhy").read_bytes() == (tmp_path / "out3" / f"{name}.rhy").read_bytes()


def test_the_processes_of_annotate_end_with_it_when_it_is_killed(environment, write_ecg, tmp_path):
    records = [write_ecg(tmp_path, name, seconds=600.0) for name in "abcd"]
    command = [sys.executable, "-m", "rhythmark", "annotate", *map(str, records), "--output", "out", "--jobs", "2"]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL) as done:
        deadline_s = time.monotonic() + 60
        workers: list[psutil.Process] = []
        while len(workers) < 2 and time.monotonic() < deadline_s:
            workers = [one for one in psutil.Process(done.pid).children() if "spawn_main" in " ".join(one.cmdline())]
            time.sleep(0.02)
        assert len(workers) == 2
        done.kill()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []


def test_annotate_goes_on_past_a_damaged_record_and_fails_at_the_end(rhythmark, write_ecg, tmp_path):
    good = write_ecg(tmp_path, "good")
    bad = write_ecg(tmp_path, "bad")
    bad.with_suffix(".dat").write_bytes(b"\1\2\3")
    done = rhythmark("annotate", bad, good, "--output", "out")
    assert done.returncode == 1
    assert "must hold the 7500 samples its header states" in done.stderr
    assert "error: 1 of 2 records could not be annotated" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.rhy"]


def test_annotate_refuses_two_records_of_one_name(rhythmark, write_ecg, tmp_path):
    done = rhythmark("annotate", write_ecg(tmp_path / "x"), write_ecg(tmp_path / "y"), "--output", "out")
    assert (done.returncode, "records must have different names" in done.stderr) == (1, True)


def test_annotate_refuses_a_channel_the_record_lacks(rhythmark, write_ecg, tmp_path):
    done = rhythmark("annotate", write_ecg(tmp_path), "--output", "out", "--channels", "0,2")
    assert "channels of 'rec' must be within [0, 1], got 2" in done.stderr


def test_annotate_reads_the_chosen_channel_only(rhythmark, write_ecg, tmp_path):
    assert rhythmark("annotate", write_ecg(tmp_path), "--output", "out", "--channels", "1").returncode == 0
    assert len(read_marks(tmp_path / "out" / "rec", "rhy")) > 30


@pytest.mark.data
def test_evaluate_scores_a_file_against_itself_as_perfect(rhythmark, data_dir, tmp_path):
    for suffix in ("hea", "dat", "atr"):
        shutil.copy(data_dir / "mitdb" / f"208.{suffix}", tmp_path)
    done = rhythmark("evaluate", tmp_path, "--annotator", "atr")
    assert done.returncode == 0, done.stderr
    beats, runs, rhythms = [table.splitlines()[-2:] for table in done.stdout.strip().split("\n\n")]
    assert rhythms[1].split()[1:5] == ["100.00"] * 4
    assert beats[0].split()[:5] == ["gross"] + ["100.00"] * 4
    # no run of more than five
    assert runs[1].split() == ["gross"] + ["100.00"] * 4 + ["-", "-"] + [runs[1].split()[-1]] * 2
    assert rhythmark("evaluate", tmp_path / "208", "--annotator", "atr").stdout == done.stdout


@pytest.mark.data
def test_annotate_finds_the_beats_of_a_reference_record_as_bxb_counts_them(rhythmark, data_dir, tmp_path):
    for suffix in ("hea", "dat", "atr"):
        shutil.copy(data_dir / "mitdb" / f"208.{suffix}", tmp_path)
    assert rhythmark("annotate", tmp_path / "208", "--output", tmp_path).returncode == 0
    done = rhythmark("evaluate", tmp_path)
    row, *_ = [line.split() for line in done.stdout.splitlines() if line.startswith("208")]
    assert min(map(float, row[1:3])) > 99.0
    if not (bxb := shutil.which("bxb")):
        return  # its figures are checked where it is installed
    out = subprocess.run(
        [bxb, "-r", "208", "-a", "atr", "rhy"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert f"QRS sensitivity: {row[1].rjust(6)}%" in out.stdout
