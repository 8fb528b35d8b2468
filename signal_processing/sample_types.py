"""The types that samples have as devices send them, and the value of each that means "no sample"."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from signal_processing.errors import InvalidSignalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SampleType: TypeAlias = Literal["int16", "int32", "float32"]


class SampleFormat(NamedTuple):
    """How samples of one type lie in bytes.

    Parameters
    ----------
    sample_type : its name.
    code : the little-endian type as the wire and numpy name it ("<i2").
    dtype : the same as numpy's dtype.
    invalid : the value that means "no sample": WFDB's of formats 16 and 32, and NaN.
    """

    sample_type: SampleType
    code: str
    dtype: np.dtype[Any]
    invalid: int | float

    @property
    def lowest(self) -> int | float:
        """No value is below it: -inf where there is one."""
        return -np.inf if self.dtype.kind == "f" else int(np.iinfo(self.dtype).min)

    @property
    def highest(self) -> int | float:
        """No value is above it: inf where there is one."""
        return np.inf if self.dtype.kind == "f" else int(np.iinfo(self.dtype).max)


_INVALID: dict[SampleType, int | float] = {"int16": -(2**15), "int32": -(2**31), "float32": float("nan")}
_CODES: dict[SampleType, str] = {"int16": "<i2", "int32": "<i4", "float32": "<f4"}

SAMPLE_FORMATS = MappingProxyType(
    {name: SampleFormat(name, _CODES[name], np.dtype(_CODES[name]), _INVALID[name]) for name in get_args(SampleType)}
)
"""By sample type."""
FORMAT_OF_CODE = MappingProxyType({entry.code: entry for entry in SAMPLE_FORMATS.values()})
"""By the little-endian code."""
_FORMAT_OF_DTYPE = {entry.dtype: entry for entry in SAMPLE_FORMATS.values()}


def format_of(samples: NDArray[Any]) -> SampleFormat:
    """The format that an array of samples has.

    Raises
    ------
    InvalidSignalError : if its dtype is none of a digital sample.
    """
    found = _FORMAT_OF_DTYPE.get(samples.dtype)
    if found is None:
        msg = f"digital samples must be {', '.join(SAMPLE_FORMATS)}, got {samples.dtype}"
        raise InvalidSignalError(msg)
    return found


def invalid_mask(samples: NDArray[Any]) -> NDArray[np.bool_]:
    """Where "no sample" stands: a boolean array of the same shape.

    Raises
    ------
    InvalidSignalError : if the dtype is none of a digital sample.
    """
    known = format_of(samples)
    mask: NDArray[np.bool_] = np.isnan(samples) if known.dtype.kind == "f" else samples == known.invalid
    return mask
