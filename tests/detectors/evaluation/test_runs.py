"""Runs and episodes by EC57, against the programs `rxr` and `epicmp` where they are installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import wfdb

from detectors.evaluation.episodes import Episodes, Rhythm, compare_episodes
from detectors.evaluation.marks import Mark, Ratio
from detectors.evaluation.runs import LONGEST, compare_runs

FS_HZ = 360.0
END = 1_000_000
GOLDEN = Path(__file__).parent / "golden" / "rxr_epicmp.json"
CASES = [("mitdb", "207"), ("mitdb", "223"), ("cudb", "cu01"), ("vfdb", "418"), ("svdb", "800")]
BEATS = "NLRBaJASejnVErF/fQ?!"


def beats(labels, *, at=1000, apart=300):
    return [Mark(at + i * apart, label) for i, label in enumerate(labels)]


def runs(reference, test, ectopy="V"):
    return compare_runs(reference, test, ectopy=ectopy, fs_hz=FS_HZ, end=END, start_s=0.0)


def episodes(reference, test, kind="AF", **options):
    return compare_episodes(reference, test, kind=kind, fs_hz=FS_HZ, end=END, **{"start_s": 0.0, **options})


def rhythm(*changes):
    return [Mark(sample, "+", 0, aux) for sample, aux in changes]


def test_any_rhythm_is_compared_by_the_string_that_names_it_and_no_other():
    reference = rhythm((1000, "(B"), (2000, "(BII"), (3000, "(N"))
    test = rhythm((1500, "(B"), (2500, "(N"), (5000, "(BII"), (5100, "(N"))
    found = episodes(reference, test, Rhythm("(B"))
    assert (found.episodes.sensitivity, found.episodes.predictivity) == (Ratio(1, 1), Ratio(1, 1))
    assert (found.duration.sensitivity, found.duration.predictivity) == (Ratio(500, 1000), Ratio(500, 1000))
    found = episodes(reference, test, Rhythm("(BII"))
    assert (found.episodes.sensitivity, found.episodes.predictivity) == (Ratio(0, 1), Ratio(0, 1))
    assert episodes(reference, test, Rhythm("(AFIB")) == Episodes()


@pytest.mark.parametrize("length", range(1, 9))
def test_a_run_that_both_have_is_of_its_length_up_to_six(length):
    marks = beats("NN" + "V" * length + "NN")
    kept = min(length, LONGEST)
    found = runs(marks, marks)
    assert (dict(found.by_reference), dict(found.by_test)) == ({(kept, kept): 1}, {(kept, kept): 1})


def test_a_run_that_is_cut_short_is_missed_in_its_class_and_what_is_left_is_found_in_its_own():
    found = runs(beats("NNVVVVNN"), beats("NNVVNNNN"))
    assert (found.short.sensitivity, found.short.predictivity) == (Ratio(0, 1), Ratio(0, 0))
    assert (found.couplets.sensitivity, found.couplets.predictivity) == (Ratio(0, 0), Ratio(1, 1))


def test_normal_beats_in_atrial_fibrillation_are_a_run_of_supraventricular_ones():
    af = sorted([*beats("NNNNNNNNNN"), *rhythm((1100, "(AFIB"), (3000, "(N"))])
    found = runs(af, beats("NSSSSSSNNN"), "S")
    assert (found.long.sensitivity, found.long.predictivity) == (Ratio(1, 1), Ratio(1, 1))


def test_ventricular_fibrillation_is_a_long_run():
    flutter = [Mark(1000, "N"), Mark(2000, "["), Mark(9000, "]"), Mark(9500, "N")]
    found = runs(flutter, beats("NNNVVVVVVVNN"))
    assert (found.long.sensitivity, found.long.predictivity) == (Ratio(1, 1), Ratio(1, 1))


def test_lost_signal_ends_a_run():
    lost = [*beats("NVVV"), Mark(2000, "~", 0x30), Mark(2100, "V"), Mark(2500, "N")]
    assert dict(runs(lost, lost).by_reference) == {(3, 3): 1, (1, 1): 1}


def test_an_episode_is_found_by_any_overlap_and_its_duration_by_how_much():
    found = episodes(rhythm((1000, "(AFIB"), (5000, "(N")), rhythm((4000, "(AFIB"), (6000, "(N")))
    assert found.episodes == ((1, 1), (1, 1))
    assert found.duration == ((1000, 4000), (1000, 2000))


def test_episodes_that_only_touch_are_not_found():
    assert episodes(rhythm((1000, "(AFIB"), (5000, "(N")), rhythm((5000, "(AFIB"), (6000, "(N"))).by_reference == (0, 1)


def test_an_episode_without_an_end_lasts_to_the_end_of_the_record():
    found = episodes(rhythm((END - 500, "(AFIB")), [])
    assert found == Episodes(Ratio(0, 1), Ratio(0, 0), Ratio(0, 500), Ratio(0, 0))


def test_the_first_five_minutes_and_short_episodes_are_not_counted():
    begun = rhythm((1000, "(AFIB"), (200_000, "(N"), (300_000, "(AFIB"), (300_100, "(N"))
    found = episodes(begun, begun, start_s=300.0, least_s=1.0)
    assert (found.by_reference, found.reference_samples) == (Ratio(1, 1), Ratio(92_000, 92_000))


def test_records_add_up():
    one = episodes(rhythm((1000, "(AFIB"), (5000, "(N")), rhythm((4000, "(AFIB"), (6000, "(N")))
    assert (one + one).duration == ((2000, 8000), (2000, 4000))
    both = runs(beats("NVVN"), beats("NVVN")) + runs(beats("NVVN"), beats("NVNN"))
    assert (both.couplets.sensitivity, both.couplets.predictivity) == (Ratio(1, 2), Ratio(1, 1))


def marks_of(path, extension):
    found = wfdb.rdann(str(path), extension)
    columns = (
        found.sample.tolist(),
        found.symbol,
        found.subtype.tolist(),
        [aux.rstrip("\0") for aux in found.aux_note],
    )
    return [Mark(*each) for each in zip(*columns, strict=True)]


def worsened(reference, n_samples, seed):
    """The reference with marks left out, moved and called otherwise, and with rhythms and lost signal added."""
    rng = np.random.default_rng(seed)
    found = {}
    for mark in reference:
        if rng.random() < 0.05:
            continue
        is_beat = mark.symbol in BEATS
        sample = int(mark.sample + rng.normal(0, 30 if is_beat else 400))
        symbol = str(rng.choice(list("NNNVVVASFQ"))) if is_beat and rng.random() < 0.2 else mark.symbol
        found[sample] = mark._replace(sample=sample, symbol=symbol)
    for sample in rng.integers(1, n_samples, 30).tolist():
        symbol = str(rng.choice(["[", "]", "+", "+", "~", "V", "A"]))
        aux = str(rng.choice(["(AFIB", "(AFL", "(N", "(VT", "(VFL"])) if symbol == "+" else ""
        found[sample] = Mark(sample, symbol, int(rng.choice([0, 0x30])) if symbol == "~" else 0, aux)
    return [found[sample] for sample in sorted(found) if 0 < sample < n_samples]


def prepared(folder, data_dir, database, record):
    """Reference and worsened annotations of a record in `folder`; gives what we say of them, as the programs would."""
    for path in (data_dir / database).glob(f"{record}.*"):
        (folder / path.name).symlink_to(path)
    header = wfdb.rdheader(str(folder / record))
    reference = marks_of(folder / record, "atr")
    test = worsened(reference, header.sig_len, seed=int(record.strip("cu")))
    wfdb.wrann(
        record, "tst", np.array([m.sample for m in test]), [m.symbol for m in test],
        subtype=np.array([m.subtype for m in test]), aux_note=[m.aux for m in test], write_dir=str(folder),
    )  # fmt: skip
    whole = {"fs_hz": header.fs, "end": header.sig_len}
    rows = {}
    for ectopy in ("V", "S"):
        found = compare_runs(reference, test, ectopy=ectopy, **whole)
        ratios = [ratio for score in (found.couplets, found.short, found.long) for ratio in score]
        rows[f"rxr {ectopy}"] = [str(n) for ratio in ratios for n in (ratio.hits, ratio.total - ratio.hits)]
    for kind in ("AF", "VF"):
        found = compare_episodes(reference, test, kind=kind, **whole)
        counts = [str(n) for ratio in found.episodes for n in (ratio.hits, ratio.total - ratio.hits)]
        rows[f"epicmp {kind}"] = counts + [
            _percent(ratio) for score in (found.episodes, found.duration) for ratio in score
        ]
    return rows


def _percent(ratio):
    return "-" if ratio.percent is None else str(int(ratio.percent + 0.5))


@pytest.mark.data
@pytest.mark.parametrize(("database", "record"), CASES)
def test_every_figure_equals_what_rxr_and_epicmp_said(data_dir, tmp_path, database, record):
    assert prepared(tmp_path, data_dir, database, record) == json.loads(GOLDEN.read_text())[record]


@pytest.fixture(scope="session")
def programs():
    folder = os.environ.get("RHYTHMARK_WFDB_BIN")
    found = [shutil.which(name, path=folder) if folder else shutil.which(name) for name in ("rxr", "epicmp")]
    if None in found:
        pytest.skip("no WFDB programs rxr and epicmp on PATH or at RHYTHMARK_WFDB_BIN")
    return [Path(path) for path in found]


@pytest.mark.data
@pytest.mark.parametrize(("database", "record"), CASES)
def test_rxr_and_epicmp_say_what_the_golden_file_holds(programs, data_dir, tmp_path, database, record):
    prepared(tmp_path, data_dir, database, record)
    rxr, epicmp = programs
    libraries = f"{rxr.parents[1] / 'lib'}:{rxr.parents[1] / 'lib64'}"
    environment = {**os.environ, "WFDB": ".", "LD_LIBRARY_PATH": libraries}
    asked = ["-r", record, "-a", "atr", "tst"]
    for command in ([rxr, *asked, "-L", "v.out", "s.out"], [epicmp, *asked, "-l", "-A", "af.out", "-V", "vf.out"]):
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    rows = {
        name: (tmp_path / file).read_text().splitlines()[-1].split()[1:][:n]
        for name, file, n in (
            ("rxr V", "v.out", 12), ("rxr S", "s.out", 12), ("epicmp AF", "af.out", 8), ("epicmp VF", "vf.out", 8),
        )
    }  # fmt: skip
    if os.environ.get("RHYTHMARK_WRITE_GOLDEN"):
        golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
        GOLDEN.write_text(json.dumps(golden | {record: rows}, indent=1) + "\n")
    assert json.loads(GOLDEN.read_text())[record] == rows
