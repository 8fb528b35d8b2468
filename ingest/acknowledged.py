"""A sink that says how far each stream has been acknowledged, so that a long replay can go on after an interruption."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ingest.timing import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ingest.replay import Sink
    from ingest.timing import Clock
    from ingest.wire import WaveformMessage


class Reached(NamedTuple):
    """How far a stream is safe: every sample that was sent before `next_sample`, and its end when `is_whole`."""

    next_sample: int
    is_whole: bool


class AcknowledgedSink:
    """Passes messages on; now and then waits until all of them are safe, and says so.

    Parameters
    ----------
    sink : takes the messages.
    on_safe : called with what is new, by name of stream.
    every_s : between two waits. Each costs a round trip to the broker, so an end of a record does not wait by itself:
        an archive may have thousands of them, seconds long.
    """

    def __init__(
        self,
        sink: Sink,
        on_safe: Callable[[Mapping[str, Reached]], None],
        *,
        every_s: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        self._sink = sink
        self._on_safe = on_safe
        self._every_s = every_s
        self._clock = clock or SystemClock()
        self._sent: dict[str, Reached] = {}
        self._due_s = self._clock.monotonic_s() + every_s

    def send(self, message: WaveformMessage) -> None:
        """Take one message."""
        self._sink.send(message)
        self._sent[message.stream_id] = Reached(message.end, message.last)
        if self._clock.monotonic_s() >= self._due_s:
            self.settle()

    def flush(self) -> None:
        """Called at the end of each recording; `settle` waits for all of them."""

    def settle(self) -> None:
        """Wait until every message is safe."""
        self._sink.flush()
        sent, self._sent = self._sent, {}
        if sent:
            self._on_safe(sent)
        self._due_s = self._clock.monotonic_s() + self._every_s
