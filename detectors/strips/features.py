"""All figures that a strip's verdict rests on, in the order of the model's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.strips import noise, rhythm, shape
from detectors.strips.beats import find_beats
from detectors.strips.strip import FS_HZ, strip_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.strips.beats import Beats
    from detectors.strips.strip import Strip

    Floats = NDArray[np.float64]

TRUSTED = 0.6
"""Likeness of beats whose intervals are looked at once more by themselves."""

MAX_HOLE_S = 0.03
"""Missing samples, s, from which on an interval does not count."""

NAMES: tuple[str, ...] = (
    *rhythm.NAMES,
    *(f"trusted_{name}" for name in rhythm.NAMES),
    *shape.NAMES,
    *noise.NAMES,
)


class Measured(NamedTuple):
    """A strip and what was measured of it.

    Parameters
    ----------
    strip, beats : as they were found.
    sign : what turns the strip upright.
    figures : each of `NAMES`; NaN where there is too little to measure.
    """

    strip: Strip
    beats: Beats
    sign: float
    figures: dict[str, float]

    @property
    def row(self) -> Floats:
        """The figures as the model's inputs (n_features,)."""
        return np.array([self.figures[name] for name in NAMES])


def measured(samples: Floats, fs_hz: float) -> Measured:
    """Measure a strip of samples (n,) of one lead, NaN where there is none."""
    strip = strip_of(samples, fs_hz)
    beats = find_beats(strip.clean)
    rr_s = np.diff(beats.at) / FS_HZ
    is_whole = _without_holes(strip, beats)
    is_trusted = (beats.likeness[1:] > TRUSTED) & (beats.likeness[:-1] > TRUSTED) & is_whole
    trusted = rhythm.of_intervals(rr_s[is_trusted])
    seen = shape.shape_of(strip, beats) if len(beats.at) else None
    figures = rhythm.of_intervals(rr_s[is_whole]) | {f"trusted_{name}": value for name, value in trusted.items()}
    figures |= shape.of_shape(strip, beats, seen) | noise.of_noise(strip, beats)
    return Measured(strip, beats, seen.sign if seen else 1.0, figures)


def _without_holes(strip: Strip, beats: Beats) -> NDArray[np.bool_]:
    """Of each interval whether next to nothing of it is missing: else a beat may be, and the interval is none."""
    before = np.concatenate([[0], np.cumsum(strip.holes)])
    at = np.clip(np.rint(beats.at).astype(np.int64), 0, len(strip.holes))
    return np.asarray(np.diff(before[at]) <= MAX_HOLE_S * FS_HZ)
