"""Samples on their way to the browser: one small header in JSON, then raw samples, so that the page parses nothing.

Layout, little-endian: magic `RHW1` (4 bytes), length of the header (uint32), the header as UTF-8 JSON padded with
blanks to a multiple of 4 bytes, then the samples of every run, sample after sample, channels interleaved. `dtype` in
the header says what they are: "<i2", "<i4" or "<f4", with -32768, -2147483648 or NaN where no sample is.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from signal_processing.sample_types import SampleFormat
    from signal_processing.values import Block
    from storage.envelopes import Envelope

MAGIC = b"RHW1"
MEDIA_TYPE = "application/vnd.rhythmark.window"
_PREFIX = struct.Struct("<4sI")


def encode_blocks(header: Mapping[str, Any], blocks: Iterable[Block], known: SampleFormat) -> bytes:
    """Header and runs of digital samples; `runs` in the header becomes [[first sample, number of samples], ...]."""
    kept = [block for block in blocks if len(block)]
    runs = [[block.start, len(block)] for block in kept]
    arrays = [np.ascontiguousarray(block.samples, dtype=known.dtype) for block in kept]
    return _packed({**header, "dtype": known.code, "runs": runs}, arrays)


def encode_envelope(header: Mapping[str, Any], envelope: Envelope, known: SampleFormat) -> bytes:
    """Header, which says the edges, then the minima (n_bins, n_channels), then the maxima likewise."""
    arrays = [np.ma.filled(extremes, known.invalid).astype(known.dtype) for extremes in (envelope.low, envelope.high)]
    return _packed({**header, "dtype": known.code}, arrays)


def encode_beats(header: Mapping[str, Any], samples: NDArray[np.int64], numbers: NDArray[np.int16]) -> bytes:
    """Header, then the samples of all beats less the header's `start`, then their label numbers, all "<i4"."""
    offsets = (samples - header["start"]).astype("<i4")
    return _packed({**header, "dtype": "<i4", "n_beats": len(samples)}, [offsets, numbers.astype("<i4")])


def _packed(header: Mapping[str, Any], arrays: Iterable[NDArray[Any]]) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([_PREFIX.pack(MAGIC, len(text)), text, *(array.tobytes() for array in arrays)])


def decode(payload: bytes) -> tuple[dict[str, Any], NDArray[Any]]:
    """What `encode_blocks` or `encode_envelope` packed: the header and all samples in one flat array.

    Raises
    ------
    ValueError : if the payload does not begin with the magic `RHW1`.
    """
    magic, length = _PREFIX.unpack_from(payload)
    if magic != MAGIC:
        msg = f"window must begin with {MAGIC!r}, got {magic!r}"
        raise ValueError(msg)
    start = _PREFIX.size + length
    header = json.loads(payload[_PREFIX.size : start])
    return header, np.frombuffer(payload, dtype=header["dtype"], offset=start)
