"""Waveform codec: lossless, and damage is noticed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from signal_processing.errors import InvalidValueError
from signal_processing.waveform_codec import CODEC_DELTA_ZSTD_INT16, decode, encode, envelope

INT16_BLOCKS = arrays(np.int16, array_shapes(min_dims=2, max_dims=2, max_side=300))


@given(INT16_BLOCKS)
def test_codec_gives_back_what_it_was_given(samples):
    n_samples, n_channels = samples.shape
    payload = encode(samples)
    back = decode(payload, codec=CODEC_DELTA_ZSTD_INT16, n_samples=n_samples, n_channels=n_channels)
    assert back.dtype == np.int16
    np.testing.assert_array_equal(back, samples)


@given(st.data())
def test_codec_notices_a_damaged_payload(data):
    samples = np.arange(600, dtype=np.int16).reshape(200, 3)
    payload = bytearray(encode(samples))
    position = data.draw(st.integers(0, len(payload) - 1))
    payload[position] ^= data.draw(st.integers(1, 255))
    try:
        back = decode(bytes(payload), codec=CODEC_DELTA_ZSTD_INT16, n_samples=200, n_channels=3)
    except InvalidValueError:
        return
    np.testing.assert_array_equal(back, samples)  # only a bit that carries no content may differ


def test_codec_refuses_an_unknown_codec():
    with pytest.raises(InvalidValueError, match="codec must be 0 or 1, got 9"):
        decode(b"", codec=9, n_samples=0, n_channels=1)


def test_codec_refuses_a_payload_of_another_size():
    with pytest.raises(InvalidValueError, match="must unpack to 800 bytes, got 400"):
        decode(encode(np.zeros((100, 2), np.int16)), codec=CODEC_DELTA_ZSTD_INT16, n_samples=200, n_channels=2)


@given(INT16_BLOCKS, st.integers(0, 1000))
def test_envelope_holds_the_extremes_of_every_bin(samples, start):
    bins = envelope(samples, start=start, bin_size=16)
    index = (start + np.arange(len(samples))) // 16
    for i, b in enumerate(np.unique(index)):
        np.testing.assert_array_equal(bins[i, :, 0], samples[index == b].min(axis=0))
        np.testing.assert_array_equal(bins[i, :, 1], samples[index == b].max(axis=0))
    assert len(bins) == len(np.unique(index))
