"""States as bytes and back."""

from dataclasses import dataclass, field

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.state_codec import dump_state, load_state
from signal_processing.errors import InvalidValueError


@dataclass
class Inner:
    label: str = "N"
    at: list[int] = field(default_factory=list)


@dataclass
class Outer:
    ring: NDArray[np.float64]
    inner: Inner
    level: float = 0.0
    count: int = 0


def outer():
    return Outer(np.array([[1.5, np.nan], [-np.inf, 1e-300]]), Inner("V", [1, 2**40]), 0.1, 7)


def test_state_comes_back_to_the_bit():
    state, again = outer(), load_state(Outer, dump_state(outer()))
    np.testing.assert_array_equal(again.ring, state.ring)
    assert (again.inner, again.level, again.count) == (state.inner, state.level, state.count)


@pytest.mark.parametrize("shape", [(128,), (3, 331), (1000,), (0, 5)])
def test_long_arrays_come_back_to_the_bit_without_their_zeros(shape):
    rng = np.random.default_rng(0)
    ring = rng.choice([0.0, -0.0, np.nan, 1.5, 1e-320], shape, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    state = Outer(ring, Inner())
    dumped = dump_state(state)
    assert load_state(Outer, dumped).ring.tobytes() == ring.tobytes()
    assert len(dumped) < 0.6 * ring.nbytes + 60


@pytest.mark.parametrize("change", [(b"\x00" * 8, b"\xff"), (b"\x00" * 9, b"\x80" + b"\x00" * 15)])
def test_long_arrays_are_refused_when_numbers_and_bits_do_not_agree(change):
    forged = msgspec.msgpack.encode({**msgspec.to_builtins(outer(), enc_hook=lambda _: ("<f8", (128,), *change))})
    with pytest.raises(InvalidValueError, match="is no Outer"):
        load_state(Outer, forged)


def test_arrays_can_be_written_to_after_loading():
    again = load_state(Outer, dump_state(outer()))
    again.ring[0, 0] = 3.0
    assert again.ring[0, 0] == 3.0


def test_numbers_of_numpy_are_taken_for_plain_ones():
    state = outer()
    state.level, state.count = np.float64(0.25), np.int64(3)
    assert load_state(Outer, dump_state(state)).count == 3


@pytest.mark.parametrize("data", [b"", b"\x80", b"not msgpack", dump_state(Inner())])
def test_bytes_are_refused_when_they_are_no_such_state(data):
    with pytest.raises(InvalidValueError, match="is no Outer"):
        load_state(Outer, data)


def test_state_is_refused_when_it_holds_what_cannot_be_loaded_safely():
    state = outer()
    state.inner = object()
    with pytest.raises((NotImplementedError, TypeError)):
        dump_state(state)
