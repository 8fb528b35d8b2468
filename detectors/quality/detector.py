"""Signal quality of each lead: lead off, flat, saturated, mains hum, noisy, wandering.

A second is LEAD_OFF when half its samples are missing or it stands still at a rail, FLAT when it stays within one
digital step, SATURATED when it has a plateau at a rail. Noise is judged over 5 s around each second by published
indices (Clifford et al., Physiol Meas 33:1419, 2012; Li, Mark and Clifford, Physiol Meas 29:15, 2008): relative power
of the baseline and of high frequencies, kurtosis; and beside them the swing of the baseline and the unevenness of the
range from second to second. They are weighed by a logistic function, with hysteresis.

Hum is what is faster than 40 Hz where it is a tone of 50 or 60 Hz; wander is the range of the baseline over the same
5 s. What hums is not also noisy, and what is noisy does not also wander. The note of NOISY says of which kind the noise
is by the same indices: "muscle" where high frequencies have most of the power, "motion or electrode" else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.beats.detector import MV_PER, ecg_leads
from detectors.protocol import Step, as_compiled
from detectors.quality.plan import (
    HUM_MV,
    N_COUNTS,
    N_FRAMES,
    N_MEASURES,
    N_SIDE,
    WANDER_MV,
    Measure,
    new_memory,
    plan_for,
)
from detectors.spans import REPEAT_S, OpenSpan
from signal_processing.values import Annotation, Annotator, Block, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_FS_HZ = 50.0
"""The slowest sampling rate of an ECG that the indices make sense for, Hz."""

POWER_FLOOR_MV2 = 0.02
"""Added to the power of the signal, mV^2: a lead of low amplitude is not noisy for the noise of its amplifier."""

RAIL_PLATEAU_S, EXTREME_PLATEAU_S = 0.03, 0.1
"""Shortest plateaus of a saturated second, s: at a rail of a converter, and at an extreme that is no known rail."""

SATURATED_RANGE_MV = 1.0
"""Least range of a second whose extreme, no known rail, counts as saturated, mV."""

MIN_MISSING_SHARE = 0.5
"""Share of missing samples from which a second is one of a lead that is off."""

FLAT_STEPS = 1.01
"""Range of a second that is flat, digital steps: one, and the rounding of physical values."""

DOUBT = 1e-6
"""How near to a limit a second may be to be judged by it once more, outside the compiled loop."""

N_INDICES = 7
"""Of noise: baseline, kurtosis, unevenness, high frequencies, swing, hum, wander."""

LEAVE_SHARE = 0.7
"""Hum and wander last until they are below this share of where they began."""

MUSCLE_SHARE = 0.05
"""Share of the power above 40 Hz from which noise is called muscle's."""

GRADUAL = frozenset({"NOISY", "MAINS", "WANDER"})
"""Labels that must last before they are said."""

RAIL_BITS = range(9, 17)
"""Resolutions of converters whose rails are known, bits."""

DETERMINED = 0.95
"""Confidence of what is read from the samples themselves."""

_NONE = ""


@dataclass(frozen=True)
class NoiseWeights:
    """The logistic function's weights, fitted to the `~` annotations of 24 mitdb records and to nstdb 118e06."""

    bias: float = 14.02
    baseline: float = 0.431
    kurtosis: float = -1.97
    unevenness: float = 5.81
    high: float = 1.92
    swing: float = 1.56


@dataclass(frozen=True)
class QualityConfig:
    """Thresholds of the noise judgement, and the shortest span of noise."""

    enter: float = 0.9
    leave: float = 0.5
    min_noise_s: float = 2.0
    repeat_s: float = REPEAT_S
    weights: NoiseWeights = field(default_factory=NoiseWeights)


@dataclass
class LeadState:
    """One lead, and the span in progress on it: what that is, and its seconds."""

    name: str
    mv_per_unit: float
    step: float
    gain: float
    offset: float
    label: str = _NONE
    span: OpenSpan = field(default_factory=OpenSpan)
    n_seconds: int = 0
    sum_confidence: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)


@dataclass
class QualityState:
    """Filters, the second in progress, and the newest seconds.

    Parameters
    ----------
    columns : those of a block that are leads.
    memory : as `quality.plan.new_memory` lays it out.
    start : first sample; -1 before it.
    has_label : whether a span is in progress on any lead.
    """

    fs_hz: float
    leads: list[LeadState]
    columns: NDArray[np.int64]
    memory: NDArray[np.float64]
    start: int = -1
    has_label: bool = False


class Judgement(NamedTuple):
    """What one second of one lead is, how sure that is, and the figure that it rests on."""

    label: str
    confidence: float
    figure: str
    value: float


@dataclass(frozen=True)
class Quality:
    """The detector "quality"."""

    config: QualityConfig = field(default_factory=QualityConfig)
    name: str = "quality"
    version: str = "2"

    @property
    def latency_s(self) -> float:
        """The second itself, those after it that it is judged by, the next that ends the span, and the rounding, s."""
        return self.config.min_noise_s + N_SIDE + 2.1

    @property
    def state_type(self) -> type[QualityState]:
        """The state."""
        return QualityState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group with an ECG lead."""
        return signal.fs_hz >= MIN_FS_HZ and bool(ecg_leads(signal))

    def initial(self, signal: Signal) -> QualityState:
        """No sample yet."""
        columns = ecg_leads(signal)
        leads = [
            LeadState(lead.name, MV_PER[lead.unit], 1 / abs(lead.gain), lead.gain, lead.offset)
            for lead in (signal.channels[i] for i in columns)
        ]
        limit = min(self.config.enter, self.config.leave)
        # a little less, for the rounding: what may be anything but good is judged again, in one place
        score = math.log(limit / (1 - limit)) - DOUBT if 0 < limit < 1 else -math.inf
        least_valid = (1 - MIN_MISSING_SHARE) * round(signal.fs_hz) + DOUBT
        limits = np.array([score, least_valid, *(FLAT_STEPS * lead.step for lead in leads)])
        memory = new_memory(limits, np.array([lead.mv_per_unit for lead in leads]))
        return QualityState(signal.fs_hz, leads, np.array(columns), memory)

    def step(self, state: QualityState, block: Block) -> Step[QualityState]:
        """Measure the seconds that the block completes and judge those whose neighbours are known."""
        n = len(block)
        if not n:
            return Step(state, [])
        if state.start < 0:
            state.start = block.start
        said: list[Annotation] = []
        take, samples, plan = _compiled().take, as_compiled(block.samples), self._plans[state.fs_hz]
        indices = np.empty((len(state.leads), N_INDICES))
        at = take(samples, state.columns, plan, state.memory, indices, 0, state.has_label)
        while at < 0:  # not the usual case
            self._judged(state, indices, said)
            at = take(samples, state.columns, plan, state.memory, indices, ~at, state.has_label)
        return Step(state, said)

    def finish(self, state: QualityState) -> list[Annotation]:
        """Judge what is left by what there is; a span that reaches the last whole second reaches the end."""
        said: list[Annotation] = []
        indices = np.empty((len(state.leads), N_INDICES))
        n_taken, n_seen, n_judged = map(int, state.memory[:N_COUNTS].tolist())
        for _ in range(n_judged, n_seen):
            _compiled().judge_next(self._plans[state.fs_hz], state.memory, indices)
            self._judged(state, indices, said)
        end = state.start + n_seen * _second(state) + n_taken
        for lead in state.leads:
            if lead.span.is_open:
                lead.span.grow(end)
            said.extend(self._close(state, lead))
        return said

    def _judged(self, state: QualityState, indices: NDArray[np.float64], said: list[Annotation]) -> None:
        """The second that was judged last, by its indices and its frame."""
        _, n_seen, n_judged = map(int, state.memory[:N_COUNTS].tolist())
        n_leads = len(state.leads)
        first = N_COUNTS + 2 + 2 * n_leads
        extremes = state.memory[first : first + 2 * n_leads].reshape(n_leads, 2)
        frames = state.memory[-N_FRAMES * N_MEASURES * n_leads :].reshape(N_FRAMES, n_leads, N_MEASURES)
        frame = frames[N_FRAMES - n_seen + n_judged - 1]
        for i, (lead, row) in enumerate(zip(state.leads, indices.tolist(), strict=True)):
            judgement = _determined(lead, extremes[i].tolist(), frame[i], state.fs_hz) or self._spoilt(lead, row)
            said.extend(self._continue(state, lead, n_judged - 1, judgement))
        state.has_label = any(lead.label for lead in state.leads)

    @cached_property
    def _plans(self) -> _Plans:
        weights = self.config.weights
        return _Plans(
            [weights.bias, weights.baseline, weights.kurtosis, weights.unevenness, weights.high, weights.swing]
        )

    def _spoilt(self, lead: LeadState, indices: list[float]) -> Judgement:
        hum_mv, wander_mv = indices[5:]
        if hum_mv >= HUM_MV * (LEAVE_SHARE if lead.label == "MAINS" else 1.0):
            return Judgement("MAINS", DETERMINED, "hum_mv", hum_mv)
        noise = self._noisy(lead, indices)
        if not noise.label and wander_mv >= WANDER_MV * (LEAVE_SHARE if lead.label == "WANDER" else 1.0):
            return Judgement("WANDER", DETERMINED, "wander_mv", wander_mv)
        return noise

    def _noisy(self, lead: LeadState, indices: list[float]) -> Judgement:
        baseline, kurtosis, unevenness, high, swing = indices[:5]
        weights = self.config.weights
        score = weights.bias + weights.baseline * baseline + weights.kurtosis * math.log(kurtosis)
        score += weights.unevenness * unevenness + weights.high * high + weights.swing * swing
        probability = 1 / (1 + math.exp(-min(max(score, -50.0), 50.0)))
        threshold = self.config.leave if lead.label == "NOISY" else self.config.enter
        return Judgement("NOISY" if probability > threshold else _NONE, probability, "high_share", math.exp(high))

    def _continue(
        self, state: QualityState, lead: LeadState, i_second: int, judgement: Judgement
    ) -> Iterator[Annotation]:
        start = state.start + i_second * _second(state)
        if judgement.label != lead.label:
            yield from self._close(state, lead)
            lead.label = judgement.label
            if judgement.label:
                lead.span.open(start, start)
                lead.n_seconds, lead.sum_confidence, lead.figures = 0, 0.0, {}
        if not judgement.label:
            return
        lead.span.grow(start + _second(state))
        lead.n_seconds += 1
        lead.sum_confidence += judgement.confidence
        lead.figures[judgement.figure] = lead.figures.get(judgement.figure, 0.0) + judgement.value
        if self._may_say(lead) and lead.span.is_due(round(self.config.repeat_s * state.fs_hz)):
            yield self._annotation(state, lead, ongoing=True)

    def _may_say(self, lead: LeadState) -> bool:
        return lead.label not in GRADUAL or lead.n_seconds >= self.config.min_noise_s

    def _close(self, state: QualityState, lead: LeadState) -> Iterator[Annotation]:
        if lead.span.is_open and self._may_say(lead):
            yield self._annotation(state, lead, ongoing=False)
        lead.span.close()
        lead.label = _NONE

    def _annotation(self, state: QualityState, lead: LeadState, *, ongoing: bool) -> Annotation:
        figures = {name: total / lead.n_seconds for name, total in lead.figures.items()}
        duration_s = (lead.span.end - lead.span.start) / state.fs_hz
        return Annotation(
            start=lead.span.start,
            end=lead.span.end,
            label=lead.label,
            channel=lead.name,
            annotator=self.annotators[0],
            confidence=lead.sum_confidence / lead.n_seconds,
            note=_kind_of_noise(figures["high_share"]) if lead.label == "NOISY" else "",
            figures={"duration_s": duration_s, **figures},
            ongoing=ongoing,
        )


def _kind_of_noise(high_share: float) -> str:
    return "muscle" if high_share >= MUSCLE_SHARE else "motion or electrode"


def _second(state: QualityState) -> int:
    return round(state.fs_hz)


class _Plans(dict[float, NDArray[np.float64]]):
    """`quality.plan.plan_for` each sampling rate that was asked for."""

    def __init__(self, weights: list[float]) -> None:
        self.weights = np.array(weights)

    def __missing__(self, fs_hz: float) -> NDArray[np.float64]:
        self[fs_hz] = plan = plan_for(fs_hz, POWER_FLOOR_MV2, self.weights)
        return plan


class _Code(NamedTuple):
    take: Callable[..., int]
    judge_next: Callable[..., None]


@cache
def _compiled() -> _Code:
    """What takes seconds to import, and is not looked up again at each block."""
    from detectors.quality.frames import judge_next, take

    return _Code(take, judge_next)


def _determined(lead: LeadState, extremes: list[float], frame: NDArray[np.float64], fs_hz: float) -> Judgement | None:
    """What the samples of a second say by themselves; nothing of most."""
    n_valid, low, high, plateau, value = frame[: Measure.PLATEAU_VALUE + 1].tolist()
    missing = 1 - n_valid / round(fs_hz)
    if missing >= MIN_MISSING_SHARE:
        return Judgement("LEAD_OFF", DETERMINED, "missing_share", missing)
    is_extreme = value in {low, high} and value in extremes
    is_rail = is_extreme and _is_rail(lead, value)
    if high - low <= FLAT_STEPS * lead.step:
        return Judgement("LEAD_OFF" if is_rail else "FLAT", DETERMINED, "range_mv", (high - low) * lead.mv_per_unit)
    is_clipped = is_extreme and plateau >= EXTREME_PLATEAU_S * fs_hz
    is_clipped = is_clipped and (high - low) * lead.mv_per_unit >= SATURATED_RANGE_MV
    if is_clipped or (is_rail and plateau >= RAIL_PLATEAU_S * fs_hz):
        return Judgement("SATURATED", DETERMINED, "plateau_s", plateau / fs_hz)
    return None


def _is_rail(lead: LeadState, value: float) -> bool:
    """Whether a value is the least or greatest that a converter of 9 to 16 bits gives, centred or not."""
    digital = round(value * lead.gain + lead.offset)
    rails = {rail for bits in RAIL_BITS for rail in (2**bits - 1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)))}
    return digital in rails or (digital == 0 and lead.offset != 0)
