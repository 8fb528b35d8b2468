"""The topics: their names, and how they come to be."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaConfigurationError, KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from ingest.errors import BrokerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WAVEFORM_TOPIC = "waveform.v1"
DEAD_LETTER_TOPIC = "dead-letter.v1"
REPLAY_MARKS_TOPIC = "dead-letter-replays.v1"
"""Which dead letters were put back: compacted, so it holds one small record for each."""
N_WAVEFORM_PARTITIONS = 16
"""Bounds how many workers can share the topic; changing it later moves streams between partitions."""
# A dead letter is the message and its reason, so a message at the limit must still fit.
DEAD_LETTER_MAX_BYTES = 2 * 1024 * 1024
BOOTSTRAP_TIMEOUT_MS = 5_000


class _Topic(NamedTuple):
    name: str
    n_partitions: int
    configs: dict[str, str]


@contextmanager
def translating(doing: str) -> Iterator[None]:
    """Let no exception of the Kafka client out of the block: the one place of translation."""
    try:
        yield
    except KafkaConfigurationError:  # a mistake of ours; waiting would not mend it
        raise
    except (KafkaError, OSError) as error:
        msg = f"the broker does not answer while {doing}: {type(error).__name__}: {error}"
        raise BrokerUnavailableError(msg) from error


@contextmanager
def _admin(bootstrap: str) -> Iterator[Any]:
    client = KafkaAdminClient(
        bootstrap_servers=bootstrap,
        bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS,
        request_timeout_ms=BOOTSTRAP_TIMEOUT_MS * 2,
    )
    try:
        yield client
    finally:
        client.close()


def ensure_topics(
    bootstrap: str,
    *,
    topic: str = WAVEFORM_TOPIC,
    n_partitions: int = N_WAVEFORM_PARTITIONS,
    dead_letter_topic: str = DEAD_LETTER_TOPIC,
    replication_factor: int = 1,
) -> None:
    """Create the topics that are missing; those that exist stay as they are.

    Raises
    ------
    BrokerUnavailableError : if the broker does not answer.
    """
    wanted = (
        _Topic(topic, n_partitions, {}),
        _Topic(dead_letter_topic, 1, {"max.message.bytes": str(DEAD_LETTER_MAX_BYTES), "retention.ms": "-1"}),
    )
    _create_missing(bootstrap, wanted, replication_factor)


def ensure_replay_marks(bootstrap: str, *, topic: str = REPLAY_MARKS_TOPIC, replication_factor: int = 1) -> None:
    """Create the topic of replayed dead letters where it is missing.

    Raises
    ------
    BrokerUnavailableError : if the broker does not answer.
    """
    _create_missing(bootstrap, [_Topic(topic, 1, {"cleanup.policy": "compact"})], replication_factor)


def _create_missing(bootstrap: str, wanted: Sequence[_Topic], replication_factor: int) -> None:
    with translating("topics are created"), _admin(bootstrap) as admin:
        known = set(admin.list_topics())
        for name, count, configs in wanted:
            if name in known:
                continue
            new = NewTopic(name, num_partitions=count, replication_factor=replication_factor, topic_configs=configs)
            try:
                admin.create_topics([new])
            except TopicAlreadyExistsError:
                continue  # another worker starts at the same time
        admin.wait_for_topics([name for name, _, _ in wanted])


def topic_identity(bootstrap: str, topic: str) -> str:
    """The topic's unique id: a topic that was deleted and made anew has another, and its offsets mean other messages.

    Raises
    ------
    BrokerUnavailableError : if the broker does not answer or lacks the topic.
    """
    with translating(f"topic {topic!r} is looked up"), _admin(bootstrap) as admin:
        described = admin.describe_topics([topic])
        if not described or described[0].get("error_code"):
            raise UnknownTopicOrPartitionError(topic)
        return str(described[0].get("topic_id") or admin.describe_cluster()["cluster_id"])
