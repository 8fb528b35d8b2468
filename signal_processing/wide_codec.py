"""Lossless compression of int32 and float32 waveform blocks; int16 has `signal_processing.waveform_codec`.

Difference of the 32 bits of successive samples of each channel (modulo 2**32), zigzag, four byte planes, zstd at 3. Of
floats the bits are taken as they are: neighbours of one sign and exponent differ by few low ones, and every NaN, zero
and infinity comes back with the bits it had. Measured per sample: 0.58 bytes for mitdb as int32, 2.2 for mitdb in mV as
float32 (the difference of ordered bits 2.2, xor 2.8, planes alone 2.4).

Most floats of devices are integers of a converter times a scale. Where a scale is found of which the samples are whole
multiples to the last bit, the integers are packed instead (codec 20): mitdb in mV then takes as much as its integers.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import zstandard

from signal_processing.errors import InvalidValueError
from signal_processing.sample_types import SAMPLE_FORMATS, format_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_CODEC = 16
"""Codec bytes from here on are of this module."""
CODEC_RAW_INT32 = 16
CODEC_DELTA_ZSTD_INT32 = 17
CODEC_RAW_FLOAT32 = 18
CODEC_DELTA_ZSTD_FLOAT32 = 19
CODEC_SCALED_ZSTD_FLOAT32 = 20
"""One float64 a channel, the steps per unit, then as codec 17 the integers that divided by it are the samples."""
LAST_CODEC = 20

_RAW = {"int32": CODEC_RAW_INT32, "float32": CODEC_RAW_FLOAT32}
_DELTA = {"int32": CODEC_DELTA_ZSTD_INT32, "float32": CODEC_DELTA_ZSTD_FLOAT32}
_TYPE_OF_CODEC = {codec: name for codecs in (_RAW, _DELTA) for name, codec in codecs.items()}
_TYPE_OF_CODEC[CODEC_SCALED_ZSTD_FLOAT32] = "float32"
_PLANES = 4
_NAN_BITS = np.uint32(0x7FC00000)  # the NaN that arithmetic makes, and the only one that a scaled channel can have
_NAN_INTEGER = np.int32(-(2**31))
_NEGATIVE_ZERO_BITS = np.uint32(0x80000000)  # what rounding makes of small negative numbers
_NEGATIVE_ZERO_INTEGER = np.int32(-(2**31) + 1)
_MAX_STEPS_PER_UNIT = 1 << 20
_MAX_INTEGER = 1 << 24  # a float32 has no more bits for whole numbers
_ZSTD_LEVEL = 3
_local = threading.local()  # zstd contexts are reusable, but not by two threads at once


def raw_codec(sample_type: str) -> int:
    """Codec byte of uncompressed int32 or float32."""
    return _RAW[sample_type]


def pack(samples: NDArray[Any]) -> tuple[int, bytes]:
    """Codec byte and payload of (n_samples, n_channels) int32 or float32: compressed where that is shorter.

    Raises
    ------
    InvalidValueError : if the samples are of another type.
    """
    known = format_of(samples)
    if known.sample_type not in _RAW:
        msg = f"samples of this codec must be int32 or float32, got {samples.dtype}"
        raise InvalidValueError(msg)
    columns = np.ascontiguousarray(samples.T, dtype=known.dtype)
    if (scaled := _scaled(columns) if known.sample_type == "float32" else None) is not None:
        steps, integers = scaled
        codec, head, words = CODEC_SCALED_ZSTD_FLOAT32, steps.tobytes(), integers.view("<u4")
    else:
        codec, head, words = _DELTA[known.sample_type], b"", columns.view("<u4")
    payload = _compressor().compress(head + _planes(words))
    if len(payload) < samples.nbytes:
        return codec, payload
    return _RAW[known.sample_type], np.ascontiguousarray(samples, dtype=known.dtype).tobytes()


def _planes(words: NDArray[np.uint32]) -> bytes:
    """Differences of (n_channels, n_samples) 32-bit words, byte by byte: high ones, almost all zero, first."""
    delta = words.copy()
    delta[:, 1:] -= words[:, :-1]
    zigzag = (delta << np.uint32(1)) ^ (delta.view("<i4") >> 31).view("<u4")
    return np.ascontiguousarray(zigzag.reshape(-1, 1).view(np.uint8).T[::-1]).tobytes()


def _words(planes: NDArray[np.uint8], n_channels: int, n_samples: int) -> NDArray[np.uint32]:
    """What `_planes` was given."""
    zigzag = np.ascontiguousarray(planes.reshape(_PLANES, -1)[::-1].T).view("<u4")[:, 0]
    delta = (zigzag >> np.uint32(1)) ^ (np.uint32(0) - (zigzag & np.uint32(1)))
    words: NDArray[np.uint32] = np.cumsum(delta.reshape(n_channels, n_samples), axis=1, dtype="<u4")
    return words


def _scaled(columns: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.int32]] | None:
    """Steps per unit (n_channels,) and integers (n_channels, n_samples) that make the samples anew to the bit.

    None where there are none.
    """
    steps = np.empty(len(columns), "<f8")
    integers = np.empty(columns.shape, "<i4")
    for i, column in enumerate(columns):
        is_nan = np.isnan(column)
        values = np.where(is_nan, np.float32(0), column)
        steps[i] = _steps_per_unit(values[~is_nan])
        if not steps[i]:
            return None
        multiples = values.astype(np.float64) * steps[i]
        if np.abs(multiples).max(initial=0) > _MAX_INTEGER:
            return None
        integers[i] = np.rint(multiples).astype("<i4")
        integers[i, is_nan] = _NAN_INTEGER
        integers[i, column.view("<u4") == _NEGATIVE_ZERO_BITS] = _NEGATIVE_ZERO_INTEGER
    is_same = _unscaled(steps, integers).view("<u4") == columns.view("<u4")
    return (steps, integers) if is_same.all() else None


def _steps_per_unit(values: NDArray[np.float32]) -> float:
    """How many of the smallest step between two values make a unit, as a whole number; 0 where that cannot be."""
    distinct = np.unique(values).astype(np.float64)
    if not np.isfinite(distinct).all():
        return 0.0
    if len(distinct) < 2:  # noqa: PLR2004 - two values make a step
        return 1.0
    between = np.diff(distinct)
    # all steps together over their range: a single one says little where values are large beside it
    n_steps = np.rint(between / between.min()).sum()
    per_unit = n_steps / (distinct[-1] - distinct[0])
    return float(max(np.rint(per_unit), 1.0)) if per_unit <= _MAX_STEPS_PER_UNIT else 0.0


def _unscaled(steps: NDArray[np.float64], integers: NDArray[np.int32]) -> NDArray[np.float32]:
    """A division of two exact numbers rounds alike on every machine."""
    found = (integers / steps[:, None]).astype("<f4")
    found.view("<u4")[integers == _NAN_INTEGER] = _NAN_BITS
    found.view("<u4")[integers == _NEGATIVE_ZERO_INTEGER] = _NEGATIVE_ZERO_BITS
    return found


def unpack(payload: bytes, *, codec: int, n_samples: int, n_channels: int) -> NDArray[Any]:
    """Give back (n_samples, n_channels) int32 or float32, as the codec byte says.

    Raises
    ------
    InvalidValueError : if the codec is unknown, or the payload is damaged or of another size.
    """
    if codec not in _TYPE_OF_CODEC:
        msg = f"wide waveform codec must be {FIRST_CODEC} to {LAST_CODEC}, got {codec}"
        raise InvalidValueError(msg)
    dtype = SAMPLE_FORMATS[_TYPE_OF_CODEC[codec]].dtype
    n_bytes = _PLANES * n_samples * n_channels
    if codec in _RAW.values():
        if len(payload) != n_bytes:
            msg = f"waveform payload must hold {n_bytes} bytes, got {len(payload)}"
            raise InvalidValueError(msg)
        return np.frombuffer(payload, dtype).reshape(n_samples, n_channels)
    n_head = 8 * n_channels if codec == CODEC_SCALED_ZSTD_FLOAT32 else 0
    unpacked = np.frombuffer(_decompressed(payload, n_head + n_bytes), np.uint8)
    columns: NDArray[Any] = _words(unpacked[n_head:], n_channels, n_samples).view(dtype)
    if n_head:
        steps = unpacked[:n_head].view("<f8")
        if not (np.isfinite(steps) & (steps >= 1)).all():
            msg = f"steps per unit must be finite and at least 1, got {steps.tolist()}"
            raise InvalidValueError(msg)
        columns = _unscaled(steps, columns.view("<i4"))
    return np.ascontiguousarray(columns.T)


def _decompressed(payload: bytes, n_bytes: int) -> bytes:
    try:
        # a damaged length must not make zstd take memory for it
        stated = zstandard.frame_content_size(payload)
        if stated != n_bytes:
            msg = f"waveform payload must unpack to {n_bytes} bytes, got {stated}"
            raise InvalidValueError(msg)
        return _decompressor().decompress(payload)
    except zstandard.ZstdError as error:
        msg = f"waveform payload of {len(payload)} bytes is damaged: {error}"
        raise InvalidValueError(msg) from error


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True)
    compressor: zstandard.ZstdCompressor = _local.compressor
    return compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _local.decompressor
    return decompressor
