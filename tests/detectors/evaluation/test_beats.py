"""Beat matching by EC57, against the standard's program `bxb` where it is installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import wfdb

from detectors.evaluation.beats import average_percent, compare, gross
from detectors.evaluation.marks import Mark, Ratio

FS_HZ = 360.0
RECORDS = ("104", "207", "208", "223")
CLASSES = "NNNNNNVVSFQ/j!"
COLUMNS = [r + t for r, t in zip("NSVFONSVFONSVFONSVF", "nnnnnsssssvvvvvoooo", strict=True)]


def beats(*samples, label="N"):
    return [Mark(sample, label) for sample in samples]


def counted(reference, test, *, end=100_000):
    return dict(compare(reference, test, fs_hz=FS_HZ, end=end, start_s=0.0).pairs)


@pytest.mark.parametrize(("apart", "is_match"), [(0, True), (54, True), (-54, True), (55, False), (-55, False)])
def test_beats_are_one_when_they_are_at_most_150_ms_apart(apart, is_match):
    expected = {("N", "V"): 1} if is_match else {("N", "O"): 1, ("O", "V"): 1}
    assert counted(beats(5000), beats(5000 + apart, label="V")) == expected


def test_each_beat_has_one_partner_when_two_are_near():
    assert counted(beats(5000), beats(4980, 5010)) == {("N", "N"): 1, ("O", "N"): 1}


def test_beats_within_fibrillation_are_not_counted_when_the_reference_marks_it():
    reference = [Mark(1000, "N"), Mark(2000, "["), Mark(9000, "]"), Mark(10_000, "N")]
    assert counted(reference, beats(1000, 4000, 5000, 10_000)) == {("N", "N"): 2}


def test_beats_within_a_shutdown_are_counted_apart():
    reference = [Mark(1000, "N"), Mark(2000, "~", 0x30), Mark(9000, "~", 0), Mark(10_000, "N")]
    assert counted(reference, beats(1000, 4000, 10_000)) == {("N", "N"): 2, ("X", "N"): 1}


def test_the_first_five_minutes_are_not_counted_unless_asked_for():
    found = compare(beats(1000, 110_000), beats(110_000), fs_hz=FS_HZ, end=200_000)
    assert dict(found.pairs) == {("N", "N"): 1}


def test_figures_are_undefined_when_there_is_no_such_beat():
    score = compare(beats(5000), beats(5000), fs_hz=FS_HZ, end=9000, start_s=0.0).veb
    assert (score.sensitivity.percent, score.predictivity.percent, score.f1_percent) == (None, None, None)
    assert average_percent([Ratio(0, 0), Ratio(1, 2)]) == 50.0


def test_gross_pools_the_beats_of_all_records():
    one = compare(beats(5000), beats(5000), fs_hz=FS_HZ, end=9000, start_s=0.0)
    other = compare(beats(5000, 6000, 7000), [], fs_hz=FS_HZ, end=9000, start_s=0.0)
    assert gross([one, other]).qrs.sensitivity == Ratio(1, 4)


GOLDEN = Path(__file__).parent / "golden" / "bxb.json"
BXB_COMMAND = "bxb -r RECORD -a atr tst -L beats.out shutdown.out"


@pytest.fixture(scope="session")
def bxb():
    folder = os.environ.get("RHYTHMARK_WFDB_BIN")
    found = shutil.which("bxb", path=folder) if folder else shutil.which("bxb")
    if found is None:
        pytest.skip("no WFDB program bxb on PATH or at RHYTHMARK_WFDB_BIN")
    return Path(found)


def marks_of(path, extension):
    annotation = wfdb.rdann(str(path), extension)
    return [Mark(*each) for each in zip(annotation.sample, annotation.symbol, annotation.subtype, strict=True)]


def worsened(reference, seed):
    """The reference with beats left out, added, moved and called otherwise."""
    rng = np.random.default_rng(seed)
    kept = [m for m in reference if m.symbol in "NLRBaJASejnVErF/fQ?!" and rng.random() > 0.05]
    moved = [
        Mark(int(m.sample + rng.normal(0, 30)), m.symbol if rng.random() > 0.2 else str(rng.choice(list(CLASSES))))
        for m in kept
    ]
    added = [Mark(int(s), str(rng.choice(list(CLASSES)))) for s in rng.integers(0, reference[-1].sample, 100)]
    return sorted(m for m in {m.sample: m for m in [*moved, *added] if m.sample > 0}.values())


def run_bxb(program, folder, record):
    environment = {
        **os.environ,
        "WFDB": ".",
        "LD_LIBRARY_PATH": f"{program.parents[1] / 'lib'}:{program.parents[1] / 'lib64'}",
    }
    subprocess.run(
        [program, "-r", record, "-a", "atr", "tst", "-L", "beats.out", "shutdown.out"],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    return (folder / "beats.out").read_text().splitlines()[-1].split()[1:]


def prepared(folder, data_dir, record):
    """Reference and worsened annotations of a record in `folder`; gives what we say of them, as a row of bxb."""
    for path in (data_dir / "mitdb").glob(f"{record}.*"):
        (folder / path.name).symlink_to(path)
    reference = marks_of(folder / record, "atr")
    test = worsened(reference, int(record))
    wfdb.wrann(record, "tst", np.array([m.sample for m in test]), [m.symbol for m in test], write_dir=str(folder))
    header = wfdb.rdheader(str(folder / record))
    found = compare(reference, test, fs_hz=header.fs, end=header.sig_len)
    scores = (found.qrs, found.veb, found.sveb)
    figures = [*(ratio.percent for score in scores for ratio in score), found.rr_error_ms]
    counts = [str(_column(found, name)) for name in COLUMNS]
    return counts + [f"{figure:.2f}" if figure is not None else "-" for figure in figures]


@pytest.mark.data
@pytest.mark.parametrize("record", RECORDS)
def test_every_figure_equals_what_bxb_said(data_dir, tmp_path, record):
    golden = json.loads(GOLDEN.read_text())["rows"]
    assert prepared(tmp_path, data_dir, record) == golden[record]


@pytest.mark.data
@pytest.mark.parametrize("record", RECORDS)
def test_bxb_says_what_the_golden_file_holds(bxb, data_dir, tmp_path, record):
    ours = prepared(tmp_path, data_dir, record)
    row = run_bxb(bxb, tmp_path, record)[: len(ours)]
    if os.environ.get("RHYTHMARK_WRITE_GOLDEN"):
        golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {"command": BXB_COMMAND, "rows": {}}
        golden["rows"][record] = row
        GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
    assert json.loads(GOLDEN.read_text())["rows"][record] == row


def _column(found, name):
    reference = {"F": "FQ", "O": "OX"}.get(name[0], name[0])
    test = {"n": "NFQ", "o": "OX"}.get(name[1], name[1].upper())
    return found.count(reference, test)
