"""Beats of a whole strip, found with all of it in sight: thresholds, templates and the search back know its future.

The streaming detector (`detectors.beats`) learns for its first seconds, which are a third of the shortest strips.
Band and envelope after Pan and Tompkins, IEEE Trans Biomed Eng 32:230, 1985.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

from detectors.strips.strip import FS_HZ, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

QRS_HZ = (6.0, 22.0)
ENVELOPE_S = 0.08
APART_S = 0.2
FRAME_S = 1.5
N_SIDE_FRAMES = 4
THRESHOLD, LOW_THRESHOLD = 0.4, 0.2
"""Of the usual height of the envelope: of a beat, and of one that is looked for where one is missing."""
GAP = 1.6
"""Intervals of so many usual ones are searched again."""
SEARCH_APART_S = 0.26
SEARCH_LIKENESS = 0.5
HALF_S = 0.08
"""Half the window of a QRS complex that beats are aligned by, s."""
SLACK_S = 0.06
EARLY = 0.55
"""An interval below this share of the usual one is suspected to hold a beat that is none."""
UNLIKE = 0.4
MIN_BEATS = 3


class Beats(NamedTuple):
    """Beats of a strip in order.

    Parameters
    ----------
    at : (n,) samples, with fractions, where the QRS complexes lie on each other.
    likeness : (n,) correlation of each with the median of all over the QRS complex.
    height : (n,) of the QRS envelope.
    level : the usual height.
    """

    at: Floats
    likeness: Floats
    height: Floats
    level: float


def find_beats(clean: Floats) -> Beats:
    """The beats of a strip (n,) at `FS_HZ`; with fewer than three, as they are, not aligned."""
    band = within(clean, *QRS_HZ)
    # the filter's running sum may end a little below zero after something large
    power = np.maximum(uniform_filter1d(band * band, round(ENVELOPE_S * FS_HZ), mode="nearest"), 0.0)
    envelope = np.sqrt(power)
    usual = _usual_height(envelope)
    peaks, _ = find_peaks(envelope, distance=round(APART_S * FS_HZ))
    chosen = peaks[envelope[peaks] > THRESHOLD * usual[peaks]].astype(np.int64)
    level = float(np.median(usual))
    if len(chosen) < MIN_BEATS:
        return Beats(chosen.astype(np.float64), np.zeros(len(chosen)), envelope[chosen], level)
    at, template = _aligned(band, chosen)
    chosen = _without_false(chosen, _likeness(band, at, template), envelope)
    chosen = _searched_again(chosen, peaks, band, template, envelope / np.maximum(usual, 1e-12))
    at, template = _aligned(band, chosen)
    likeness, shift = _likeness_and_shift(band, at, template)
    order = np.argsort(at + shift, kind="stable")
    return Beats((at + shift)[order], likeness[order], envelope[chosen][order], level)


def _usual_height(envelope: Floats) -> Floats:
    """At each sample, the median of the heights that the seconds around it come to."""
    n_frame = round(FRAME_S * FS_HZ)
    n_frames = max(len(envelope) // n_frame, 1)
    tops = np.array([part.max() for part in np.array_split(envelope, n_frames)])
    around = [np.median(tops[max(i - N_SIDE_FRAMES, 0) : i + N_SIDE_FRAMES + 1]) for i in range(n_frames)]
    middles = (np.arange(n_frames) + 0.5) * len(envelope) / n_frames
    return np.asarray(np.interp(np.arange(len(envelope)), middles, around))


def windows(samples: Floats, at: Ints, before: int, after: int) -> Floats:
    """Samples (n_beats, before + after) around each beat; the strip goes on at its ends as its last sample."""
    padded = np.pad(samples, (before, after), mode="edge")
    return np.asarray(padded[at[:, None] + np.arange(before + after)])


def _aligned(band: Floats, chosen: Ints) -> tuple[Ints, Floats]:
    """Whole samples at which the QRS complexes lie on each other, and their median."""
    half, slack = round(HALF_S * FS_HZ), round(SLACK_S * FS_HZ)
    wide = windows(band, chosen, half, half)
    positive, negative = wide.max(axis=1), -wide.min(axis=1)
    sign = 1.0 if np.median(positive - negative) >= 0 else -1.0
    at = np.clip(chosen + np.argmax(sign * wide, axis=1) - half, 0, len(band) - 1)
    for _ in range(2):
        template = np.median(windows(band, at, half, half), axis=0)
        _, shift = _best_shift(band, at, template, slack)
        at = np.clip(at + shift, 0, len(band) - 1)
    return at, np.median(windows(band, at, half, half), axis=0)


def _best_shift(band: Floats, at: Ints, template: Floats, slack: int) -> tuple[Floats, Ints]:
    """Correlations (n, 2 slack + 1) with the template at each shift, and the best shift of each."""
    half = len(template) // 2
    wide = windows(band, at, half + slack, half + slack)
    views = np.lib.stride_tricks.sliding_window_view(wide, len(template), axis=1)[:, : 2 * slack + 1]
    energy = np.sqrt(np.einsum("ijk,ijk->ij", views, views) * (template @ template))
    scores = views @ template / np.maximum(energy, 1e-12)
    return scores, np.argmax(scores, axis=1) - slack


def _likeness(band: Floats, at: Ints, template: Floats) -> Floats:
    return _likeness_and_shift(band, at, template)[0]


def _likeness_and_shift(band: Floats, at: Ints, template: Floats) -> tuple[Floats, Floats]:
    """The best correlation of each beat, and where a parabola through it has its top, in samples."""
    slack = round(SLACK_S * FS_HZ)
    scores, shift = _best_shift(band, at, template, slack)
    best = np.clip(shift + slack, 1, 2 * slack - 1)
    rows = np.arange(len(at))
    left, here, right = scores[rows, best - 1], scores[rows, best], scores[rows, best + 1]
    bend = left - 2 * here + right
    part = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    return here, np.where(np.abs(shift) == slack, 0.0, best - slack + np.clip(part, -0.5, 0.5))


def _without_false(chosen: Ints, likeness: Floats, envelope: Floats) -> Ints:
    """Without those that come too early and are unlike all others: noise, or T waves."""
    usual = float(np.median(np.diff(chosen)))
    keep = np.ones(len(chosen), bool)
    last = 0
    for i in range(1, len(chosen)):
        if chosen[i] - chosen[last] < EARLY * usual:
            weaker = i if likeness[i] < likeness[last] else last
            is_small = envelope[chosen[weaker]] < 0.7 * envelope[chosen[i if weaker == last else last]]
            if likeness[weaker] < UNLIKE or (is_small and chosen[i] - chosen[last] < 0.36 * FS_HZ):
                keep[weaker] = False
                last = i if weaker == last else last
                continue
        last = i
    return chosen[keep]


def _searched_again(chosen: Ints, peaks: Ints, band: Floats, template: Floats, height: Floats) -> Ints:
    """With the beats that are low and were missed: in gaps, where they are like the others."""
    apart = round(SEARCH_APART_S * FS_HZ)
    low = peaks[(height[peaks] > LOW_THRESHOLD) & ~np.isin(peaks, chosen)]
    if not len(low):
        return chosen
    low = low[_likeness(band, low, template) > SEARCH_LIKENESS]
    usual = float(np.median(np.diff(chosen)))
    found = [int(one) for one in chosen]
    for one in low[np.argsort(-height[low], kind="stable")]:
        i = int(np.searchsorted(found, one))
        before = found[i - 1] if i else -10 * apart
        after = found[i] if i < len(found) else len(band) + 10 * apart
        within_gap = (i and i < len(found) and after - before > GAP * usual) or (not i and after > GAP * usual * 0.75)
        at_end = i == len(found) and len(band) - before > GAP * usual * 0.75
        if (within_gap or at_end) and one - before > apart and after - one > apart:
            found.insert(i, int(one))
    return np.array(found)
