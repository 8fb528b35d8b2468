"""Whether an alarm of a bedside monitor stands, by the channels that did not raise it.

The alarms are those of the Computing in Cardiology Challenge 2015 (Clifford et al., CinC 42:273, 2015): asystole (no
beat for 4 s), extreme bradycardia (below 40/min over 5 beats), extreme tachycardia (above 140/min over 17 beats),
ventricular tachycardia (5 ventricular beats above 100/min), ventricular flutter or fibrillation (4 s). An alarm is
rejected only where a channel that can be trusted says the contrary; where none can be, it stands: to reject a true one
costs more than to let a false one pass. Ventricular tachycardia, which has a pulse as often as not, is weighed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.alarms.channels import Reading, Readings, n_together, readings
from signal_processing.errors import InvalidSignalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from signal_processing.values import Block, Signal

TRUSTED, LIKELY, CERTAIN = 0.7, 0.5, 0.9
"""Mean confidence of pulses from which they count: in general; where none are expected at all; and for a rate that is
not fast, which a weak pulse may miss half of."""
N_PULSES = 8
PULSE_GAP_S = 2.0
STEADY, STRICT = 0.15, 0.1
"""Variation of intervals below which an ECG lead is taken for a regular rhythm."""
BEAT_GAP_S = 2.5
SLOW_BPM, FAST_BPM = 52.0, 105.0
"""What refutes extreme bradycardia and tachycardia: limits between those of the alarms and of what is usual, for a
monitor rounds, and averages otherwise."""
STEADY_BPM = 115.0
VT_S = 14.0
"""Of the window, the last seconds in which ventricular beats are looked for."""
MOST_BEATS = 12
NO_PULSE_VARIATION = 0.25
VT_BIAS = 0.936
VT_WEIGHTS = (0.262, 0.581, 1.204, -3.029)
"""Of the probability that an alarm of ventricular tachycardia is true, by `vt_inputs` (`training.alarm_weights`)."""


class Verification(NamedTuple):
    """What becomes of an alarm.

    Parameters
    ----------
    alarm : its label.
    stands : False where it is rejected.
    probability : that it is true: of ventricular tachycardia, what the weights give; of the others, one less the
        confidence of the channel that refutes it, and 1 where none does.
    reason : in words, for the reader.
    figures : what the verdict rests on, by name and channel.
    """

    alarm: str
    stands: bool
    probability: float
    reason: str
    figures: Mapping[str, float]


def verify(alarm: str, signal: Signal, block: Block) -> Verification:
    """Verify an alarm raised at the end of a recording, in physical units, NaN where samples are missing.

    Raises
    ------
    InvalidSignalError : if the alarm is none of `ALARMS`, or the recording is refused by `readings`.
    """
    if alarm not in ALARMS:
        msg = f"alarm must be one of {', '.join(ALARMS)}, got {alarm!r}"
        raise InvalidSignalError(msg)
    return verified(alarm, readings(signal, block))


def verified(alarm: str, found: Readings) -> Verification:
    """The verdict by what the channels say."""
    figures = _figures(found)
    if alarm == "VT":
        return _weighed(found, figures)
    refuting = ALARMS[alarm](found)
    if refuting is None:
        reason = f"no channel that can be trusted refutes it; {_of_pulses(found.pulses)}"
        return Verification(alarm, stands=True, probability=1.0, reason=reason, figures=figures)
    return Verification(alarm, False, 1.0 - refuting.confidence, _told(refuting), figures)  # noqa: FBT003 - a named tuple


def _weighed(found: Readings, figures: Mapping[str, float]) -> Verification:
    """Ventricular tachycardia."""
    if found.together is None:
        return Verification("VT", stands=True, probability=1.0, reason="there is no ECG lead", figures=figures)
    probability = vt_probability(found)
    beats = found.together.latest(VT_S)
    told = f"ECG: {beats.ventricular.sum()} of {len(beats.at_s)} beats in {VT_S:g} s ventricular"
    told += f", {beats.longest_run()} in a row at most"
    stands = probability >= 0.5  # noqa: PLR2004 - more probable than not
    return Verification("VT", stands, probability, f"{told}; {_of_pulses(found.pulses)}", figures)


def _asystole(found: Readings) -> Reading | None:
    for pulse in _surest(found.pulses, LIKELY):
        if len(pulse.at_s) >= N_PULSES and pulse.longest_gap_s < PULSE_GAP_S:
            return pulse
    for lead in _surest(found.leads, TRUSTED):
        if lead.longest_gap_s < BEAT_GAP_S and lead.variation < STEADY:
            return lead
    return None


def _bradycardia(found: Readings) -> Reading | None:
    pulses = _surest(found.pulses, TRUSTED)
    for one in pulses or _steady(found, STEADY):
        if _slowest(one) > SLOW_BPM:
            return one
    return None


def _tachycardia(found: Readings) -> Reading | None:
    for pulse in _surest(found.pulses, CERTAIN):
        if 0.0 < _fastest(pulse) < FAST_BPM:
            return pulse
    for lead in _steady(found, STRICT):
        if lead.confidence >= CERTAIN and 0.0 < _fastest(lead) < STEADY_BPM:
            return lead
    return None


def _fibrillation(found: Readings) -> Reading | None:
    for pulse in _surest(found.pulses, TRUSTED):
        if len(pulse.at_s) >= N_PULSES and pulse.longest_gap_s < PULSE_GAP_S:
            return pulse
    for lead in _steady(found, STRICT):
        if lead.confidence >= CERTAIN and not lead.ventricular.any():
            return lead
    return None


ALARMS: Mapping[str, Callable[[Readings], Reading | None]] = {
    "ASYSTOLE": _asystole,
    "BRADY": _bradycardia,
    "TACHY": _tachycardia,
    "VT": lambda _: None,  # weighed, see `vt_probability`
    "VFIB": _fibrillation,
}
"""By label, what gives the channel that refutes the alarm."""


def vt_inputs(found: Readings) -> tuple[float, ...]:
    """What ventricular tachycardia is weighed by.

    Ventricular beats that two leads agree on; the longest run of them in one lead; the log of how much the intervals of
    the most even trusted pulse vary; the log of the least span of a lead, mV: motion makes it large.
    """
    leads = [lead.latest(VT_S) for lead in found.leads]
    pulses = [pulse.latest(VT_S)._replace(before_s=float("nan")) for pulse in _surest(found.pulses, TRUSTED)]
    evenness = min([pulse.variation for pulse in pulses], default=NO_PULSE_VARIATION)
    return (
        float(min(n_together(leads[0], leads[-1]), MOST_BEATS)),
        float(min(max(lead.longest_run() for lead in leads), MOST_BEATS)),
        float(np.log(min(evenness, 1.0) + 0.02)),
        float(np.log(min(lead.span for lead in leads) + 0.1)),
    )


def vt_probability(found: Readings) -> float:
    """The probability that an alarm of ventricular tachycardia is true; 1 without an ECG lead."""
    if not found.leads:
        return 1.0
    score = VT_BIAS + sum(weight * value for weight, value in zip(VT_WEIGHTS, vt_inputs(found), strict=True))
    return float(1.0 / (1.0 + np.exp(-score)))


def _surest(found: Sequence[Reading], least: float) -> list[Reading]:
    """Those of at least this confidence, the surest first."""
    return sorted((one for one in found if one.confidence >= least), key=lambda one: -one.confidence)


def _steady(found: Readings, variation: float) -> list[Reading]:
    return [lead for lead in _surest(found.leads, TRUSTED) if lead.variation < variation]


def _slowest(one: Reading) -> float:
    return float(one.rates_bpm().min(initial=np.inf)) if len(one.rates_bpm()) else 0.0


def _fastest(one: Reading) -> float:
    return float(one.rates_bpm().max(initial=0.0))


def _told(one: Reading) -> str:
    rate = f"{_slowest(one):.0f} to {_fastest(one):.0f}/min" if len(one.rates_bpm()) else "no rate"
    return f"{one.name}: {rate}, longest gap {one.longest_gap_s:.1f} s, {one.confidence:.0%} sure"


def _of_pulses(pulses: Sequence[Reading]) -> str:
    return "; ".join(_told(one) for one in pulses) if pulses else "no wave of pulses"


def _figures(found: Readings) -> dict[str, float]:
    figures: dict[str, float] = {}
    for one in (*found.leads, *((found.together,) if found.together else ()), *found.pulses):
        figures |= {
            f"{one.name}_n": float(len(one.at_s)),
            f"{one.name}_gap_s": one.longest_gap_s,
            f"{one.name}_slowest_bpm": _slowest(one),
            f"{one.name}_fastest_bpm": _fastest(one),
            f"{one.name}_confidence": one.confidence,
        }
        if one not in found.pulses:
            figures[f"{one.name}_ventricular"] = float(one.ventricular.sum())
    return figures
