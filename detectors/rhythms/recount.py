"""The figures of a span from the beats as they stand: what its detector would tell of them, within the span's bounds.

People move, add, delete and relabel beats; a proposal keeps what its detector saw. Here are the same figures by
the same definitions (the detectors' own functions), so that both can be shown beside each other. On beats that nobody
touched they are equal; a law holds that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.rhythms.afib import ECTOPIC_CLASSES, AfibConfig, episode_figures
from detectors.rhythms.afib_judged import CONTEXT_AFTER_S, CONTEXT_BEFORE_S, judged
from detectors.rhythms.ectopy import BREAK_S, SUPRAVENTRICULAR, VENTRICULAR, Names, series_figures
from detectors.rhythms.rates import RatesConfig, gap_figures, limits_samples, sustained_figures
from detectors.spans import n_samples
from signal_processing.vocabulary import LABELS, LabelKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Samples = NDArray[np.int64]

NEIGHBOURS_S = 15.0
"""Beats beside a span that bound what is within it, s: of a gap whose own beats were moved."""

_BEATS = [entry for entry in LABELS if entry.kind is LabelKind.BEAT]
_ALL = np.array([entry.number for entry in _BEATS])
_OF_CLASS = {aami: np.array([entry.number for entry in _BEATS if entry.aami == aami]) for aami in "VS"}
_ECTOPIC = np.array([entry.number for entry in _BEATS if entry.aami in ECTOPIC_CLASSES])
_NO_BEATS_TOLD = frozenset({"VFL", "VFIB", "BII"})
"""Rhythms whose beats cannot be told apart, or that are told by beats that are not there."""


class Span(NamedTuple):
    """A label on half-open [start, end) samples."""

    label: str
    start: int
    end: int


class Recount(NamedTuple):
    """Figures, named as the detectors name theirs; None where the beats do not tell it (any more).

    Parameters
    ----------
    confidence : as the detector's, None where that rests on more than the times and labels of beats.
    """

    figures: Mapping[str, float | None]
    confidence: float | None = None


class _Beats(NamedTuple):
    """Beats in order, and around the span as many as `context_s` asks for."""

    samples: Samples
    numbers: NDArray[np.int16]
    fs_hz: float

    def within(self, low: int, high: int) -> _Beats:
        """Those of [low, high)."""
        cut = slice(*np.searchsorted(self.samples, (low, high)))
        return self._replace(samples=self.samples[cut], numbers=self.numbers[cut])


def context_s(label: str) -> tuple[float, float] | None:
    """Seconds before and after a span of that label whose beats `recounted` wants; None where no figure is of beats."""
    if label not in _RECOUNTS:
        return None
    return (CONTEXT_BEFORE_S, CONTEXT_AFTER_S) if label == "AFIB" else (NEIGHBOURS_S, NEIGHBOURS_S)


def recounted(span: Span, samples: Samples, numbers: NDArray[np.int16], fs_hz: float) -> Recount | None:
    """The figures of a span by the beats as they stand; None where its label says nothing of beats.

    Parameters
    ----------
    samples, numbers : (n_beats,) ascending samples and label numbers, of the span and `context_s` around it; what is no
        beat (a pulse) does not count.
    """
    if span.label not in _RECOUNTS:
        return None
    is_beat = np.isin(numbers, _ALL)
    samples, numbers = samples[is_beat], numbers[is_beat]
    is_first = np.r_[True, np.diff(samples) > 0][: len(samples)]  # two detectors may say the same beat
    return _RECOUNTS[span.label](span, _Beats(samples[is_first], numbers[is_first], fs_hz))


def _sustained(span: Span, beats: _Beats) -> Recount:
    """Mean rate from the first beat to the last: a span of a rate reaches to its last beat, which counts."""
    samples = beats.within(span.start, span.end + 1).samples
    duration_s = (span.end - span.start) / beats.fs_hz
    if len(samples) < 2 or samples[0] == samples[-1]:  # noqa: PLR2004 - two beats have an interval
        return Recount({"rate_bpm": None, "n_beats": len(samples), "duration_s": duration_s})
    figures = sustained_figures(len(samples), int(samples[-1] - samples[0]) / beats.fs_hz)
    return Recount(figures | {"duration_s": duration_s}, _share_beyond(span.label, np.diff(samples), beats.fs_hz))


def _share_beyond(label: str, intervals: Samples, fs_hz: float) -> float | None:
    """How many of the intervals are slow, or fast."""
    slow, fast = limits_samples(RatesConfig(), fs_hz)
    if label == "BRADY":
        return float(np.mean(intervals > slow))
    return float(np.mean(intervals < fast)) if label == "TACHY" else None


def _gap(span: Span, beats: _Beats) -> Recount:
    """The longest time without a beat that reaches into the span; where no beat is beside it, from its bound."""
    first = np.searchsorted(beats.samples, span.start, side="right") - 1
    last = np.searchsorted(beats.samples, span.end)
    bounds = beats.samples[max(first, 0) : last + 1]
    if first < 0:
        bounds = np.r_[span.start, bounds]
    if last >= len(beats.samples):
        bounds = np.r_[bounds, span.end]
    return Recount(gap_figures(int(np.diff(bounds).max(initial=0)) / beats.fs_hz))


def _series(span: Span, beats: _Beats) -> Recount:
    """The longest series within the span that its label could be said of."""
    inside = beats.within(span.start, span.end)
    names = _SERIES[span.label]
    break_samples = n_samples(BREAK_S, beats.fs_hz)
    is_ectopic = np.isin(inside.numbers, _OF_CLASS[names.aami])
    first, last, n_beats = _longest(inside.samples, is_ectopic, names.n_between(span.label), break_samples)
    figures: dict[str, float | None] = dict(series_figures(span.label, n_beats, first, last, beats.fs_hz))
    if "rate_bpm" in figures and n_beats < 2:  # noqa: PLR2004 - two beats have a rate
        figures["rate_bpm"] = None
    return Recount(figures)


def _longest(samples: Samples, is_ectopic: Bools, n_between: int, break_samples: int) -> tuple[int, int, int]:
    """First and last sample and number of the most ectopic beats with so many others between each two."""
    places = np.flatnonzero(is_ectopic)
    if not len(places):
        return 0, 0, 0
    stretches = np.cumsum(np.r_[False, np.diff(samples) >= break_samples])[places]
    is_linked = (np.diff(places) == n_between + 1) & (np.diff(stretches) == 0)
    begins = np.flatnonzero(np.r_[True, ~is_linked])
    ends = np.r_[begins[1:], len(places)]
    i = int(np.argmax(ends - begins))
    first, last = samples[places[begins[i]]], samples[places[ends[i] - 1]]
    return int(first), int(last), int(ends[i] - begins[i])


def _fibrillation(span: Span, beats: _Beats) -> Recount:
    """Of the judged intervals that lie within the span."""
    found = judged(beats.samples, np.isin(beats.numbers, _ECTOPIC), beats.fs_hz, AfibConfig())
    low = int(np.searchsorted(found.starts, span.start))
    high = int(np.searchsorted(found.ends, span.end, side="right"))
    duration_s = (span.end - span.start) / beats.fs_hz
    if high <= low:
        return Recount({"rate_bpm": None, "n_intervals": 0, "duration_s": duration_s})
    figures = episode_figures(high - low, float(found.intervals_s[low:high].sum()), duration_s)
    return Recount(figures, float(found.probabilities[low:high].mean()))


_SERIES: dict[str, Names] = {
    label: names
    for names in (VENTRICULAR, SUPRAVENTRICULAR)
    for label in (names.fast, names.slow, names.couplet, *names.patterns)
    if label and label != SUPRAVENTRICULAR.fast  # which people say of beats that bear no mark of it, too
}
_RECOUNTS: dict[str, Callable[[Span, _Beats], Recount]] = {
    **{
        entry.code: _sustained
        for entry in LABELS
        if entry.kind is LabelKind.RHYTHM and entry.code not in _NO_BEATS_TOLD
    },
    **dict.fromkeys(_SERIES, _series),
    **dict.fromkeys(("PAUSE", "ASYSTOLE"), _gap),
    "AFIB": _fibrillation,
}
