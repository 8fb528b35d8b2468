"""`rhythmark load`, `rhythmark project` and `rhythmark agreement`: from files of two readers to figures."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from formats.mit_annotations import Mark, encode
from formats.wfdb_files import write_record
from signal_processing.errors import RhythmarkError
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, catalogue, projects, readings, runs, users, waveforms

FS_HZ = 250.0
N_SAMPLES = 5_000
SIGNAL = Signal("strip", "ecg", FS_HZ, 0, (Channel("II", "mV", 200.0),))


@pytest.fixture
def records(tmp_path):
    """Two records with beats of two readers each, who differ in one, and waves of both a few samples apart."""
    samples = np.random.default_rng(0).integers(-500, 500, (N_SAMPLES, 1)).astype(np.int16)
    for name, late in (("one", 2), ("two", 5)):
        write_record(tmp_path, name, SIGNAL, [Block(0, samples)])
        for annotator, shift, symbol in (("ra", 0, "N"), ("rb", late, "V")):
            beats = [Mark(at, symbol if at == 1_000 else "N") for at in range(200, 4_800, 200)]
            (tmp_path / f"{name}.{annotator}").write_bytes(encode(beats))
            waves = [
                mark
                for at in range(200, 4_800, 200)
                for mark in (Mark(at + shift, "(", num=1), Mark(at + 10, "N"), Mark(at + 20 + shift, ")", num=1))
            ]
            (tmp_path / f"{name}.w{annotator}").write_bytes(encode(waves))
    return tmp_path


@pytest.fixture
def ran(ran):
    """Runs a command that must succeed, or one that must fail; gives what it says."""

    def run(*words, fails=False):
        if fails:
            with pytest.raises(RhythmarkError) as refused:
                ran(*words)
            return str(refused.value)
        code, said, _ = ran(*words)
        assert code == 0
        return said

    return run


@pytest.fixture
def read(ran, records):
    """A project in which both readers have read both records."""
    ran("load", records / "one", records / "two")
    ran("project", "create", "pilot", "--description", "beats of two records")
    for reader, annotator in (("R1", "ra"), ("R2", "rb")):
        said = ran(
            "project", "import", "pilot", records / "one", records / "two", "--annotator", annotator, "--reader", reader
        )
        assert said == f"pilot: {reader} has read 2 recordings, 46 marks\n"
    return records


def test_a_record_is_loaded_as_it_is_and_once(ran, records, database):
    assert (
        ran("load", records / "one", "--prefix", "site", "--patient", "P-1")
        == "site/one: loaded 5000 x 1 samples at 250 Hz\n"
    )
    assert ran("load", records / "one", "--prefix", "site") == "site/one: is there already\n"
    with database.transaction() as conn:
        stream = catalogue.stream_named(conn, "site/one")
        (group,) = catalogue.groups_of(conn, stream.id)
        (block,) = waveforms.read_window(conn, group, 0, N_SAMPLES)
    expected = np.random.default_rng(0).integers(-500, 500, (N_SAMPLES, 1)).astype(np.int16)
    np.testing.assert_array_equal(block.samples, expected)
    assert (stream.patient_pseudonym, stream.ended_us) == ("P-1", group.signal.clock.us_at(N_SAMPLES))


def test_a_table_of_samples_is_loaded_at_the_rate_that_is_given(ran, tmp_path, database):
    (tmp_path / "monitor.csv").write_text("Time,RESP\n0,0.25\n1,0.5\n")
    assert "--fs-hz must say the sampling rate" in ran("load", tmp_path / "monitor.csv", fails=True)
    assert ran("load", tmp_path / "monitor.csv", "--fs-hz", "125") == "monitor: loaded 2 x 1 samples at 125 Hz\n"
    with database.transaction() as conn:
        (group,) = catalogue.groups_of(conn, catalogue.stream_named(conn, "monitor").id)
        (block,) = waveforms.read_window(conn, group, 0, 2)
    np.testing.assert_array_equal(block.samples, np.array([[0.25], [0.5]], np.float32))


def test_a_broken_record_leaves_nothing_and_does_not_stop_the_others(ran, records, database):
    data = records / "one.dat"
    data.write_bytes(data.read_bytes()[:4_000])
    said = ran("load", records / "one", records / "two", fails=True)
    assert "1 of 2 recordings could not be loaded" in said
    with database.transaction() as conn:
        assert [one.stream.name for one in catalogue.list_streams(conn)] == ["two"]


def test_two_readers_beats_become_figures(ran, read):
    told = json.loads(ran("agreement", "pilot", "--json"))
    beats = told["beats"]
    assert (told["n_items"], told["n_patients"]) == (2, 2)
    assert beats["categories"] == ["N", "V"]
    assert beats["pairs"][0]["matrix"] == [[44, 2], [0, 0]]
    assert beats["percent"]["value"] == pytest.approx(44 / 46)
    assert beats["kappa"]["value"] == 0.0  # one of the two said one thing always
    assert told["landmarks"] == told["spans"] == []


def test_the_same_figures_stand_in_tables_and_in_a_file(ran, read, tmp_path):
    text = ran("agreement", "pilot", "--csv", tmp_path / "figures.csv", "--resamples", "50")
    assert "Cohen's kappa         0.000 (0.000 to 0.000)" in text
    with (tmp_path / "figures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    percent = next(row for row in rows if (row["kind"], row["measure"], row["label"]) == ("beats", "percent", ""))
    assert float(percent["value"]) == pytest.approx(44 / 46)
    assert {row["kind"] for row in rows} == {"aami", "beats"}


def test_marks_of_waves_are_landmarks_and_told_in_milliseconds(ran, read):
    ran("project", "create", "waves")
    for reader, annotator in (("R1", "wra"), ("R2", "wrb")):
        ran("project", "import", "waves", read / "one", read / "two", "--annotator", annotator, "--reader", reader)
    found = {one["label"]: one["spread"] for one in json.loads(ran("agreement", "waves", "--json"))["landmarks"]}
    assert list(found) == ["QRS onset", "QRS peak", "QRS end"]
    assert found["QRS onset"]["mean_ms"] == {"value": 14.0, "low": 8.0, "high": 20.0, "why": ""}
    assert found["QRS peak"]["sd_ms"]["value"] == 0.0
    assert (found["QRS end"]["n_pairs"], found["QRS end"]["n_first"]) == (46, 46)


def test_marks_come_from_a_column_of_sample_numbers_with_empty_cells(ran, read, database):
    (read / "breaths.csv").write_text("first,second\n100,110\n300,\nNaN,510\n")
    ran("project", "create", "breaths", "--tolerance-ms", "500")
    for reader in ("first", "second"):
        ran("project", "import", "breaths", f"one={read / 'breaths.csv'}", "--column", reader, "--label", "BREATH",
            "--fs-hz", "250", "--reader", reader)  # fmt: skip
    with database.transaction() as conn:
        found = readings.of_project(conn, projects.named(conn, "breaths").id)
    assert [[(at - one.item.start_us) // 4_000 for at in one.marks.starts_us.tolist()] for one in found] == [
        [100, 300],
        [110, 510],
    ]


def test_imports_that_break_a_rule_say_so_and_leave_nothing(ran, read, database):
    def refused(*arguments):
        return ran("project", "import", *arguments, fails=True)

    one = read / "one"
    assert "project must be one that there is, got 'none'" in refused(
        "none", one, "--annotator", "ra", "--reader", "R9"
    )
    assert "'R1' has read item" in refused("pilot", one, "--annotator", "ra", "--reader", "R1")
    assert "'nowhere'" in refused("pilot", f"nowhere={one}", "--annotator", "ra", "--reader", "R9")
    assert "must be readable" in refused("pilot", one, "--annotator", "zz", "--reader", "R9")
    half, whole, far = table(read, "half", "1.5"), table(read, "whole", "1"), table(read, "far", "999999")
    column = ("--column", "at", "--label", "BREATH", "--reader", "R9")
    assert "must hold sample numbers, got 1.5" in refused("pilot", f"one={half}", *column, "--fs-hz", "250")
    rates = refused("pilot", f"one={whole}", *column, "--fs-hz", "125")
    assert "counts samples at 125 Hz, stream 'one' has 250" in rates
    assert "must come with --fs-hz and --label" in refused("pilot", one, "--column", "at", "--reader", "R9")
    # the first file is good, the second is not: neither is in
    both = refused("pilot", f"one={whole}", f"two={far}", *column, "--fs-hz", "250")
    assert "lie within its item" in both
    with database.transaction() as conn:
        project = projects.named(conn, "pilot")
        assert {one.reader for one in readings.of_project(conn, project.id)} == {"R1", "R2"}
        assert {one.name for one in projects.readers(conn, project.id)} == {"R1", "R2"}


def table(folder, name, cell):
    path = folder / f"{name}.csv"
    path.write_text(f"at\n{cell}\n")
    return path


@pytest.mark.parametrize("n_readers", [0, 1])
def test_agreement_of_nobody_or_of_one_is_undefined_and_says_so(ran, records, n_readers):
    ran("load", records / "one")
    ran("project", "create", "lonely")
    for _ in range(n_readers):
        ran("project", "import", "lonely", records / "one", "--annotator", "ra", "--reader", "R1")
    told = json.loads(ran("agreement", "lonely", "--json"))
    assert (told["n_items"], len(told["readers"])) == (0, n_readers)
    if n_readers:
        assert told["beats"]["kappa"] == {
            "value": None,
            "low": None,
            "high": None,
            "why": "undefined: agreement needs two readers, got 1",
        }
    else:
        assert told["beats"] is None
    assert "0 items" in ran("agreement", "lonely")


def test_roles_are_given_and_taken_by_the_operator(ran, database):
    with database.transaction() as conn:
        users.create(conn, login="ada", password="correct horse 1", role="reader")  # noqa: S106 - of a test
    ran("project", "create", "pilot")
    assert ran("project", "role", "pilot", "ada", "owner") == "ada is now owner in pilot\n"
    assert ran("project", "role", "pilot", "ada", "reader") == "ada is now reader in pilot\n"
    assert ran("project", "role", "pilot", "ada", "reader", "--take") == "ada is no longer reader in pilot\n"
    assert "must keep an owner" in ran("project", "role", "pilot", "ada", "owner", "--take", fails=True)
    assert "pilot" in ran("project", "list")


def test_items_are_made_of_streams_and_dealt_out(ran, records, database):
    ran("load", records / "one", records / "two")
    ran("project", "create", "pilot")
    for login in ("ann", "bob", "cho"):
        with database.transaction() as conn:
            users.create(conn, login=login, password="correct horse 1", role="reader")  # noqa: S106 - of a test
        ran("project", "role", "pilot", login, "reader")
    assert ran("project", "items", "pilot", "one", "two", "--length-s", "6").startswith("pilot: 8 items of 2 streams")
    assert ran("project", "items", "pilot", "one", "--length-s", "6").startswith("pilot: 4 items")  # the same ones
    assert ran("project", "deal", "pilot", "--readers", "2", "--double-share", "0.5").startswith(
        "pilot: 8 items dealt out"
    )
    with database.transaction() as conn:
        (n,) = conn.execute("SELECT count(*) FROM reading_assignments").fetchone()
        bounds = conn.execute("SELECT max(end_us - start_us), min(end_us - start_us) FROM reading_items").fetchone()
    assert n == 12
    assert bounds == (6_000_000, 2_000_000)
    ran("project", "role", "pilot", "cho", "reader", "--take")
    with database.transaction() as conn:
        left = conn.execute("SELECT item_id, count(*) FROM reading_assignments GROUP BY item_id").fetchall()
        (of_cho,) = conn.execute(
            "SELECT count(*) FROM reading_assignments a JOIN project_readers w ON w.id = a.reader_id"
            " JOIN users u ON u.id = w.user_id WHERE u.login = 'cho'"
        ).fetchone()
    assert of_cho == 0
    assert sorted(count for _, count in left) == [1] * 4 + [2] * 4
    assert "'none'" in ran("project", "items", "pilot", "none", fails=True)


def test_the_command_line_itself_says_what_is_wrong_in_one_line(rhythmark, database_dsn):
    done = rhythmark("agreement", "none", RHYTHMARK_DSN=database_dsn)
    assert (done.returncode, done.stderr) == (1, "error: project must be one that there is, got 'none'\n")


def test_items_are_made_around_what_machines_found(ran, records, database):
    ran("load", records / "one")
    ran("project", "create", "pilot")
    machine = Annotator("machine", "test", "1")
    with database.transaction() as conn:
        group = catalogue.groups_of(conn, catalogue.stream_named(conn, "one").id)[0]
        run_id = runs.ensure_run(conn, group.id, machine, {})
        spans = [("VT", 500, 750), ("AFIB", 2_000, 2_500), ("VT", 4_900, 5_000)]
        found = [Annotation(start=a, end=b, label=label, annotator=machine) for label, a, b in spans]
        annotations.propose(conn, group.stream_id, group, run_id, found)
        us = group.signal.clock.us_at
    assert ran("project", "items", "pilot", "one", "--around", "VT", "--context-s", "1").startswith("pilot: 2 items")
    with database.transaction() as conn:
        bounds = conn.execute("SELECT start_us, end_us FROM reading_items ORDER BY start_us").fetchall()
    assert bounds == [(us(250), us(1_000)), (us(4_650), us(5_000))]
    assert "must be one of the vocabulary" in ran("project", "items", "pilot", "one", "--around", "VT,XX", fails=True)
    # what machines found is a reader of its own; the items are dealt out to people all the same
    assert ran("project", "machine", "pilot") == "pilot: machine has read 2 items, 2 marks\n"
    assert ran("project", "machine", "pilot") == "pilot: machine has read 0 items, 0 marks\n"
    with database.transaction() as conn:
        found = readings.of_project(conn, projects.named(conn, "pilot").id)
        users.create(conn, login="ann", password="correct horse 1", role="reader")  # noqa: S106 - of a test
    assert [(one.reader, one.marks.labels.tolist()) for one in found] == [("machine", ["VT"])] * 2
    ran("project", "role", "pilot", "ann", "reader")
    assert ran("project", "deal", "pilot", "--readers", "1").startswith("pilot: 2 items dealt out")


# De-identification at load ----------------------------------------------------------------------------------------


@pytest.fixture
def keyed(environment, tmp_path):
    (tmp_path / "key").write_text("a key of pseudonyms, long enough to be one\n")
    environment["RHYTHMARK_PSEUDONYM_KEY_FILE"] = str(tmp_path / "key")


def test_identifiers_never_reach_a_table(ran, records, keyed, database, tmp_path):
    names = ("Doe-one", "Doe-two")
    for name, new in zip(("one", "two"), names, strict=True):
        for suffix in (".hea", ".dat"):
            text = (records / f"{name}{suffix}").read_bytes()
            if suffix == ".hea":
                text = text.replace(name.encode(), new.encode()).replace(b" II", b" Doe II")
                text += b"# patient: Johanna Doe, born 1931-05-06, MRN 4711\n"
            (records / f"{new}{suffix}").write_bytes(text)
    (tmp_path / "patients.csv").write_text(
        "record,patient,birth_year,sex\nDoe-one,Johanna Doe MRN 4711,1931,F\nDoe-two,Johanna Doe MRN 4711,1931,F\n"
    )
    said = ran("load", *(records / name for name in names), "--patients", tmp_path / "patients.csv", "--deidentify")
    assert "Doe" not in said
    with database.transaction() as conn:
        tables = [
            row[0]
            for row in conn.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p') AND n.nspname = 'public'"
            ).fetchall()
        ]
        for table in tables:
            for (row,) in conn.execute(f"SELECT t::text FROM {table} t").fetchall():  # noqa: S608 - names of our own tables
                assert not any(word in row for word in ("Doe", "Johanna", "4711")), table
        patients = conn.execute("SELECT pseudonym, birth_year, sex FROM patients").fetchall()
        t0 = [stream.stream.t0_us for stream in catalogue.list_streams(conn)]
    assert len(patients) == 1  # the same person
    assert patients[0][2] == "F"
    assert len(set(t0)) == 1
    assert ran("load", records / "Doe-one", "--patients", tmp_path / "patients.csv", "--deidentify").endswith(
        "is there already\n"
    )


def test_what_would_not_be_deidentified_is_refused_before_anything_is_stored(ran, records, keyed, database, tmp_path):
    told = ran("load", records / "one", "--deidentify", fails=True)
    assert "must be of somebody to be de-identified" in told
    told = ran("load", records / "one", "--deidentify", "--patient", "x", "--note", "of Mrs. Smith", fails=True)
    assert "note must tell nobody" in told
    (tmp_path / "patients.csv").write_text("record,patient\ntwo,x\n")
    told = ran("load", records / "one", "--deidentify", "--patients", tmp_path / "patients.csv", fails=True)
    assert "must name the patient of each recording, 1 are missing" in told
    with database.transaction() as conn:
        assert catalogue.list_streams(conn) == []


def test_without_a_key_nothing_is_deidentified(ran, records):
    told = ran("load", records / "one", "--deidentify", "--patient", "x", fails=True)
    assert "RHYTHMARK_PSEUDONYM_KEY_FILE must name a file" in told
