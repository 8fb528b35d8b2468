"""Units as WFDB headers spell them, and as UCUM does.

Everything inside Rhythmark speaks UCUM; WFDB has no fixed list, so this one holds what PhysioNet's databases use.
"""

from __future__ import annotations

from formats.errors import FormatError

# The first spelling of a unit is the one that is written.
_WFDB_TO_UCUM = {
    "mV": "mV",
    "uV": "uV",
    "V": "V",
    "mmHg": "mm[Hg]",
    "NU": "1",
    "adu": "1",
    "nd": "1",
    "%": "%",
    "bpm": "/min",
    "/min": "/min",
    "Ohm": "Ohm",
    "ohm": "Ohm",
    "degC": "Cel",
    "C": "Cel",
    "g": "[g]",
    "m/s2": "m/s2",
    "deg/s": "deg/s",
    "uT": "uT",
    "l/min": "L/min",
    "l": "L",
    "cmH2O": "cm[H2O]",
    "mV/s": "mV/s",
    "uS": "uS",
    "nA": "nA",
    "Hz": "Hz",
    "s": "s",
    "ms": "ms",
}
_UCUM_TO_WFDB = {ucum: wfdb for wfdb, ucum in reversed(_WFDB_TO_UCUM.items())}


def ucum_of(wfdb_unit: str) -> str:
    """UCUM for a unit of a WFDB header; an absent one means millivolt, as WFDB says.

    Raises
    ------
    FormatError : if the unit is not in the list.
    """
    if not wfdb_unit:
        return "mV"
    try:
        return _WFDB_TO_UCUM[wfdb_unit]
    except KeyError:
        msg = f"unit of a WFDB signal must be one of {', '.join(_WFDB_TO_UCUM)}; got {wfdb_unit!r}"
        raise FormatError(msg) from None


def wfdb_of(ucum: str) -> str:
    """How a WFDB header spells a UCUM unit.

    Raises
    ------
    FormatError : if the unit is not in the list.
    """
    try:
        return _UCUM_TO_WFDB[ucum]
    except KeyError:
        msg = f"unit to be written to a WFDB header must be one of {', '.join(_UCUM_TO_WFDB)}; got {ucum!r}"
        raise FormatError(msg) from None
