"""Beats of an ECG, each N, S or V: streaming, any number of leads, 100 to 1000 Hz.

Detection after Pan and Tompkins (1985) and Hamilton (2002), see `detectors.beats_front` and `detectors.beats_decide`;
labels from intervals and from shape against the patient's own, see `detectors.beats_features`. The sample loop is
compiled; this module is the rim that speaks the protocol and is light to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from detectors.beats_plan import LATENCY_S, N_FEATURES, Arrays, BeatState, Plan, new_state, plan_for
from detectors.beats_slots import SAMPLES
from detectors.protocol import Step
from signal_processing.values import Annotation, Annotator

if TYPE_CHECKING:
    from detectors.beats_plan import Floats
    from signal_processing.values import Block, Signal

MIN_FS_HZ = 100.0
MAX_FS_HZ = 1000.0
MAX_LEADS = 12
MV_PER = {"mV": 1.0, "uV": 1e-3, "V": 1e3}
OTHER_SENSORS = ("PLETH", "PPG", "RESP", "ABP", "ART", "CVP", "PAP", "EEG", "EMG", "EOG")
"""Beginnings of names of channels that may be in mV and are no ECG."""
NOWHERE = -1
"""Before the first sample, and before the first beat."""
MAX_WAITING = 32
"""Beats that one call can say beyond those its own samples can hold."""


@dataclass
class BeatRun:
    """The state: what the compiled loop keeps, and where the run stands in its stream."""

    fs_hz: float
    leads: list[int]
    to_mv: list[float]
    origin: int
    last_said: int
    loop: BeatState


@dataclass(frozen=True)
class BeatDetector:
    """Finds QRS complexes and labels them N, S or V."""

    name: str = "beats"
    version: str = "1.0"
    latency_s: float = LATENCY_S

    @property
    def state_type(self) -> type[BeatRun]:
        """As of a `Detector`."""
        return BeatRun

    @property
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
        to_mv = [MV_PER[signal.channels[i].unit] for i in leads]
        return BeatRun(signal.fs_hz, leads, to_mv, NOWHERE, NOWHERE, new_state(_plan(signal.fs_hz), len(leads)))

    def step(self, state: BeatRun, block: Block) -> Step[BeatRun]:
        """As of a `Detector`."""
        if not len(block):
            return Step(state, [])
        if state.loop.counts[SAMPLES] == 0:
            state.origin = block.start
        return Step(state, self._say(state, _found(state, block)))

    def finish(self, state: BeatRun) -> list[Annotation]:
        """As of a `Detector`."""
        return self._say(state, _found_at_end(state))

    def _say(self, state: BeatRun, found: Floats) -> list[Annotation]:
        if not len(found):
            return []
        from detectors.beats_model import judge

        said = []
        for row in found:
            sample = state.origin + min(max(round(row[0]), state.last_said + 1, 0), int(state.loop.counts[SAMPLES]) - 1)
            state.last_said = sample - state.origin
            verdict = judge(row[1:])
            said.append(self._annotation(sample, verdict.label, verdict.confidence))
        return said

    def _annotation(self, sample: int, label: str, confidence: float) -> Annotation:
        return Annotation(start=sample, end=sample, label=label, annotator=self.annotator, confidence=confidence)


def measured_beats(signal: Signal, block: Block) -> Floats:
    """Each beat's sample, with its fraction, and its features, (n, 1 + N_FEATURES): what labels are learned from.

    Of one block that is the whole recording, in physical units.
    """
    state = BeatDetector().initial(signal)
    found = _found(state, block)
    return np.concatenate([found, _found_at_end(state)])


def ecg_leads(signal: Signal) -> list[int]:
    """The channels that are ECG leads, at most `MAX_LEADS` of them."""
    leads = [i for i, channel in enumerate(signal.channels) if channel.unit in MV_PER and _is_ecg(channel.name)]
    return leads[:MAX_LEADS]


def _is_ecg(name: str) -> bool:
    return not name.upper().startswith(OTHER_SENSORS)


def _found(state: BeatRun, block: Block) -> Floats:
    plan = _plan(state.fs_hz)
    samples = np.ascontiguousarray((block.samples[:, state.leads] * state.to_mv).T)
    n_most = len(block) // (plan.apart * plan.step) + MAX_WAITING
    return _run(state, samples, n_most, ends=False)


def _found_at_end(state: BeatRun) -> Floats:
    return _run(state, np.empty((len(state.leads), 0)), MAX_WAITING, ends=True)


def _run(state: BeatRun, samples: Floats, n_most: int, *, ends: bool) -> Floats:
    from detectors.beats_loop import run_block

    found = np.empty((n_most, 1 + N_FEATURES))
    n = run_block(_plan(state.fs_hz), _arrays(state.loop), samples, found, ends)
    return found[:n]


@cache
def _plan(fs_hz: float) -> Plan:
    return plan_for(fs_hz)


def _arrays(state: BeatState) -> Arrays:
    return Arrays(*(getattr(state, name) for name in Arrays._fields))
