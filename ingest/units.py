"""The units that a message may carry, in UCUM notation."""

from __future__ import annotations

UCUM_UNITS = frozenset(
    {
        # electric: ECG, EEG, EMG; respiration by impedance; skin conductance (EDA); oxygen cells
        "mV",
        "uV",
        "V",
        "mV/s",
        "Ohm",
        "kOhm",
        "uS",
        "mS",
        "nA",
        # without a dimension: what a PPG is in, and shares such as SpO2
        "1",
        "%",
        # rates and intervals: heart rate, respiration rate, RR
        "/min",
        "Hz",
        "s",
        "ms",
        # pressure: blood, airway
        "mm[Hg]",
        "cm[H2O]",
        "kPa",
        # temperature
        "Cel",
        "[degF]",
        "K",
        # motion: acceleration, rotation, magnetic field, angle
        "m/s2",
        "[g]",
        "m[g]",
        "deg/s",
        "rad/s",
        "deg",
        "uT",
        # volume and flow
        "L",
        "mL",
        "L/min",
        "L/s",
        # glucose
        "mg/dL",
        "mmol/L",
    },
)
"""Those that devices and recordings here have: what is stored must be writable to a WFDB header (formats/units.py)."""
