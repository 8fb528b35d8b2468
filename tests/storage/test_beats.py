"""Beats: a set keyed by sample, with what people changed laid over what machines said."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal_processing.values import Annotation, Annotator
from storage import annotations, beats, revisions, runs
from storage.errors import UnknownRowError

N, V, PULSE = 1, 5, 60


def _run(conn, group, name="beats", version="1"):
    return runs.ensure_run(conn, group.id, Annotator("machine", name, version), {})


def _beat(sample, label="N", confidence=0.5):
    return Annotation(
        start=sample, end=sample, label=label, annotator=Annotator("machine", "beats", "1"), confidence=confidence
    )


def _read(database, group, start=0, end=36_000, **how):
    with database.transaction() as conn:
        return beats.read_beats(conn, group, start, end, **how)


@pytest.fixture
def run_id(any_database, filled):
    """A run that found a beat every 301 samples, every fifth a V."""
    with any_database.transaction() as conn:
        run_id = _run(conn, filled)
        found = [_beat(100 + 301 * i, "V" if i % 5 == 0 else "N") for i in range(110)]
        beats.store_beats(conn, filled, run_id, found)
        return run_id


def _revise(database, row, actor, action, **changes):
    with database.transaction() as conn:
        return revisions.revise(
            conn, row.id, expected_revision=row.revision, actor=actor, action=action, changes=changes
        )


def _touch(database, group, sample, number, run_id):
    with database.transaction() as conn:
        return beats.touch_beat(conn, group, sample, number, run_id)


def test_beats_are_read_as_they_were_stored(any_database, filled, run_id):
    read = _read(any_database, filled)
    np.testing.assert_array_equal(read.samples, 100 + 301 * np.arange(110))
    np.testing.assert_array_equal(read.numbers[:6], [V, N, N, N, N, V])
    assert [column.dtype.name for column in read] == ["int64", "int16", "float32", "int8", "object", "int64"]
    assert (read.confidences == 0.5).all()
    assert (read.origin == beats.MACHINE).all()
    assert set(read.run_ids) == {run_id}
    assert set(read.ids) == {None}


def test_bounds_are_half_open(any_database, filled, run_id):
    assert list(_read(any_database, filled, 100, 401).samples) == [100]
    assert list(_read(any_database, filled, 101, 402).samples) == [401]
    assert len(_read(any_database, filled, 101, 101).samples) == 0


def test_a_beat_without_confidence_reads_as_nan(any_database, filled):
    with any_database.transaction() as conn:
        beats.store_beats(conn, filled, _run(conn, filled), [_beat(5, confidence=None)])
    assert math.isnan(_read(any_database, filled).confidences[0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 30_000), max_size=30), max_size=6))
def test_any_batches_and_repeats_make_the_same_set(any_database, filled, batches):
    with any_database.transaction() as conn, conn.transaction(force_rollback=True):
        run_id = _run(conn, filled)
        n_new = sum(beats.store_beats(conn, filled, run_id, [_beat(sample) for sample in batch]) for batch in batches)
        read = beats.read_beats(conn, filled, 0, 36_000)
        rows = conn.execute("SELECT cell, samples FROM beat_blocks WHERE run_id = %s", [run_id]).fetchall()
    wanted = sorted({sample for batch in batches for sample in batch})
    assert list(read.samples) == wanted
    assert n_new == len(wanted)
    assert all(sample // filled.cell_samples == cell for cell, samples in rows for sample in samples)


def test_the_newest_run_of_a_detector_speaks_for_the_cells_it_has_read(any_database, filled, run_id):
    with any_database.transaction() as conn:
        newer = _run(conn, filled, version="2")
        beats.store_beats(conn, filled, newer, [_beat(7)])
    read = _read(any_database, filled)
    assert read.samples[0] == 7
    assert (read.samples[1:] >= filled.cell_samples).all()
    assert len(_read(any_database, filled, run_id=run_id).samples) == 110


def test_pulses_and_beats_of_one_group_stand_side_by_side(any_database, filled, run_id):
    with any_database.transaction() as conn:
        pulses = _run(conn, filled, name="pulses")
        beats.store_beats(conn, filled, pulses, [_beat(100, "PULSE")])
    assert list(_read(any_database, filled, 0, 200).numbers) == [V, PULSE]


def test_a_touched_beat_is_a_proposal_and_still_read_once(any_database, filled, run_id):
    row = _touch(any_database, filled, 100, V, run_id)
    assert (row.kind, row.label, row.status, row.revision, row.run_id) == ("beat", "V", "proposed", 0, run_id)
    assert (row.origin_sample, row.confidence, row.author.name) == (100, 0.5, "beats")
    assert _touch(any_database, filled, 100, V, run_id) == row
    read = _read(any_database, filled, 0, 402)
    assert list(read.samples) == [100, 401]
    assert list(read.origin) == [beats.HUMAN, beats.MACHINE]
    assert list(read.ids) == [row.id, None]


def test_a_relabelled_beat_is_read_with_its_new_label(any_database, filled, run_id, reader):
    row = _revise(any_database, _touch(any_database, filled, 100, V, run_id), reader.actor, "relabel", label="N")
    assert row.status == "corrected"
    assert list(_read(any_database, filled, 0, 402).numbers) == [N, N]


def test_a_moved_beat_is_read_where_it_went_and_nowhere_else(any_database, filled, run_id, reader):
    row = _touch(any_database, filled, 100, V, run_id)
    there_us = filled.signal.clock.us_at(5_000)
    _revise(any_database, row, reader.actor, "move", start_us=there_us, end_us=there_us)
    assert list(_read(any_database, filled, 0, 402).samples) == [401]
    assert 5_000 in _read(any_database, filled, 4_900, 5_100).samples
    assert len(_read(any_database, filled).samples) == 110


@pytest.mark.parametrize("action", ["delete", "reject"])
def test_a_beat_that_a_person_took_away_is_gone_until_it_is_restored(any_database, filled, run_id, reader, action):
    row = _touch(any_database, filled, 100, V, run_id)
    gone = _revise(any_database, row, reader.actor, action)
    assert list(_read(any_database, filled, 0, 402).samples) == [401]
    with any_database.transaction() as conn:
        assert beats.store_beats(conn, filled, run_id, [_beat(100, "V")]) == 0
    assert list(_read(any_database, filled, 0, 402).samples) == [401], "a replay does not bring it back"
    _revise(any_database, gone, reader.actor, "undo", status="proposed", deleted=False)
    assert list(_read(any_database, filled, 0, 402).samples) == [100, 401]


def test_a_newer_version_does_not_bring_back_a_beat_that_was_taken_away(any_database, filled, run_id, reader):
    _revise(any_database, _touch(any_database, filled, 100, V, run_id), reader.actor, "delete")
    with any_database.transaction() as conn:
        beats.store_beats(conn, filled, _run(conn, filled, version="2"), [_beat(100), _beat(401)])
    assert list(_read(any_database, filled, 0, 402).samples) == [401]


def test_a_beat_that_a_person_added_is_read_among_the_machines(any_database, filled, run_id, reader):
    at_us = filled.signal.clock.us_at(250)
    with any_database.transaction() as conn:
        row = revisions.add(
            conn,
            stream_id=filled.stream_id,
            group_id=filled.id,
            start_us=at_us,
            end_us=at_us,
            label="V",
            channel=None,
            actor=reader.actor,
            view={},
        )
    read = _read(any_database, filled, 0, 402)
    assert list(read.samples) == [100, 250, 401]
    assert (read.origin[1], read.ids[1], read.run_ids[1]) == (beats.HUMAN, row.id, 0)


def test_beats_are_no_spans_and_do_not_wait_in_the_queue(any_database, filled, run_id):
    _touch(any_database, filled, 100, V, run_id)
    with any_database.transaction() as conn:
        assert annotations.queue(conn) == []
        assert annotations.spans_between(conn, filled.stream_id, 0, 2_000_000_000_000_000) == []


@pytest.mark.parametrize(("sample", "number", "reason"), [(101, V, "it has none"), (100, N, "it has number 5")])
def test_touching_a_beat_that_is_not_there_is_told(any_database, filled, run_id, sample, number, reason):
    with pytest.raises(UnknownRowError, match=reason):
        _touch(any_database, filled, sample, number, run_id)


def test_two_who_add_beats_to_one_cell_lose_none(any_database, filled):
    with any_database.transaction() as conn:
        run_id = _run(conn, filled)
    barrier = threading.Barrier(4)

    def work(first):
        barrier.wait()
        with any_database.transaction() as conn:
            beats.store_beats(conn, filled, run_id, [_beat(sample) for sample in range(first, 3_000, 40)])

    threads = [threading.Thread(target=work, args=[first]) for first in (0, 10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(_read(any_database, filled).samples) == list(range(0, 3_000, 10))
