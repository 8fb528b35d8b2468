"""What of a strip is no heart beat: bands, wander, and how much of it can be read.

Indices after Clifford et al., Physiol Meas 33:1419, 2012, and Li, Mark and Clifford, Physiol Meas 29:15, 2008.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import welch

from detectors.strips.strip import FS_HZ, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.strips.beats import Beats
    from detectors.strips.strip import Strip

    Floats = NDArray[np.float64]

EDGES_HZ = (0.3, 1.0, 2.0, 4.0, 6.0, 9.0, 13.0, 20.0, 30.0, 40.0)
PIECE_S = 2.0


def of_noise(strip: Strip, beats: Beats) -> dict[str, float]:
    """Figures of the whole strip; they are there of any strip that is not flat throughout."""
    clean, raw = strip.clean, strip.raw
    hz, power = welch(raw, FS_HZ, nperseg=min(len(raw), 1200))
    bands = [float(power[(hz >= low) & (hz < high)].sum()) for low, high in pairwise(EDGES_HZ)]
    total = sum(bands[1:]) + 1e-15
    figures = {f"band{i}": float(np.log(one / total + 1e-6)) for i, one in enumerate(bands)}
    spread = float(clean.std()) + 1e-12
    figures["kurtosis"] = float(np.mean((clean / spread) ** 4))
    figures["skewness"] = abs(float(np.mean((clean / spread) ** 3)))
    n_pieces = max(round(len(clean) / (PIECE_S * FS_HZ)), 1)
    ranges = np.array([np.ptp(part) for part in np.array_split(clean, n_pieces)])
    fast = within(raw, 20.0, 45.0)
    hums = np.array([part.std() for part in np.array_split(fast, n_pieces)])
    usual = float(np.median(ranges)) + 1e-12
    figures |= {
        "range_max": float(ranges.max()) / usual,
        "range_min": float(ranges.min()) / usual,
        "range_p90": float(np.percentile(ranges, 90)) / usual,
        "wander": float(np.log(np.ptp(raw - clean) / usual + 1e-3)),
        "fast_median": float(np.median(hums)) / usual,
        "fast_max": float(hums.max()) / usual,
        "fast_min": float(hums.min()) / usual,
        "peaks_level": beats.level / usual,
        "missing": float(strip.holes.mean()),
        "flat": strip.flat,
        "crossings": float(np.mean(np.diff(np.signbit(clean)))),
        "duration_s": len(raw) / FS_HZ,
    }
    return figures | _readable(beats, len(raw))


def _readable(beats: Beats, n: int) -> dict[str, float]:
    """How much of the strip has beats that are like each other, and the longest stretch of it."""
    good = beats.likeness > 0.8  # noqa: PLR2004 - correlation
    longest = run = 0.0
    for i in range(1, len(beats.at)):
        run = run + beats.at[i] - beats.at[i - 1] if good[i] and good[i - 1] else 0.0
        longest = max(longest, run)
    return {
        "readable_run_s": longest / FS_HZ,
        "readable_share": longest / n,
        "good_share": float(good.mean()) if len(good) else 0.0,
    }


NAMES: tuple[str, ...] = (
    *(f"band{i}" for i in range(len(EDGES_HZ) - 1)),
    *("kurtosis", "skewness", "range_max", "range_min", "range_p90", "wander", "fast_median", "fast_max", "fast_min"),
    *("peaks_level", "missing", "flat", "crossings", "duration_s", "readable_run_s", "readable_share", "good_share"),
)
