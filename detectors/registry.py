"""Which detectors there are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from detectors.protocol import AnyDetector
    from signal_processing.values import Signal


def registered() -> dict[str, AnyDetector]:
    """Every registered detector with its default configuration, by name.

    Detectors of other packages come after those of this project (`detectors.plugins`).

    The chains of one follower each are there so that every follower obeys the laws by itself; `production_for` names
    what runs. They are the same objects at every call: they hold no state of a stream, but the filters that they have
    designed for its sampling rate, which takes 3 ms.
    """
    return dict(_registered())


@cache
def _registered() -> dict[str, AnyDetector]:
    # imported here, so that who only asks for a name need not wait for all of them
    from detectors.beats.detector import BeatDetector
    from detectors.chain import Chain
    from detectors.ecg import ecg
    from detectors.fibrillation.detector import FibrillationDetector
    from detectors.plugins import installed
    from detectors.quality.detector import Quality
    from detectors.rhythms.afib import Afib
    from detectors.rhythms.conduction import Conduction
    from detectors.rhythms.ectopy import supraventricular, ventricular
    from detectors.rhythms.rates import Rates
    from detectors.waves.detector import WaveDetector
    from detectors.wearables.conductance import Conductance
    from detectors.wearables.motion import Motion
    from detectors.wearables.oxygen import Desaturation
    from detectors.wearables.ppg import PulseDetector, ppg
    from detectors.wearables.respiration import Respiration
    from detectors.wearables.temperature import Temperature

    beats = BeatDetector()
    detectors: list[AnyDetector] = [
        beats,
        Chain("beats-ventricular", "1", beats, (ventricular(),)),
        Chain("beats-supraventricular", "1", beats, (supraventricular(),)),
        Chain("beats-conduction", "1", beats, (Conduction(),)),
        Chain("beats-rates", "1", beats, (Rates(),)),
        Chain("beats-afib", "2", beats, (Afib(),)),
        ecg(),
        Quality(),
        FibrillationDetector(),
        PulseDetector(),
        ppg(),
        Respiration(),
        Desaturation(),
        Motion(),
        Temperature(),
        Conductance(),
        WaveDetector(),
    ]
    own = {detector.name: detector for detector in detectors}
    return own | installed(own)


def own() -> dict[str, AnyDetector]:
    """The registered detectors of this project, by name."""
    from detectors.plugins import Installed

    return {name: one for name, one in _registered().items() if not isinstance(one, Installed)}


def detector_named(name: str) -> AnyDetector:
    """The registered detector of that name.

    Raises
    ------
    InvalidValueError : if there is none.
    """
    detectors = registered()
    if name not in detectors:
        msg = f"detector must be one of {', '.join(sorted(detectors))}, got {name!r}"
        raise InvalidValueError(msg)
    return detectors[name]


def detectors_for(signal: Signal) -> list[AnyDetector]:
    """The registered detectors that have something to say about such a channel group."""
    return [detector for detector in registered().values() if detector.accepts(signal)]


PRODUCTION = ("ecg", "quality", "ppg", "respiration", "desaturation", "motion", "temperature", "skin-conductance")
"""What the ingest worker and `rhythmark annotate` run, each where it accepts the group; installed ones beside."""


def production_for(signal: Signal) -> list[AnyDetector]:
    """The detectors that run over such a channel group; together they say everything once.

    Those of other packages all run: who installs one wants to see what it says.
    """
    detectors = registered()
    others = detectors.keys() - own().keys()
    names = (*PRODUCTION, *(name for name in detectors if name in others))
    return [detectors[name] for name in names if detectors[name].accepts(signal)]
