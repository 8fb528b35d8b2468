"""Waves of a beat as WFDB marks, and back: `(` at the onset, `p`, `N` or `t` at the peak, `)` at the end.

`num` says which wave a `(` or `)` is of, as in the QT database: 0 of P, 1 of QRS, 2 of T. `chan` is the lead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from formats.mit_annotations import Mark
from signal_processing.vocabulary import LABELS, LabelKind, label

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from signal_processing.values import Annotation, Signal

WAVES = ("PWAVE", "QRS", "TWAVE")
"""In the order of `num`."""
PEAK_FIGURE = "peak_s"
"""The figure of a wave that says how long after its onset it peaks, s."""
SYMBOLS = "()pt"
"""What stands for parts of waves only."""

_OF_PEAK = {"p": "PWAVE", "t": "TWAVE"} | {entry.code: "QRS" for entry in LABELS if entry.kind is LabelKind.BEAT}


_WAVE_NAMES = ("P", "QRS", "T", "U")
"""In the order of `num`, as landmarks are named."""


class WaveMarks(NamedTuple):
    """A wave as a file has it: three samples and the number of the lead."""

    code: str
    onset: int
    peak: int
    end: int
    chan: int


def marks_of_wave(signal: Signal, wave: Annotation, *, chan: int, beats: Collection[tuple[int, int]]) -> list[Mark]:
    """The marks of a wave in order; a QRS that peaks at a beat, one of the (sample, lead) of `beats`, has that mark.

    A wave without the figure `PEAK_FIGURE` peaks in its middle.
    """
    length = wave.end - wave.start
    after = wave.figures.get(PEAK_FIGURE)
    peak = length // 2 if after is None else round(after * signal.fs_hz)
    peak = max(min(peak, length - 1), min(length, 1))  # between the bounds, so that the marks keep their order
    num = WAVES.index(wave.label)
    marks = [Mark(wave.start, "(", chan=chan, num=num)]
    if wave.label != "QRS" or (wave.start + peak, chan) not in beats:
        marks.append(Mark(wave.start + peak, label(wave.label).wfdb, wave.note, chan=chan))
    return [*marks, Mark(wave.end, ")", chan=chan, num=num)]


def waves_in(marks: Sequence[Mark]) -> list[WaveMarks]:
    """The waves that have all three marks, one after the other in their lead; others are left out."""
    by_lead: dict[int, list[Mark]] = {}
    for mark in marks:
        if mark.symbol in SYMBOLS or mark.symbol in _OF_PEAK:
            by_lead.setdefault(mark.chan, []).append(mark)
    return [wave for own in by_lead.values() for wave in _complete(own)]


def landmarks_in(marks: Iterable[Mark]) -> list[tuple[int, str]]:
    """Each mark of a part of a wave by itself: its sample and "P onset", "QRS peak", "T end" and so on.

    For waves that were not marked whole: the experts of the QT database mark no onset of T.
    """
    found = []
    for mark in marks:
        if mark.symbol in "()":
            if 0 <= mark.num < len(_WAVE_NAMES):
                found.append((mark.sample, f"{_WAVE_NAMES[mark.num]} {'onset' if mark.symbol == '(' else 'end'}"))
        elif mark.symbol in _OF_PEAK:
            found.append((mark.sample, f"{_WAVE_NAMES[WAVES.index(_OF_PEAK[mark.symbol])]} peak"))
    return found


def _complete(marks: Sequence[Mark]) -> Iterator[WaveMarks]:
    for onset, peak, end in _triples(marks):
        if onset.symbol == "(" and peak.symbol in _OF_PEAK and end.symbol == ")":
            yield WaveMarks(_OF_PEAK[peak.symbol], onset.sample, peak.sample, end.sample, peak.chan)


def _triples(marks: Sequence[Mark]) -> Iterable[tuple[Mark, Mark, Mark]]:
    return zip(marks, marks[1:], marks[2:], strict=False)
