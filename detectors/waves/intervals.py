"""What is measured between waves: PR, QRS, QT, and QT corrected for the rate.

Bazett, Heart 7:353, 1920 (QT over the square root of RR); Fridericia, Acta Med Scand 53:469, 1920 (over its cube root).
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from signal_processing.values import Annotation

MAX_PR_S = 0.5
"""A P wave that begins earlier before a QRS is not the one that is conducted to it, s."""
MAX_QT_S = 0.8
"""A T wave that ends later after the onset of a QRS is not its own, s."""
PEAK_FIGURE = "peak_s"


class BeatIntervals(NamedTuple):
    """Of one beat; None where a wave that it takes is not there.

    Parameters
    ----------
    sample : peak of the QRS; None of medians.
    rr_s : from the peak of the QRS before, s.
    pr_s : from the onset of P to that of QRS, s.
    qrs_s : duration of QRS, s.
    qt_s : from the onset of QRS to the end of T, s.
    qtc_bazett_s, qtc_fridericia_s : that for an RR of 1 s, by the RR before the beat, s.
    """

    sample: int | None
    rr_s: float | None
    pr_s: float | None
    qrs_s: float | None
    qt_s: float | None
    qtc_bazett_s: float | None
    qtc_fridericia_s: float | None


def bazett(qt_s: float, rr_s: float) -> float:
    """QT for an RR of 1 s, by the square root."""
    return float(qt_s / rr_s**0.5)


def fridericia(qt_s: float, rr_s: float) -> float:
    """QT for an RR of 1 s, by the cube root."""
    return float(qt_s / rr_s ** (1 / 3))


def intervals_of(waves: Iterable[Annotation], fs_hz: float) -> list[BeatIntervals]:
    """The intervals of each beat, by the spans PWAVE, QRS and TWAVE of one lead, or of all together."""
    ordered = sorted(waves, key=lambda wave: (wave.start, wave.end))
    beats = [i for i, wave in enumerate(ordered) if wave.label == "QRS"]
    edges = [-1, *beats, len(ordered)]
    peaks = [peak_of(ordered[i], fs_hz) for i in beats]
    rrs: list[float | None] = [None, *((after - before) / fs_hz for before, after in pairwise(peaks))]
    return [
        _of_beat(ordered[i], peak, rr_s, ordered[before + 1 : i], ordered[i + 1 : after], fs_hz)
        for i, peak, rr_s, before, after in zip(beats, peaks, rrs, edges, edges[2:], strict=False)
    ]


def peak_of(wave: Annotation, fs_hz: float) -> int:
    """The sample of its peak, the middle where it has no such figure."""
    after_s = wave.figures.get(PEAK_FIGURE)
    return (wave.start + wave.end) // 2 if after_s is None else wave.start + round(after_s * fs_hz)


def medians(beats: Sequence[BeatIntervals]) -> BeatIntervals:
    """The median of each interval over the beats that have it."""
    columns = list(zip(*beats, strict=True))[1:] or [()] * (len(BeatIntervals._fields) - 1)
    given = ([value for value in column if value is not None] for column in columns)
    return BeatIntervals(None, *(median(values) if values else None for values in given))


def _of_beat(
    qrs: Annotation,
    peak: int,
    rr_s: float | None,
    before: Sequence[Annotation],
    after: Sequence[Annotation],
    fs_hz: float,
) -> BeatIntervals:
    own_p = [wave for wave in before if wave.label == "PWAVE" and qrs.start - wave.start <= MAX_PR_S * fs_hz]
    own_t = [wave for wave in after if wave.label == "TWAVE" and wave.end - qrs.start <= MAX_QT_S * fs_hz]
    pr_s = (qrs.start - own_p[-1].start) / fs_hz if own_p else None
    qt_s = (own_t[0].end - qrs.start) / fs_hz if own_t else None
    return BeatIntervals(
        sample=peak,
        rr_s=rr_s,
        pr_s=pr_s,
        qrs_s=(qrs.end - qrs.start) / fs_hz,
        qt_s=qt_s,
        qtc_bazett_s=bazett(qt_s, rr_s) if qt_s and rr_s else None,
        qtc_fridericia_s=fridericia(qt_s, rr_s) if qt_s and rr_s else None,
    )
