"""Reads from Kafka as a member of a consumer group.

The database's positions are the truth, so the group's offsets in Kafka only show people the lag: each partition that is
assigned is paused until the worker has looked up where to read on, and is sought there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import MemberToRemove
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError
from kafka.structs import MemberState, OffsetAndMetadata

from ingest.hang_guard import CallWatch
from ingest.kafka_producer import DeadLetterSink
from ingest.letters import n_replays_in
from ingest.source import Partition, Polled, Received
from ingest.topics import BOOTSTRAP_TIMEOUT_MS, DEAD_LETTER_TOPIC, WAVEFORM_TOPIC, topic_identity, translating

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ingest.source import DeadLetter

_log = structlog.get_logger()

MAX_POLL_INTERVAL_MS = 300_000
"""Longer without a poll, and the group takes the partitions away. At least three times the worst batch."""
SESSION_TIMEOUT_MS = 15_000
"""How long the streams of a worker that died stand still, at most, before others go on with them. One that starts again
under the same instance within it moves nothing. Kafka's 45 s is for consumers for whom a minute is not a patient's."""
HEARTBEAT_MS = 1_000
"""Members learn of a rebalance by the answer to a heartbeat, twice in a cooperative one; Kafka's 3 s made streams that
changed their worker stand still for 6 s."""
JOIN_POLL_S = 1.0
"""How long a poll lasts at least while the member is joining its group. A poll that ends in the midst of it, and whose
join is completed before the next one, leaves kafka-python 3.0.12 in the state of rebalancing for good: 3 of 39 starts
with polls of 0.1 s on a busy machine, none of 80 with this."""
JOIN_WITHIN_S = 20.0
"""A member that is still joining by then begins anew, because it may happen all the same; it keeps its partitions from
the others meanwhile."""
FETCH_MIN_BYTES = 1_000_000
FETCH_MAX_WAIT_MS = 200
"""How long messages wait at the broker for company, at most. Without it, 1,500 live streams took a fifth more processor
time of workers, broker and database."""
PARTITION_FETCH_BYTES = 8_000_000
"""Of one partition at once, at most, about a batch of seconds of three leads: a backlog then brings whole cells of half
a minute. With a quarter of it, half of the messages of a backlog left rows of incomplete cells for the next batch."""
FINAL_COMMIT_TIMEOUT_MS = 1_500
LAG_TIMEOUT_MS = 1_000
LEAVE_TIMEOUT_MS = 500
US_PER_MS = 1_000


class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # the client ships no types
    """What is ours by now. Runs inside `poll`, so it only notes; a database call here would stall the heartbeats."""

    def __init__(self) -> None:
        self.consumer: Any = None
        self.unplaced: set[Partition] = set()
        self.revoked: set[Partition] = set()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        assigned = list(assigned)
        self.consumer.pause(*assigned)
        self.unplaced |= _ours(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        gone = _ours(revoked)
        self.unplaced -= gone
        self.revoked |= gone


class KafkaSource:
    """One member of a consumer group on the waveform topic.

    Parameters
    ----------
    bootstrap : "host:port[,host:port]".
    group : consumer group.
    instance : static member id: a worker that restarts under the same one causes no rebalance; None for a dynamic one.
    max_batch : messages a poll gives at most.
    session_timeout_ms : how long a member may be silent before its partitions go to the others.

    Raises
    ------
    BrokerUnavailableError : if the broker does not answer.
    """

    kind = "kafka"

    def __init__(
        self,
        bootstrap: str,
        *,
        group: str,
        topic: str = WAVEFORM_TOPIC,
        dead_letter_topic: str = DEAD_LETTER_TOPIC,
        instance: str | None = None,
        max_batch: int = 8000,
        session_timeout_ms: int = SESSION_TIMEOUT_MS,
    ) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._settings: dict[str, Any] = {
            "bootstrap_servers": bootstrap,
            "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
            "group_id": group,
            "group_instance_id": instance,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "max_poll_records": max_batch,
            "max_poll_interval_ms": MAX_POLL_INTERVAL_MS,
            "session_timeout_ms": session_timeout_ms,
            "heartbeat_interval_ms": min(HEARTBEAT_MS, session_timeout_ms // 3),
            "reconnect_backoff_max_ms": 1_000,
            "request_timeout_ms": 30_000,
            "fetch_max_bytes": 16 * 1024 * 1024,
            "max_partition_fetch_bytes": PARTITION_FETCH_BYTES,
            # the broker gathers for a while: hundreds of live streams then come in one answer instead of one each
            "fetch_min_bytes": FETCH_MIN_BYTES,
            "fetch_max_wait_ms": FETCH_MAX_WAIT_MS,
            "check_crcs": True,
            "allow_auto_create_topics": False,
            "metrics_enabled": False,
            # an instance, not the class: the assignor remembers what this member owns
            "partition_assignment_strategy": [CooperativeStickyAssignor()],
        }
        self.positions_key = f"kafka:{group}:{topic_identity(bootstrap, topic)}"
        self._dead_letters = DeadLetterSink(bootstrap, topic=dead_letter_topic)
        self._revoked: set[Partition] = set()
        self._has_heard = False
        self.calls = CallWatch()
        self._open()

    def _open(self) -> None:
        self._assignment = _Assignment()
        with translating("a consumer connects"):
            self._consumer = KafkaConsumer(**self._settings)
        self._assignment.consumer = self._consumer
        self._stable_s = time.monotonic()
        self._consumer.subscribe([self._topic], listener=self._assignment)

    def poll(self, timeout_s: float) -> Polled:
        """Some messages, at most a batch; waits up to `timeout_s` for the first.

        Raises
        ------
        BrokerUnavailableError : if the client gave up; it is built anew, as a new member of the group.
        """
        records = self._poll(timeout_s)
        unplaced = frozenset(self._assignment.unplaced)
        messages = [
            _received(where, record)
            for where, batch in ((_one(partition), batch) for partition, batch in records.items())
            if where not in unplaced
            for record in batch
        ]
        self._has_heard = self._has_heard or bool(messages)
        n_waiting = sum(self._n_after(partition, batch) for partition, batch in records.items())
        return Polled(messages, unplaced, self._take_revoked(), n_waiting)

    def _n_after(self, partition: TopicPartition, batch: list[Any]) -> int:
        newest = self._consumer.highwater(partition)
        return max((newest or 0) - batch[-1].offset - 1, 0) if batch else 0

    def idle(self, timeout_s: float) -> Polled:
        """Stay a member for that long with everything paused."""
        held = [
            partition for partition in self._consumer.assignment() if _one(partition) not in self._assignment.unplaced
        ]
        self._consumer.pause(*held)
        for partition, records in self._poll(timeout_s).items():
            # what had been fetched before the pause is given all the same, and would be lost
            self._consumer.seek(partition, records[0].offset)
        still = self._consumer.assignment()
        self._consumer.resume(*(partition for partition in held if partition in still))
        return Polled([], frozenset(self._assignment.unplaced), self._take_revoked())

    def seek(self, partitions: frozenset[Partition], positions: Mapping[Partition, int]) -> None:
        """Read on from `positions`, or from the first message: what the database does not know is not stored."""
        mine = self._consumer.assignment()
        for partition in partitions:
            target = TopicPartition(*partition)
            if target in mine:
                if partition in positions:
                    self._consumer.seek(target, positions[partition])
                else:
                    self._consumer.seek_to_beginning(target)
                self._consumer.resume(target)
        self._assignment.unplaced -= partitions

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Tell the group, without waiting: the database has the truth, this is for those who watch the lag."""
        self._consumer.commit_async(self._offsets(positions), callback=_note_commit)

    def lags(self) -> dict[Partition, int] | None:
        """Messages still to read in each of the partitions that are ours; None while none is.

        While messages come, the newest offsets are those that came with them: a question of its own would wait behind
        the fetch that is under way, and the worker with it.

        Raises
        ------
        BrokerUnavailableError : if the broker does not answer; polls alone would not say so.
        """
        placed = [one for one in self._consumer.assignment() if _one(one) not in self._assignment.unplaced]
        if not placed:
            return None
        ends = {one: self._consumer.highwater(one) for one in placed} if self._has_heard else {}
        self._has_heard = False
        with translating("the lag is asked for"), self.calls.watching():
            if not ends or None in ends.values():
                ends = self._consumer.end_offsets(placed, timeout_ms=LAG_TIMEOUT_MS)
            return self._less_positions(ends)

    def unread(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Messages that come after what was given, in those of the partitions that are ours; asks the broker.

        Raises
        ------
        BrokerUnavailableError : if it does not answer.
        """
        mine = self._consumer.assignment()
        asked = [TopicPartition(*one) for one in partitions if one not in self._assignment.unplaced]
        asked = [one for one in asked if one in mine]
        if not asked:
            return {}
        with translating("what is unread is asked for"), self.calls.watching():
            return self._less_positions(self._consumer.end_offsets(asked, timeout_ms=LAG_TIMEOUT_MS))

    def _less_positions(self, ends: Mapping[TopicPartition, int]) -> dict[Partition, int]:
        positions = {one: self._consumer.position(one, timeout_ms=LAG_TIMEOUT_MS) for one in ends}
        return {_one(one): max(ends[one] - at, 0) for one, at in positions.items() if at is not None}

    def dead_letter(self, letters: Sequence[DeadLetter]) -> None:
        """Put messages aside in the dead-letter topic; they are safe when this returns.

        Raises
        ------
        BrokerUnavailableError : if the broker is gone.
        """
        self._dead_letters.send(letters)

    def close(self, positions: Mapping[Partition, int] | None = None) -> None:
        """Commit `positions`, leave the group, give the connections back."""
        try:
            if positions:
                self._consumer.commit(self._offsets(positions), timeout_ms=FINAL_COMMIT_TIMEOUT_MS)
        except KafkaError as error:
            _log.info("final_commit_failed", error=type(error).__name__)
        member_id = self._consumer.group_metadata().member_id
        if self._abandon() and member_id and self._settings["group_instance_id"]:
            self._leave(member_id)
        self._dead_letters.close()

    def _poll(self, timeout_s: float) -> Any:
        try:
            if not self._is_member():
                timeout_s = max(timeout_s, JOIN_POLL_S)
            with self.calls.watching():
                records = self._consumer.poll(timeout_ms=int(timeout_s * 1000))
            if self._is_member() or time.monotonic() - self._stable_s <= JOIN_WITHIN_S:
                return records
            reason = f"not in the group for {JOIN_WITHIN_S:g} s"
        except (KafkaError, OSError) as error:
            reason = f"{type(error).__name__}: {error}"
        return self._rebuilt(reason)

    def _is_member(self) -> bool:
        """Whether the group has taken us, with or without partitions; notes when that was so."""
        is_member: bool = self._consumer.group_metadata().state == MemberState.STABLE
        if is_member:
            self._stable_s = time.monotonic()
        return is_member

    def _rebuilt(self, reason: str) -> dict[Any, Any]:
        """Begin anew as a member of the group; nothing was taken, so nothing is given."""
        _log.warning("consumer_rebuilt", reason=reason)
        self._revoked |= {_one(partition) for partition in self._consumer.assignment()}
        self._abandon()
        self._open()
        return {}

    def _abandon(self) -> bool:
        try:
            self._consumer.close(autocommit=False, timeout_ms=FINAL_COMMIT_TIMEOUT_MS)
        except (KafkaError, OSError) as error:
            _log.info("consumer_close_failed", error=type(error).__name__)
            return False
        return True

    def _leave(self, member_id: str) -> None:
        """Give the streams to the others now: of a static member the client only goes silent, until its session ends.

        By the member's id as well, so that one that has taken over the same instance since stays.
        """
        member = MemberToRemove(member_id=member_id, group_instance_id=self._settings["group_instance_id"])
        try:
            admin = KafkaAdminClient(
                bootstrap_servers=self._bootstrap,
                bootstrap_timeout_ms=LEAVE_TIMEOUT_MS,
                request_timeout_ms=LEAVE_TIMEOUT_MS,
            )
            try:
                admin.remove_group_members(self._settings["group_id"], [member])
            finally:
                admin.close()
        except (KafkaError, OSError) as error:
            _log.info("not_left", error=type(error).__name__)

    def _offsets(self, positions: Mapping[Partition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        mine = self._consumer.assignment()
        offsets = {TopicPartition(*partition): offset for partition, offset in positions.items()}
        return {target: OffsetAndMetadata(offset, "", -1) for target, offset in offsets.items() if target in mine}

    def _take_revoked(self) -> frozenset[Partition]:
        revoked = frozenset(self._revoked | self._assignment.revoked)
        self._revoked.clear()
        self._assignment.revoked.clear()
        return revoked


def _one(partition: TopicPartition) -> Partition:
    return Partition(partition.topic, partition.partition)


def _received(where: Partition, record: Any) -> Received:
    sent_us = record.timestamp * US_PER_MS if record.timestamp >= 0 else None  # a producer may leave it out
    n_replays = n_replays_in(record.headers) if record.headers else 0
    return Received(where, record.offset, record.key, record.value or b"", sent_us, n_replays)


def _ours(partitions: Iterable[TopicPartition]) -> set[Partition]:
    return {_one(partition) for partition in partitions}


def _note_commit(_offsets: Any, response: Any) -> None:
    if isinstance(response, Exception):
        _log.info("offset_commit_failed", error=f"{type(response).__name__}: {response}")
