"""The units that a message may carry, in UCUM notation."""

from __future__ import annotations

UCUM_UNITS = frozenset(
    {
        "mV",
        "uV",
        "V",
        "mV/s",
        "1",
        "%",
        "/min",
        "Hz",
        "mm[Hg]",
        "cm[H2O]",
        "Cel",
        "Ohm",
        "uS",
        "nA",
        "m/s2",
        "[g]",
        "deg/s",
        "uT",
        "L",
        "L/min",
        "s",
        "ms",
    },
)
"""Those that devices and recordings here have: what is stored must be writable to a WFDB header (formats/units.py)."""
