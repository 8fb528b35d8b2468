"""The codec of int32 and float32: lossless to the bit, and damage is noticed."""

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from signal_processing.errors import InvalidValueError
from signal_processing.wide_codec import (
    CODEC_DELTA_ZSTD_FLOAT32,
    CODEC_DELTA_ZSTD_INT32,
    CODEC_RAW_FLOAT32,
    CODEC_RAW_INT32,
    CODEC_SCALED_ZSTD_FLOAT32,
    pack,
    unpack,
)

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=200)
ANY_BITS = arrays(np.uint32, SHAPES)
"""As int32 every number; as float32 every NaN with its payload, both zeros, subnormals, infinities."""
SMOOTH = arrays(np.int16, SHAPES).map(lambda deltas: deltas.cumsum(axis=0, dtype=np.int32).view(np.uint32))


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
@given(bits=ANY_BITS | SMOOTH, is_transposed=st.booleans())
def test_codec_gives_back_every_bit(dtype, bits, is_transposed):
    samples = (bits.T if is_transposed else bits).view(dtype) if bits.size else np.zeros(bits.shape, dtype)
    codec, payload = pack(samples)
    back = unpack(payload, codec=codec, n_samples=samples.shape[0], n_channels=samples.shape[1])
    assert back.dtype == dtype
    assert back.shape == samples.shape
    assert back.tobytes() == np.ascontiguousarray(samples).tobytes()
    assert len(payload) <= samples.nbytes


@given(
    integers=arrays(np.int32, SHAPES, elements=st.integers(-(2**20), 2**20)),
    steps=st.floats(1e-3, 1e6),
    bits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 2**32 - 1)), max_size=3),
)
def test_codec_gives_back_every_bit_of_floats_that_are_nearly_scaled_integers(integers, steps, bits):
    samples = (integers / round(steps, 1)).astype(np.float32) if round(steps, 1) else integers.astype(np.float32)
    for at, value in bits if samples.size else []:
        samples.reshape(-1).view(np.uint32)[at % samples.size] = value
    codec, payload = pack(samples)
    back = unpack(payload, codec=codec, n_samples=samples.shape[0], n_channels=samples.shape[1])
    assert back.tobytes() == samples.tobytes()


@pytest.mark.parametrize("steps", [1, 7, 64, 100, 200, 409.6, 1000, 2000, 10_000])
def test_floats_that_are_integers_times_a_scale_take_as_much_as_their_integers(steps):
    rng = np.random.default_rng(7)
    integers = rng.normal(0, 4, (3_000, 2)).cumsum(axis=0).round().astype(np.int32)
    integers[:, 1] += 300
    samples = (integers / steps).astype(np.float32)
    samples[100:150] = np.nan
    samples[200, 0] = -0.0
    codec, payload = pack(samples)
    back = unpack(payload, codec=codec, n_samples=3_000, n_channels=2)
    assert back.tobytes() == samples.tobytes()
    n_as_integers = len(pack(integers)[1])
    if steps == round(steps):
        assert codec == CODEC_SCALED_ZSTD_FLOAT32
        assert len(payload) < 1.1 * n_as_integers
    else:  # only whole numbers of steps are looked for
        assert codec == CODEC_DELTA_ZSTD_FLOAT32


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.float32(3e38), np.float32(1e-40)])
def test_one_value_that_is_no_multiple_is_packed_by_its_bits(value):
    samples = np.arange(2_000, dtype=np.float32).reshape(-1, 2) / 4
    samples[77, 1] = value
    codec, payload = pack(samples)
    assert codec == CODEC_DELTA_ZSTD_FLOAT32
    assert unpack(payload, codec=codec, n_samples=1_000, n_channels=2).tobytes() == samples.tobytes()


@pytest.mark.parametrize("steps", [0.0, np.nan, np.inf, -1.0])
def test_steps_that_make_no_samples_are_refused(steps):
    payload = zstandard.compress(np.array([steps], "<f8").tobytes() + bytes(8))
    with pytest.raises(InvalidValueError, match="steps per unit must be finite and at least 1"):
        unpack(payload, codec=CODEC_SCALED_ZSTD_FLOAT32, n_samples=2, n_channels=1)


@pytest.mark.parametrize(
    ("samples", "codec"),
    [
        (np.arange(1000, dtype=np.int32).reshape(-1, 2) * 70_000, CODEC_DELTA_ZSTD_INT32),
        (np.sin(np.arange(1000, dtype=np.float32) / 50).reshape(-1, 2), CODEC_DELTA_ZSTD_FLOAT32),
        (np.random.default_rng(0).integers(-(2**31), 2**31, (500, 2), np.int32), CODEC_RAW_INT32),
        (np.random.default_rng(0).integers(0, 2**32, (500, 2), np.uint32).view(np.float32), CODEC_RAW_FLOAT32),
    ],
    ids=["smooth int32", "smooth float32", "noise int32", "noise float32"],
)
def test_codec_byte_says_the_type_and_whether_it_shrank(samples, codec):
    assert pack(samples)[0] == codec


@given(st.data())
def test_codec_notices_a_damaged_payload(data):
    samples = np.arange(600, dtype=np.int32).reshape(200, 3) * 1000
    codec, intact = pack(samples)
    payload = bytearray(intact)
    position = data.draw(st.integers(0, len(payload) - 1))
    payload[position] ^= data.draw(st.integers(1, 255))
    try:
        back = unpack(bytes(payload), codec=codec, n_samples=200, n_channels=3)
    except InvalidValueError:
        return
    np.testing.assert_array_equal(back, samples)  # only a bit that carries no content may differ


@pytest.mark.parametrize(
    ("payload", "codec", "reason"),
    [
        (b"", 15, "codec must be 16 to 20, got 15"),
        (b"", 21, "codec must be 16 to 20, got 21"),
        (bytes(9), CODEC_RAW_INT32, "must hold 8 bytes, got 9"),
        (pack(np.zeros((9, 9), np.int32))[1], CODEC_DELTA_ZSTD_FLOAT32, "must unpack to 8 bytes, got 324"),
        (b"nonsense", CODEC_DELTA_ZSTD_INT32, "payload of 8 bytes is damaged"),
        (b"", CODEC_DELTA_ZSTD_INT32, "payload of 0 bytes is damaged"),
    ],
)
def test_unpack_names_what_is_wrong(payload, codec, reason):
    with pytest.raises(InvalidValueError, match=reason):
        unpack(payload, codec=codec, n_samples=2, n_channels=1)


def test_pack_refuses_what_has_another_codec():
    with pytest.raises(InvalidValueError, match="must be int32 or float32, got int16"):
        pack(np.zeros((2, 2), np.int16))
