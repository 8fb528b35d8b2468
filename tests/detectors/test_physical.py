"""Physical units, as the signal gives them."""

import numpy as np
import pytest

from detectors.physical import PhysicalUnits
from signal_processing.errors import InvalidSignalError
from signal_processing.values import Block, Channel, Signal

SIGNAL = Signal("s", "g", 250.0, 0, (Channel("I", "mV", 200.0, 1024.0), Channel("II", "mV", -3.7, 0.1)))
DIGITAL = np.random.default_rng(0).integers(-(2**15), 2**15, (500, 2))
DIGITAL[::7] = -(2**15)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 500), slice(3, 490, 2)], ids=["empty", "whole", "strided"])
def test_physical_units_are_those_of_the_signal_to_the_bit(dtype, cut):
    block = Block(17, DIGITAL.astype(dtype)[cut])
    physical, expected = PhysicalUnits(SIGNAL)(block), SIGNAL.physical(block)
    assert physical.start == expected.start
    assert physical.samples.tobytes() == expected.samples.tobytes()


def test_physical_units_are_refused_of_what_is_no_digital_sample():
    with pytest.raises(InvalidSignalError, match="digital samples must be"):
        PhysicalUnits(SIGNAL)(Block(0, np.zeros((3, 2))))
