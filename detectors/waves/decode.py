"""From the probabilities of a window to its waves: where each begins, peaks and ends, in parts of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]
    Flags = NDArray[np.bool_]

P, QRS, T = 1, 2, 3
"""The classes, as `network.CLASSES` has them."""
SHORTEST = {P: 6, QRS: 7, T: 12}
"""Of each class, what is shorter is none, samples."""
JOINED = {P: 8, QRS: 6, T: 12}
"""Two pieces of one class that are so near to each other are one wave, samples."""
FAINT = 0.02
"""Where the probability falls below this, a wave is over for certain."""
MAX_PR = 110
"""From the peak of P to the onset of its QRS at most, samples."""
NEIGHBOURS = 3
"""A P wave is weighed against so many beats on either side."""
USUAL, CERTAIN = 0.5, 0.8
"""It stands if this share of them has one too, or if its confidence is this: in fibrillation, in flutter and with a
pacemaker now and then something before a QRS looks like one."""
SECOND_PEAK = 0.5
"""A QRS peaks upwards unless what goes down is larger than what goes up divided by this."""


class Wave(NamedTuple):
    """One wave of a window.

    Parameters
    ----------
    kind : P, QRS or T.
    onset, peak, offset : samples of the window.
    confidence : mean probability of its class.
    """

    kind: int
    onset: float
    peak: float
    offset: float
    confidence: float


def waves_of(chances: Rows, samples: Rows, missing: Flags) -> list[Wave]:
    """The waves of a window in order of their peaks.

    Parameters
    ----------
    chances : (n, 4), of each class at each sample.
    samples : (n, n_leads), to find the peaks in.
    missing : (n,), where no lead has samples; a wave that lies on such a place is none.
    """
    found = [
        _wave(kind, chances[:, kind], samples, low, high)
        for kind in (P, QRS, T)
        for low, high in _pieces(chances[:, kind], kind)
        if not missing[max(low - 1, 0) : high + 1].any()
    ]
    return _without_lone_p(sorted(found, key=lambda wave: wave.peak))


def _without_lone_p(waves: list[Wave]) -> list[Wave]:
    onsets = np.array([wave.onset for wave in waves if wave.kind == QRS])
    beats = {i: _beat_of(wave, onsets) for i, wave in enumerate(waves) if wave.kind == P}
    led = set(beats.values())
    return [
        wave
        for i, wave in enumerate(waves)
        if wave.kind != P or wave.confidence >= CERTAIN or _is_usual(beats[i], led, len(onsets))
    ]


def _beat_of(wave: Wave, onsets: NDArray[np.float64]) -> int | None:
    """The number of the QRS that follows a P wave."""
    following = int(np.searchsorted(onsets, wave.peak))
    return following if following < len(onsets) and onsets[following] - wave.peak < MAX_PR else None


def _is_usual(beat: int | None, led: set[int | None], n_beats: int) -> bool:
    """Whether most beats around one are led by a P wave."""
    if beat is None:
        return False
    others = [i for i in range(max(beat - NEIGHBOURS, 0), min(beat + NEIGHBOURS + 1, n_beats)) if i != beat]
    return sum(i in led for i in others) >= USUAL * len(others)


def _pieces(chance: Rows, kind: int) -> Iterator[tuple[int, int]]:
    """Half-open runs in which a class is more likely than all others together."""
    steps = np.diff(np.concatenate([[0], (chance > 0.5).astype(np.int8), [0]]))  # noqa: PLR2004 - an even chance
    joined: list[tuple[int, int]] = []
    for low, high in zip(np.flatnonzero(steps > 0).tolist(), np.flatnonzero(steps < 0).tolist(), strict=True):
        if joined and low - joined[-1][1] < JOINED[kind]:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return (piece for piece in joined if piece[1] - piece[0] >= SHORTEST[kind])


def _wave(kind: int, chance: Rows, samples: Rows, low: int, high: int) -> Wave:
    """The bounds as the means of where they may be: sums of the probability from the middle outwards."""
    middle = (low + high - 1) // 2
    onset = middle - _extent(chance[middle::-1])
    offset = middle + _extent(chance[middle:])
    peak = _peak(kind, samples, max(round(onset), 0), min(round(offset), len(samples) - 1))
    return Wave(kind, onset, peak, offset, float(chance[low:high].mean()))


def _extent(outwards: Rows) -> float:
    faint = np.flatnonzero(outwards < FAINT)
    reach = int(faint[0]) if len(faint) else len(outwards)
    return float(outwards[:reach].sum(dtype=np.float64)) - 0.5


def _peak(kind: int, samples: Rows, first: int, last: int) -> float:
    """Where the leads are farthest from the line between the bounds; of several leads the median."""
    part = samples[first : last + 1].astype(np.float64)
    away = part - np.linspace(part[0], part[-1], len(part))
    if kind == QRS:
        is_down = -away.min(axis=0) * SECOND_PEAK > away.max(axis=0)
        places = np.where(is_down, away.argmin(axis=0), away.argmax(axis=0))
    else:
        places = np.abs(away).argmax(axis=0)
    return first + float(np.median(places))
