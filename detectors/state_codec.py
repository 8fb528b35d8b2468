"""Dump a detector's state to bytes and load it again.

States are dataclasses of numbers, strings, lists, other such dataclasses and numpy arrays. MessagePack by the declared
type, never pickle: a checkpoint from a database must not be able to run code.
"""

from __future__ import annotations

from typing import Any, TypeVar, get_origin

import msgspec
import numpy as np

from signal_processing.errors import InvalidValueError

T = TypeVar("T")


def _encode_array(value: object) -> object:
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return value.item()
    msg = f"a detector's state may hold numbers, strings, lists, dataclasses and arrays, got {type(value).__name__}"
    raise NotImplementedError(msg)


def _decode_array(kind: type, value: Any) -> Any:
    if (get_origin(kind) or kind) is not np.ndarray:
        msg = f"a detector's state may hold arrays, got the declared type {kind!r}"
        raise NotImplementedError(msg)
    dtype, shape, data = value
    # copy: frombuffer gives a read-only view, and steps reuse the arrays of the state they are given
    return np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape).copy()


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
