"""`rhythmark audit`, and the past of a stream by `rhythmark export --as-of`."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from signal_processing.errors import RhythmarkError
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal
from storage import annotations, audit, catalogue, revisions, runs, waveforms
from storage.annotation_row import Actor

MACHINE = Annotator("machine", "rhythms", "1")
SIGNAL = Signal("bed 7", "ecg", 250.0, 1_700_000_000_000_000, (Channel("II", "mV", 200.0),))
ADA = Actor(None, "ada")


@pytest.fixture
def row(database):
    """A proposal of VT in a stream of 40 s."""
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name=SIGNAL.stream, device="d", t0_us=SIGNAL.t0_us)
        group = catalogue.ensure_group(conn, stream.id, SIGNAL)
        waveforms.store_blocks(conn, group, [Block(0, np.zeros((10_000, 1), np.int16))])
        run_id = runs.ensure_run(conn, group.id, MACHINE, {})
        annotations.propose(
            conn, stream.id, group, run_id, [Annotation(start=500, end=900, label="VT", annotator=MACHINE)]
        )
        return annotations.queue(conn)[0]


def revise(database, row, action, **changes):
    with database.transaction() as conn:
        return revisions.revise(
            conn, row.id, expected_revision=row.revision, actor=ADA, action=action, changes=changes, view={}
        )


def test_a_whole_trail_is_verified_against_a_head_that_was_kept(ran, database, row, tmp_path):
    revise(database, row, "confirm")
    kept = tmp_path / "head.json"
    code, out, _ = ran("audit", "seal", "--output", kept)
    assert code == 0
    assert json.loads(kept.read_text()) == json.loads(out)
    code, out, err = ran("audit", "verify", "--head", kept)
    assert (code, err) == (0, "")
    assert "1 entries, 1 revisions, 0 readings looked at" in out
    assert out.endswith("the trail is whole\n")


def test_a_trail_that_was_altered_fails_and_says_where(ran, database, row):
    revise(database, row, "confirm")
    with database.transaction() as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        conn.execute("UPDATE annotation_revisions SET login = 'eve'")
    code, out, err = ran("audit", "verify")
    assert code == 1
    assert err == f"annotation {row.id}, revision 1: it, or the one before, is not what it was when it was written\n"
    assert "the trail is NOT whole: 1 faults" in out


@pytest.mark.parametrize("text", ["", "{}", '{"seq": "x", "hash": 1}'])
def test_a_head_that_is_none_is_refused(ran, tmp_path, text):
    (tmp_path / "head.json").write_text(text)
    with pytest.raises(RhythmarkError, match="must be a head as `rhythmark audit seal` prints it"):
        ran("audit", "verify", "--head", tmp_path / "head.json")


def test_what_was_done_is_listed_the_newest_first(ran, database):
    with database.transaction() as conn:
        audit.record(conn, ADA, "login", "from 10.0.0.1")
        audit.record(conn, ADA, "export", "stream x", {"format": "csv", "as_of_us": None})
    _, out, _ = ran("audit", "list", "--limit", 5)
    lines = out.splitlines()[2:]
    assert [line.split()[2] for line in lines] == ["export", "login"]
    assert "format csv" in lines[0]


def test_an_export_is_noted_and_can_be_of_the_past(ran, database, row, tmp_path):
    confirmed = revise(database, row, "confirm")
    with database.transaction() as conn:
        (then_us,) = conn.execute("SELECT clock_us()").fetchone()
    revise(database, confirmed, "relabel", label="AFIB")
    then = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=then_us)).isoformat()
    told = {}
    for name, more in (("now", ()), ("then", ("--as-of", then)), ("before", ("--as-of", "2020-01-01"))):
        code, _, _ = ran("export", SIGNAL.stream, "--format", "csv", "--output", tmp_path / name, *more)
        assert code == 0
        with next((tmp_path / name).glob("*.csv")).open(newline="") as file:
            told[name] = [(line["label"], line["status"], line["revision"]) for line in csv.DictReader(file)]
    assert told == {"now": [("AFIB", "corrected", "2")], "then": [("VT", "confirmed", "1")], "before": []}
    with database.transaction() as conn:
        noted = audit.recent(conn)
    assert [(one.action, one.subject, one.detail["format"]) for one in noted] == [("export", "stream bed 7", "csv")] * 3
    with pytest.raises(RhythmarkError, match="--as-of must go with --format csv"):
        ran("export", SIGNAL.stream, "--format", "wfdb", "--output", tmp_path / "w", "--as-of", then)
