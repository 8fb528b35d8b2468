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
    "a.u.": "1",
    "nd": "1",
    "%": "%",
    "bpm": "/min",
    "/min": "/min",
    "Ohm": "Ohm",
    "ohm": "Ohm",
    "kOhm": "kOhm",
    "degC": "Cel",
    "C": "Cel",
    "degF": "[degF]",
    "K": "K",
    "g": "[g]",
    "mg": "m[g]",
    "m/s2": "m/s2",
    "deg/s": "deg/s",
    "rad/s": "rad/s",
    "deg": "deg",
    "uT": "uT",
    "l/min": "L/min",
    "l/s": "L/s",
    "l": "L",
    "ml": "mL",
    "mL": "mL",
    "cmH2O": "cm[H2O]",
    "mV/s": "mV/s",
    "kPa": "kPa",
    "uS": "uS",
    "mS": "mS",
    "nA": "nA",
    "mg/dL": "mg/dL",
    "mmol/L": "mmol/L",
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
