"""Lossless compression of int16 waveform blocks, and their min/max envelopes.

Codec 1: difference of successive samples of each channel (modulo 2**16), zigzag, high and low bytes apart, zstd at 3.
Neighbouring ECG samples differ by little, so the high bytes are almost all zero and the low ones repeat.
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
"""Delta, zigzag, byte planes, zstd-3."""

ENVELOPE_BIN = 256
"""Samples per bin of the first level of the envelope."""

_ZSTD_LEVEL = 3
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
    """Compress (n_samples, n_channels) int16 with codec 1."""
    columns = np.ascontiguousarray(samples.T).view(np.uint16)
    delta = columns.copy()
    delta[:, 1:] -= columns[:, :-1]
    signed = delta.view(np.int16)
    zigzag = (delta << 1) ^ (signed >> 15).view(np.uint16)
    flat = zigzag.ravel()
    planes = np.concatenate([(flat >> 8).astype(np.uint8), flat.astype(np.uint8)])
    return _compressor().compress(planes.tobytes())


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
    if codec != CODEC_DELTA_ZSTD_INT16:
        msg = f"waveform codec must be 0 or 1, got {codec}"
        raise InvalidValueError(msg)
    try:
        planes = np.frombuffer(_decompressor().decompress(payload, max_output_size=n_bytes), np.uint8)
    except zstandard.ZstdError as error:
        msg = f"waveform payload of {len(payload)} bytes is damaged: {error}"
        raise InvalidValueError(msg) from error
    if len(planes) != n_bytes:
        msg = f"waveform payload must unpack to {n_bytes} bytes, got {len(planes)}"
        raise InvalidValueError(msg)
    half = n_samples * n_channels
    zigzag = (planes[:half].astype(np.uint16) << 8) | planes[half:]
    delta = (zigzag >> 1) ^ (np.uint16(0) - (zigzag & 1))
    columns = np.cumsum(delta.reshape(n_channels, n_samples), axis=1, dtype=np.uint16)
    return np.ascontiguousarray(columns.T).view(np.int16)


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
