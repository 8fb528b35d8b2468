"""`rhythmark release` and `rhythmark deid`: files that others can check, in which nobody is named."""

from __future__ import annotations

import errno
import json
import subprocess
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import wfdb

from formats.errors import FormatError
from rhythmark.release import writing
from signal_processing.errors import RhythmarkError
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, audit, beats, catalogue, projects, readings, releases, revisions, runs, waveforms
from storage.annotation_row import Actor
from storage.readings import ReadingMarks

FS_HZ = 250.0
N_SAMPLES = 7_500
BEATS = range(200, 7_300, 200)
T0_US = 1_785_000_000_123_456  # in July 2026
HOUR_US = 3_600_000_000
MACHINE = Annotator("machine", "tester", "1.0")
ADA = Actor(None, "ada.lovelace")
OPERATOR = Actor(None, "operator")
PATIENTS = 5


def samples_of(number):
    return np.random.default_rng(number).integers(-500, 500, (N_SAMPLES, 2)).astype(np.int16)


def store(conn, number, *, channels=("II", "V5"), dtype="int16"):
    """A recording of 30 s, the second one of patient 0 a day and an hour after the first."""
    patient, later_us = (0, 25 * HOUR_US) if number == PATIENTS else (number, 0)
    signal = Signal(
        f"ward-7/Smith-{number}",
        "ecg",
        FS_HZ,
        T0_US + later_us,
        tuple(Channel(name, "mV", 200.0) for name in channels),
        dtype,
    )
    stream = catalogue.ensure_stream(
        conn,
        name=signal.stream,
        device="Holter 4711",
        t0_us=signal.t0_us,
        patient_pseudonym=f"MRN-{patient}",
        note="Ward study",
    )
    group = catalogue.ensure_group(conn, stream.id, signal)
    waveforms.store_blocks(conn, group, [Block(0, samples_of(number).astype(dtype))])
    run_id = runs.ensure_run(conn, group.id, MACHINE, {})
    found = [Annotation(start=at, end=at, label="V" if at % 1_000 == 0 else "N", annotator=MACHINE) for at in BEATS]
    beats.store_beats(conn, group, run_id, found)
    span = Annotation(start=1_000, end=2_000, label="VT", annotator=MACHINE, confidence=0.5)
    annotations.propose(conn, stream.id, group, run_id, [span])
    return catalogue.group_by_id(conn, group.id)


@pytest.fixture
def project(database):
    """Six recordings of five patients, each read by two readers; two spans decided, one with a note."""
    with database.transaction() as conn:
        made = projects.create(conn, name="pilot", actor=OPERATOR, description="beats")
        both = [projects.ensure_reader(conn, made, name, "imported") for name in ("first", "second")]
        groups = [store(conn, number) for number in range(PATIENTS + 1)]
        catalogue.describe_patient(conn, "MRN-0", birth_year=1930, sex="F")
        catalogue.describe_patient(conn, "MRN-1", birth_year=1983, sex="M")
        for group in groups:
            us = group.signal.clock.us_at
            item = readings.ensure_item(conn, made, group.stream_id, us(0), us(N_SAMPLES))
            for reader in both:
                marks = [(us(at), us(at), "V" if (at + reader.id) % 1_000 == 0 else "N") for at in BEATS]
                readings.hand_in(
                    conn, item, reader, ReadingMarks.of([*marks, (us(500), us(500), "QRS onset")]), actor=OPERATOR
                )
        for row, action, changes in zip(
            annotations.queue(conn),
            ("confirm", "relabel"),
            ({"note": "fast and broad"}, {"label": "AFIB"}),
            strict=False,
        ):
            revisions.revise(conn, row.id, expected_revision=0, actor=ADA, action=action, changes=changes, view={})
    return made


@pytest.fixture
def release(ran, project, tmp_path):
    """Makes a version; gives its folder."""

    def make(version="1.0", name="release", *more):
        code, _, err = ran("release", "create", "pilot", version, "--output", tmp_path / name, *more)
        assert (code, err) == (0, "")
        return tmp_path / name

    return make


def test_a_release_holds_the_samples_bit_by_bit_and_everybodys_labels(release):
    folder = release()
    assert (folder / "RECORDS").read_text().splitlines() == [f"records/{number:05}" for number in range(1, 7)]
    record = wfdb.rdrecord(str(folder / "records" / "00001"), physical=False)
    np.testing.assert_array_equal(record.d_signal, samples_of(0))
    first, machine, con = (wfdb.rdann(str(folder / "records" / "00001"), name) for name in ("r1", "mac", "con"))
    assert Counter(first.symbol)["V"] == 0
    assert [at for at, symbol in zip(first.sample, first.symbol, strict=True) if symbol == "N"] == list(BEATS)
    assert "QRS onset" in "".join(first.aux_note)
    assert Counter(machine.symbol)["V"] == Counter(con.symbol)["V"] == 7


def test_tables_say_the_same_as_the_annotation_files(release):
    folder = release()
    found, spans, records = (pd.read_parquet(folder / f"{name}.parquet") for name in ("beats", "spans", "records"))
    for name in records["record"]:
        for annotator in ("r1", "r2", "mac", "con"):
            told = found[(found["record"] == name) & (found["annotator"] == annotator)]
            marks = wfdb.rdann(str(folder / "records" / name), annotator)
            beats_in_file = [(int(at), s) for at, s in zip(marks.sample, marks.symbol, strict=True) if s in "NV"]
            assert list(zip(told["sample"].tolist(), told["label"].tolist(), strict=True)) == beats_in_file
    assert set(spans[spans["annotator"] == "con"]["label"]) == {"VT", "AFIB"}
    assert (found["time_s"] - found["sample"] / FS_HZ).abs().max() == 0.0
    assert set(records["sex"]) == {"F", "M", ""}
    assert set(records["age_band"]) == {"90+", "40-49", ""}


def test_no_patient_is_in_two_parts_and_intervals_of_one_stay(release):
    folder = release()
    records = pd.read_parquet(folder / "records.parquet").set_index("record")
    assert records.groupby("patient")["split"].nunique().max() == 1
    assert records["patient"].nunique() == PATIENTS
    twice = records.index[records["patient"].duplicated(keep=False)]
    starts = [wfdb.rdheader(str(folder / "records" / name)).base_datetime for name in twice]
    assert (starts[1] - starts[0]).total_seconds() == pytest.approx(25 * 3_600)
    assert all(str(start.date()) in {"2000-01-01", "2000-01-02"} for start in starts)


def test_the_same_content_makes_the_same_bytes_and_other_content_needs_another_version(
    release, ran, project, database, tmp_path
):
    first, second = release(), release("1.0", "again")
    assert [path.read_bytes() for path in sorted(first.rglob("*")) if path.is_file()] == [
        path.read_bytes() for path in sorted(second.rglob("*")) if path.is_file()
    ]
    with database.transaction() as conn:
        row = next(one for one in annotations.queue(conn))
        revisions.revise(conn, row.id, expected_revision=0, actor=ADA, action="reject", changes={}, view={})
    with pytest.raises(RhythmarkError, match="was released with other content"):
        ran("release", "create", "pilot", "1.0", "--output", tmp_path / "other")
    assert not (tmp_path / "other").exists()
    release("1.1", "newer")
    _, told, _ = ran("release", "diff", first, tmp_path / "newer")
    assert "! history.jsonl" in told
    assert ran("release", "diff", first, second)[1] == "no difference\n"
    with database.transaction() as conn:
        assert [one.version for one in releases.listed(conn, project.id)] == ["1.0", "1.1"]
        assert [one.action for one in audit.recent(conn)].count("released") == 2
    assert "1.1" in ran("release", "list", "pilot")[1]


def test_a_release_is_verified_by_its_files_alone(release, ran):
    folder = release()
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode == 0
    code, out, _ = ran("release", "verify", folder)
    assert code == 0
    assert "6 records are as they were released" in out


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: (folder / "records" / "00001.dat").write_bytes(b"x"), "records/00001.dat: is not the file"),
        (lambda folder: (folder / "beats.parquet").unlink(), "beats.parquet: is not there"),
        (lambda folder: (folder / "records" / "more.txt").write_text("x"), "records/more.txt: is in no list"),
        (lambda folder: (folder / "splits.csv").write_text("patient,split\n"), "splits.csv: is not the file"),
    ],
)
def test_whatever_is_changed_is_found_and_named(release, ran, capsys, spoil, why):
    folder = release()
    spoil(folder)
    with pytest.raises(FormatError, match="has 1 faults"):
        ran("release", "verify", folder)
    assert why in capsys.readouterr().err


def test_sums_that_were_made_anew_do_not_hide_what_does_not_fit(release, ran, capsys):
    folder = release()
    rows = (folder / "splits.csv").read_text().splitlines()
    (folder / "splits.csv").write_text("\n".join([*rows, f"{rows[1].split(',')[0]},test"]) + "\n")
    (folder / "SHA256SUMS").write_bytes(b"")
    (folder / "SHA256SUMS").write_bytes(
        b"\n".join(line for line in writing._sums(folder).splitlines() if b"SUMS" not in line) + b"\n"
    )
    with pytest.raises(FormatError):
        ran("release", "verify", folder)
    assert "is in two parts" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "no sums"])
def test_a_folder_that_is_no_release_is_refused(ran, tmp_path, text):
    if text:
        (tmp_path / "SHA256SUMS").write_text(text)
    with pytest.raises(FormatError, match="must be a release"):
        ran("release", "verify", tmp_path)


def test_nothing_in_the_files_names_anybody(release):
    folder = release()
    secrets = [
        b"Smith",
        b"ward-7",
        b"MRN",
        b"Holter",
        b"4711",
        b"lovelace",
        b"operator",
        b"2026",
        b"1785000000",
        b"first\x00",
    ]
    for path in folder.rglob("*"):
        if path.is_file():
            found = [secret for secret in secrets if secret in path.read_bytes()]
            assert found == [], path


def test_the_history_is_whole_and_of_numbered_people(release):
    folder = release()
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    by_action = {line["action"]: line for line in lines}
    assert [(line["by"], line["at_s"], line["revision"]) for line in lines] == [("u1", 0.0, 1)] * 2
    assert by_action["confirm"]["after"]["note"] == "fast and broad"
    relabelled = by_action["relabel"]
    assert (relabelled["before"]["label"], relabelled["after"]["label"]) == ("VT", "AFIB")


def test_the_datasheet_is_filled_from_the_data(release):
    folder = release("1.0", "release", "--issue", "one lead only in half of them")
    sheet = (folder / "datasheet.md").read_text()
    assert "6 records of 5 patients" in sheet
    assert "one lead only in half of them" in sheet
    agreement = json.loads((folder / "manifest.json").read_text())["agreement"]
    assert f"| {agreement['aami']['percent']['value']:.3f} |" in sheet
    assert "tester 1.0: not measured" in sheet
    page = (folder / "datasheet.html").read_text()
    assert "<table>" in page
    assert "<h1>pilot, version 1.0</h1>" in page


@pytest.mark.parametrize(
    ("where", "text"),
    [("note", "seen by Dr. Miller"), ("description", "strips of John Smith"), ("channel", "Smith J")],
)
def test_a_text_that_could_name_somebody_stops_a_release_until_a_person_lets_it_pass(
    ran, project, database, tmp_path, where, text
):
    with database.transaction() as conn:
        if where == "note":
            row = annotations.queue(conn)[0]
            revisions.revise(
                conn, row.id, expected_revision=0, actor=ADA, action="note", changes={"note": text}, view={}
            )
        elif where == "description":
            conn.execute("UPDATE projects SET description = %s", [text])
        else:
            conn.execute("UPDATE signals SET name = %s WHERE position = 1", [text])
    code, out, err = ran("release", "create", "pilot", "1.0", "--output", tmp_path / "release")
    assert (code, out) == (1, "")
    assert "a release must hold no identifier" in err
    assert not (tmp_path / "release").exists()
    (tmp_path / "accepted").write_text("".join(f"{line.rsplit(': ', 1)[1]}\n" for line in err.splitlines()[:-1]))
    code, _, _ = ran(
        "release", "create", "pilot", "1.0", "--output", tmp_path / "release", "--accept", tmp_path / "accepted"
    )
    assert code == 0
    assert "A person let pass:" in (tmp_path / "release" / "datasheet.md").read_text()


def test_an_empty_cohort_and_too_few_patients_are_refused(ran, project, database, tmp_path):
    with database.transaction() as conn:
        projects.create(conn, name="empty", actor=OPERATOR)
    with pytest.raises(RhythmarkError, match="must hold at least one recording, project 'empty' has none"):
        ran("release", "create", "empty", "1.0", "--output", tmp_path / "release")
    parts = ",".join(f"p{i}={1 / 6!r}" for i in range(6))
    with pytest.raises(RhythmarkError, match="at least as many as parts, 6, got 5"):
        ran("release", "create", "pilot", "1.0", "--output", tmp_path / "release", "--split", parts)
    with pytest.raises(RhythmarkError, match="add up to 1"):
        ran("release", "create", "pilot", "1.0", "--output", tmp_path / "release", "--split", "a=0.5,b=0.4")
    with pytest.raises(RhythmarkError, match="NAME=SHARE"):
        ran("release", "create", "pilot", "1.0", "--output", tmp_path / "release", "--split", "a:1")
    with pytest.raises(RhythmarkError, match="version must be 1 to 32"):
        ran("release", "create", "pilot", "1 0", "--output", tmp_path / "release")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_leaves_no_half_release(ran, project, database, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "_write_texts", full)
    with pytest.raises(FormatError, match="No space left on device"):
        ran("release", "create", "pilot", "1.0", "--output", tmp_path / "release")
    assert list(tmp_path.iterdir()) == []
    with database.transaction() as conn:
        assert releases.listed(conn, project.id) == []


def test_float_signals_become_arrays(ran, project, database, tmp_path):
    with database.transaction() as conn:
        group = store(conn, 9, dtype="float32")
        us = group.signal.clock.us_at
        readings.ensure_item(conn, project, group.stream_id, us(0), us(N_SAMPLES))
    code, _, err = ran("release", "create", "pilot", "1.0", "--output", tmp_path / "release")
    assert (code, err) == (0, "")
    np.testing.assert_array_equal(
        np.load(tmp_path / "release" / "records" / "00007.npy"), samples_of(9).astype(np.float32)
    )
    assert ran("release", "verify", tmp_path / "release")[0] == 0


def test_deid_names_what_it_found_and_where(ran, project, tmp_path):
    (tmp_path / "rec.hea").write_text("rec 1 250 100\n# Name: Anna Kowalska\n# <age>: 54\n")
    code, out, _ = ran("deid", "check", tmp_path / "rec")
    assert code == 1
    assert "rec.hea, line 2" in out
    assert "Anna Kowalska" in out
    code, out, _ = ran("deid", "check", "ward-7/Smith-0")
    assert code == 1
    assert ("name of the stream" in out, "Smith" in out) == (True, True)
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "a.hea").write_text("a 1 250 100\n")
    assert ran("deid", "check", tmp_path / "clean") == (
        0,
        "0 texts could be identifiers; what rules do not see, they do not find\n",
        "",
    )
