"""Members of a consumer group on a real broker: who leaves it, and who does not."""

from __future__ import annotations

import pytest
from ingest_kit import wait_until
from kafka import KafkaAdminClient
from kafka.structs import MemberState

from ingest import kafka_source
from ingest.kafka_source import KafkaSource
from ingest.topics import N_WAVEFORM_PARTITIONS, ensure_topics

pytestmark = pytest.mark.kafka


@pytest.fixture
def members(broker, topic):
    """Asks the broker which instances the group of the test has."""
    ensure_topics(broker.bootstrap, topic=topic)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)

    def look():
        described = admin.describe_groups([f"g-{topic}"])[f"g-{topic}"]
        return sorted((one["group_instance_id"], one["member_id"]) for one in described["members"])

    yield look
    admin.close()


def source_on(broker, topic, instance):
    return KafkaSource(broker.bootstrap, group=f"g-{topic}", topic=topic, instance=instance)


def joined(source, members, n_members=1):
    def holds():
        source.seek(source.poll(0.1).unplaced, {})
        return len(members()) == n_members and source.lags() is not None

    wait_until(holds)


def test_source_with_an_instance_leaves_its_group_when_it_is_closed(broker, topic, members):
    source = source_on(broker, topic, "w1")
    joined(source, members)
    source.close()
    assert members() == []


def test_source_that_is_closed_leaves_another_of_its_instance_in_the_group(broker, topic, members):
    first = source_on(broker, topic, "w1")
    joined(first, members)
    (before,) = members()
    second = source_on(broker, topic, "w1")
    joined(second, members)
    (after,) = members()
    assert before[0] == after[0] == "w1"
    assert before[1] != after[1]
    first.close()
    assert members() == [after]
    second.close()
    assert members() == []


def test_member_that_hangs_in_joining_begins_anew(broker, topic, members, monkeypatch):
    source = source_on(broker, topic, "w1")
    joined(source, members)
    (before,) = members()
    assert not source.poll(0.1).revoked
    hung = source._consumer
    joining = hung.group_metadata()._replace(state=MemberState.REBALANCING)
    monkeypatch.setattr(hung, "group_metadata", lambda: joining)
    monkeypatch.setattr(kafka_source, "JOIN_WITHIN_S", 0.2)
    monkeypatch.setattr(kafka_source, "JOIN_POLL_S", 0.3)
    revoked = source.poll(0.1).revoked
    monkeypatch.setattr(kafka_source, "JOIN_WITHIN_S", 20.0)
    assert len(revoked) == N_WAVEFORM_PARTITIONS
    assert source._consumer is not hung
    joined(source, members)
    (after,) = members()
    assert before[0] == after[0] == "w1"
    assert before[1] != after[1]
    source.close()
