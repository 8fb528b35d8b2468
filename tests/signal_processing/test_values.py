"""Signal, Block, Annotation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal_processing.errors import InvalidSignalError, InvalidValueError
from signal_processing.values import (
    INVALID_SAMPLE,
    Annotation,
    Annotator,
    Block,
    Channel,
    Signal,
    annotation_id,
    point_ids,
    settled,
)

MACHINE = Annotator("machine", "afib", "1.0")
CHANNELS = (Channel("MLII", "mV", 200.0, 1024.0), Channel("V1", "mV", 100.0))


def span(start, end, label="AFIB", **rest):
    return Annotation(start=start, end=end, label=label, annotator=MACHINE, **rest)


def test_signal_converts_digital_values_by_gain_and_offset_of_each_channel():
    signal = Signal("s", "ecg", 360.0, 0, CHANNELS)
    physical = signal.physical(Block(7, np.array([[1224, 50], [INVALID_SAMPLE, 0]], np.int16)))
    assert physical.start == 7
    np.testing.assert_array_equal(physical.samples, [[1.0, 0.5], [np.nan, 0.0]])


@pytest.mark.parametrize(
    ("fs_hz", "channels", "message"),
    [
        (0.0, CHANNELS, "sampling rate must be within"),
        (float("nan"), CHANNELS, "sampling rate must be within"),
        (360.0, (), "at least one channel"),
        (360.0, (CHANNELS[0], CHANNELS[0]), "names of 's'/'ecg' must differ"),
    ],
)
def test_signal_refuses_what_no_recording_can_have(fs_hz, channels, message):
    with pytest.raises(InvalidSignalError, match=message):
        Signal("s", "ecg", fs_hz, 0, channels)


@pytest.mark.parametrize("gain", [0.0, float("nan"), float("inf")])
def test_channel_refuses_a_gain_that_makes_no_unit(gain):
    with pytest.raises(InvalidSignalError, match="gain must be finite and not 0"):
        Channel("MLII", "mV", gain)


def test_block_is_read_only_and_leaves_the_given_array_writeable():
    samples = np.zeros((3, 2), np.int16)
    block = Block(0, samples)
    with pytest.raises(ValueError, match="read-only"):
        block.samples[0, 0] = 1
    samples[0, 0] = 1


def test_block_refuses_samples_without_a_channel_axis():
    with pytest.raises(InvalidValueError, match=r"shape \(n_samples, n_channels\), got \(3,\)"):
        Block(0, np.zeros(3))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 100, (10, 15)), (12, 14, (12, 14)), (0, 5, (10, 10)), (20, 30, (15, 15)), (14, 12, (14, 14))],
)
def test_block_between_gives_the_part_inside_the_range(start, end, expected):
    part = Block(10, np.arange(5).reshape(5, 1)).between(start, end)
    assert (part.start, part.end) == expected
    assert part.samples.ravel().tolist() == list(range(expected[0] - 10, expected[1] - 10))


def test_annotation_refuses_an_end_before_its_start():
    with pytest.raises(InvalidValueError, match=r"must not end before it starts, got \[5, 4\)"):
        span(5, 4)


def test_annotation_keeps_its_identity_while_it_grows_and_no_longer():
    first = annotation_id("s", "ecg", span(100, 200, ongoing=True))
    assert first == annotation_id("s", "ecg", span(100, 900))
    others = [
        annotation_id("t", "ecg", span(100, 200)),
        annotation_id("s", "ppg", span(100, 200)),
        annotation_id("s", "ecg", span(101, 200)),
        annotation_id("s", "ecg", span(100, 200, label="VT")),
        annotation_id("s", "ecg", span(100, 200, channel="V1")),
    ]
    assert len({first, *others}) == 6


@settings(max_examples=40)
@given(
    names=st.tuples(st.text(max_size=20), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9)),
    label=st.sampled_from(["N", "/", "PULSE"]),
    samples=st.lists(st.integers(-(2**62), 2**62), max_size=5),
)
def test_points_have_at_once_the_identities_that_they_have_one_by_one(names, label, samples):
    stream, group, name, version = names
    machine = Annotator("machine", name, version)
    points = [Annotation(start=at, end=at, label=label, annotator=machine) for at in samples]
    ids = point_ids(stream, group, machine, label, np.array(samples, np.int64))
    assert [one.tobytes() for one in ids] == [annotation_id(stream, group, point).bytes for point in points]


def test_settled_keeps_the_last_word_on_each_span():
    said = [span(50, 60, ongoing=True), span(10, 20), span(50, 90, ongoing=True), span(50, 120)]
    assert settled(said) == [span(10, 20), span(50, 120)]


@pytest.mark.parametrize(
    ("sample_type", "digital", "expected"),
    [
        ("int16", [-32_768, 1_224, 32_767], [np.nan, 1.0, 158.715]),
        ("int32", [-(2**31), 2**31 - 1, -32_768], [np.nan, (2**31 - 1 - 1024) / 200, -168.96]),
        ("float32", [np.nan, 1_224.5, -32_768.0], [np.nan, 1.0025, -168.96]),
    ],
)
def test_physical_knows_what_no_sample_is_in_each_type(sample_type, digital, expected):
    signal = Signal("s", "ecg", 250.0, 0, CHANNELS[:1], sample_type)
    physical = signal.physical(Block(0, np.array(digital, sample_type).reshape(-1, 1)))
    assert physical.samples.dtype == np.float64
    np.testing.assert_allclose(physical.samples[:, 0], expected, rtol=1e-12)


def test_physical_takes_a_signalling_nan_for_no_sample():
    bits = np.array([[0x7F800001]], np.uint32)
    signal = Signal("s", "ecg", 250.0, 0, CHANNELS[:1], "float32")
    assert np.isnan(signal.physical(Block(0, bits.view(np.float32))).samples).all()


def test_physical_refuses_what_is_no_digital_sample():
    with pytest.raises(InvalidSignalError, match="must be int16, int32, float32, got float64"):
        Signal("s", "ecg", 250.0, 0, CHANNELS[:1]).physical(Block(0, np.zeros((1, 1))))


def test_signal_refuses_a_sample_type_that_is_none():
    with pytest.raises(InvalidSignalError, match="sample type of 's'/'ecg' must be one of int16, int32, float32"):
        Signal("s", "ecg", 250.0, 0, CHANNELS, "float64")
