"""CSV files of samples as recordings."""

import numpy as np
import pytest

from formats.csv_recordings import read_recording
from formats.errors import FormatError


def read(path, text):
    path.write_text(text)
    return read_recording(path, stream="s", fs_hz=125.0, t0_us=0)


def test_every_column_but_time_is_a_channel_and_an_empty_cell_no_sample(tmp_path):
    signal, block = read(tmp_path / "a.csv", "Time [s], RESP, PLETH\n0,0.5,1\n0.008,,2\n")
    assert [(one.name, one.unit) for one in signal.channels] == [("RESP", "1"), ("PLETH", "1")]
    assert (signal.stream, signal.fs_hz, signal.sample_type) == ("s", 125.0, "float32")
    assert block.samples.dtype == np.float32
    np.testing.assert_array_equal(block.samples, np.array([[0.5, 1.0], [np.nan, 2.0]], np.float32))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "at least one column of samples"),
        ("time\n1\n", "at least one column of samples"),
        ("a,b\n", "must hold samples, got none"),
        ("a\n1\nx\n", "line 3: a sample must be a finite number or empty, got 'x'"),
        ("a,a\n1,2\n", "got 'a' twice"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path, text, why):
    with pytest.raises(FormatError, match=why):
        read(tmp_path / "a.csv", text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"none\.csv must be a CSV file"):
        read_recording(tmp_path / "none.csv", stream="s", fs_hz=1.0, t0_us=0)
