"""One detector on one channel group."""

import numpy as np
import pytest

from detectors.beats.detector import BeatDetector
from detectors.runner import DetectorRun, annotate
from signal_processing.errors import InvalidValueError
from signal_processing.values import Block
from tests.detectors.signals import ecg

DETECTOR = BeatDetector()
CASE = ecg(duration_s=10.0)


def test_run_is_as_new_after_its_end():
    run = DetectorRun(DETECTOR, CASE.signal)
    first = run.feed(CASE.block) + run.finish()
    assert first
    assert run.feed(CASE.block) + run.finish() == first


def test_run_has_nothing_to_finish_before_its_first_block():
    assert DetectorRun(DETECTOR, CASE.signal).finish() == []


def test_block_is_refused_when_it_starts_before_the_end_of_the_last():
    run = DetectorRun(DETECTOR, CASE.signal)
    run.feed(CASE.block)
    with pytest.raises(InvalidValueError, match=f"next sample is {CASE.block.end}, got one from {CASE.block.start}"):
        run.feed(CASE.block)


@pytest.mark.parametrize("saved", [b"", b"\x00", b"\x93\x01\x02", b"\x92\x01\xc4\x01\x00"])
def test_checkpoint_is_refused_when_it_is_none_of_this_detector(saved):
    with pytest.raises(InvalidValueError, match="checkpoint of"):
        DetectorRun.resume(DETECTOR, CASE.signal, saved)


def test_annotate_gives_what_a_run_gives():
    blocks = [CASE.block.between(0, CASE.block.start + 700), CASE.block.between(CASE.block.start + 700, CASE.block.end)]
    assert annotate(DETECTOR, CASE.signal, blocks) == annotate(DETECTOR, CASE.signal, [CASE.block])
    assert annotate(DETECTOR, CASE.signal, [Block(5, np.zeros((0, 2)))]) == []
