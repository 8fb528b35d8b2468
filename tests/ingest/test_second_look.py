"""Samples that come inside what a person has decided: it is asked for again."""

from __future__ import annotations

from ingest_kit import drain, ecg, samples, worker_on

from ingest.local_source import LocalSource
from ingest.wire import messages_of
from signal_processing.values import Block
from storage import annotations, catalogue, revisions
from storage.annotations import Actor

READER = Actor(None, "reader")


def test_span_is_asked_for_again_when_samples_come_inside_it_after_it_was_confirmed(database):
    signal, values = ecg(), samples(12_000)
    sent = list(messages_of(signal, [Block(i, values[i : i + 250]) for i in range(0, 12_000, 250)], device="d"))
    late = sent.pop(18)
    source = LocalSource()
    for one in sent[:40]:
        source.send(one)
    worker = worker_on(database, source)
    drain(worker, n_messages=40)
    with database.transaction() as conn:
        (group,) = catalogue.groups_of(conn, catalogue.stream_named(conn, "s1").id)
        spans = [
            revisions.add(
                conn,
                stream_id=group.stream_id,
                group_id=group.id,
                start_us=signal.clock.us_at(start),
                end_us=signal.clock.us_at(start + 500),
                label="AFIB",
                channel=None,
                actor=READER,
                view={},
            )
            for start in (4_400, 1_000)
        ]
        before = {row.id for row in annotations.queue(conn)}
    assert not before & {row.id for row in spans}
    source.send(late)
    drain(worker, n_messages=1)
    with database.transaction() as conn:
        (asked,) = [row for row in annotations.queue(conn) if row.id not in before]
        assert (asked.id, asked.status, asked.revision) == (spans[0].id, "confirmed", 1)
        assert asked.signal_changed_us >= spans[0].updated_us
        revisions.revise(conn, asked.id, expected_revision=1, actor=READER, action="confirm")
        assert {row.id for row in annotations.queue(conn)} == before
        assert annotations.get(conn, asked.id).signal_changed_us is None
