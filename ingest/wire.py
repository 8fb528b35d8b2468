"""The wire message: one block of one channel group, versioned, validated in every field.

MessagePack array of the fields in the order below (msgspec `array_like`: 1.1 us to encode and 1.4 us to decode a second
of three leads, where JSON takes 10 and 41). `seq` is the index of the block's first sample in its stream, `t0_ns` the
device's time of that sample; the origin of the stream follows from both.

Samples of int16 travel as schema 1, without the field `dtype`, as they did before there were others. Samples of int32
and float32 travel as schema 2, which a worker that knows schema 1 only refuses by its number.
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
from signal_processing.sample_types import FORMAT_OF_CODE, SAMPLE_FORMATS
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from signal_processing.sample_types import SampleType

SCHEMA = 1
"""Raised by every change that an older worker would misread."""
SCHEMA_WITH_DTYPE = 2
"""The layout with the field `dtype`."""
_SCHEMAS = (SCHEMA, SCHEMA_WITH_DTYPE)
_SCHEMAS_SAID = "1 or 2"

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
_MAX_AGE_US, _MAX_AHEAD_US = int(MAX_AGE_S * US_PER_S), int(MAX_AHEAD_S * US_PER_S)
_INT16 = SAMPLE_FORMATS["int16"].code
_FLOAT32 = SAMPLE_FORMATS["float32"].code
_SAMPLE_BYTES = {code: entry.dtype.itemsize for code, entry in FORMAT_OF_CODE.items()}
_NS_PER_US = 1000
# What goes into keys, file names and addresses; ASCII, so that two spellings of one name cannot look alike.
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .:/@+=#-]*\Z")


class WaveformMessage(msgspec.Struct, array_like=True, frozen=True):
    """One block of one channel group.

    Parameters
    ----------
    schema : version of this layout; 1 is without `dtype`, which then is "<i2".
    stream_id, device_id : names.
    seq : index of the first sample since the stream began.
    t0_ns : the device's time of that sample, nanoseconds UTC.
    fs : sampling rate, Hz.
    n : samples a channel.
    channels, units, gain, offset : one entry a channel; UCUM; adu per unit; adu of physical zero.
    data : samples of type `dtype`, channel after channel, n * len(channels) of them.
    group : the channel group within the stream.
    last : no more samples of this group will come.
    dtype : "<i2", "<i4" or "<f4"; -32768, -2147483648 and NaN mean "no sample".
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
    dtype: str = _INT16

    @property
    def end(self) -> int:
        """One past the index of the last sample."""
        return self.seq + self.n

    @property
    def sample_type(self) -> SampleType:
        """The name of `dtype`."""
        return FORMAT_OF_CODE[self.dtype].sample_type

    def origin_us(self) -> int:
        """Time of sample 0 that this message implies, microseconds UTC."""
        return self.t0_ns // _NS_PER_US - _clock(self.fs).us_at(self.seq)

    def signal(self) -> Signal:
        """What the message says of its channel group."""
        columns = zip(self.channels, self.units, self.gain, self.offset, strict=True)
        channels = tuple(Channel(*facts) for facts in columns)
        return Signal(self.stream_id, self.group, self.fs, self.origin_us(), channels, self.sample_type)

    def block(self, start: int | None = None) -> Block:
        """The samples, (n, n_channels) of the type that `dtype` says; from `seq` on, or from the sample given."""
        samples = np.empty((self.n, len(self.channels)), self.dtype)
        self.write_to(samples)
        return Block(self.seq if start is None else start, samples)

    def write_to(self, samples: NDArray[Any]) -> None:
        """Put the samples into rows, (n, n_channels): storing and detecting both go sample by sample."""
        samples[:] = np.frombuffer(self.data, self.dtype).reshape(-1, self.n).T


@lru_cache(maxsize=64)
def _clock(fs_hz: float) -> SampleClock:
    """Devices have few rates, and finding the exact ratio of one costs ten times what decoding a message does."""
    return SampleClock(fs_hz)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(WaveformMessage)
_N_FIELDS_OF_SCHEMA_1 = len(WaveformMessage.__struct_fields__) - 1


def encode(message: WaveformMessage) -> bytes:
    """The message as it travels."""
    if message.schema == SCHEMA and message.dtype == _INT16:
        return _encoder.encode(msgspec.structs.astuple(message)[:_N_FIELDS_OF_SCHEMA_1])
    return _encoder.encode(message)


def decode(value: bytes, *, now_us: int) -> WaveformMessage:
    """The message that `encode` was given, every field checked.

    Parameters
    ----------
    now_us : wall time, microseconds UTC; a message's time must be near it.

    Raises
    ------
    MessageError : if the bytes are no message of these versions or a field breaks a rule.
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
    """Messages of digital blocks, one a block; the last one carries `last`.

    Raises
    ------
    MessageError : if a block is not of the sample type of the signal.
    """
    pending: WaveformMessage | None = None
    for block in blocks:
        if pending is not None:
            yield pending
        pending = _message_of(signal, block, device)
    if pending is not None:
        yield msgspec.structs.replace(pending, last=True)


def _message_of(signal: Signal, block: Block, device: str) -> WaveformMessage:
    known = signal.sample_format
    if block.samples.dtype != known.dtype:
        msg = f"samples to send must be {known.sample_type}, got {block.samples.dtype}"
        raise MessageError(msg)
    channels = signal.channels
    return WaveformMessage(
        schema=SCHEMA if known.code == _INT16 else SCHEMA_WITH_DTYPE,
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
        data=block.samples.T.tobytes(),
        group=signal.group,
        dtype=known.code,
    )


def _undecodable(value: bytes, error: Exception) -> str:
    """A later version may have other fields; its number says more than the first field that does not fit."""
    try:
        fields: Any = msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        fields = None
    if isinstance(fields, list) and fields and isinstance(fields[0], int) and fields[0] not in _SCHEMAS:
        return f"schema must be {_SCHEMAS_SAID}, got {fields[0]}"
    return f"message of {len(value)} bytes must be a waveform message of schema {_SCHEMAS_SAID}: {error}"


def _check(message: WaveformMessage, now_us: int) -> None:
    if message.schema != SCHEMA or message.dtype != _INT16:
        _check_schema(message)
    _check_names(message.stream_id, message.device_id, message.group)
    if not 0 <= message.seq <= MAX_SEQ:
        msg = f"seq must be within [0, {MAX_SEQ}], got {message.seq}"
        raise MessageError(msg)
    if not MIN_FS_HZ <= message.fs <= MAX_FS_HZ:  # also refuses NaN
        msg = f"fs must be within [{MIN_FS_HZ}, {MAX_FS_HZ:g}] Hz, got {message.fs!r}"
        raise MessageError(msg)
    _check_channels(message)
    _check_data(message)
    _check_time(message, now_us)


def _check_schema(message: WaveformMessage) -> None:
    _require(message.schema in _SCHEMAS, "schema must be", _SCHEMAS_SAID, message.schema)
    _require(message.dtype in FORMAT_OF_CODE, "dtype must be one of", ", ".join(FORMAT_OF_CODE), message.dtype)
    if message.schema == SCHEMA:
        _require(message.dtype == _INT16, f"dtype of schema {SCHEMA} must be", _INT16, message.dtype)


def _require(holds: bool, rule: str, limit: object, value: object) -> None:  # noqa: FBT001 - reads as "require that"
    if not holds:
        msg = f"{rule} {limit}, got {value!r}"
        raise MessageError(msg)


@lru_cache(maxsize=20_000)  # thousands of live streams say theirs every second
def _check_names(stream: str, device: str, group: str) -> None:
    for name, text in (("stream", stream), ("device", device), ("group", group)):
        _check_id(name, text)


def _check_id(name: str, text: str) -> None:
    length = f"1 to {MAX_ID_LENGTH} characters long"
    _require(0 < len(text) <= MAX_ID_LENGTH, f"{name} must be", length, len(text))
    limit = "ASCII letters, digits and _ .:/@+=#- only, a letter, digit or _ first"
    _require(_ID.match(text) is not None, f"{name} must hold", limit, text)


def _check_channels(message: WaveformMessage) -> None:
    n = len(message.channels)
    if not len(message.units) == len(message.gain) == len(message.offset) == n:
        lengths = (len(message.units), len(message.gain), len(message.offset))
        msg = f"units, gain and offset must have one entry for each channel: {n}, got {lengths!r}"
        raise MessageError(msg)
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
    if message.n <= 0:
        msg = f"n must be at least 1, got {message.n}"
        raise MessageError(msg)
    expected = _SAMPLE_BYTES[message.dtype] * message.n * len(message.channels)
    if len(message.data) != expected:
        what = f"{message.n} samples x {len(message.channels)} channels"
        msg = f"data of {what} must hold {expected} bytes, got {len(message.data)}"
        raise MessageError(msg)
    if message.dtype == _FLOAT32:
        _check_finite(message)


def _check_finite(message: WaveformMessage) -> None:
    """NaN is how a device says "no sample"; an infinity is a fault of arithmetic that no filter survives."""
    infinite = np.isinf(np.frombuffer(message.data, message.dtype))
    if infinite.any():
        channel, index = divmod(int(infinite.argmax()), message.n)
        msg = f"samples of {message.channels[channel]!r} must be finite or NaN, got an infinity at index {index}"
        raise MessageError(msg)


def _check_time(message: WaveformMessage, now_us: int) -> None:
    oldest, newest = now_us - _MAX_AGE_US, now_us + _MAX_AHEAD_US
    start_us = message.t0_ns // _NS_PER_US
    clock = _clock(message.fs)
    origin_us, end_us = start_us - clock.us_at(message.seq), start_us + clock.us_at(message.n)
    if oldest <= origin_us and end_us <= newest:  # the start lies between them
        return
    limit = f"within [{oldest}, {newest}] us UTC"
    _require(oldest <= start_us <= newest, "t0 must be", limit, start_us)
    _require(oldest <= origin_us, "t0 less seq / fs must be", limit, message.seq)
    _require(end_us <= newest, "t0 plus n / fs must be", limit, message.n)
