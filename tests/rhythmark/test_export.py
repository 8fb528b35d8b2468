"""A stored and edited stream as files, read back by wfdb."""

import csv
import json

import numpy as np
import pytest
import wfdb

from formats.errors import FormatError
from formats.wfdb_files import read_annotations, read_header, read_marks
from rhythmark.export import export_csv, export_wfdb
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from signal_processing.vocabulary import label
from storage import annotations, beats, catalogue, revisions, runs, waveforms
from storage.annotation_row import Actor
from storage.errors import UnknownRowError

T0_US = 1_700_000_000_000_000
FS_HZ = 250.0
N_SAMPLES = 9_000
MACHINE = Annotator("machine", "tester", "1")
ADA = Actor(None, "ada")
SIGNAL = Signal("ward 3/bed:7", "ecg", FS_HZ, T0_US, (Channel("II", "mV", 200.0, 12.0), Channel("V1", "uV", 0.5)))


def said(start, end, code):
    return Annotation(start=start, end=end, label=code, annotator=MACHINE, confidence=0.5)


@pytest.fixture
def samples():
    return np.random.default_rng(1).integers(-32_768, 32_768, (N_SAMPLES, 2)).astype(np.int16)


@pytest.fixture
def stored(database, samples):
    """A stream of 36 s whose samples [3000, 3500) never came, with beats and four proposals."""
    blocks = [Block(0, samples[:3_000]), Block(3_500, samples[3_500:])]
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name=SIGNAL.stream, device="d", t0_us=T0_US, synthetic=True)
        group = catalogue.ensure_group(conn, stream.id, SIGNAL)
        waveforms.store_blocks(conn, group, blocks)
        run_id = runs.ensure_run(conn, group.id, MACHINE, {})
        beats.store_beats(conn, group, run_id, [said(at, at, "N") for at in range(100, 2_900, 200)])
        spans = [(500, 900, "AFIB"), (1_000, 1_400, "VT"), (1_500, 1_600, "BRADY"), (1_700, 1_800, "PAUSE")]
        annotations.propose(conn, stream.id, group, run_id, [said(*span) for span in spans])
        return catalogue.group_by_id(conn, group.id), run_id


@pytest.fixture
def edited(database, stored):
    """AFIB accepted, VT relabelled and cut, BRADY rejected, PAUSE ambiguous; a span added, beats edited and added."""
    group, run_id = stored
    us = SIGNAL.clock.us_at

    def revise(conn, row, action, **changes):
        return revisions.revise(
            conn, row.id, expected_revision=row.revision, actor=ADA, action=action, changes=changes, view={}
        )

    with database.transaction() as conn:
        rows = {row.label: row for row in annotations.spans_between(conn, group.stream_id, us(0), us(N_SAMPLES))}
        revise(conn, rows["AFIB"], "confirm")
        relabelled = revise(conn, rows["VT"], "relabel", label="SVTA")
        revise(conn, relabelled, "move", end_us=us(1_300))
        revise(conn, rows["BRADY"], "reject")
        revise(conn, rows["PAUSE"], "ambiguous", note="=cmd()")
        place = {"stream_id": group.stream_id, "group_id": group.id, "channel": None, "actor": ADA, "view": {}}
        revisions.add(conn, start_us=us(2_000), end_us=us(2_400), label="AFL", **place)
        revisions.add(conn, start_us=us(2_850), end_us=us(2_850), label="V", **place)
        touched = [beats.touch_beat(conn, group, at, label("N").number, run_id) for at in (100, 300, 500)]
        revise(conn, touched[0], "relabel", label="S")
        revise(conn, touched[1], "reject")
        revise(conn, touched[2], "ambiguous")
    return group


def read(header, annotator):
    return [(a.start, a.end, a.label) for a in read_annotations(header, annotator)]


def test_export_gives_the_samples_bit_identical_and_gaps_as_invalid(database, stored, samples, tmp_path):
    (path,) = export_wfdb(database, SIGNAL.stream, tmp_path / "out")
    record = wfdb.rdrecord(str(path.with_suffix("")), physical=False)
    expected = samples.copy()
    expected[3_000:3_500] = -32_768
    np.testing.assert_array_equal(record.d_signal, expected)
    assert path.name == "ward_3_bed_7.hea"
    assert read_header(path).signal.channels == SIGNAL.channels
    assert read_header(path).start_us == T0_US
    text = path.read_text()
    assert "SYNTHETIC" in text
    assert "(invalid): [3000, 3500)" in text


def test_export_gives_each_sample_type_bit_identical(database, tmp_path):
    rng = np.random.default_rng(2)
    signals = {
        kind: Signal("watch", kind, FS_HZ, T0_US, (Channel("a", "1"), Channel("b", "[g]")), kind)
        for kind in ("int16", "int32", "float32")
    }
    sent = {kind: rng.integers(-(2**15), 2**15, (3_000, 2)).astype(kind) for kind in signals}
    sent["int32"] *= 65_000
    sent["float32"] /= np.float32(3)
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="watch", device="d", t0_us=T0_US)
        for kind, signal in signals.items():
            group = catalogue.ensure_group(conn, stream.id, signal)
            waveforms.store_blocks(conn, group, [Block(500, sent[kind])])
            run_id = runs.ensure_run(conn, group.id, MACHINE, {})
            annotations.propose(conn, stream.id, group, run_id, [said(600, 900, "NOISY")])
    floats, narrow, wide = export_wfdb(database, "watch", tmp_path / "out")
    assert (tmp_path / "out" / "RECORDS").read_text() == "watch_int16\nwatch_int32\n"
    for path, kind in ((narrow, "int16"), (wide, "int32")):
        record = wfdb.rdrecord(str(path.with_suffix("")), physical=False, return_res=32)
        np.testing.assert_array_equal(record.d_signal, sent[kind])
        assert read_header(path).signal.sample_type == kind
    assert np.load(floats, allow_pickle=False).tobytes() == sent["float32"].tobytes()
    facts = json.loads(floats.with_suffix(".json").read_text(encoding="utf-8"))
    assert facts["t0_us"] == signals["float32"].clock.us_at(500)
    marks = read_marks(floats.with_suffix(""), "mac")
    assert [mark.sample for mark in marks] == [mark.sample for mark in read_marks(wide, "mac")]
    assert marks[0].sample == 100


def test_export_gives_the_labels_as_edited_in_exp(database, edited, tmp_path):
    (path,) = export_wfdb(database, SIGNAL.stream, tmp_path / "out")
    found = read(read_header(path), "exp")
    rhythms = [(a, b, c) for a, b, c in found if c in {"AFIB", "VT", "SVTA", "TACHY", "BRADY", "AFL", "PAUSE"}]
    assert rhythms == [(500, 900, "AFIB"), (1_000, 1_300, "SVTA"), (2_000, 2_400, "AFL")]
    heartbeats = [(a, c) for a, b, c in found if a == b and c != "NOTE"]
    untouched = [(at, "N") for at in range(700, 2_900, 200)]
    assert sorted(heartbeats) == sorted([(100, "S"), (500, "Q"), *untouched, (2_850, "V")])


def test_export_gives_what_is_ambiguous_as_notes_in_exp(database, edited, tmp_path):
    (path,) = export_wfdb(database, SIGNAL.stream, tmp_path / "out")
    notes = [(a.start, a.note) for a in read_annotations(read_header(path), "exp") if a.label == "NOTE"]
    assert notes == [(500, "AMBIGUOUS N"), (1_700, "AMBIGUOUS PAUSE; 0.4 s; =cmd()")]


def test_export_gives_what_machines_said_untouched_in_mac(database, edited, tmp_path):
    (path,) = export_wfdb(database, SIGNAL.stream, tmp_path / "out")
    found = read(read_header(path), "mac")
    spans = [(a, b, c) for a, b, c in found if b > a and c != "SR"]
    assert spans == [(500, 900, "AFIB"), (1_000, 1_400, "VT"), (1_500, 1_600, "BRADY"), (1_700, 1_800, "PAUSE")]
    assert [(a, c) for a, b, c in found if a == b] == [(at, "N") for at in range(100, 2_900, 200)]


def test_export_as_csv_says_everything_of_every_span(database, edited, tmp_path):
    path = export_csv(database, SIGNAL.stream, tmp_path / "out")
    with path.open(newline="", encoding="utf-8") as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    assert {code: (row["status"], row["author"]) for code, row in rows.items() if code not in {"N", "S"}} == {
        "AFIB": ("confirmed", "ada"),
        "SVTA": ("corrected", "ada"),
        "BRADY": ("rejected", "ada"),
        "PAUSE": ("ambiguous", "ada"),
        "AFL": ("confirmed", "ada"),
        "V": ("confirmed", "ada"),
    }
    assert rows["SVTA"]["start_sample"], rows["SVTA"]["end_sample"] == ("1000", "1300")
    assert rows["SVTA"]["annotator"] == "tester"
    assert rows["AFIB"]["snomed"] == "164889003"
    assert rows["AFIB"]["start"] == "2023-11-14T22:13:22.000000Z"
    assert rows["PAUSE"]["note"] == "'=cmd()"


def test_export_leaves_nothing_when_it_fails(database, stored, tmp_path):
    with pytest.raises(UnknownRowError, match="got 'nobody'"):
        export_wfdb(database, "nobody", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_export_refuses_a_folder_that_holds_something(database, stored, tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(FormatError, match="must not exist yet, or be empty"):
        export_wfdb(database, SIGNAL.stream, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_export_refuses_a_stream_without_samples(database, tmp_path):
    with database.transaction() as conn:
        catalogue.ensure_stream(conn, name="empty", device="d", t0_us=0)
    with pytest.raises(FormatError, match="at least one sample to be exported, 'empty' has none"):
        export_wfdb(database, "empty", tmp_path / "out")


def test_export_and_streams_work_as_commands(rhythmark, database_dsn, database, stored, tmp_path):
    listed = rhythmark("streams", RHYTHMARK_DSN=database_dsn)
    assert "ward 3/bed:7" in listed.stdout
    assert "SYNTHETIC" in listed.stdout
    done = rhythmark("export", SIGNAL.stream, "--format", "csv", "--output", "out", RHYTHMARK_DSN=database_dsn)
    assert done.stdout == "wrote out/ward_3_bed_7.csv\n"
    again = rhythmark("export", SIGNAL.stream, "--format", "csv", "--output", "out", RHYTHMARK_DSN=database_dsn)
    assert (again.returncode, again.stderr.startswith("error: folder of an export")) == (1, True)
