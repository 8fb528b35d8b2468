"""Float samples as NumPy files: bit for bit, with what they are beside them."""

import json

import numpy as np
import pytest

from formats.errors import FormatError
from formats.npy_files import write_npy
from signal_processing.values import Block, Channel, Signal

SIGNAL = Signal("wrist", "acc", 32.0, 1_700_000_000_000_000, (Channel("x", "[g]"), Channel("y", "[g]", 2.0)), "float32")


@pytest.fixture
def samples():
    bits = np.random.default_rng(1).integers(0, 2**32, (3_000, 2), np.uint32)
    return bits.view(np.float32)


def test_array_comes_back_bit_identical_with_its_description(tmp_path, samples):
    parts = [Block(100, samples[:1_000]), Block(1_150, samples[1_050:])]
    path = write_npy(tmp_path, "rec", SIGNAL, parts, first_sample=100, comments=["SYNTHETIC"])
    found = np.load(path, allow_pickle=False, mmap_mode="r")
    assert found.shape == (3_000, 2)
    assert found[:1_000].tobytes() == samples[:1_000].tobytes()
    assert np.isnan(found[1_000:1_050]).all()
    assert found[1_050:].tobytes() == samples[1_050:].tobytes()
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert (facts["t0_us"], facts["first_sample"], facts["n_samples"]) == (SIGNAL.clock.us_at(100), 100, 3_000)
    assert (facts["fs_hz"], facts["sample_type"], facts["gaps"]) == (32.0, "float32", [[1_000, 1_050]])
    assert facts["channels"][1] == {"name": "y", "unit": "[g]", "gain": 2.0, "offset": 0.0}
    assert "SYNTHETIC" in facts["comments"]


@pytest.mark.parametrize(
    ("name", "parts", "reason"),
    [
        ("../out", [Block(0, np.zeros((2, 2), np.float32))], "record name must be"),
        ("r", [], "at least one sample"),
        ("r", [Block(0, np.zeros((2, 2), np.int16))], "samples of 'wrist' must be float32, got int16"),
        ("r", [Block(0, np.zeros((2, 3), np.float32))], "must have 2 channels, got 3"),
    ],
)
def test_nothing_is_left_when_it_is_refused(tmp_path, name, parts, reason):
    with pytest.raises(FormatError, match=reason):
        write_npy(tmp_path, name, SIGNAL, parts)
    assert list(tmp_path.iterdir()) == []
