"""Which channels of a group are the axes of an accelerometer, and what their unit is in m/s2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signal_processing.values import Signal

G_MS2 = 9.80665
"""Standard acceleration of free fall, m/s2."""

MS2_PER = {"m/s2": 1.0, "m/s^2": 1.0, "g": G_MS2, "[g]": G_MS2, "mg": G_MS2 / 1000, "m[g]": G_MS2 / 1000}
"""What one of each unit is in m/s2 (`[g]` is UCUM's)."""

ACCELERATION_NAMES = ("ACC",)
"""Beginnings of the names of channels that are axes of an accelerometer ("ACC_X", "AccY", "accelerometer z")."""

N_AXES = 3


def acceleration_axes(signal: Signal) -> dict[int, float]:
    """The first three axes of an accelerometer, each with its unit in m/s2; none where there are fewer."""
    axes = {
        i: MS2_PER[channel.unit]
        for i, channel in enumerate(signal.channels)
        if channel.unit in MS2_PER and channel.name.upper().startswith(ACCELERATION_NAMES)
    }
    return dict(list(axes.items())[:N_AXES]) if len(axes) >= N_AXES else {}
