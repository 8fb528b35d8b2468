"""Dump a detector's state to bytes and load it again.

States are dataclasses of numbers, strings, lists, other such dataclasses and numpy arrays. MessagePack by the declared
type, never pickle: a checkpoint from a database must not be able to run code.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar, get_origin

import msgspec
import numpy as np

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

MIN_SPARSE = 128
"""Of arrays of at least so many numbers those that are 0 are left out: a state is laid out for the most it may hold."""


def _encode_array(value: object) -> object:
    if isinstance(value, np.ndarray):
        if value.dtype == np.float64 and value.size >= MIN_SPARSE:
            words = np.ascontiguousarray(value).reshape(-1).view(np.uint64)  # as they are: -0.0 and NaN stay
            is_given = words != 0
            return (value.dtype.str, value.shape, words[is_given].tobytes(), np.packbits(is_given).tobytes())
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return value.item()
    msg = f"a detector's state may hold numbers, strings, lists, dataclasses and arrays, got {type(value).__name__}"
    raise NotImplementedError(msg)


def _decode_array(kind: type, value: Any) -> Any:
    if (get_origin(kind) or kind) is not np.ndarray:
        msg = f"a detector's state may hold arrays, got the declared type {kind!r}"
        raise NotImplementedError(msg)
    dtype, shape, data, *bits = value
    if bits:
        return _filled(np.dtype(dtype), shape, data, bits[0])
    # copy: frombuffer gives a read-only view, and steps reuse the arrays of the state they are given
    return np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape).copy()


def _filled(dtype: np.dtype[Any], shape: list[int], data: bytes, bits: bytes) -> NDArray[Any]:
    n = math.prod(shape)
    if dtype != np.float64 or len(bits) != -(-n // 8):
        msg = f"{len(bits)} bytes of bits are not those of {n} numbers of type {dtype}"
        raise ValueError(msg)
    words = np.zeros(n, np.uint64)
    words[np.unpackbits(np.frombuffer(bits, np.uint8), count=n).astype(bool)] = np.frombuffer(data, np.uint64)
    return words.view(np.float64).reshape(shape)


def dump_state(state: object) -> bytes:
    """The state as bytes."""
    return msgspec.msgpack.encode(state, enc_hook=_encode_array)


def load_state(state_type: type[T], data: bytes) -> T:
    """The state that `dump_state` was given.

    Raises
    ------
    InvalidValueError : if the bytes are no state of that type.
    """
    try:
        return msgspec.msgpack.decode(data, type=state_type, dec_hook=_decode_array)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        msg = f"checkpoint of {len(data)} bytes is no {state_type.__name__}: {error}"
        raise InvalidValueError(msg) from error
