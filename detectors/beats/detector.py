"""Beats of an ECG, each N, S or V: streaming, any number of leads, 100 to 1000 Hz.

Detection after Pan and Tompkins (1985) and Hamilton (2002), see `detectors.beats.front` and `detectors.beats.decide`;
labels from intervals and from shape against the patient's own, see `detectors.beats.features`. The sample loop is
compiled; this module is the rim that speaks the protocol and is light to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.beats.plan import LATENCY_S, N_CUES, N_FEATURES, N_SAID, Floats, Ints, Plan, new_memory, packed, plan_for
from detectors.protocol import Step, as_compiled
from signal_processing.values import Annotation, Annotator

if TYPE_CHECKING:
    from collections.abc import Callable

    from signal_processing.values import Block, Signal

MIN_FS_HZ = 100.0
MAX_FS_HZ = 1000.0
MAX_LEADS = 12
MV_PER = {"mV": 1.0, "uV": 1e-3, "V": 1e3}
OTHER_SENSORS = ("PLETH", "PPG", "RESP", "ABP", "ART", "CVP", "PAP", "EEG", "EMG", "EOG")
"""Beginnings of names of channels that may be in mV and are no ECG."""
NOWHERE = -1
"""Before the first sample, and before the first beat."""
NOT_ASKED = np.empty((0, 0))
MAX_WAITING = 32
"""Beats that one call can say beyond those its own samples can hold."""


@dataclass
class BeatRun:
    """The state: where the run stands in its stream, and what the compiled loop keeps.

    Parameters
    ----------
    leads, to_mv : the columns of a block that are leads, and what turns them into millivolt.
    origin : index of the first sample; `NOWHERE` before it.
    n_seen : samples since.
    last_said : the newest beat, counted from `origin`.
    memory : as `beats.plan.new_memory` lays it out.
    """

    fs_hz: float
    leads: Ints
    to_mv: Floats
    origin: int
    n_seen: int
    last_said: int
    memory: Floats


@dataclass(frozen=True)
class BeatDetector:
    """Finds QRS complexes and labels them N, S or V."""

    name: str = "beats"
    version: str = "2.1"
    latency_s: float = LATENCY_S

    @property
    def state_type(self) -> type[BeatRun]:
        """As of a `Detector`."""
        return BeatRun

    @cached_property
    def annotator(self) -> Annotator:
        """Who says the beats."""
        return Annotator("machine", self.name, self.version)

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """As of a `Detector`."""
        return (self.annotator,)

    def accepts(self, signal: Signal) -> bool:
        """ECG: 100 Hz or more and at least one channel in volts that is no other sensor's."""
        return MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ and bool(ecg_leads(signal))

    def initial(self, signal: Signal) -> BeatRun:
        """As of a `Detector`."""
        leads = ecg_leads(signal)
        to_mv = np.array([MV_PER[signal.channels[i].unit] for i in leads])
        memory = new_memory(_plan(signal.fs_hz), len(leads))
        return BeatRun(signal.fs_hz, np.array(leads), to_mv, NOWHERE, 0, NOWHERE, memory)

    def step(self, state: BeatRun, block: Block) -> Step[BeatRun]:
        """As of a `Detector`."""
        if not len(block):
            return Step(state, [])
        if state.n_seen == 0:
            state.origin = block.start
        found = _found(state, block.samples)
        return Step(state, self._say(state, found) if len(found) else [])

    def finish(self, state: BeatRun) -> list[Annotation]:
        """As of a `Detector`."""
        return self._say(state, _found_at_end(state))

    def _say(self, state: BeatRun, found: Floats) -> list[Annotation]:
        said = []
        annotator, verdict = self.annotator, _compiled().verdict
        for at, best, probability in found[:, :N_SAID].tolist():
            state.last_said = min(max(round(at), state.last_said + 1, 0), state.n_seen - 1)
            sample = state.origin + state.last_said
            label, confidence = verdict(best, probability)
            said.append(Annotation(start=sample, end=sample, label=label, annotator=annotator, confidence=confidence))
        return said


def measured_beats(signal: Signal, block: Block) -> Floats:
    """Each beat's sample, with its fraction, and its features, (n, 1 + N_FEATURES): what labels are learned from.

    Of one block that is the whole recording, in physical units.
    """
    state = BeatDetector().initial(signal)
    found = _found(state, block.samples)
    found = np.concatenate([found, _found_at_end(state)])
    return np.delete(found, slice(1, N_SAID), axis=1)


def judged_peaks(signal: Signal, block: Block) -> Floats:
    """Every peak of activity that is decided, (n, 2 + N_CUES), in order: what the second look is learned from.

    The sample at the centre of its slopes, with its fraction; 1 where the thresholds took it for a QRS complex; and the
    numbers of `detectors.beats.accept.cues`. Of one block that is the whole recording, in physical units.
    """
    state = BeatDetector().initial(signal)
    plan = _plan(signal.fs_hz)
    n_most = len(block) // (plan.apart * plan.step) + MAX_WAITING
    judged = np.full((n_most, 2 + N_CUES), np.nan)
    state.n_seen += len(block)
    _run(state, block.samples, n_most, ends=False, judged=judged)
    return judged[: int(np.isfinite(judged[:, 0]).sum())]


def ecg_leads(signal: Signal) -> list[int]:
    """The channels that are ECG leads, at most `MAX_LEADS` of them."""
    leads = [i for i, channel in enumerate(signal.channels) if channel.unit in MV_PER and _is_ecg(channel.name)]
    return leads[:MAX_LEADS]


def _is_ecg(name: str) -> bool:
    return not name.upper().startswith(OTHER_SENSORS)


def _found(state: BeatRun, samples: Floats) -> Floats:
    plan = _plan(state.fs_hz)
    state.n_seen += len(samples)
    return _run(state, samples, len(samples) // (plan.apart * plan.step) + MAX_WAITING, ends=False)


def _found_at_end(state: BeatRun) -> Floats:
    return _run(state, np.empty((0, int(state.leads.max()) + 1)), MAX_WAITING, ends=True)


def _run(state: BeatRun, samples: Floats, n_most: int, *, ends: bool, judged: Floats = NOT_ASKED) -> Floats:
    found = np.empty((n_most, N_SAID + N_FEATURES))
    numbers, code = _packed_plan(state.fs_hz), _compiled()
    n = code.run_block(
        numbers,
        state.memory,
        as_compiled(samples),
        state.leads,
        state.to_mv,
        code.forest,
        found,
        ends,
        code.doubts,
        judged,
    )
    return found[:n]


class _Code(NamedTuple):
    run_block: Callable[..., int]
    forest: Floats
    doubts: Floats
    verdict: Callable[[float, float], tuple[str, float]]


@cache
def _compiled() -> _Code:
    """What takes seconds to import, and is not looked up again at each block."""
    from detectors.beats.accept import doubts
    from detectors.beats.loop import run_block
    from detectors.beats.model import forest, verdict

    return _Code(run_block, forest(), doubts(), verdict)


@cache
def _plan(fs_hz: float) -> Plan:
    return plan_for(fs_hz)


@cache
def _packed_plan(fs_hz: float) -> Floats:
    return packed(_plan(fs_hz))
