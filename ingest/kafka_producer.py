"""Sends to Kafka: waveform messages of a replay, and dead letters."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from ingest.letters import headers_of
from ingest.topics import BOOTSTRAP_TIMEOUT_MS, DEAD_LETTER_MAX_BYTES, DEAD_LETTER_TOPIC, WAVEFORM_TOPIC, translating
from ingest.wire import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.source import DeadLetter
    from ingest.wire import WaveformMessage

MAX_PENDING = 4_000
"""Messages sent and not acknowledged yet; the client itself would hold any number of them in memory."""
DELIVERY_TIMEOUT_S = 30.0
CLOSE_TIMEOUT_S = 2.0

_log = structlog.get_logger()


def open_producer(bootstrap: str) -> Any:
    """An idempotent producer that waits for every replica (the client's defaults) and sends in large batches.

    Raises
    ------
    BrokerUnavailableError : if the broker does not answer.
    """
    with translating("a producer connects"):
        return KafkaProducer(
            bootstrap_servers=bootstrap,
            bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS,
            delivery_timeout_ms=int(DELIVERY_TIMEOUT_S * 1000),
            request_timeout_ms=10_000,
            reconnect_backoff_max_ms=1_000,
            linger_ms=5,
            batch_size=128 * 1024,
            max_request_size=DEAD_LETTER_MAX_BYTES,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )


def close_producer(producer: Any) -> None:
    """Give its connections back; what is not acknowledged within two seconds may be lost.

    The client raises then, and leaves its thread behind, which ends with the process: whoever wanted to know what was
    delivered has flushed before.
    """
    try:
        producer.close(timeout=CLOSE_TIMEOUT_S)
    except KafkaError as error:
        _log.info("producer_not_closed", error=type(error).__name__)


class KafkaSink:
    """Sends waveform messages, keyed by stream, with a bounded number under way."""

    def __init__(self, bootstrap: str, *, topic: str = WAVEFORM_TOPIC) -> None:
        self._producer = open_producer(bootstrap)
        self._topic = topic
        self._pending: deque[Any] = deque()

    def send(self, message: WaveformMessage) -> None:
        """Hand a message to the producer; blocks while too many are under way.

        Raises
        ------
        BrokerUnavailableError : if an earlier message could not be delivered.
        """
        self.send_raw(message.stream_id.encode(), encode(message))

    def send_raw(self, key: bytes | None, value: bytes, *, sent_ms: int | None = None) -> None:
        """Hand any bytes to the producer, as `send` does; with the time stamp given, ms UTC, else with now."""
        with translating("messages are sent"):
            self._pending.append(self._producer.send(self._topic, key=key, value=value, timestamp_ms=sent_ms))
            while len(self._pending) > MAX_PENDING or (self._pending and self._pending[0].is_done):
                self._pending.popleft().get(timeout=DELIVERY_TIMEOUT_S)

    def flush(self) -> None:
        """Wait until every message is acknowledged.

        Raises
        ------
        BrokerUnavailableError : if one could not be delivered.
        """
        with translating("messages are sent"):
            self._producer.flush(timeout=DELIVERY_TIMEOUT_S)
            while self._pending:
                self._pending.popleft().get(timeout=DELIVERY_TIMEOUT_S)

    def close(self) -> None:
        """Give the connection back; what is not acknowledged may be lost."""
        close_producer(self._producer)


class DeadLetterSink:
    """Puts messages aside in the dead-letter topic: the original key and bytes, the rest as headers."""

    def __init__(self, bootstrap: str, *, topic: str = DEAD_LETTER_TOPIC) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producer: Any = None

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Send them and wait until they are safe.

        Raises
        ------
        BrokerUnavailableError : if they could not be delivered.
        """
        if self._producer is None:
            self._producer = open_producer(self._bootstrap)
        with translating("dead letters are sent"):
            futures = [self._send_one(letter) for letter in letters]
            for future in futures:
                future.get(timeout=DELIVERY_TIMEOUT_S)

    def close(self) -> None:
        """Give the connection back."""
        if self._producer is not None:
            close_producer(self._producer)
            self._producer = None

    def _send_one(self, letter: DeadLetter) -> Any:
        received = letter.received
        headers = headers_of(letter.reason, received.partition, received.offset, received.n_replays)
        try:
            return self._producer.send(self._topic, key=received.key, value=received.value, headers=headers)
        except MessageSizeTooLargeError:
            # the broker took it once, so its own limit is higher than ours; topic and offset say where the whole is
            headers.append(("truncated_from_bytes", str(len(received.value)).encode()))
            value = received.value[: DEAD_LETTER_MAX_BYTES // 2]
            return self._producer.send(self._topic, key=None, value=value, headers=headers)
