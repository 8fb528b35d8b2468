"""Cycles of garbage are looked for seldom, and only while a worker runs."""

from __future__ import annotations

import gc

from ingest.garbage import OBJECTS_BETWEEN_LOOKS, rare_looks


def test_looks_are_rare_inside_the_block_and_as_before_after_it():
    before = gc.get_threshold()
    with rare_looks():
        assert gc.get_threshold()[0] == OBJECTS_BETWEEN_LOOKS
        assert gc.isenabled()
    assert gc.get_threshold() == before
