"""What goes with errors: whether the machine's marks were shown, and who the patient is. Intervals over patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reading.resampling import LEAST_PATIENTS, N_RESAMPLES, NOTHING, Interval, around, draws

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

LEAST_READINGS, LEAST_OF_GROUP = 20, 3
"""Readings, and patients, below which nothing is told of a group: it would be of persons, not of a group."""


class Read(NamedTuple):
    """Readings of several people, one a row.

    Parameters
    ----------
    patients : (n,), whom each is of.
    wrong : (n,), whether it is other than what was decided in the end.
    """

    patients: NDArray[np.str_]
    wrong: NDArray[np.bool_]


class Effect(NamedTuple):
    """Readings that began with the machine's marks against those that did not.

    Parameters
    ----------
    error, error_without : shares of wrong readings; `difference` is the first less the second.
    time_ratio : geometric mean of seconds with, over that without.
    """

    n: int
    n_without: int
    error: Interval
    error_without: Interval
    difference: Interval
    time_ratio: Interval


class GroupError(NamedTuple):
    """A group of patients; `error` is NOTHING where the group is too small to be told."""

    name: str
    n: int
    n_patients: int
    error: Interval


def effect(
    read: Read,
    assisted: NDArray[np.bool_],
    seconds: NDArray[np.float64],
    *,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> Effect:
    """How much more often, and faster, people err with the machine's marks before them.

    Parameters
    ----------
    assisted : (n,).
    seconds : (n,), NaN where it is not known.
    """
    logs = np.log(np.maximum(seconds, 0.1))
    timed = np.isfinite(logs)
    columns = [
        assisted,
        assisted & read.wrong,
        ~assisted,
        ~assisted & read.wrong,
        assisted & timed,
        np.where(assisted & timed, logs, 0.0),
        ~assisted & timed,
        np.where(~assisted & timed, logs, 0.0),
    ]
    sums = _by_patient(read.patients, np.stack(columns, axis=1).astype(np.float64))

    def figures(totals: NDArray[np.float64]) -> NDArray[np.float64]:
        n, wrong, n_other, wrong_other, timed_n, logs_n, timed_other, logs_other = totals.T
        with np.errstate(divide="ignore", invalid="ignore"):
            one, other = wrong / n, wrong_other / n_other
            ratio = np.exp(logs_n / timed_n - logs_other / timed_other)
        return np.stack([one, other, one - other, ratio], axis=1)

    found = _intervals(sums, figures, rng, n_resamples)
    return Effect(int(assisted.sum()), int((~assisted).sum()), *found)


def by_group(
    read: Read, groups: Sequence[str], *, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> list[GroupError]:
    """The share of wrong readings in each group of patients.

    Parameters
    ----------
    groups : (n,), what each reading's patient belongs to; "" where it is not known.
    """
    names = np.array(list(groups), np.str_)
    found = []
    for name in np.unique(names).tolist():
        own = names == name
        patients, n = np.unique(read.patients[own]), int(own.sum())
        error = NOTHING
        if n >= LEAST_READINGS and len(patients) >= LEAST_OF_GROUP:
            columns = np.stack([np.ones(n), read.wrong[own]], axis=1).astype(np.float64)
            sums = _by_patient(read.patients[own], columns)
            (error,) = _intervals(sums, lambda totals: totals[:, 1:] / totals[:, :1], rng, n_resamples)
        found.append(GroupError(name, n, len(patients), error))
    return found


def _by_patient(patients: NDArray[np.str_], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    names, at = np.unique(patients, return_inverse=True)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, at, columns)
    return sums


def _intervals(
    sums: NDArray[np.float64],
    figures: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    rng: np.random.Generator,
    n_resamples: int,
) -> list[Interval]:
    values = figures(sums.sum(axis=0, keepdims=True))[0]
    if len(sums) < LEAST_PATIENTS:
        return [Interval(float(value)) if np.isfinite(value) else NOTHING for value in values]
    drawn = draws(len(sums), n_resamples, rng) @ sums
    with np.errstate(divide="ignore", invalid="ignore"):
        resampled = figures(drawn)
    return [around(float(value), column) for value, column in zip(values, resampled.T, strict=True)]
