"""Signals as bad as they come, made of a good one: each must leave a detector's output defined (`check_output`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def _flat(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.zeros_like(x)


def _missing(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full_like(x, np.nan)


def _saturated(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(x, -0.05, 0.05) * 100


def _railed(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full_like(x, 16.0)


def _holes(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = x.copy()
    x[len(x) // 4 : len(x) // 2] = np.nan
    x[:: max(len(x) // 50, 1)] = np.nan
    return x


def _monstrous(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = x.copy()
    x[len(x) // 3 : len(x) // 3 + 5] = 1e300
    x[len(x) // 2 : len(x) // 2 + 5] = -np.inf
    return x


def _noise(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 3.0 * np.random.default_rng(9).standard_normal(x.shape)  # the same at every call


def _none(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return x[:0]


def _one(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return x[:1]


SPOILT: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "flat": _flat,
    "missing": _missing,
    "saturated": _saturated,
    "railed": _railed,
    "holes": _holes,
    "monstrous": _monstrous,
    "noise": _noise,
    "none": _none,
    "one": _one,
}
"""By name: samples (n_samples, n_channels) in, spoilt ones out, never in place."""
