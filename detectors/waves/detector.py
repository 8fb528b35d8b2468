"""P, QRS and T of each beat, from onset to end: streaming, one lead or several together, 100 to 1000 Hz.

A network that was learned from marked recordings says of each moment what it is (`detectors.waves.network`); a wave is
where that says the same for long enough, its bounds are where they are expected by those probabilities
(`detectors.waves.decode`). It looks at windows that are cut from the stream in one way (`detectors.waves.windows`).

Several leads: the probabilities of the leads that have a signal are averaged before they are read, so that a wave
begins where the leads begin it on average, and one lead of many that shows it differently moves it little.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detectors.beats.detector import MAX_FS_HZ, MIN_FS_HZ, MV_PER, ecg_leads
from detectors.protocol import Step
from detectors.waves.windows import FS_HZ, HALF_TAPS, N_MARGIN, N_WINDOW, cut_for, window_of
from signal_processing.values import Annotation, Annotator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detectors.waves.decode import Wave
    from signal_processing.values import Block, Signal

SLACK_S = 0.1
"""A window may also say a wave whose peak lies so long before what it is asked for, if the one before did not, s."""
MIN_SIZE_MV = 0.02
"""A lead whose beats are not larger than this has none."""
MAX_MISSING = 0.5
"""Share of a window from which on a lead that lacks it is left out."""
NOWHERE = -1


@dataclass
class WavesRun:
    """The state: where the run stands, and the samples that windows still need.

    Parameters
    ----------
    leads, to_mv : the columns of a block that are leads, and what turns them into millivolt.
    origin : index of the first sample; `NOWHERE` before it.
    n_seen : samples since.
    n_windows : windows that were looked at.
    said_until : end of the newest wave, counted from `origin`.
    kept : (n, n_leads) newest samples, mV.
    """

    fs_hz: float
    leads: NDArray[np.int64]
    to_mv: NDArray[np.float64]
    origin: int
    n_seen: int
    n_windows: int
    said_until: int
    kept: NDArray[np.float64]


@dataclass(frozen=True)
class WaveDetector:
    """The detector "waves": spans PWAVE, QRS and TWAVE, each with the time of its peak after its onset."""

    name: str = "waves"
    version: str = "1"

    @property
    def latency_s(self) -> float:
        """What a window reaches beyond the first moment it is asked for, the taps around it, the slack, rounding, s."""
        return (N_WINDOW - N_MARGIN) / FS_HZ + HALF_TAPS / MIN_FS_HZ + SLACK_S + 2 / MIN_FS_HZ

    @property
    def state_type(self) -> type[WavesRun]:
        """As of a `Detector`."""
        return WavesRun

    @cached_property
    def annotator(self) -> Annotator:
        """Who says the waves."""
        return Annotator("machine", self.name, self.version)

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """As of a `Detector`."""
        return (self.annotator,)

    def accepts(self, signal: Signal) -> bool:
        """As the detector of beats: 100 Hz or more and at least one ECG lead."""
        return MIN_FS_HZ <= signal.fs_hz <= MAX_FS_HZ and bool(ecg_leads(signal))

    def initial(self, signal: Signal) -> WavesRun:
        """As of a `Detector`."""
        leads = ecg_leads(signal)
        to_mv = np.array([MV_PER[signal.channels[i].unit] for i in leads])
        return WavesRun(signal.fs_hz, np.array(leads), to_mv, NOWHERE, 0, 0, 0, np.empty((0, len(leads))))

    def step(self, state: WavesRun, block: Block) -> Step[WavesRun]:
        """As of a `Detector`."""
        if not len(block):
            return Step(state, [])
        if state.n_seen == 0:
            state.origin = block.start
        state.kept = np.concatenate([state.kept, block.samples[:, state.leads] * state.to_mv])
        state.n_seen += len(block)
        cut = cut_for(state.fs_hz)
        said: list[Annotation] = []
        while state.n_windows * cut.hop + cut.after <= state.n_seen:
            said.extend(self._look(state))
        too_early = state.n_windows * cut.hop - cut.before - (state.n_seen - len(state.kept))
        if too_early > 0:
            state.kept = state.kept[too_early:]
        return Step(state, said)

    def finish(self, state: WavesRun) -> list[Annotation]:
        """As of a `Detector`."""
        said: list[Annotation] = []
        while state.n_windows * cut_for(state.fs_hz).hop < state.n_seen:
            said.extend(self._look(state))
        return said

    def _look(self, state: WavesRun) -> Iterator[Annotation]:
        """What the next window says."""
        cut = cut_for(state.fs_hz)
        first = state.n_windows * cut.hop
        state.n_windows += 1
        ratio = state.fs_hz / FS_HZ
        window_start = first - round(N_MARGIN * ratio)
        for wave in _waves(state, first):
            onset, peak, end = (round(window_start + ratio * place) for place in (wave.onset, wave.peak, wave.offset))
            is_asked = first - SLACK_S * state.fs_hz <= peak < first + cut.hop
            if not is_asked or peak <= state.said_until + 1 or max(end, peak + 1) >= state.n_seen:
                continue
            onset = min(max(onset, state.said_until + 1), peak - 1)
            state.said_until = max(end, peak + 1)
            yield Annotation(
                start=state.origin + onset,
                end=state.origin + state.said_until,
                label=_classes()[wave.kind],
                annotator=self.annotator,
                confidence=round(min(wave.confidence, 1.0), 3),
                figures={"peak_s": (peak - onset) / state.fs_hz},
            )


def _classes() -> tuple[str, ...]:
    from detectors.waves.network import CLASSES

    return CLASSES


def _waves(state: WavesRun, first: int) -> list[Wave]:
    """All waves of the window that is asked for what is from sample `first` on."""
    from detectors.waves.decode import waves_of
    from detectors.waves.network import learned, probabilities

    cut = cut_for(state.fs_hz)
    raw = np.full((cut.before + cut.after, len(state.leads)), np.nan)
    kept_from = state.n_seen - len(state.kept)
    low, high = max(first - cut.before, kept_from), min(first + cut.after, state.n_seen)
    raw[low - first + cut.before : high - first + cut.before] = state.kept[low - kept_from : high - kept_from]
    windows = [window_of(cut, lead) for lead in raw.T]
    usable = [one for one in windows if one.size_mv >= MIN_SIZE_MV and one.missing.mean() <= MAX_MISSING]
    if not usable:
        return []
    chances = np.zeros((N_WINDOW, len(_classes())), np.float32)
    n_there = np.zeros((N_WINDOW, 1), np.float32)
    for window in usable:
        own = probabilities(learned(), window.samples)
        own[window.missing] = 0
        chances += own
        n_there[:, 0] += ~window.missing
    chances /= np.maximum(n_there, 1)
    return waves_of(chances, np.column_stack([one.samples for one in usable]), n_there[:, 0] == 0)
