"""The wire message: one block of one channel group, versioned, validated in every field.

MessagePack array of the fields in the order below (msgspec `array_like`: 1.1 us to encode and 1.4 us to decode a second
of three leads, where JSON takes 10 and 41). `seq` is the index of the block's first sample in its stream, `t0_ns` the
device's time of that sample; the origin of the stream follows from both.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ingest.errors import MessageError
from ingest.units import UCUM_UNITS
from signal_processing.clock import MAX_FS_HZ, MIN_FS_HZ, US_PER_S, SampleClock
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCHEMA = 1
"""Raised by every change that an older worker would misread."""

MAX_MESSAGE_BYTES = 1_000_000
"""Below Kafka's default limit of 1 MiB a record batch."""
MAX_ID_LENGTH = 200
MAX_CHANNELS = 256
MAX_CHANNEL_NAME_LENGTH = 64
MAX_SEQ = 10**12
MAX_AGE_S = 40 * 365.25 * 86_400
"""A time further back is a device whose clock was never set, not an old recording, s."""
MAX_AHEAD_S = 86_400.0
"""A device's clock may run ahead by this much, s."""
_SAMPLE_BYTES = 2
_NS_PER_US = 1000
# What goes into keys, file names and addresses; ASCII, so that two spellings of one name cannot look alike.
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .:/@+=#-]*\Z")


class WaveformMessage(msgspec.Struct, array_like=True, frozen=True):
    """One block of one channel group.

    Parameters
    ----------
    schema : version of this layout.
    stream_id, device_id : names.
    seq : index of the first sample since the stream began.
    t0_ns : the device's time of that sample, nanoseconds UTC.
    fs : sampling rate, Hz.
    n : samples a channel.
    channels, units, gain, offset : one entry a channel; UCUM; adu per unit; adu of physical zero.
    data : little-endian int16, channel after channel, 2 * n * len(channels) bytes.
    group : the channel group within the stream.
    last : no more samples of this group will come.
    """

    schema: int
    stream_id: str
    device_id: str
    seq: int
    t0_ns: int
    fs: float
    n: int
    channels: list[str]
    units: list[str]
    gain: list[float]
    offset: list[float]
    data: bytes
    group: str = "main"
    last: bool = False

    @property
    def end(self) -> int:
        """One past the index of the last sample."""
        return self.seq + self.n

    def origin_us(self) -> int:
        """Time of sample 0 that this message implies, microseconds UTC."""
        return self.t0_ns // _NS_PER_US - _clock(self.fs).us_at(self.seq)

    def signal(self) -> Signal:
        """What the message says of its channel group."""
        columns = zip(self.channels, self.units, self.gain, self.offset, strict=True)
        channels = tuple(Channel(*facts) for facts in columns)
        return Signal(self.stream_id, self.group, self.fs, self.origin_us(), channels)

    def block(self) -> Block:
        """The samples, (n, n_channels) int16."""
        columns = np.frombuffer(self.data, "<i2").reshape(len(self.channels), self.n)
        return Block(self.seq, columns.T)


@lru_cache(maxsize=64)
def _clock(fs_hz: float) -> SampleClock:
    """Devices have few rates, and finding the exact ratio of one costs ten times what decoding a message does."""
    return SampleClock(fs_hz)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(WaveformMessage)


def encode(message: WaveformMessage) -> bytes:
    """The message as it travels."""
    return _encoder.encode(message)


def decode(value: bytes, *, now_us: int) -> WaveformMessage:
    """The message that `encode` was given, every field checked.

    Parameters
    ----------
    now_us : wall time, microseconds UTC; a message's time must be near it.

    Raises
    ------
    MessageError : if the bytes are no message of this version or a field breaks a rule.
    """
    if len(value) > MAX_MESSAGE_BYTES:
        msg = f"message must hold at most {MAX_MESSAGE_BYTES} bytes, got {len(value)}"
        raise MessageError(msg)
    try:
        message = _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(_undecodable(value, error)) from error
    _check(message, now_us)
    return message


def messages_of(signal: Signal, blocks: Iterable[Block], *, device: str) -> Iterator[WaveformMessage]:
    """Messages of digital int16 blocks, one a block; the last one carries `last`."""
    pending: WaveformMessage | None = None
    for block in blocks:
        if pending is not None:
            yield pending
        pending = _message_of(signal, block, device)
    if pending is not None:
        yield msgspec.structs.replace(pending, last=True)


def _message_of(signal: Signal, block: Block, device: str) -> WaveformMessage:
    if block.samples.dtype != np.int16:
        msg = f"samples to send must be int16, got {block.samples.dtype}"
        raise MessageError(msg)
    channels = signal.channels
    return WaveformMessage(
        schema=SCHEMA,
        stream_id=signal.stream,
        device_id=device,
        seq=block.start,
        t0_ns=signal.clock.us_at(block.start) * _NS_PER_US,
        fs=signal.fs_hz,
        n=len(block),
        channels=[channel.name for channel in channels],
        units=[channel.unit for channel in channels],
        gain=[channel.gain for channel in channels],
        offset=[channel.offset for channel in channels],
        data=block.samples.T.astype("<i2").tobytes(),
        group=signal.group,
    )


def _undecodable(value: bytes, error: Exception) -> str:
    """A later version may have other fields; its number says more than the first field that does not fit."""
    try:
        fields: Any = msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        fields = None
    if isinstance(fields, list) and fields and isinstance(fields[0], int) and fields[0] != SCHEMA:
        return f"schema must be {SCHEMA}, got {fields[0]}"
    return f"message of {len(value)} bytes must be a waveform message of schema {SCHEMA}: {error}"


def _check(message: WaveformMessage, now_us: int) -> None:
    _require(message.schema == SCHEMA, "schema must be", SCHEMA, message.schema)
    for name, text in (("stream", message.stream_id), ("device", message.device_id), ("group", message.group)):
        _check_id(name, text)
    _require(0 <= message.seq <= MAX_SEQ, "seq must be within", f"[0, {MAX_SEQ}]", message.seq)
    _require(MIN_FS_HZ <= message.fs <= MAX_FS_HZ, "fs must be within", f"[{MIN_FS_HZ}, {MAX_FS_HZ:g}] Hz", message.fs)
    _check_channels(message)
    _check_data(message)
    _check_time(message, now_us)


def _require(holds: bool, rule: str, limit: object, value: object) -> None:  # noqa: FBT001 - reads as "require that"
    if not holds:
        msg = f"{rule} {limit}, got {value!r}"
        raise MessageError(msg)


def _check_id(name: str, text: str) -> None:
    length = f"1 to {MAX_ID_LENGTH} characters long"
    _require(0 < len(text) <= MAX_ID_LENGTH, f"{name} must be", length, len(text))
    limit = "ASCII letters, digits and _ .:/@+=#- only, a letter, digit or _ first"
    _require(_ID.match(text) is not None, f"{name} must hold", limit, text)


def _check_channels(message: WaveformMessage) -> None:
    n = len(message.channels)
    lengths = (len(message.units), len(message.gain), len(message.offset))
    _require(lengths == (n, n, n), "units, gain and offset must have one entry for each channel:", n, lengths)
    _check_columns(tuple(message.channels), tuple(message.units), tuple(message.gain), tuple(message.offset))


@lru_cache(maxsize=1024)  # a stream says the same of its channels in each message; what is raised is not kept
def _check_columns(
    names: tuple[str, ...], units: tuple[str, ...], gains: tuple[float, ...], offsets: tuple[float, ...]
) -> None:
    n = len(names)
    _require(1 <= n <= MAX_CHANNELS, "channels must be", f"1 to {MAX_CHANNELS}", n)
    _require(len(set(names)) == n, "channel names must", "differ", list(names))
    for name, unit, gain, offset in zip(names, units, gains, offsets, strict=True):
        _require(0 < len(name) <= MAX_CHANNEL_NAME_LENGTH, "channel name must have", "1 to 64 characters", len(name))
        _require(name.isprintable(), "channel name must be", "printable", name)
        _require(unit in UCUM_UNITS, f"unit of {name!r} must be", f"one of {', '.join(sorted(UCUM_UNITS))}", unit)
        _require(math.isfinite(gain) and gain != 0, f"gain of {name!r} must be", "finite and not 0", gain)
        _require(math.isfinite(offset), f"offset of {name!r} must be", "finite", offset)


def _check_data(message: WaveformMessage) -> None:
    _require(message.n > 0, "n must be", "at least 1", message.n)
    expected = _SAMPLE_BYTES * message.n * len(message.channels)
    rule = f"data of {message.n} samples x {len(message.channels)} channels must hold"
    _require(len(message.data) == expected, rule, f"{expected} bytes", len(message.data))


def _check_time(message: WaveformMessage, now_us: int) -> None:
    oldest, newest = now_us - int(MAX_AGE_S * US_PER_S), now_us + int(MAX_AHEAD_S * US_PER_S)
    limit = f"within [{oldest}, {newest}] us UTC"
    start_us = message.t0_ns // _NS_PER_US
    _require(oldest <= start_us <= newest, "t0 must be", limit, start_us)
    clock = _clock(message.fs)
    _require(oldest <= start_us - clock.us_at(message.seq), "t0 less seq / fs must be", limit, message.seq)
    _require(start_us + clock.us_at(message.n) <= newest, "t0 plus n / fs must be", limit, message.n)
