"""Waveform codec: lossless, and damage is noticed."""

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from signal_processing.errors import InvalidValueError
from signal_processing.waveform_codec import (
    CODEC_DELTA_ZSTD_INT16,
    CODEC_PREDICTED_ZSTD_INT16,
    decode,
    encode,
    envelope,
)

CODEC_1_PAYLOAD = "28b52ffd2414a10000ff00ff02000000000000ff01fd57020e00020300a84c5329"  # as release 0.1 wrote it
INT16_BLOCKS = arrays(np.int16, array_shapes(min_dims=2, max_dims=2, max_side=300))


@given(INT16_BLOCKS)
def test_codec_gives_back_what_it_was_given(samples):
    n_samples, n_channels = samples.shape
    payload = encode(samples)
    back = decode(payload, codec=CODEC_PREDICTED_ZSTD_INT16, n_samples=n_samples, n_channels=n_channels)
    assert back.dtype == np.int16
    np.testing.assert_array_equal(back, samples)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_codec_takes_the_predictor_that_leaves_least(order):
    polynomial = 40 * np.arange(60) ** (order - 1)  # the predictor of this order leaves nothing of it but its beginning
    noise = np.random.default_rng(0).integers(-99, 99, 60)
    samples = np.column_stack([polynomial, noise]).astype(np.int16)
    payload = encode(samples)
    assert tuple(zstandard.decompress(payload)[:2]) == (order, 0)
    back = decode(payload, codec=CODEC_PREDICTED_ZSTD_INT16, n_samples=60, n_channels=2)
    np.testing.assert_array_equal(back, samples)


def test_codec_1_of_older_databases_is_still_read():
    payload = bytes.fromhex(CODEC_1_PAYLOAD)
    back = decode(payload, codec=CODEC_DELTA_ZSTD_INT16, n_samples=5, n_channels=2)
    np.testing.assert_array_equal(back, [[-32768, 7], [32767, 7], [0, 8], [-300, 6], [-299, 6]])


def test_codec_refuses_a_predictor_that_it_does_not_know():
    payload = zstandard.compress(bytes([4]) + bytes(8))
    with pytest.raises(InvalidValueError, match="order of a predictor must be at most 3, got 4"):
        decode(payload, codec=CODEC_PREDICTED_ZSTD_INT16, n_samples=4, n_channels=1)


@given(st.data())
def test_codec_notices_a_damaged_payload(data):
    samples = np.arange(600, dtype=np.int16).reshape(200, 3)
    payload = bytearray(encode(samples))
    position = data.draw(st.integers(0, len(payload) - 1))
    payload[position] ^= data.draw(st.integers(1, 255))
    try:
        back = decode(bytes(payload), codec=CODEC_PREDICTED_ZSTD_INT16, n_samples=200, n_channels=3)
    except InvalidValueError:
        return
    np.testing.assert_array_equal(back, samples)  # only a bit that carries no content may differ


def test_codec_refuses_an_unknown_codec():
    with pytest.raises(InvalidValueError, match="codec must be 0, 1 or 2, got 9"):
        decode(b"", codec=9, n_samples=0, n_channels=1)


def test_codec_refuses_a_payload_of_another_size():
    with pytest.raises(InvalidValueError, match="must unpack to 802 bytes, got 402"):
        decode(encode(np.zeros((100, 2), np.int16)), codec=CODEC_PREDICTED_ZSTD_INT16, n_samples=200, n_channels=2)


@given(INT16_BLOCKS, st.integers(0, 1000))
def test_envelope_holds_the_extremes_of_every_bin(samples, start):
    bins = envelope(samples, start=start, bin_size=16)
    index = (start + np.arange(len(samples))) // 16
    for i, b in enumerate(np.unique(index)):
        np.testing.assert_array_equal(bins[i, :, 0], samples[index == b].min(axis=0))
        np.testing.assert_array_equal(bins[i, :, 1], samples[index == b].max(axis=0))
    assert len(bins) == len(np.unique(index))
