"""A dead letter as people see it: where it stood, why it was refused, what can be read of it; never its samples."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import msgspec

from ingest.source import Partition
from ingest.wire import MAX_ID_LENGTH, WaveformMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_REASON_CHARACTERS = 1_000
"""A reason repeats the value that broke the rule, and a hostile message could make that as long as itself."""
MAX_RULE_CHARACTERS = 160
MAX_SHOWN_CHARACTERS = 200
MAX_SHOWN_ITEMS = 16
DUMPED_BYTES = 64
_BYTES_A_LINE = 16
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .:/@+=#-]*")
_QUOTED = re.compile(r"b?'(?:[^'\\]|\\.)*'|b?\"(?:[^\"\\]|\\.)*\"")
_NUMBER = re.compile(r"(?<![A-Za-z_])0x[0-9a-f]+|(?<![A-Za-z_])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_STREAM_FIELD = WaveformMessage.__struct_fields__.index("stream_id")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the dead-letter topic.

    Parameters
    ----------
    partition, offset : where it stands among the dead letters.
    at_us : when it was put aside, microseconds UTC; None where the broker does not say.
    key, value : the original's, unless truncated.
    reason : why it was refused.
    origin, origin_offset : where the original stood; None where the letter does not say.
    truncated_from_bytes : length of the original when `value` is only its beginning, else None.
    n_replays : how often it had been replayed before it was put aside.
    """

    partition: Partition
    offset: int
    at_us: int | None
    key: bytes | None
    value: bytes
    reason: str
    origin: Partition | None
    origin_offset: int | None
    truncated_from_bytes: int | None
    n_replays: int

    @property
    def name(self) -> str:
        """How people and headers name it: "partition/offset"."""
        return f"{self.partition.number}/{self.offset}"

    def identity(self) -> bytes:
        """The same for every copy of a letter: a worker that died between two steps put its message aside twice."""
        origin = f"{self.origin} {self.origin_offset} " if self.origin else f"{self.partition} {self.offset} "
        return hashlib.sha256(origin.encode() + self.value).digest()[:16]


def headers_of(reason: str, origin: Partition, origin_offset: int, n_replays: int) -> list[tuple[str, bytes]]:
    """What a dead letter says beside the original's key and bytes."""
    return [
        ("reason", reason[:MAX_REASON_CHARACTERS].encode()),
        ("topic", origin.topic.encode()),
        ("partition", str(origin.number).encode()),
        ("offset", str(origin_offset).encode()),
        *([("n_replays", str(n_replays).encode())] if n_replays else []),
    ]


def n_replays_in(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """How often a message was replayed, as its headers say; 0 for one that comes from its device."""
    return max((_number(value) or 0 for name, value in headers if name == "n_replays"), default=0)


def letter_of(
    partition: Partition,
    offset: int,
    *,
    at_us: int | None,
    key: bytes | None,
    value: bytes,
    headers: Iterable[tuple[str, bytes | None]],
) -> Letter:
    """The letter that a record of the dead-letter topic is; what it lacks is None, since anybody may write there."""
    headers = list(headers)
    facts = dict(headers)
    topic, number, origin_offset = facts.get("topic"), _number(facts.get("partition")), _number(facts.get("offset"))
    is_placed = topic is not None and number is not None and origin_offset is not None
    return Letter(
        partition=partition,
        offset=offset,
        at_us=at_us,
        key=key,
        value=value,
        reason=_text(facts.get("reason")) or "without a reason",
        origin=Partition(_text(topic), number) if is_placed and number is not None else None,
        origin_offset=origin_offset if is_placed else None,
        truncated_from_bytes=_number(facts.get("truncated_from_bytes")),
        n_replays=n_replays_in(headers),
    )


def stream_of(letter: Letter) -> str | None:
    """The stream it belongs to, from the message or else its key; None where neither holds a name."""
    fields = _decoded(letter.value)
    said = fields[_STREAM_FIELD] if isinstance(fields, list) and len(fields) > _STREAM_FIELD else None
    for text in (said, None if letter.key is None else letter.key.decode("utf-8", "replace")):
        if isinstance(text, str) and len(text) <= MAX_ID_LENGTH and _NAME.fullmatch(text):
            return text
    return None


def fields_of(value: bytes) -> list[tuple[str, str]]:
    """The fields of a message by name, as text and without samples; empty where the bytes are no MessagePack array."""
    fields = _decoded(value)
    if not isinstance(fields, list):
        return []
    names = WaveformMessage.__struct_fields__
    numbered = (f"field {i}" for i in range(len(names), len(fields)))
    return [
        (name, f"{len(one)} bytes" if isinstance(one, bytes) else "not shown" if name == "data" else _shown(one))
        for name, one in zip([*names, *numbered], fields, strict=False)
    ]


def hex_dump(value: bytes, *, n_bytes: int = DUMPED_BYTES) -> list[str]:
    """The first bytes, sixteen a line with their text beside them; stops where the samples begin if that is known."""
    fields = _decoded(value)
    samples = [one for one in fields if isinstance(one, bytes) and one] if isinstance(fields, list) else []
    end = min([n_bytes, len(value), *(value.find(one) for one in samples)])
    lines = []
    for start in range(0, end, _BYTES_A_LINE):
        row = value[start : min(start + _BYTES_A_LINE, end)]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)  # noqa: PLR2004 - printable ASCII
        lines.append(f"{start:08x}  {row.hex(' '):<{_BYTES_A_LINE * 3 - 1}}  {text}")
    return lines


def rule_of(reason: str) -> str:
    """The rule of a reason without the values that broke it: one text for all letters of a kind, fit for logs."""
    rule, _, _ = reason.partition(", got ")
    rule = _NUMBER.sub("#", _QUOTED.sub("'...'", rule[: 4 * MAX_RULE_CHARACTERS]))
    return rule[:MAX_RULE_CHARACTERS].strip()


# In order: the first pattern that is found at the beginning of the reason names the class.
_CLASSES: Sequence[tuple[str, re.Pattern[str]]] = [
    ("unstorable", re.compile(r"cannot be stored")),
    ("too_large", re.compile(r"message must hold at most")),
    ("undecodable", re.compile(r"message of \d+ bytes must be")),
    ("schema", re.compile(r"schema must|dtype (must|of schema)")),
    ("key", re.compile(r"key must")),
    ("changed", re.compile(r"(fs|channels|t0 less seq / fs|dtype|samples?) of '[^']*'/")),
    ("name", re.compile(r"(stream|device|group) must")),
    ("rate", re.compile(r"fs must")),
    (
        "position",
        re.compile(r"(seq|n) must|samples (must not be before|\[)|the device's time after a restart|restarts of"),
    ),
    ("channels", re.compile(r"(units, gain|channels?|unit|gain|offset)\b")),
    ("samples", re.compile(r"(data|samples)\b")),
    ("time", re.compile(r"t0\b")),
]
REASON_CLASSES = (*(name for name, _ in _CLASSES), "other")


def class_of(reason: str) -> str:
    """One of `REASON_CLASSES`: few and fixed, so that a metric may bear it as a label."""
    return next((name for name, pattern in _CLASSES if pattern.match(reason)), "other")


def _decoded(value: bytes) -> Any:
    try:
        return msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        return None


def _shown(value: object) -> str:
    if isinstance(value, list):
        rest = f", ... {len(value)} in all" if len(value) > MAX_SHOWN_ITEMS else ""
        return f"[{', '.join(_shown(one) for one in value[:MAX_SHOWN_ITEMS])}{rest}]"[: 4 * MAX_SHOWN_CHARACTERS]
    text = value if isinstance(value, str) else f"{len(value)} bytes" if isinstance(value, bytes) else repr(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}..."


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("utf-8", "replace")


def _number(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() and len(value) < 20 else None  # noqa: PLR2004 - int64
