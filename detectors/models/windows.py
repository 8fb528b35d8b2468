"""A detector around any model that reads a window of samples and gives a probability for each class.

Windows lie one after the other from the first sample of a run on, whatever blocks the signal comes in, so that the
laws of detectors hold whatever the model is, as long as it gives the same answer to the same window. Windows of one
label that follow each other are one span; a window with a missing sample is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.protocol import Step
from detectors.spans import NOWHERE, REPEAT_S, OpenSpan, n_samples
from signal_processing.errors import InvalidValueError
from signal_processing.values import Annotation, Annotator, Block, Signal
from signal_processing.vocabulary import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_RATIO = 1000
"""Of sampling rates: the model's is reached as a fraction with no greater denominator."""

_PLAUSIBLE = 1e9
"""No sample of any sensor in its unit is beyond; float32 still holds its square."""


class WindowModel(Protocol):
    """Windows in, probabilities out; no state."""

    def __call__(self, window: NDArray[np.float32]) -> Sequence[float]:
        """A probability for each class, of a window (n_channels, n_samples) in physical units."""


@dataclass
class WindowState:
    """The window that is being filled, and the span that the last windows make.

    Parameters
    ----------
    columns : of a block, that the model reads.
    samples : (n_samples, n_channels) of the window in progress.
    n_taken : of them, so many are there.
    position : sample at which that window starts; `NOWHERE` before the first.
    label : of the open span.
    n_windows, total : windows of the open span, and the sum of their probabilities.
    """

    fs_hz: float
    columns: list[int]
    samples: NDArray[np.float64]
    n_taken: int = 0
    position: int = NOWHERE
    label: str = ""
    span: OpenSpan = field(default_factory=OpenSpan)
    n_windows: int = 0
    total: float = 0.0


@dataclass(frozen=True)
class WindowDetector:
    """A model as a detector.

    Parameters
    ----------
    name, version : of the annotator.
    model : what judges a window.
    labels : of the vocabulary, one for each class of the model; None for a class that is nothing to say.
    window_s : length of a window, s.
    fs_hz : sampling rate that the model was made for; signals of others are resampled, window by window.
    channels : names that the model reads, in its order, as the devices name them.
    least : a window is of a class from this probability on.
    """

    name: str
    version: str
    model: WindowModel
    labels: tuple[str | None, ...]
    window_s: float
    fs_hz: float
    channels: tuple[str, ...]
    least: float = 0.5

    def __post_init__(self) -> None:
        unknown = [label for label in self.labels if label is not None and not is_known(label)]
        if unknown:
            msg = f"labels of detector {self.name!r} must be of the vocabulary, got {', '.join(unknown)}"
            raise InvalidValueError(msg)

    @property
    def latency_s(self) -> float:
        """A window from when it began, and a sample, s."""
        return self.window_s + 0.1

    @property
    def state_type(self) -> type[WindowState]:
        """The state."""
        return WindowState

    @property
    def annotators(self) -> tuple[Annotator, ...]:
        """Itself."""
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal: Signal) -> bool:
        """A group that has all the channels and in which a window is not empty."""
        names = {channel.name for channel in signal.channels}
        return names.issuperset(self.channels) and n_samples(self.window_s, signal.fs_hz) > 0

    def initial(self, signal: Signal) -> WindowState:
        """An empty window."""
        names = [channel.name for channel in signal.channels]
        n = n_samples(self.window_s, signal.fs_hz)
        samples = np.full((n, len(self.channels)), np.nan)
        return WindowState(signal.fs_hz, [names.index(name) for name in self.channels], samples)

    def step(self, state: WindowState, block: Block) -> Step[WindowState]:
        """Fill windows, and judge each that is full."""
        if state.position == NOWHERE:
            state.position = block.start
        said: list[Annotation] = []
        taken = 0
        while taken < len(block):
            n = min(len(state.samples) - state.n_taken, len(block) - taken)
            state.samples[state.n_taken : state.n_taken + n] = block.samples[taken : taken + n, state.columns]
            state.n_taken += n
            taken += n
            if state.n_taken == len(state.samples):
                said.extend(self._judge(state))
                state.position += state.n_taken
                state.n_taken = 0
        return Step(state, said)

    def finish(self, state: WindowState) -> list[Annotation]:
        """Close the span; what was left of a window is not judged."""
        return list(self._close(state))

    def _judge(self, state: WindowState) -> Iterator[Annotation]:
        label, probability = self._answer(state)
        end = state.position + state.n_taken
        if state.span.is_open and label != state.label:
            yield from self._close(state)
        if label is None:
            return
        if not state.span.is_open:
            state.label = label
            state.span.open(state.position, end)
        state.span.grow(end)
        state.n_windows += 1
        state.total += probability
        if state.span.is_due(n_samples(REPEAT_S, state.fs_hz)):
            yield self._annotation(state, ongoing=True)

    def _answer(self, state: WindowState) -> tuple[str | None, float]:
        """The label of the window and its probability; no label where there is nothing to say."""
        if not (np.abs(state.samples) < _PLAUSIBLE).all():  # NaN is not
            return None, 0.0
        n = n_samples(self.window_s, self.fs_hz)
        window = np.ascontiguousarray(_resampled(state.samples, self.fs_hz / state.fs_hz, n).T, dtype=np.float32)
        probabilities = [float(one) for one in self.model(window)]
        if len(probabilities) != len(self.labels):
            msg = f"detector {self.name!r} has {len(self.labels)} labels, its model says {len(probabilities)} classes"
            raise InvalidValueError(msg)
        best = int(np.argmax(probabilities))
        is_sure = probabilities[best] >= self.least  # NaN is not
        return (self.labels[best], probabilities[best]) if is_sure else (None, 0.0)

    def _close(self, state: WindowState) -> Iterator[Annotation]:
        if state.span.is_open:
            yield self._annotation(state, ongoing=False)
        state.span.close()
        state.label, state.n_windows, state.total = "", 0, 0.0

    def _annotation(self, state: WindowState, *, ongoing: bool) -> Annotation:
        mean = state.total / state.n_windows
        return Annotation(
            start=state.span.start,
            end=state.span.end,
            label=state.label,
            channel=self.channels[0] if len(self.channels) == 1 else None,
            annotator=self.annotators[0],
            confidence=min(max(mean, 0.0), 1.0),
            figures={"mean_probability": mean, "windows": float(state.n_windows)},
            ongoing=ongoing,
        )


def _resampled(samples: NDArray[np.float64], ratio: float, n: int) -> NDArray[np.float64]:
    """The window at the model's rate, `n` samples of each channel."""
    if ratio == 1.0:
        return samples
    from scipy.signal import resample_poly

    exact = Fraction(ratio).limit_denominator(_MAX_RATIO)
    other = resample_poly(samples, exact.numerator, exact.denominator, axis=0, padtype="line")
    return np.pad(other[:n], ((0, max(n - len(other), 0)), (0, 0)), mode="edge")
