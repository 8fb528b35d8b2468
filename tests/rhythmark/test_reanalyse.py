"""`rhythmark reanalyse` over streams that a recording became."""

from __future__ import annotations

import msgspec
import numpy as np
import psycopg
import pytest

from detectors.registry import production_for
from detectors.runner import annotate
from formats.wfdb_files import read_blocks, read_header
from signal_processing.values import Block, settled
from signal_processing.vocabulary import LabelKind, label
from storage import annotations as labels
from storage import audit, beats, catalogue, runs, waveforms
from storage.database import Database

MINUTES = 6


@pytest.fixture
def recording(data_dir):
    """The first minutes of mitdb/208, as a signal and one block."""
    header = read_header(data_dir / "mitdb" / "208", t0_us=1_700_000_000_000_000)
    end = int(MINUTES * 60 * header.signal.fs_hz)
    return header.signal, Block(0, np.concatenate([block.samples for block in read_blocks(header, end=end)]))


@pytest.fixture
def stored(database_dsn, recording):
    """The recording, stored and ended, with proposals of a version of long ago."""
    signal, block = recording
    with Database.open(database_dsn) as database, database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name=signal.stream, device="d", t0_us=signal.t0_us)
        group = catalogue.ensure_group(conn, stream.id, signal)
        waveforms.store_blocks(conn, group, [block])
        waveforms.seal(conn, group)
        catalogue.end_stream(conn, stream.id, at_us=signal.clock.us_at(block.end))
        group = catalogue.group_by_id(conn, group.id)
        said = [one for one in _said(recording) if one.annotator.name == "ventricular"]
        old = [_of_version(one, "0") for one in said]
        run_id = runs.ensure_run(conn, group.id, old[0].annotator, {})
        labels.propose(conn, stream.id, group, run_id, old)
        return group


def _of_version(one, version):
    return msgspec.structs.replace(one, annotator=msgspec.structs.replace(one.annotator, version=version))


def _said(recording):
    signal, block = recording
    physical = [signal.physical(block)]
    return settled([one for detector in production_for(signal) for one in annotate(detector, signal, physical)])


@pytest.mark.data
def test_reanalyse_stores_what_the_detectors_say_of_the_recording_and_withdraws_older_proposals(
    rhythmark, database_dsn, stored, recording
):
    done = rhythmark("reanalyse", "208", RHYTHMARK_DSN=database_dsn)
    assert done.returncode == 0, done.stderr
    said = _said(recording)
    is_beat = [label(one.label).kind is LabelKind.BEAT for one in said]
    clock = stored.signal.clock
    with Database.open(database_dsn) as database, database.transaction() as conn:
        found = beats.read_beats(conn, stored, 0, stored.next_sample)
        rows = labels.spans_between(conn, stored.stream_id, 0, 2**60)
        entries = audit.recent(conn)
        withdrawn = labels.spans_between(conn, stored.stream_id, 0, 2**60, statuses=["withdrawn"])
    assert found.samples.tolist() == [one.start for one, beat in zip(said, is_beat, strict=True) if beat]
    expected = [
        (clock.us_at(one.start), clock.us_at(one.end), one.label, one.channel)
        for one, beat in zip(said, is_beat, strict=True)
        if not beat
    ]
    got = [(row.start_us, row.end_us, row.label, row.channel) for row in rows]
    assert sorted(got, key=str) == sorted(expected, key=str)
    assert {row.author.version for row in withdrawn} == {"0"}
    assert len(withdrawn) > 0
    assert [(entry.action, entry.subject, entry.detail["withdrawn"]) for entry in entries] == [
        ("reanalyse", "stream 208", len(withdrawn))
    ]
    again = rhythmark("reanalyse", "--all", RHYTHMARK_DSN=database_dsn)
    assert "208: was read by these versions before" in again.stderr
    assert "1 of 1 streams" not in again.stdout


def test_reanalyse_says_which_streams_are_not_there(rhythmark, database_dsn):
    done = rhythmark("reanalyse", "a", "b", RHYTHMARK_DSN=database_dsn)
    assert done.returncode == 1
    assert "streams must be stored ones (`rhythmark streams`), got a, b" in done.stderr


@pytest.mark.parametrize("wrong", [[], ["--all", "s"]])
def test_reanalyse_takes_names_or_all(rhythmark, database_dsn, wrong):
    done = rhythmark("reanalyse", *wrong, RHYTHMARK_DSN=database_dsn)
    assert done.returncode == 1
    assert "must be given names of streams, or --all" in done.stderr


def test_reanalyse_refuses_an_unknown_detector(rhythmark, database_dsn):
    done = rhythmark("reanalyse", "--all", "--detector", "oracle", RHYTHMARK_DSN=database_dsn)
    assert "detector must be one of" in done.stderr


@pytest.mark.data
def test_reanalyse_of_a_time_takes_the_streams_of_that_time(rhythmark, database_dsn, stored):
    done = rhythmark("reanalyse", "--all", "--since", "2023-11-15", RHYTHMARK_DSN=database_dsn)
    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(database_dsn) as conn:
        assert conn.execute("SELECT count(*) FROM reanalyses").fetchone() == (0,)
    done = rhythmark(
        "reanalyse", "--all", "--since", "2023-11-14", "--until", "2023-11-14T22:14:00Z", RHYTHMARK_DSN=database_dsn
    )
    assert "208: read again" in done.stderr
