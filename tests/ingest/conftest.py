"""What the tests of ingest share; their kit goes on the import path."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # with importlib mode test folders are not on it

_numbers = itertools.count(1)


@pytest.fixture
def topic():
    """A name that no other test uses."""
    return f"waveform.test.{os.getpid()}.{next(_numbers)}"
