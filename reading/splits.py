"""Patients dealt out into parts for training, validation and test: none in two, classes in each as in all.

Greedy: whoever has most of something comes first, and goes where the shares of patients and of each class then lie
nearest to what is wanted. (Iterative stratification, Sechidis et al., ECML PKDD 2011, looks at one class at a time:
with patients of whom few have thousands of ectopic beats, parts came out half as large as asked for.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


class SplitError(ValueError):
    """Parts cannot be made; the message says why."""


def split(
    counts: Mapping[str, Mapping[str, int]], parts: Mapping[str, float], *, rng: np.random.Generator
) -> dict[str, str]:
    """The part of each patient.

    Parameters
    ----------
    counts : of each patient, how much of each class they have.
    parts : share of each part; of all patients and of each class, as near as whole patients allow.
    rng : breaks ties.

    Raises
    ------
    SplitError : if a share is not above 0, shares do not add up to 1, or there are fewer patients than parts.
    """
    _check(counts, parts)
    patients, names = sorted(counts), list(parts)
    shares = np.array([parts[name] for name in names])
    table = _table(counts, patients)
    order = rng.permutation(len(patients))
    order = order[np.argsort(-table[order].max(axis=1), kind="stable")]
    weights = np.ones(table.shape[1])
    weights[0] = max(len(weights) - 1.0, 1.0)  # as many patients as asked for counts as much as all classes together
    lack = np.repeat(shares[:, None], table.shape[1], axis=1)
    place: dict[str, str] = {}
    for n_placed, row in enumerate(order):
        # how much farther from what is wanted each part would be with this patient than without, in parts of its share
        cost = (weights * table[row] * (table[row] - 2.0 * lack)).sum(axis=1) / shares
        empty = [part for part, name in enumerate(names) if name not in place.values()]
        candidates = empty if len(empty) >= len(order) - n_placed else range(len(names))
        part = min(candidates, key=lambda one: (cost[one], one))
        lack[part] -= table[row]
        place[patients[row]] = names[part]
    return {patient: place[patient] for patient in patients}


def _table(counts: Mapping[str, Mapping[str, int]], patients: Sequence[str]) -> NDArray[np.float64]:
    """Of each patient their share of all patients, then of each class that anybody has."""
    labels = sorted({label for own in counts.values() for label, n in own.items() if n > 0})
    table = np.array([[1.0, *(counts[patient].get(label, 0) for label in labels)] for patient in patients])
    shares: NDArray[np.float64] = table / table.sum(axis=0)
    return shares


def _check(counts: Mapping[str, Mapping[str, int]], parts: Mapping[str, float]) -> None:
    shares = list(parts.values())
    if not shares or min(shares) <= 0.0 or abs(sum(shares) - 1.0) > 1e-9:  # noqa: PLR2004 - rounding
        msg = f"shares of parts must be above 0 and add up to 1, got {', '.join(map(str, shares)) or 'none'}"
        raise SplitError(msg)
    if len(counts) < len(parts):
        msg = f"patients must be at least as many as parts, {len(parts)}, got {len(counts)}"
        raise SplitError(msg)
