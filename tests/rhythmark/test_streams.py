"""`rhythmark streams`: what it says of each stream."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from rhythmark.commands.streams import states
from signal_processing.values import Block, Channel, Signal
from storage import catalogue, waveforms
from storage.listing import GroupListing, Listing, StreamListing

NOW_US = 1_800_000_000_000_000
S = 1_000_000


def group(name="ecg", *, n=1_000, missing=0, heard_s=1.0, behind_s=2.0, fs_hz=250.0, identity=1):
    end_us = NOW_US - int(behind_s * S)
    first_us = end_us - int((n + missing) / fs_hz * S)
    span = (first_us, end_us) if n else (None, None)
    return GroupListing(identity, name, fs_hz, 3, *span, n, missing, NOW_US - int(heard_s * S))


def stream(name="a", *groups, ended_us=None):
    return StreamListing(1, name, "d", 0, ended_us, synthetic=False, n_proposed=2, groups=groups)


def said(*streams, before=None, gaps=None):
    return states(Listing(NOW_US, streams), before, gaps)


@pytest.mark.parametrize(
    ("facts", "state", "lag_s"),
    [
        (stream("a", group()), "live", 2.0),
        (stream("a", group(heard_s=9.9)), "live", 2.0),
        (stream("a", group(heard_s=10.1, behind_s=12.0)), "silent", 12.0),
        (stream("a", group(heard_s=60), group("acc")), "live", 2.0),
        (stream("a", group(n=0)), "empty", None),
        (stream("a"), "empty", None),
        (stream("a", group(), ended_us=NOW_US), "ended", None),
    ],
)
def test_state_and_lag_follow_from_what_was_heard_last(facts, state, lag_s):
    (one,) = said(facts)
    assert (one.state, one.lag_s) == (state, lag_s)


def test_rate_is_what_came_in_since_the_last_look_beside_what_should_have():
    before = Listing(NOW_US - 4 * S, (stream("a", group(n=1_000), group("acc", n=100, fs_hz=50.0)),))
    (one,) = said(stream("a", group(n=1_900), group("acc", n=280, fs_hz=50.0)), before=before)
    assert (one.samples_per_s, one.nominal_per_s) == (270.0, 300.0)
    (first_look,) = said(stream("a", group()))
    assert first_look.samples_per_s is None


def test_missing_samples_and_gaps_are_summed_over_the_groups():
    facts = stream("a", group(missing=30, identity=1), group("acc", missing=5, identity=2))
    (one,) = said(facts, gaps={1: 3})
    assert (one.n_missing, one.n_gaps) == (35, 3)
    assert [(g.name, g.n_missing, g.n_gaps) for g in one.groups] == [("ecg", 30, 3), ("acc", 5, 0)]
    assert said(facts)[0].n_gaps is None


def test_running_streams_stand_first_and_each_kind_by_name():
    running = [stream("c"), stream("z", group()), stream("b", group()), stream("a", group(heard_s=99))]
    found = said(stream("d", group(), ended_us=1), *running)
    assert [one.stream for one in found] == ["b", "z", "a", "c", "d"]


@pytest.fixture
def two_streams(database):
    with database.transaction() as conn:
        for name in ("bed 1", "bed 2"):
            signal_ = Signal(name, "ecg", 250.0, NOW_US - 10 * S, (Channel("II", "mV", 200.0),))
            row = catalogue.ensure_stream(conn, name=name, device="d", t0_us=signal_.t0_us)
            stored = catalogue.ensure_group(conn, row.id, signal_)
            waveforms.store_blocks(conn, stored, [Block(0, np.zeros((500, 1), np.int16))])
        stored = catalogue.groups_of(conn, row.id)[0]
        waveforms.store_blocks(conn, stored, [Block(600, np.zeros((100, 1), np.int16))])
        catalogue.end_stream(conn, row.id, at_us=NOW_US)
        conn.execute(
            "INSERT INTO timelines (group_id, state, n_restarts, offset_ms, drift_ppm)"
            " SELECT g.id, '', 3, 1250.5, 12.5 FROM channel_groups g JOIN streams s ON s.id = g.stream_id"
            " WHERE s.name = 'bed 1'"
        )
        # a busy machine may take more than ten seconds for the commands that look at them
        conn.execute("UPDATE channel_groups SET updated_us = updated_us + 3600000000")


def test_command_lists_as_table_and_as_json(rhythmark, database_dsn, two_streams):
    listed = rhythmark("streams", "--gaps", RHYTHMARK_DSN=database_dsn).stdout.splitlines()
    words = [line.split()[:5] for line in listed[2:]]
    assert words == [["bed", f"{i}", "d", state, "2027-01-15"] for i, state in ((1, "live"), (2, "ended"))]
    found = json.loads(rhythmark("streams", "--json", "--gaps", RHYTHMARK_DSN=database_dsn).stdout)
    assert [(one["n_missing"], one["n_gaps"]) for one in found] == [(0, 0), (100, 1)]
    assert found[0]["groups"] == [{"name": "ecg", "fs_hz": 250.0, "n_channels": 1, "n_missing": 0, "n_gaps": 0}]
    known = ("offset_ms", "drift_ppm", "sample_drift_ppm", "n_restarts")
    assert [found[0][name] for name in known] == [1_250.5, 12.5, None, 3]
    assert [found[1][name] for name in known] == [None, None, None, 0]
    assert listed[2].split()[-9:-5] == ["1250", "12.5", "-", "3"]
    live = json.loads(rhythmark("streams", "--json", "--live-only", RHYTHMARK_DSN=database_dsn).stdout)
    assert [one["stream"] for one in live] == ["bed 1"]


def test_command_watches_until_it_is_interrupted(environment, database_dsn, two_streams, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "rhythmark", "streams", "--watch", "0.05", "--json"],
        env=environment | {"RHYTHMARK_DSN": database_dsn},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        rates = [json.loads(process.stdout.readline())[0]["samples_per_s"] for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert rates == [None, 0.0]
