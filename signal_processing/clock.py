"""The one place where sample indices become microseconds and back.

Detectors speak sample index, everything stored or shown is integer microseconds UTC. Both directions are integer
arithmetic on the exact ratio of the sampling rate: for 25 to 2000 Hz the round trip is exact up to 1e10 samples, where
a float product (1e10 x 1e6 > 2**53) would already be off.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, overload

from signal_processing.errors import InvalidSignalError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

US_PER_S = 1_000_000
"""Microseconds in a second."""

MIN_FS_HZ = 0.001
MAX_FS_HZ = 100_000.0
# A device that says 62.4725 Hz means the decimal it printed, not the nearest binary fraction.
_MAX_DENOMINATOR = 1_000_000


class SampleClock:
    """Converts between sample index and microseconds UTC for one sampling rate and origin.

    Parameters
    ----------
    fs_hz : sampling rate in Hz, above 0.
    t0_us : time of sample 0, microseconds since 1970-01-01 UTC.

    Raises
    ------
    InvalidSignalError : if `fs_hz` is not a finite number in [0.001, 100000].
    """

    __slots__ = ("_denominator", "_numerator", "fs_hz", "t0_us")

    def __init__(self, fs_hz: float, t0_us: int = 0) -> None:
        if not MIN_FS_HZ <= fs_hz <= MAX_FS_HZ:  # also refuses NaN
            msg = f"sampling rate must be within [{MIN_FS_HZ}, {MAX_FS_HZ:g}] Hz, got {fs_hz!r}"
            raise InvalidSignalError(msg)
        ratio = Fraction(repr(float(fs_hz))).limit_denominator(_MAX_DENOMINATOR)
        self.fs_hz = float(fs_hz)
        self.t0_us = int(t0_us)
        self._numerator = ratio.numerator
        self._denominator = ratio.denominator

    def __repr__(self) -> str:
        return f"SampleClock(fs_hz={self.fs_hz:g}, t0_us={self.t0_us})"

    @overload
    def us_at(self, sample: int) -> int: ...
    @overload
    def us_at(self, sample: NDArray[np.int64]) -> NDArray[np.int64]: ...
    def us_at(self, sample: int | NDArray[np.int64]) -> int | NDArray[np.int64]:
        """Microseconds UTC of a sample index (scalar or int64 array), rounded half up."""
        seconds, rest = divmod(sample * self._denominator, self._numerator)
        return self.t0_us + seconds * US_PER_S + (rest * US_PER_S + self._numerator // 2) // self._numerator

    @overload
    def sample_at(self, us: int) -> int: ...
    @overload
    def sample_at(self, us: NDArray[np.int64]) -> NDArray[np.int64]: ...
    def sample_at(self, us: int | NDArray[np.int64]) -> int | NDArray[np.int64]:
        """Index of the sample nearest to a time in microseconds UTC (scalar or int64 array)."""
        per = US_PER_S * self._denominator
        seconds, rest = divmod(us - self.t0_us, US_PER_S)
        # whole seconds first, so that int64 arrays cannot overflow: seconds * numerator stays below 1e10 * 1e6
        whole, part = divmod(seconds * self._numerator, self._denominator)
        return whole + (part * US_PER_S + rest * self._numerator + per // 2) // per

    def n_samples(self, duration_s: float) -> int:
        """Number of samples in a duration in seconds, rounded to the nearest."""
        return round(duration_s * self.fs_hz)
