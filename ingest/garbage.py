"""How seldom Python looks for cycles of garbage in a worker."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECTS_BETWEEN_LOOKS = 100_000
"""More containers made than freed since the last look. A batch of 4,000 messages makes some 40,000, which are freed
without any look; Python's own 700 make it walk through all of them, and through the states of thousands of streams,
at every batch: an eighth of the worker's processor time."""


@contextmanager
def rare_looks() -> Iterator[None]:
    """Look for cycles seldom while the block runs, for the whole process."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
