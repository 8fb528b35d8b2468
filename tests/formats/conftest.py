"""Where the recordings and WFDB's own programs are."""

import os
import shutil

import numpy as np
import pytest

from signal_processing.values import Annotation, Annotator, Block, Channel, Signal


@pytest.fixture(scope="session")
def wfdb_program():
    """Path of one of WFDB's C programs; skips where it is not installed."""

    def find(name):
        folder = os.environ.get("RHYTHMARK_WFDB_BIN", "")
        found = shutil.which(name, path=folder) if folder else shutil.which(name)
        if not found:
            pytest.skip(f"WFDB's {name} is neither in RHYTHMARK_WFDB_BIN nor on PATH")
        return found

    return find


@pytest.fixture
def signal():
    channels = (Channel("MLII", "mV", 200.0, 1024.0), Channel("V1", "mV", 100.5, -7.0))
    return Signal("demo", "ecg", 360.0, 1_700_000_000_123_456, channels)


@pytest.fixture
def samples():
    return np.random.default_rng(3).integers(-3000, 3000, (5000, 2)).astype(np.int16)


@pytest.fixture
def blocks(samples):
    return [Block(start, samples[start : start + 700]) for start in range(0, len(samples), 700)]


@pytest.fixture(scope="session")
def said():
    """Makes an annotation by a person."""

    def make(start, end=None, label="N", **rest):
        annotator = Annotator("human", "ada")
        return Annotation(start=start, end=start if end is None else end, label=label, annotator=annotator, **rest)

    return make
