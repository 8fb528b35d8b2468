"""Pulses of a photoplethysmogram, each at its systolic peak, and how sure each one is.

The wave is followed up and down: it turns where it comes back by a share of the usual rise, and a crest whose rise from
the trough before it is large enough for its time is a pulse. It is a streaming relative of the peak and trough finders
that fare best in comparisons (Charlton et al., Physiol Meas 43:085007, 2022); a pulse that comes before it is due needs
a larger rise, which leaves dicrotic waves out, and a small early one is withdrawn for a larger one right after it. The
usual rise and interval are medians of the newest eight; the rise is never taken for more than what was lately seen.

Confidence (Li and Clifford, Physiol Meas 33:1491, 2012; Orphanidou et al., IEEE JBHI 19:832, 2015, for the idea of
likeness with the usual shape): a logistic function of likeness, width, evenness of the rise and turns of the wave
between pulses. Regularity takes no part, or fibrillation would be unreadable. Motion of an accelerometer in the same
group lowers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from detectors.wearables.crests import CrestFinder, WaveKind

if TYPE_CHECKING:
    from detectors.chain import Chain

WEIGHTS = (-2.05, 1.32, -0.27, 3.99, -0.57, -4.20)
"""Of the confidence, fitted by logistic regression to 24,000 pulses of 3 BIDMC and 100 CinC 2015 records, against beats
of the ECG; area under the curve 0.81 with a fifth of the records left out in turn."""

PPG = WaveKind(
    names=("PLETH", "PPG", "BVP"),
    fs_range_hz=(20.0, 2000.0),
    heard_at_hz=2000.0,  # each sample: the peak is wanted to the millisecond
    band_hz=(0.3, 8.0),
    apart_s=0.28,  # 214/min
    wait_s=0.45,
    bin_s=0.25,
    before_s=0.25,
    after_s=0.45,
    settle_s=2.0,
    weights=WEIGHTS,
)
"""Photoplethysmograms."""


@dataclass(frozen=True)
class PulseDetector(CrestFinder):
    """The detector "ppg-pulses": the first photoplethysmogram of a group."""

    kind: WaveKind = PPG
    name: str = "ppg-pulses"
    version: str = "2"


def ppg() -> Chain:
    """The detector "ppg" as it runs in production: pulses, where they cannot be read, and rhythms read from them."""
    from detectors.chain import Chain
    from detectors.rhythms.afib import Afib
    from detectors.rhythms.rates import Rates
    from detectors.wearables.from_pulses import FromPulses
    from detectors.wearables.readable import Readable

    rates = FromPulses(PPG, Rates(), (("BRADY", "BRADY"), ("TACHY", "TACHY")), "pulse-rates")
    afib = FromPulses(PPG, Afib(), (("AFIB", "AFIB"),), "pulse-afib")
    return Chain("ppg", "1", PulseDetector(), (Readable(), rates, afib))
