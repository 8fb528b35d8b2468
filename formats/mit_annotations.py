"""The MIT annotation file format: marks to bytes and back, nothing else.

Two bytes a mark, the upper six bits its type, the lower ten the samples since the mark before; pseudo types carry long
intervals, the attributes `num`, `subtyp`, `chan`, and a string. Source: WFDB Applications Guide, annot(5), and
`putann` of the WFDB library, whose bytes these are.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from formats.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_AUX_BYTES = 255
MAX_CODE = 49
"""ACMAX of WFDB's ecgcodes.h."""

# by code from 1 on; a space where WFDB has no mnemonic
_SYMBOLS = 'NLRaVFJASEj/Q~ | sT*D"=pB^t+u?![]en@xf()r'
_MNEMONICS = {code: symbol for code, symbol in enumerate(_SYMBOLS, start=1) if symbol != " "}
_CODES = {mnemonic: code for code, mnemonic in _MNEMONICS.items()}

_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_INTERVAL_BITS = 10
_MAX_INTERVAL = (1 << _INTERVAL_BITS) - 1
_MAX_SKIP = 2**31 - 1
_WORD = struct.Struct("<H")
# PDP-11 long: the high word first, each word little-endian
_LONG = struct.Struct("<HH")


class Mark(NamedTuple):
    """One annotation as WFDB has it.

    Parameters
    ----------
    sample : time, in samples of the record.
    symbol : WFDB mnemonic; codes that have none (42 to 49, say) are "[15]".
    aux : string, at most 255 bytes of UTF-8.
    subtyp, num : -128 to 127.
    chan : 0 to 255.
    """

    sample: int
    symbol: str
    aux: str = ""
    subtyp: int = 0
    chan: int = 0
    num: int = 0


def code_of(symbol: str) -> int:
    """WFDB's number of a mnemonic.

    Raises
    ------
    FormatError : if WFDB has no such mnemonic.
    """
    if symbol in _CODES:
        return _CODES[symbol]
    bare = symbol.removeprefix("[").removesuffix("]")
    if symbol == f"[{bare}]" and bare.isdecimal() and 0 < int(bare) <= MAX_CODE:
        return int(bare)
    msg = f"WFDB mnemonic must be one of {' '.join(_CODES)}, got {symbol!r}"
    raise FormatError(msg)


def aux_bytes(text: str) -> bytes:
    """The text as an aux string: control characters become spaces, what exceeds 255 bytes is cut between characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable.encode("utf-8", "replace")[:MAX_AUX_BYTES].decode("utf-8", "ignore").encode()


def _word(kind: int, value: int) -> bytes:
    return _WORD.pack(kind << _INTERVAL_BITS | value & _MAX_INTERVAL)


def _encoded_interval(interval: int) -> tuple[bytes, int]:
    """The SKIPs that a long interval needs, and what is left for the mark itself."""
    if interval <= _MAX_INTERVAL:
        return b"", interval
    skips = bytearray()
    while interval > 0:
        part = min(interval, _MAX_SKIP)
        skips += _word(_SKIP, 0) + _LONG.pack(part >> 16, part & 0xFFFF)
        interval -= part
    return bytes(skips), 0


def encode(marks: Iterable[Mark]) -> bytes:
    """Marks, in order of sample, as the content of an annotation file.

    Raises
    ------
    FormatError : if a mark comes before sample 0 or before its predecessor, or an attribute exceeds its range.
    """
    out = bytearray()
    at = chan = num = 0
    for mark in marks:
        _check(mark, at)
        skips, interval = _encoded_interval(mark.sample - at)
        out += skips + _word(code_of(mark.symbol), interval)
        if mark.subtyp:
            out += _word(_SUB, mark.subtyp)
        if mark.chan != chan:
            out += _word(_CHN, mark.chan)
        if mark.num != num:
            out += _word(_NUM, mark.num)
        if aux := aux_bytes(mark.aux):
            out += _word(_AUX, len(aux)) + aux + b"\0" * (len(aux) % 2)
        at, chan, num = mark.sample, mark.chan, mark.num
    return bytes(out + b"\0\0")


def _check(mark: Mark, at: int) -> None:
    if mark.sample < at:
        msg = f"annotations must be in order of sample, from 0: got {mark.sample} after {at}"
        raise FormatError(msg)
    for name, value, low, high in (
        ("chan", mark.chan, 0, 255),
        ("num", mark.num, -128, 127),
        ("subtyp", mark.subtyp, -128, 127),
    ):
        if not low <= value <= high:
            msg = f"{name} of an annotation must be within [{low}, {high}], got {value} at sample {mark.sample}"
            raise FormatError(msg)


def _signed_byte(value: int) -> int:
    return (value & 0xFF) - ((value & 0x80) << 1)


def _words(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Position, type and value of each word before the end mark; what belongs to a word is stepped over."""
    position = 0
    while True:
        if position + 2 > len(data):
            msg = f"annotation file must end with two zero bytes, got its end at byte {len(data)}"
            raise FormatError(msg)
        (word,) = _WORD.unpack_from(data, position)
        if word == 0:
            return
        kind, value = word >> _INTERVAL_BITS, word & _MAX_INTERVAL
        yield position, kind, value
        position += 2 + {_SKIP: _LONG.size, _AUX: value + value % 2}.get(kind, 0)


def _long_at(data: bytes, position: int) -> int:
    if position + _LONG.size > len(data):
        msg = f"interval at byte {position} of an annotation file must have 4 bytes, got {len(data) - position}"
        raise FormatError(msg)
    high, low = _LONG.unpack_from(data, position)
    value = high << 16 | low
    return int(value - ((value & 0x80000000) << 1))


def _aux_at(data: bytes, position: int, length: int) -> str:
    if position + length > len(data):
        msg = f"string at byte {position} of an annotation file must have {length} bytes, got {len(data) - position}"
        raise FormatError(msg)
    # MIT-BIH's own strings carry the zero byte that ended them in C
    return data[position : position + length].rstrip(b"\0").decode("utf-8", "replace")


def decode(data: bytes) -> list[Mark]:
    """The marks of an annotation file.

    Raises
    ------
    FormatError : if the bytes break the format: no end mark, a type WFDB does not have, a cut string or interval.
    """
    marks: list[Mark] = []
    at = chan = num = 0
    for position, kind, value in _words(data):
        if kind == _SKIP:
            at += _long_at(data, position + 2)
        elif kind <= MAX_CODE:
            at += value
            if at < 0:
                msg = f"annotation at byte {position} must not come before sample 0, got {at}"
                raise FormatError(msg)
            if kind:  # type 0 with an interval is a null annotation: time passes, nothing is marked
                marks.append(Mark(at, _MNEMONICS.get(kind, f"[{kind}]"), chan=chan, num=num))
        elif kind < _SKIP or not marks:
            msg = (
                f"annotation type must be at most {MAX_CODE}, or an attribute after one, got {kind} at byte {position}"
            )
            raise FormatError(msg)
        elif kind == _AUX:
            marks[-1] = marks[-1]._replace(aux=_aux_at(data, position + 2, value))
        elif kind == _SUB:
            marks[-1] = marks[-1]._replace(subtyp=_signed_byte(value))
        elif kind == _CHN:
            chan = value & 0xFF
            marks[-1] = marks[-1]._replace(chan=chan)
        else:
            num = _signed_byte(value)
            marks[-1] = marks[-1]._replace(num=num)
    return marks
