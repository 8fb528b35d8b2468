"""A family in two by itself: two means of its members' waveforms, where they lie furthest apart.

Lloyd's algorithm (1982, doi 10.1109/TIT.1982.1056489) with two centres, begun on both sides of the mean along the
direction in which members differ most, so that the same members are always parted alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from signal_processing.family_shapes import chunks, evenly
from signal_processing.likeness import Templates, aligned, compare, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from signal_processing.beat_windows import BeatWindows
    from signal_processing.family_shapes import ShapesRun
    from signal_processing.likeness import Likeness

N_FITTED = 4_000
"""Members that the two means are found with, evenly over all; the others go to the nearer one."""
N_STEPS = 50
"""Both searches have settled long before."""


class _Cut(NamedTuple):
    """What is beyond `threshold` along a direction is nearer to the second mean."""

    direction: NDArray[np.float32]
    threshold: float

    def beyond(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        return features @ self.direction > self.threshold


def smaller_half(samples: NDArray[np.int64], templates: Templates, shapes: ShapesRun) -> NDArray[np.int64]:
    """The smaller of the two groups that a family falls into.

    Parameters
    ----------
    samples : (n_beats,) of its members, ascending.
    templates : its one template, which members are laid on.

    Returns
    -------
    Samples of the members that may be split off; none where all are the same.
    """
    fitted = evenly(samples, N_FITTED)
    features = _features(shapes.read(fitted), templates, shapes.likeness)
    cut = _two_means(features)
    if cut is None:
        return samples[:0]
    if len(fitted) == len(samples):
        is_beyond = cut.beyond(features)
    else:
        parts = [cut.beyond(_features(shapes.read(part), templates, shapes.likeness)) for part in chunks(samples)]
        is_beyond = np.concatenate(parts)
    n_beyond = np.count_nonzero(is_beyond)
    # of two halves of one size the one without the first member
    is_smaller = n_beyond < len(samples) - n_beyond or (2 * n_beyond == len(samples) and not is_beyond[0])
    smaller: NDArray[np.int64] = samples[is_beyond == is_smaller]
    return smaller


def _features(windows: BeatWindows, templates: Templates, likeness: Likeness) -> NDArray[np.float32]:
    """(n_beats, n_leads * N_POINTS) weighted differences from the template; none of a lead that is missing."""
    shifts = compare(windows, templates, likeness).shift[:, 0]
    apart = aligned(windows.points, shifts) - templates.means[0].astype(np.float32)
    apart *= np.sqrt(weights_of(likeness)) * (windows.usable & templates.known[0])[:, :, np.newaxis]
    features: NDArray[np.float32] = apart.reshape(windows.n_beats, -1)
    return features


def _two_means(features: NDArray[np.float32]) -> _Cut | None:
    """Where to cut between the two means; None where there are no two."""
    if len(features) < 2:  # noqa: PLR2004 - one cannot be parted
        return None
    mean = features.mean(axis=0)
    cut = _Cut(_main_direction(features - mean), 0.0)
    cut = cut._replace(threshold=float(mean @ cut.direction))
    is_beyond = cut.beyond(features)
    for _ in range(N_STEPS):
        n_beyond = np.count_nonzero(is_beyond)
        if n_beyond in {0, len(features)}:
            return None
        first, second = features[~is_beyond].mean(axis=0), features[is_beyond].mean(axis=0)
        direction = second - first
        cut = _Cut(direction, float(direction @ (first + second)) / 2)
        before, is_beyond = is_beyond, cut.beyond(features)
        if (before == is_beyond).all():
            break
    return cut if 0 < np.count_nonzero(is_beyond) < len(features) else None


def _main_direction(apart: NDArray[np.float32]) -> NDArray[np.float32]:
    """The direction in which rows differ most, by the power method, begun at the row that is furthest out."""
    direction: NDArray[np.float32] = apart[int((apart**2).sum(axis=1).argmax())]
    for _ in range(N_STEPS):
        direction = apart.T @ (apart @ direction)
        size = float(np.linalg.norm(direction))
        if size == 0.0:
            break
        direction = direction / np.float32(size)
    return direction
