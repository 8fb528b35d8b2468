"""The records on which a detector did worst, each with the ten seconds in which most went wrong, as a strip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from benchmarks.detector_report import strips
from benchmarks.detector_report.parts import IMAGES, Wrong
from detectors.evaluation.marks import LEARNING_S, MATCH_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from benchmarks.detector_report.recordings import Recording
    from detectors.evaluation.marks import Mark

N_WORST = 10
Kind = Literal["QRS", "VEB", "SVEB"]
_OF_KIND = {"QRS": "NLRBejnaJASVErF/fQ?", "VEB": "VEr", "SVEB": "aJASejn"}
_NO_ERROR = {"VEB": "F/fQ?", "SVEB": "F/fQ?"}
"""Beats that may be called that without an error, by EC57."""


class Errors(NamedTuple):
    """Samples of beats that were missed and of such that there are not, of one kind."""

    missed: np.ndarray
    extra: np.ndarray
    n_beats: int

    @property
    def all(self) -> np.ndarray:
        """In order."""
        return np.sort(np.concatenate([self.missed, self.extra]))


def errors(reference: Sequence[Mark], test: Sequence[Mark], kind: Kind, fs_hz: float) -> Errors:
    """Where the two differ; each beat is paired with the nearest within 150 ms, near enough to what `bxb` does."""
    of_kind, beats = _OF_KIND[kind], _OF_KIND["QRS"]
    is_counted = _outside_fibrillation(reference)
    theirs = [mark for mark in reference if mark.symbol in beats]
    ours = [mark for mark in test if mark.symbol in beats and is_counted(mark.sample)]
    window, start = MATCH_WINDOW_S * fs_hz, LEARNING_S * fs_hz
    partner_of_theirs, partner_of_ours = _partners(theirs, ours, window), _partners(ours, theirs, window)
    wanted = [(mark, partner) for mark, partner in zip(theirs, partner_of_theirs, strict=True) if mark.sample >= start]
    wanted = [(mark, partner) for mark, partner in wanted if mark.symbol in of_kind]
    given = [(mark, partner) for mark, partner in zip(ours, partner_of_ours, strict=True) if mark.sample >= start]
    given = [(mark, partner) for mark, partner in given if mark.symbol in of_kind]
    missed = [mark.sample for mark, partner in wanted if partner is None or partner.symbol not in of_kind]
    allowed = of_kind + _NO_ERROR.get(kind, "")
    extra = [mark.sample for mark, partner in given if partner is None or partner.symbol not in allowed]
    return Errors(np.array(missed, int), np.array(extra, int), len(wanted))


def _outside_fibrillation(reference: Sequence[Mark]) -> Callable[[int], bool]:
    """Whether a sample is outside of `[` to `]`, where no beats are counted."""
    edges = [mark.sample for mark in reference if mark.symbol in "[]"]
    return lambda sample: bool(np.searchsorted(edges, sample, side="right") % 2 == 0)


def _partners(marks: Sequence[Mark], others: Sequence[Mark], window: float) -> list[Mark | None]:
    at = np.array([mark.sample for mark in others])
    if not len(at):
        return [None] * len(marks)
    found: list[Mark | None] = []
    for mark in marks:
        i = int(np.argmin(np.abs(at - mark.sample)))
        found.append(others[i] if abs(int(at[i]) - mark.sample) <= window else None)
    return found


def worst(kind: Kind, recordings: Iterable[Recording], marks: Mapping[str, Sequence[Mark]]) -> list[Wrong]:
    """Draw the strips, and say which records; records without an error are none."""
    found = [(one, errors(one.reference, marks[one.key], kind, one.signal.fs_hz)) for one in recordings]
    found = sorted(found, key=lambda pair: (-len(pair[1].all), pair[0].key))[:N_WORST]
    for old in IMAGES.glob(f"{kind}-*.png"):
        old.unlink()
    return [_drawn(kind, one, wrong, marks[one.key]) for one, wrong in found if len(wrong.all)]


def _drawn(kind: Kind, recording: Recording, wrong: Errors, test: Sequence[Mark]) -> Wrong:
    fs_hz = recording.signal.fs_hz
    width = round(strips.STRIP_S * fs_hz)
    every = wrong.all
    n_within = np.searchsorted(every, every + width) - np.arange(len(every))
    first, last = every[int(np.argmax(n_within))], every[int(np.argmax(n_within)) + int(n_within.max()) - 1]
    start = int(np.clip((first + last - width) // 2, 0, max(recording.n_samples - width, 0)))
    at_s = round(start / fs_hz)
    key = f"{kind}-{recording.database}-{recording.name}-{at_s}"
    strips.draw(
        f"{key}.png",
        recording.signal,
        recording.samples,
        start,
        [mark for mark in recording.reference if mark.symbol in _OF_KIND["QRS"] + "+~[]!|x"],
        [mark for mark in test if mark.symbol in _OF_KIND["QRS"]],
        every.tolist(),
        title=f"{recording.key} from {at_s // 60}:{at_s % 60:02d}, {kind} wrong where shaded",
    )
    figures = f"{len(wrong.missed)} missed of {wrong.n_beats}, {len(wrong.extra)} false"
    return Wrong(key, recording.key, figures, f"from {at_s // 60}:{at_s % 60:02d}")
