"""What the production detectors say of a recording is the same, bit for bit, of the whole file and through Kafka."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from ingest_kit import content, wait_until, worker_on

from detectors.registry import PRODUCTION, own, production_for
from detectors.runner import annotate
from ingest.kafka_producer import KafkaSink
from ingest.kafka_source import KafkaSource
from ingest.replay import FULL_SPEED, replay
from ingest.topics import ensure_topics
from signal_processing.values import Block, settled
from signal_processing.vocabulary import LabelKind, label, label_of_number
from storage import catalogue
from tests.detectors.signals import cases_for

pytestmark = pytest.mark.kafka

T0_US = 1_760_000_000_000_000
STEPS_PER_UNIT = 200.0


def recordings():
    """(signal, digital samples) of every drawn signal that a production detector reads."""
    found = {}
    for name in PRODUCTION:
        for case in cases_for(own()[name]):
            found.setdefault(case.block.samples.tobytes(), case)
    for i, case in enumerate(found.values()):
        channels = tuple(msgspec.structs.replace(one, gain=STEPS_PER_UNIT, offset=0.0) for one in case.signal.channels)
        signal = msgspec.structs.replace(case.signal, stream=f"drawn-{i}", t0_us=T0_US, channels=channels)
        digital = np.clip(np.round(case.block.samples * STEPS_PER_UNIT), -32_000, 32_000)
        yield signal, np.nan_to_num(digital, nan=-32_768).astype(np.int16)


def as_stored(confidence):
    """The database has `real`."""
    return None if confidence is None else float(np.float32(confidence))


def said_of_the_file(signal, digital):
    """Points and spans, as rows of the database have them."""
    block = signal.physical(Block(0, digital))
    said = settled([one for detector in production_for(signal) for one in annotate(detector, signal, [block])])
    points, spans = [], []
    for one in said:
        who = (signal.stream, one.annotator.name, one.annotator.version)
        if label(one.label).kind in {LabelKind.BEAT, LabelKind.PULSE}:
            points.append((*who, one.start, one.label, as_stored(one.confidence)))
        else:
            places = (signal.clock.us_at(one.start), signal.clock.us_at(one.end))
            spans.append(
                (*who, *places, one.label, one.channel, as_stored(one.confidence), sorted(one.figures.items()))
            )
    return points, spans


def stored_in(database):
    rows = content(database)
    points = []
    for stream, name, version, _, _, samples, numbers, confidences in rows["beats"]:
        given = [None if text == "NaN" else as_stored(text) for text in confidences.strip("{}").split(",")]
        for sample, number, confidence in zip(samples, numbers, given, strict=True):
            points.append((stream, name, version, sample, label_of_number(number).code, confidence))
    spans = [
        (
            stream,
            name,
            version,
            start_us,
            end_us,
            code,
            channel,
            as_stored(confidence),
            sorted(json.loads(figures).items()),
        )
        for _, stream, _, code, channel, start_us, end_us, _, _, _, confidence, figures, _, name, version, _, _ in rows[
            "annotations"
        ]
    ]
    return points, spans


def has_ended(database, n_streams):
    with database.transaction() as conn:
        found = catalogue.list_streams(conn)
    return len(found) == n_streams and all(one.stream.ended_us is not None for one in found)


def test_annotations_through_kafka_in_messages_of_a_second_are_those_of_the_whole_file(broker, topic, database):
    drawn = list(recordings())
    ensure_topics(broker.bootstrap, topic=topic, n_partitions=2)
    sink = KafkaSink(broker.bootstrap, topic=topic)
    for signal, digital in drawn:
        assert replay(signal, [Block(0, digital)], sink, speed=FULL_SPEED, block_s=1.0).is_complete
    sink.close()
    source = KafkaSource(broker.bootstrap, group=f"g-{topic}", topic=topic)
    worker = worker_on(database, source, detectors=production_for)

    def ends():
        worker.run_once()
        return has_ended(database, len(drawn))

    try:
        wait_until(ends, timeout_s=120)
    finally:
        source.close()
    points, spans = stored_in(database)
    expected = [said_of_the_file(*one) for one in drawn]
    assert sorted(points, key=str) == sorted((row for found, _ in expected for row in found), key=str)
    assert sorted(spans, key=str) == sorted((row for _, found in expected for row in found), key=str)
    silent = {
        name
        for name in PRODUCTION
        if not {one.name for one in own()[name].annotators} & {row[1] for row in points + spans}
    }
    assert silent == set()
