"""A newer version of a detector reads stored streams; what people decided stands, and nothing is asked twice."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np
import pytest
from ingest_kit import FS_HZ, Peaks, content, drain, ecg, samples, send_all, worker_on

from detectors.protocol import Step
from detectors.runner import annotate
from ingest import reanalysis
from ingest.errors import ReanalysisError, StaleStateError
from ingest.local_source import LocalSource
from ingest.reanalysis import Reanalysis
from ingest.replay import FULL_SPEED, replay
from signal_processing.values import Annotator, Block, settled
from storage import annotations, beats, catalogue, revisions, users

N = 60_000  # 4 min, 8 cells
PLATEAUS = 7


@dataclass(frozen=True)
class Newer(Peaks):
    """The next version: puts beats and spans some samples later, and finds none before `from_sample`."""

    version: str = "2"
    later: int = 0
    from_sample: int = 0

    def step(self, state, block):
        said = super().step(state, block)
        return Step(said.state, [self._moved(one) for one in said.annotations if one.start >= self.from_sample])

    def _moved(self, one):
        return type(one)(
            start=one.start + self.later,
            end=one.end + self.later,
            label=one.label,
            annotator=Annotator("machine", self.name, self.version),
            confidence=one.confidence,
            ongoing=one.ongoing,
        )


@pytest.fixture(autouse=True)
def short_steps(monkeypatch):
    monkeypatch.setattr(reanalysis, "STEP_S", 17.0)


@pytest.fixture
def reader(database):
    with database.transaction() as conn:
        return users.create(conn, login="reader", password="correct horse", role="reader").actor  # noqa: S106 - a test's


def store(database, values, *, start=0, is_end=True, detectors=None, stream="s1"):
    """Through the worker, with the first version."""
    source = LocalSource()
    signal = ecg(stream, t0_us=1_700_000_000_000_000)
    worker = worker_on(database, source, **({"detectors": detectors} if detectors else {}))
    if is_end:
        sent = send_all(source, signal, values, start=start, block_s=5.0)
    else:
        sent = replay(signal, [Block(start, values)], _Endless(source), speed=FULL_SPEED, block_s=5.0)
    drain(worker, n_messages=sent.n_messages)


class _Endless:
    """A stream that never says that it ends."""

    def __init__(self, sink):
        self._sink = sink

    def send(self, message):
        self._sink.send(msgspec.structs.replace(message, last=False))

    def flush(self):
        self._sink.flush()


@pytest.fixture
def stored(database):
    store(database, samples(N))
    return group_of(database)


def group_of(database, stream="s1"):
    with database.transaction() as conn:
        return catalogue.groups_of(conn, catalogue.stream_named(conn, stream).id)[0]


def read_again(database, group, detector, *, n_steps=None, **how):
    reading = Reanalysis(database, group.id, detectors_for=lambda _: [detector], **how)
    step = None
    while (step is None or not step.is_complete) and n_steps != 0:
        step = reading.step()
        n_steps = None if n_steps is None else n_steps - 1
    return reading


def spans(database, group, **how):
    with database.transaction() as conn:
        return annotations.spans_between(conn, group.stream_id, 0, 2**60, **how)


def queued(database):
    with database.transaction() as conn:
        return annotations.queue(conn, order="time")


def beats_of(database, group):
    with database.transaction() as conn:
        return beats.read_beats(conn, group, 0, N)


def expected(detector, group, values):
    """(beats, spans) as the detector alone says them."""
    physical = group.signal.physical(Block(0, values))
    said = settled(annotate(detector, group.signal, [physical]))
    clock = group.signal.clock
    return (
        [one.start for one in said if one.label == "N"],
        [(clock.us_at(one.start), clock.us_at(one.end)) for one in said if one.label == "FLAT"],
    )


def revise(database, row, actor, action, **changes):
    with database.transaction() as conn:
        return revisions.revise(
            conn, row.id, expected_revision=row.revision, actor=actor, action=action, changes=changes
        )


def test_newer_version_replaces_what_nobody_touched(database, stored):
    newer = Newer(later=50)
    old = spans(database, stored)
    reading = read_again(database, stored, newer)
    found, asked = expected(newer, stored, samples(N))
    np.testing.assert_array_equal(beats_of(database, stored).samples, found)
    assert [(row.start_us, row.end_us) for row in queued(database)] == asked
    assert {row.author.version for row in queued(database)} == {"2"}
    withdrawn = spans(database, stored, statuses=["withdrawn"])
    assert [row.id for row in withdrawn] == [row.id for row in old]  # not deleted: they can still be looked at
    assert len(old) == len(asked) == PLATEAUS
    assert reading.reached["peaks 2"].n_withdrawn == PLATEAUS
    assert reading.is_done


def test_older_proposal_is_withdrawn_in_the_transaction_that_brings_the_new_one(database, stored):
    reading = Reanalysis(database, stored.id, detectors_for=lambda _: [Newer(later=25)])
    n_by_version = []
    while not reading.step().is_complete:
        versions = [row.author.version for row in queued(database)]
        # each plateau is asked about once, or is just being read
        assert PLATEAUS <= len(versions) <= PLATEAUS + 1
        n_by_version.append(versions.count("2"))
    assert sorted(n_by_version) == n_by_version
    assert n_by_version[0] < n_by_version[-1]


def test_decisions_stand_and_are_not_asked_again(database, stored, reader):
    rows = queued(database)
    decided = [
        revise(database, rows[0], reader, "confirm"),
        revise(database, rows[1], reader, "reject"),
        revise(database, rows[2], reader, "relabel", label="NOISY"),
        revise(database, rows[3], reader, "move", start_us=rows[3].start_us - 200_000),
        revise(database, rows[4], reader, "delete"),
    ]
    reading = read_again(database, stored, Newer(later=25))
    with database.transaction() as conn:
        assert [annotations.get(conn, row.id) for row in decided] == decided
        linked = dict(conn.execute("SELECT answered_by, start_us FROM annotations WHERE answered_by IS NOT NULL"))
    assert linked == {row.id: machine.start_us + 100_000 for row, machine in zip(decided, rows, strict=False)}
    assert [row.start_us for row in queued(database)] == [row.start_us + 100_000 for row in rows[5:]]
    assert reading.reached["peaks 2"].n_answered == 5


def test_decision_about_another_time_or_label_answers_nothing(database, stored, reader):
    rows = queued(database)
    revise(database, rows[0], reader, "confirm")
    read_again(database, stored, Newer(later=1_200))  # of 6.8 s, 4.8 s later
    assert len(queued(database)) == PLATEAUS


def test_own_annotation_of_a_person_answers_what_a_newer_version_finds_there(database, stored, reader):
    first = spans(database, stored)[0]
    with database.transaction() as conn:
        added = revisions.add(
            conn,
            stream_id=stored.stream_id,
            group_id=stored.id,
            start_us=first.start_us + 100_000,
            end_us=first.end_us - 100_000,
            label="FLAT",
            channel=None,
            actor=reader,
            view={},
        )
    read_again(database, stored, Newer())
    assert len(queued(database)) == PLATEAUS - 1
    with database.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM annotations WHERE answered_by = %s", [added.id]).fetchone() == (1,)


def test_person_may_still_decide_about_what_was_withdrawn_meanwhile(database, stored, reader):
    on_the_screen = queued(database)[0]
    read_again(database, stored, Newer(later=25))
    assert revise(database, on_the_screen, reader, "confirm").status == "confirmed"


@pytest.mark.parametrize("later", [0, 20, -20, 37])
def test_touched_beats_stay_touched_when_the_newer_version_puts_them_beside(database, stored, reader, later):
    old = beats_of(database, stored)
    with database.transaction() as conn:
        touched = [
            beats.touch_beat(conn, stored, int(old.samples[i]), int(old.numbers[i]), int(old.run_ids[i]))
            for i in (5, 9, 14)
        ]
    clock = stored.signal.clock
    revise(database, touched[0], reader, "relabel", label="V")
    revise(database, touched[1], reader, "reject")
    revise(
        database, touched[2], reader, "move", start_us=touched[2].start_us + 80_000, end_us=touched[2].end_us + 80_000
    )
    read_again(database, stored, Newer(later=later))
    new = beats_of(database, stored)
    expected_samples = sorted(
        {int(s) + later for i, s in enumerate(old.samples) if i not in {5, 9, 14}}
        | {int(old.samples[5]), clock.sample_at(touched[2].start_us + 80_000)}
    )
    assert new.samples.tolist() == expected_samples
    # the same however the window is cut
    with database.transaction() as conn:
        edge = int(old.samples[5]) + later // 2
        halves = [beats.read_beats(conn, stored, *window).samples for window in ((0, edge), (edge, N))]
    assert np.concatenate(halves).tolist() == expected_samples


def test_beat_that_a_person_added_is_not_found_a_second_time(database, reader):
    store(database, samples(N), detectors=lambda _: [Newer(version="1", from_sample=5_000)])
    group = group_of(database)
    missing = expected(Peaks(), group, samples(N))[0][3]
    with database.transaction() as conn:
        revisions.add(
            conn,
            stream_id=group.stream_id,
            group_id=group.id,
            start_us=group.signal.clock.us_at(missing + 10),
            end_us=group.signal.clock.us_at(missing + 10),
            label="V",
            channel=None,
            actor=reader,
            view={},
        )
    read_again(database, group, Newer(version="2"))
    found = beats_of(database, group).samples.tolist()
    assert missing + 10 in found
    assert missing not in found
    assert len(found) == len(expected(Peaks(), group, samples(N))[0])


def test_cells_without_a_beat_in_the_newer_version_show_none(database, stored):
    newer = Newer(from_sample=20_000)
    read_again(database, stored, newer)
    assert beats_of(database, stored).samples.tolist() == expected(newer, stored, samples(N))[0]


@pytest.mark.parametrize("n_steps", [1, 4, 9])
def test_interrupted_reading_goes_on_to_the_same_rows(database, other_database, n_steps):
    for one in (database, other_database):
        store(one, samples(N))
    read_again(database, group_of(database), Newer(later=25), n_steps=n_steps)
    read_again(database, group_of(database), Newer(later=25))
    read_again(other_database, group_of(other_database), Newer(later=25))
    assert content(database) == content(other_database)


def test_reading_again_by_the_same_version_changes_nothing(database, stored):
    read_again(database, stored, Newer(later=25))
    before = content(database)
    assert read_again(database, stored, Newer(later=25)).step().n_samples == 0
    read_again(database, stored, Newer(later=25), is_anew=True)
    assert content(database) == before


def test_stream_that_goes_on_keeps_the_beats_of_the_worker_where_the_newer_version_has_not_come(database):
    values = samples(N)
    store(database, values[:40_000], is_end=False)
    group = group_of(database)
    reading = read_again(database, group, Newer(later=3))
    assert not reading.is_done
    n_cell = group.cell_samples
    heard = beats_of(database, group)
    settled_until = (40_000 - 500) // n_cell * n_cell  # whole cells, less the detector's latency
    newer, _ = expected(Newer(later=3), group, values)
    older, _ = expected(Peaks(), group, values[:40_000])
    assert heard.samples.tolist() == [s for s in newer if s < settled_until] + [s for s in older if s >= settled_until]
    store(database, values[40_000:], start=40_000)
    assert read_again(database, group, Newer(later=3)).is_done
    assert beats_of(database, group).samples.tolist() == newer
    assert {row.author.version for row in queued(database)} == {"2"}


def test_worker_that_goes_on_beside_the_reading_is_not_disturbed(database, other_database):
    values = samples(N)
    store(database, values[:30_000], is_end=False)
    group = group_of(database)
    read_again(database, group, Newer(later=25), n_steps=3)
    store(database, values[30_000:], start=30_000)
    read_again(database, group, Newer(later=25))
    store(other_database, values)
    theirs, alone = content(database), content(other_database)
    for table in ("groups", "blocks", "tail"):
        assert theirs[table] == alone[table]
    assert [row for row in theirs["beats"] if row[2] == "1"] == alone["beats"]


def test_two_readings_of_one_group_do_not_mix(database, stored):
    one, other = (Reanalysis(database, stored.id, detectors_for=lambda _: [Newer()]) for _ in range(2))
    one.step()
    with pytest.raises(StaleStateError, match="one reanalysis at a time may read group"):
        other.step()


def test_detector_that_fails_leaves_what_was_there(database, stored):
    before = content(database)
    reading = Reanalysis(database, stored.id, detectors_for=lambda _: [replace(Newer(), fail_at=1_000)])
    with pytest.raises(ReanalysisError, match="it failed with ZeroDivisionError"):
        reading.step()
    assert content(database) == before


def test_recording_with_a_gap_is_read_as_its_parts(database):
    values = samples(N)
    store(database, values[:20_000], is_end=False)
    store(database, values[20_000:], start=20_000 + int(300 * FS_HZ))
    group = group_of(database)
    read_again(database, group, Newer())
    with database.transaction() as conn:
        found = beats.read_beats(conn, group, 0, group.next_sample).samples.tolist()
    physical = [group.signal.physical(b) for b in (Block(0, values[:20_000]), Block(95_000, values[20_000:]))]
    assert found == [one.start for one in settled(annotate(Newer(), group.signal, physical)) if one.label == "N"]
