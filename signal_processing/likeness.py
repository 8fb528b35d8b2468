"""How like beats are to templates.

Alike is the weighted correlation of all leads at the shift at which it is highest, the QRS weighing more than what lies
around it, less a share of the difference in size: a beat of half the height is another beat, whatever its form. One
product of matrices compares many beats with many templates at all shifts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from signal_processing.beat_windows import N_BEFORE, N_POINTS, N_REACH, N_WIDE, POINT_HZ, BeatWindows

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_SHIFTS = 2 * N_REACH + 1


class Likeness(NamedTuple):
    """What counts as alike; defaults measured on mitdb, see docs/decisions.md.

    Parameters
    ----------
    join : a beat that is less like every template founds a family.
    merge : families that are more like each other are told as one.
    loose : what is too rare to be kept apart goes to the family that it is most like, if it is so like it.
    size_share : how much a beat of no height at all would lose, see `compare`.
    around : weight of what lies more than QRS_S around the R peak; that within has weight 1.
    """

    join: float = 0.90
    merge: float = 0.95
    loose: float = 0.70
    size_share: float = 0.2
    around: float = 0.2


QRS_S = (0.10, 0.14)
"""Before and after the R peak, s: a wide ventricular QRS."""
LIKENESS = Likeness()


class Comparison(NamedTuple):
    """Beats against templates, all (n_beats, n_templates): similarity, and the shift in points of 0 to 2 N_REACH."""

    similarity: NDArray[np.float32]
    shift: NDArray[np.intp]


class Templates(NamedTuple):
    """What beats are compared with: means (n, n_leads, N_POINTS), and which leads each has, (n, n_leads)."""

    means: NDArray[np.float64]
    known: NDArray[np.bool_]


def aligned(points: NDArray[np.float32], shifts: NDArray[np.intp]) -> NDArray[np.float32]:
    """(n_beats, n_leads, N_POINTS) of (n_beats, n_leads, N_WIDE), each beat moved by its shift of 0 to 2 N_REACH."""
    views = np.lib.stride_tricks.sliding_window_view(points, N_POINTS, axis=2)
    moved: NDArray[np.float32] = views[np.arange(len(points)), :, shifts]
    return moved


def widened(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """(n, n_leads, N_WIDE): the first and the last point go on."""
    return np.pad(points, ((0, 0), (0, 0), (N_REACH, N_REACH)), mode="edge").astype(np.float32)


def compare(windows: BeatWindows, templates: Templates, likeness: Likeness) -> Comparison:
    """How like each beat is to each template, at the shift at which their correlation is highest.

    Only leads that both have count; without one the similarity is -1. From the correlation `size_share` times the
    relative difference in size (root of the weighted energy) is taken.
    """
    weights = weights_of(likeness)
    n_beats, n_leads, n_templates = windows.n_beats, windows.points.shape[1], len(templates.means)
    energies = (windows.points**2).reshape(-1, N_WIDE) @ _shifted(weights[np.newaxis])[0].T
    known = templates.known.astype(np.float32)
    of_beats = np.swapaxes(energies.reshape(n_beats, n_leads, N_SHIFTS), 1, 2) @ known.T  # beats, shifts, templates
    means = (templates.means * templates.known[:, :, np.newaxis]).astype(np.float32)
    of_templates = windows.usable.astype(np.float32) @ ((means**2) @ weights).T
    kernels = np.swapaxes(_shifted(means * weights), 0, 1).reshape(N_SHIFTS * n_templates, n_leads * N_WIDE)
    products = (windows.points.reshape(n_beats, -1) @ kernels.T).reshape(n_beats, N_SHIFTS, n_templates)
    norms = np.sqrt(of_beats * of_templates[:, np.newaxis])
    correlations = np.divide(products, norms, out=np.full_like(products, -1.0), where=norms > 0)
    shift = correlations.argmax(axis=1)
    best = np.take_along_axis(correlations, shift[:, np.newaxis], axis=1)[:, 0]
    size = np.sqrt(np.take_along_axis(of_beats, shift[:, np.newaxis], axis=1)[:, 0])
    other = np.sqrt(of_templates)
    smaller, larger = np.minimum(size, other), np.maximum(size, other)
    ratio = np.divide(smaller, larger, out=np.zeros_like(larger), where=larger > 0)
    return Comparison((best - likeness.size_share * (1.0 - ratio)).astype(np.float32), shift)


def weights_of(likeness: Likeness) -> NDArray[np.float32]:
    """(N_POINTS,) weight of each point."""
    at_s = (np.arange(N_POINTS) - N_BEFORE) / POINT_HZ
    within = (at_s >= -QRS_S[0]) & (at_s <= QRS_S[1])
    return np.where(within, 1.0, likeness.around).astype(np.float32)


def _shifted(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., N_POINTS) laid into windows at every shift: (n, N_SHIFTS, ..., N_WIDE) of (n, ..., N_POINTS)."""
    laid = np.zeros((len(points), N_SHIFTS, *points.shape[1:-1], N_WIDE), np.float32)
    for shift in range(N_SHIFTS):
        laid[:, shift, ..., shift : shift + N_POINTS] = points
    return laid
