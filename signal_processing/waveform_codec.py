"""Lossless compression of int16 waveform blocks, and their min/max envelopes.

Codec 2: of each channel what one of FLAC's fixed predictors (order 0 to 3, modulo 2**16) leaves over, the one that
leaves least, then zigzag, high and low bytes apart, zstd at 1. What is left of an ECG is small, so the high bytes are
almost all zero and few values of the low ones are frequent. Codec 1, read but written no more, is order 1 throughout.

Source: T. Robinson, SHORTEN (1994), of which FLAC took the fixed predictors; differences of differences, so order 0 is
the sample itself and the first samples of a channel are predicted at the orders that they can be.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import zstandard

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODEC_RAW_INT16 = 0
"""Little-endian int16, sample by sample; for what does not shrink."""
CODEC_DELTA_ZSTD_INT16 = 1
"""Delta, zigzag, byte planes, zstd; of older databases."""
CODEC_PREDICTED_ZSTD_INT16 = 2
"""One byte a channel with the order of its predictor, then what is left over: zigzag, byte planes; all in zstd."""

ENVELOPE_BIN = 256
"""Samples per bin of the first level of the envelope."""

MAX_ORDER = 3
"""Highest order of the fixed predictors."""

_ZSTD_LEVEL = (
    1  # of what is left over level 3 makes 1 % more bytes in twice the time: its matches cost more than they save
)
_local = threading.local()  # zstd contexts are reusable, but not by two threads at once


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


def encode(samples: NDArray[np.int16]) -> bytes:
    """Compress (n_samples, n_channels) int16 with codec 2."""
    left = np.ascontiguousarray(samples.T).view(np.uint16)
    zigzags, sizes = [], []
    for order in range(MAX_ORDER + 1):
        if order:
            left = _differences(left, order)
        zigzag = (left << 1) ^ (left.view(np.int16) >> 15).view(np.uint16)
        zigzags.append(zigzag)
        sizes.append(zigzag.sum(axis=1, dtype=np.uint64))
    orders = np.argmin(sizes, axis=0).astype(np.uint8)
    flat = np.concatenate([zigzags[order][channel] for channel, order in enumerate(orders)])
    planes = np.concatenate([orders, (flat >> 8).astype(np.uint8), flat.astype(np.uint8)])
    return _compressor().compress(planes.tobytes())


def _differences(columns: NDArray[np.uint16], order: int) -> NDArray[np.uint16]:
    """From what order - 1 left over of each row to what `order` leaves; the first samples stay at lower orders."""
    left = columns.copy()
    left[:, order:] -= columns[:, order - 1 : -1]
    return left


def decode(payload: bytes, *, codec: int, n_samples: int, n_channels: int) -> NDArray[np.int16]:
    """Give back (n_samples, n_channels) int16.

    Raises
    ------
    InvalidValueError : if the codec is unknown, or the payload is damaged or of another size.
    """
    n_bytes = 2 * n_samples * n_channels
    if codec == CODEC_RAW_INT16:
        if len(payload) != n_bytes:
            msg = f"waveform payload must hold {n_bytes} bytes, got {len(payload)}"
            raise InvalidValueError(msg)
        return np.frombuffer(payload, "<i2").reshape(n_samples, n_channels).astype(np.int16)
    if codec not in {CODEC_DELTA_ZSTD_INT16, CODEC_PREDICTED_ZSTD_INT16}:
        msg = f"waveform codec must be 0, 1 or 2, got {codec}"
        raise InvalidValueError(msg)
    n_orders = n_channels if codec == CODEC_PREDICTED_ZSTD_INT16 else 0
    unpacked = _decompressed(payload, n_orders + n_bytes)
    orders = unpacked[:n_orders] if n_orders else np.ones(n_channels, np.uint8)
    if orders.max(initial=0) > MAX_ORDER:
        msg = f"order of a predictor must be at most {MAX_ORDER}, got {orders.max()}"
        raise InvalidValueError(msg)
    high, low = unpacked[n_orders:].reshape(2, -1)
    zigzag = (high.astype(np.uint16) << 8) | low
    columns = ((zigzag >> 1) ^ (np.uint16(0) - (zigzag & 1))).reshape(n_channels, n_samples)
    for column, order in zip(columns, orders, strict=True):
        for first in range(int(order) - 1, -1, -1):
            column[first:] = np.cumsum(column[first:], dtype=np.uint16)
    return np.ascontiguousarray(columns.T).view(np.int16)


def _decompressed(payload: bytes, n_bytes: int) -> NDArray[np.uint8]:
    try:
        # asked first: a damaged header may promise more than there is memory
        size = zstandard.frame_content_size(payload)
        unpacked = _decompressor().decompress(payload) if size == n_bytes else b""
    except zstandard.ZstdError as error:
        msg = f"waveform payload of {len(payload)} bytes is damaged: {error}"
        raise InvalidValueError(msg) from error
    if size != n_bytes:
        msg = f"waveform payload must unpack to {n_bytes} bytes, got {size}"
        raise InvalidValueError(msg)
    return np.frombuffer(unpacked, np.uint8)


def envelope(samples: NDArray[np.int16], *, start: int, bin_size: int = ENVELOPE_BIN) -> NDArray[np.int16]:
    """Minimum and maximum of each bin of absolute sample index that the samples touch.

    Parameters
    ----------
    samples : (n_samples, n_channels), not empty.
    start : sample index of the first row; bins begin at multiples of `bin_size`, so the first may be partial.

    Returns
    -------
    (n_bins, n_channels, 2): minimum and maximum.
    """
    first_edge = bin_size - start % bin_size
    edges = np.r_[0, np.arange(first_edge, len(samples), bin_size)]
    low = np.minimum.reduceat(samples, edges, axis=0)
    high = np.maximum.reduceat(samples, edges, axis=0)
    return np.stack([low, high], axis=-1)
