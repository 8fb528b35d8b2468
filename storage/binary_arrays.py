"""Columns of a batch as PostgreSQL's binary arrays, built at once instead of number by number.

psycopg writes a list of numbers as text, element by element in Python: a fourteenth of a worker's processor time. A
numpy array, or `ByteStrings`, has one type, so its bytes are laid out in one go.

Source: array_recv and array_send in PostgreSQL's arrayfuncs.c: number of dimensions, whether there are nulls, type of
the elements, length and lower bound; then of each element its size and its bytes, all big-endian.
"""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg.adapt import Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    from psycopg.abc import DumperKey, PyFormat
    from psycopg.adapt import AdaptersMap

_HEADER = struct.Struct(">iiIii")
_SIZE = struct.Struct(">i")
_BYTEA, _BYTEA_ARRAY = 17, 1001
# numpy's type: oid of the element, of the array, and how an element travels
_TYPES = {
    np.dtype(np.int16): (21, 1005, np.dtype([("size", ">i4"), ("value", ">i2")])),
    np.dtype(np.int32): (23, 1007, np.dtype([("size", ">i4"), ("value", ">i4")])),
    np.dtype(np.int64): (20, 1016, np.dtype([("size", ">i4"), ("value", ">i8")])),
    np.dtype(np.float32): (700, 1021, np.dtype([("size", ">i4"), ("value", ">f4")])),
    np.dtype(np.float64): (701, 1022, np.dtype([("size", ">i4"), ("value", ">f8")])),
    np.dtype("V16"): (2950, 2951, np.dtype([("size", ">i4"), ("value", "V16")])),  # uuid
}


class ByteStrings(list[bytes]):
    """Values for a parameter of type bytea[]."""


def register(adapters: AdaptersMap) -> None:
    """Let statements take one-dimensional numpy arrays and `ByteStrings`."""
    adapters.register_dumper(np.ndarray, _NumbersDumper)
    adapters.register_dumper(ByteStrings, _ByteStringsDumper)


class _NumbersDumper(Dumper):
    format = Format.BINARY

    def get_key(self, obj: Any, _format: PyFormat) -> DumperKey:
        return (self.cls, obj.dtype.type)

    def upgrade(self, obj: Any, _format: PyFormat) -> Dumper:
        dumper = type(self)(self.cls)
        dumper.oid = _TYPES[obj.dtype][1]
        return dumper

    def dump(self, obj: Any) -> bytes:
        element, _, layout = _TYPES[obj.dtype]
        laid = np.empty(len(obj), layout)
        laid["size"] = obj.dtype.itemsize
        laid["value"] = obj
        return _header(element, len(obj)) + laid.tobytes()


class _ByteStringsDumper(Dumper):
    format = Format.BINARY
    oid = _BYTEA_ARRAY

    def dump(self, obj: Any) -> bytes:
        sizes = map(_SIZE.pack, map(len, obj))
        return b"".join((_header(_BYTEA, len(obj)), *chain.from_iterable(zip(sizes, obj, strict=True))))


def _header(element: int, n: int) -> bytes:
    # an array without elements has no dimension
    return _HEADER.pack(1, 0, element, n, 1) if n else _HEADER.pack(0, 0, element, 0, 0)[:12]
