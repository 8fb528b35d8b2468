"""Messages as broken devices, broken software and people with intent send them: valid ones, changed at random."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from ingest import wire
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

N_STREAMS = 40
VALID_SHARE = 0.1
"""Of good messages among the rest, beside those that a mutation leaves good."""
_RATES_HZ = (1.0, 32.0, 125.0, 250.0, 360.0, 1000.0)
_GROUPS = ("ecg", "ppg")
_INTEGERS = (
    -(2**63),
    -(2**31),
    -1,
    0,
    1,
    2,
    255,
    2**15,
    2**16,
    2**31,
    2**32,
    10**12,
    10**12 + 1,
    2**53,
    2**63 - 1,
    2**64 - 1,
)
_FLOATS = (-math.inf, math.inf, math.nan, -0.0, 0.0, 5e-324, 1e-300, 1e308, 1e-9, 0.1, 1e6, 2.0**63)
_TEXTS = (
    "",
    " ",
    "\x00",
    "a" * 200,
    "a" * 201,
    "ä",
    "\u202e",
    "\ud7ff",
    "../../etc",
    "'; DROP TABLE streams; --",
    "💓",
    "%s",
)
_BYTES = (b"", b"\x00", b"\xff" * 3, bytes(20), bytes(21), bytes(100_000))
_CLAIMS = (
    b"\xdd\xff\xff\xff\xff",
    b"\xdc\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
)
"""Headers of MessagePack that announce up to 2**32 - 1 elements or bytes."""


class Mutant(NamedTuple):
    """One message: what was done to it, and what is sent."""

    kind: str
    key: bytes | None
    value: bytes


class Mutator:
    """Gives messages without end; the seed decides all.

    Parameters
    ----------
    seed : also names the streams, so that two seeds send of different ones.
    t0_us : about when the streams begin, microseconds UTC.
    """

    def __init__(self, seed: int, *, t0_us: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - repeatable
        self._streams = [_stream(f"fuzz{seed}", i, self._rng, t0_us) for i in range(N_STREAMS)]
        self._seqs = [0] * N_STREAMS
        self._unborn = set(range(N_STREAMS))
        self._last = Mutant("valid", b"", b"")
        self._kinds: dict[str, Callable[[list[Any], bytes], bytes]] = {
            "valid": lambda _, value: value,
            "bits flipped": self._flipped,
            "bytes replaced": self._replaced,
            "truncated": lambda _, value: value[: self._rng.randrange(len(value))],
            "extended": lambda _, value: value + self._rng.randbytes(self._rng.randrange(1, 50)),
            "two in one": lambda _, value: value + self._last.value,
            "spliced": self._spliced,
            "fields swapped": self._swapped,
            "field dropped": self._dropped,
            "field added": self._added,
            "field of another type": self._retyped,
            "number changed": self._renumbered,
            "extreme number": self._extreme,
            "element changed": self._element,
            "huge count": self._claimed,
            "nested deeply": self._nested,
            "length wrong": self._lengthened,
            "another key": lambda _, value: value,
            "another layout": self._as_map,
            "random bytes": lambda _, __: self._rng.randbytes(self._rng.randrange(200)),
        }

    def __iter__(self) -> Iterator[Mutant]:
        while True:
            yield self.next()

    def next(self) -> Mutant:
        """The next message."""
        rng = self._rng
        i = rng.randrange(N_STREAMS)
        message = self._valid(i)
        value = wire.encode(message)
        fields = [getattr(message, name) for name in message.__struct_fields__]
        # what a stream is, its first message says: were that a mutant, all the good ones would contradict it
        kind = "valid" if i in self._unborn or rng.random() < VALID_SHARE else rng.choice(tuple(self._kinds))
        self._unborn.discard(i)
        key: bytes | None = message.stream_id.encode()
        mutated = self._kinds[kind](fields, value)
        if kind == "another key":
            key = rng.choice((None, b"", b"\xff\xfe", b"fuzz-0", key + b" ", rng.randbytes(8)))
        self._last = Mutant(kind, key, mutated)
        return self._last

    def _valid(self, i: int) -> wire.WaveformMessage:
        """The next of a stream; now and then with a gap, again, or an earlier one."""
        rng, signal = self._rng, self._streams[i]
        n = rng.randrange(1, 40)
        start = max(self._seqs[i] + rng.choice((0, 0, 0, 0, 0, 7, -n, -200, 3000)), 0)
        self._seqs[i] = max(self._seqs[i], start + n)
        samples = np.frombuffer(rng.randbytes(2 * n * signal.n_channels), "<i2").reshape(n, signal.n_channels)
        blocks = [Block(start, samples), Block(start + n, samples)]  # only the last of them ends the group
        return next(iter(wire.messages_of(signal, blocks, device=f"device-{i % 7}")))

    def _flipped(self, _: list[Any], value: bytes) -> bytes:
        changed = bytearray(value)
        for _i in range(self._rng.choice((1, 1, 1, 2, 8))):
            changed[self._rng.randrange(len(changed))] ^= 1 << self._rng.randrange(8)
        return bytes(changed)

    def _replaced(self, _: list[Any], value: bytes) -> bytes:
        at = self._rng.randrange(len(value))
        return value[:at] + self._rng.randbytes(self._rng.randrange(5)) + value[at + self._rng.randrange(5) :]

    def _spliced(self, _: list[Any], value: bytes) -> bytes:
        other = self._last.value or value
        return value[: self._rng.randrange(len(value))] + other[self._rng.randrange(len(other)) :]

    def _swapped(self, fields: list[Any], _: bytes) -> bytes:
        i, j = self._rng.sample(range(len(fields)), 2)
        fields[i], fields[j] = fields[j], fields[i]
        return msgspec.msgpack.encode(fields)

    def _dropped(self, fields: list[Any], _: bytes) -> bytes:
        del fields[self._rng.randrange(len(fields))]
        return msgspec.msgpack.encode(fields)

    def _added(self, fields: list[Any], _: bytes) -> bytes:
        fields.insert(self._rng.randrange(len(fields) + 1), self._anything())
        return msgspec.msgpack.encode(fields)

    def _retyped(self, fields: list[Any], _: bytes) -> bytes:
        fields[self._rng.randrange(len(fields))] = self._anything()
        return msgspec.msgpack.encode(fields)

    def _renumbered(self, fields: list[Any], _: bytes) -> bytes:
        """A small step: values that still look right."""
        i = self._one_of(fields, (int, float))
        fields[i] += self._rng.choice((-1000, -1, 1, 2, 1000, fields[i]))
        return msgspec.msgpack.encode(fields)

    def _extreme(self, fields: list[Any], _: bytes) -> bytes:
        i = self._one_of(fields, (int, float))
        fields[i] = self._rng.choice(_INTEGERS if isinstance(fields[i], int) else _FLOATS)
        return msgspec.msgpack.encode(fields)

    def _element(self, fields: list[Any], _: bytes) -> bytes:
        i = self._one_of(fields, (list,))
        fields[i] = list(fields[i])
        fields[i][self._rng.randrange(len(fields[i]))] = self._anything()
        return msgspec.msgpack.encode(fields)

    def _claimed(self, _: list[Any], value: bytes) -> bytes:
        at = self._rng.randrange(len(value))
        return value[:at] + self._rng.choice(_CLAIMS) + value[at + 1 :]

    def _nested(self, fields: list[Any], _: bytes) -> bytes:
        i = self._rng.randrange(len(fields))
        head = b"".join(map(msgspec.msgpack.encode, fields[:i]))
        tail = b"".join(map(msgspec.msgpack.encode, fields[i + 1 :]))
        depth = self._rng.choice((10, 1000, 100_000))
        return bytes([0x90 + len(fields)]) + head + b"\x91" * depth + b"\xc0" + tail

    def _lengthened(self, fields: list[Any], _: bytes) -> bytes:
        i = self._one_of(fields, (bytes, list))
        fields[i] = self._rng.choice((fields[i][:-1], fields[i] * 2, fields[i] * 300, fields[i][:0]))
        return msgspec.msgpack.encode(fields)

    def _as_map(self, fields: list[Any], _: bytes) -> bytes:
        names = wire.WaveformMessage.__struct_fields__
        return self._rng.choice((msgspec.msgpack, msgspec.json)).encode(dict(zip(names, fields, strict=True)))

    def _one_of(self, fields: list[Any], types: tuple[type, ...]) -> int:
        fitting = [i for i, field in enumerate(fields) if isinstance(field, types) and not isinstance(field, bool)]
        return self._rng.choice(fitting)

    def _anything(self) -> Any:
        rng = self._rng
        found: Any = rng.choice(
            (None, True, _INTEGERS, _FLOATS, _TEXTS, _BYTES, [], {}, [[]], {"a": 1}, msgspec.msgpack.Ext(5, b"x"))
        )
        if isinstance(found, tuple):
            return rng.choice(found)
        return rng.choice((found, [found] * 2)) if rng.random() < 0.3 else found


def _stream(prefix: str, i: int, rng: random.Random, t0_us: int) -> Signal:
    n_channels = rng.choice((1, 2, 3, 12))
    channels = tuple(Channel(f"C{j}", "mV", 200.0, 0.0) for j in range(n_channels))
    # two groups of one stream stand side by side
    return Signal(f"{prefix}-{i // 2}", _GROUPS[i % 2], rng.choice(_RATES_HZ), t0_us + (i // 2) * 1000, channels)
