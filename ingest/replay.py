"""Sends a recording as a device would: block after block, at its own pace or faster."""

from __future__ import annotations

import math
from threading import Event
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np

from ingest.timing import SystemClock
from ingest.wire import MAX_MESSAGE_BYTES, messages_of
from signal_processing.errors import InvalidValueError
from signal_processing.values import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.timing import Clock
    from ingest.wire import WaveformMessage
    from signal_processing.values import Signal

FULL_SPEED = math.inf
"""As fast as the sink takes it."""
MAX_SPEED = 1_000_000.0
_OVERHEAD_BYTES = 100_000  # names and units of the channels, at most


class Sink(Protocol):
    """Takes messages: `KafkaSink` or `LocalSource`."""

    def send(self, message: WaveformMessage) -> None:
        """Take one message; may block while too many are under way."""

    def flush(self) -> None:
        """Wait until every message is safe."""


class Replayed(msgspec.Struct, frozen=True):
    """What a replay came to; `n_samples` are sample times, whatever the number of channels."""

    n_messages: int
    n_samples: int
    is_complete: bool


def replay(  # noqa: PLR0913 - what is sent, to whom, how
    signal: Signal,
    blocks: Iterable[Block],
    sink: Sink,
    *,
    device: str = "replay",
    speed: float = 1.0,
    block_s: float = 1.0,
    clock: Clock | None = None,
    stop: Event | None = None,
) -> Replayed:
    """Send digital blocks as messages of `block_s` each; the last one ends the group.

    Parameters
    ----------
    signal : says stream, group, rate, channels and the time of sample 0; `starting_at` moves that to now.
    blocks : in the order of samples; gaps are kept.
    speed : times real time; `FULL_SPEED` for no pacing. A block is sent when its last sample would have been taken.
    stop : set it to end early; then nothing carries `last`.

    Raises
    ------
    InvalidValueError : if `speed` or `block_s` is out of range.
    """
    _check(speed, block_s)
    clock, stop = clock or SystemClock(), stop or Event()
    pieces = cut_even(blocks, _block_samples(signal, block_s))
    n_messages = n_samples = 0
    began_s, first = clock.monotonic_s(), None
    is_complete = True
    for message in messages_of(signal, pieces, device=device):
        first = message.seq if first is None else first
        due_s = began_s + (message.end - first) / signal.fs_hz / speed
        if stop.is_set() or _waits(clock, stop, due_s):
            is_complete = False
            break
        sink.send(message)
        n_messages += 1
        n_samples += message.n
    sink.flush()
    return Replayed(n_messages, n_samples, is_complete)


def starting_at(signal: Signal, t0_us: int) -> Signal:
    """The same signal with its sample 0 at another time, microseconds UTC."""
    return msgspec.structs.replace(signal, t0_us=t0_us)


def cut_even(blocks: Iterable[Block], n_samples: int) -> Iterator[Block]:
    """The same samples in blocks of `n_samples`; shorter only before a gap and at the end."""
    rest: Block | None = None
    for block in blocks:
        current = block
        if rest is not None and rest.end == block.start:
            current = Block(rest.start, np.concatenate([rest.samples, block.samples]))
        elif rest is not None:
            yield rest
        n_whole = len(current) // n_samples
        for i in range(n_whole):
            yield current.between(current.start + i * n_samples, current.start + (i + 1) * n_samples)
        left = current.between(current.start + n_whole * n_samples, current.end)
        rest = left if len(left) else None
    if rest is not None:
        yield rest


def _waits(clock: Clock, stop: Event, due_s: float) -> bool:
    left_s = due_s - clock.monotonic_s()
    return left_s > 0 and clock.wait(stop, left_s)


def _block_samples(signal: Signal, block_s: float) -> int:
    fits = (MAX_MESSAGE_BYTES - _OVERHEAD_BYTES) // (signal.sample_format.dtype.itemsize * signal.n_channels)
    return min(max(signal.clock.n_samples(block_s), 1), fits)


def _check(speed: float, block_s: float) -> None:
    if not (0 < speed <= MAX_SPEED or speed == FULL_SPEED):
        msg = f"speed must be above 0 and at most {MAX_SPEED:g} times real time, or infinite, got {speed!r}"
        raise InvalidValueError(msg)
    if not 0 < block_s < math.inf:
        msg = f"block length must be above 0 s, got {block_s!r} s"
        raise InvalidValueError(msg)
