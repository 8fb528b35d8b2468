"""A source of scripted beats, so that followers are tested on rhythms drawn by hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from detectors.chain import Chain
from detectors.protocol import Step
from detectors.runner import annotate
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal

SCRIBE = Annotator("machine", "scripted-beats", "1")


@dataclass
class ScriptState:
    n_said: int = 0


@dataclass(frozen=True)
class ScriptedBeats:
    """Says beats (sample, label) `latency_s` after they were, whatever the samples."""

    beats: tuple[tuple[int, str], ...]
    fs_hz: float
    name: str = "scripted-beats"
    version: str = "1"
    latency_s: float = 1.0
    state_type = ScriptState
    annotators = (SCRIBE,)

    def accepts(self, signal):  # noqa: ARG002 - as the protocol has it
        return True

    def initial(self, signal):  # noqa: ARG002 - as the protocol has it
        return ScriptState()

    def step(self, state, block):
        heard = block.end - self.latency_s * self.fs_hz
        said = [beat for beat in self.beats[state.n_said :] if beat[0] <= heard]
        state.n_said += len(said)
        return Step(state, [_beat(*beat) for beat in said])

    def finish(self, state):
        return [_beat(*beat) for beat in self.beats[state.n_said :]]


def _beat(sample, label):
    return Annotation(start=sample, end=sample, label=label, annotator=SCRIBE, confidence=1.0)


class Script:
    """Beats by their times in seconds, and what followers say of them."""

    fs_hz = 250.0
    signal = Signal("drawn", "ecg", 250.0, 0, (Channel("II", "mV"),))

    def chain(self, followers, beats):
        source = ScriptedBeats(tuple((round(t_s * self.fs_hz), label) for t_s, label in beats), self.fs_hz)
        return Chain("drawn", "1", source, tuple(followers))

    def block(self, duration_s):
        return Block(0, np.zeros((round(duration_s * self.fs_hz), 1)))

    def run(self, follower, beats, *, duration_s=None):
        """Everything the follower says, in order, of beats (time in s, label)."""
        duration_s = beats[-1][0] + 1 if duration_s is None else duration_s
        said = annotate(self.chain([follower], beats), self.signal, [self.block(duration_s)])
        return [annotation for annotation in said if annotation.annotator != SCRIBE]

    def spans(self, said):
        """(label, start in s, end in s) of each."""
        return [(a.label, a.start / self.fs_hz, a.end / self.fs_hz) for a in said]


@pytest.fixture(scope="session")
def script():
    return Script()
