"""What each moment of a window is, P, QRS, T or none of them: a small convolutional network over one lead.

A U-Net (Ronneberger, Fischer and Brox, MICCAI 2015) in one dimension, as others have used it for the same task
(Moskalenko, Zolotykh and Osipov, Neuroinformatics 2019): convolutions of five taps, halved in rate four times and
brought back, each with what was there at that rate on the way down. It was learned by `training.wave_boundaries`
(docs/training.md); its numbers stand in `model.npz`. Departures: one lead instead of twelve, a quarter of the channels,
and dilated convolutions at the lowest rate, which see 1.2 s on either side.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

CLASSES = ("", "PWAVE", "QRS", "TWAVE")
N_TAPS = 5
N_STEM_TAPS = 9
MARGIN = 8
"""Zeros on either side of all rows: what the widest convolution reaches."""
DILATIONS = (2, 4)
"""Of the convolutions at the lowest rate."""


class Layer(NamedTuple):
    """One convolution: (n_out, n_in, N_TAPS) and what is added, (n_out,)."""

    weights: Rows
    bias: Rows


class Network(NamedTuple):
    """The convolutions in the order in which they are gone through."""

    stem: Layer
    down: tuple[tuple[Layer, Layer], ...]
    middle: tuple[Layer, ...]
    up: tuple[Layer, ...]
    out: Layer


@cache
def learned() -> Network:
    """The learned network."""
    with files(__package__).joinpath("model.npz").open("rb") as file, np.load(file) as arrays:
        return network_of(arrays)


def network_of(arrays: Mapping[str, Any]) -> Network:
    """The network of a file's arrays: "stem", "down0" and "down0b", "middle0", "up0" and so on, "out"."""

    def layer(name: str) -> Layer:
        weights, bias = (np.asarray(arrays[f"{name}.{part}"], np.float32) for part in ("weights", "bias"))
        return Layer(np.ascontiguousarray(weights), bias)

    n_down = sum(name.startswith("up") for name in arrays) // 2
    down = tuple((_halving(layer(f"down{i}")), layer(f"down{i}b")) for i in range(n_down))
    middle = tuple(layer(f"middle{i}") for i in range(len(DILATIONS)))
    return Network(_stem(layer("stem")), down, middle, tuple(layer(f"up{i}") for i in range(n_down)), layer("out"))


def _stem(layer: Layer) -> Layer:
    """Nine taps of one row as five taps of two, the second of which is `N_TAPS` samples on."""
    weights = np.zeros((len(layer.bias), 2, N_TAPS), np.float32)
    weights[:, 0] = layer.weights[:, 0, :N_TAPS]
    weights[:, 1, : N_STEM_TAPS - N_TAPS] = layer.weights[:, 0, N_TAPS:]
    return Layer(weights, layer.bias)


def _halving(layer: Layer) -> Layer:
    """A convolution of every other sample, as one of the even samples and the odd ones."""
    n_out, n_in, _ = layer.weights.shape
    weights = np.zeros((n_out, 2 * n_in, N_TAPS), np.float32)
    weights[:, :n_in, 1:4] = layer.weights[:, :, 0::2]
    weights[:, n_in:, 1:3] = layer.weights[:, :, 1::2]
    return Layer(weights, layer.bias)


def probabilities(network: Network, samples: Rows) -> Rows:
    """Of each class at each sample of a window, (n, len(CLASSES)); n is a multiple of 16."""
    rows = _rows(2, len(samples))
    first = MARGIN + (N_STEM_TAPS - N_TAPS) // 2
    rows[0, first : first + len(samples)] = samples
    rows[1, first - N_TAPS : first - N_TAPS + len(samples)] = samples
    rows = _through(network.stem, rows)
    kept = []
    for halving, layer in network.down:
        kept.append(rows)
        inner = rows[:, MARGIN:-MARGIN]
        halves = _rows(2 * len(rows), inner.shape[1] // 2)
        halves[: len(rows), MARGIN:-MARGIN] = inner[:, 0::2]
        halves[len(rows) :, MARGIN:-MARGIN] = inner[:, 1::2]
        rows = _through(layer, _through(halving, halves))
    for layer, dilation in zip(network.middle, DILATIONS, strict=True):
        rows = rows + _through(layer, rows, dilation)
    for layer, beside in zip(network.up, reversed(kept), strict=True):
        doubled = _rows(len(rows) + len(beside), beside.shape[1] - 2 * MARGIN)
        doubled[: len(rows), MARGIN:-MARGIN] = np.repeat(rows[:, MARGIN:-MARGIN], 2, axis=1)
        doubled[len(rows) :] = beside
        rows = _through(layer, doubled)
    scores = _convolved(network.out, rows, 1)[:, MARGIN:-MARGIN].T
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _rows(n_rows: int, n: int) -> Rows:
    return np.zeros((n_rows, n + 2 * MARGIN), np.float32)


def _convolved(layer: Layer, rows: Rows, dilation: int) -> Rows:
    from detectors.waves.network_loop import convolve

    out = _rows(len(layer.bias), rows.shape[1] - 2 * MARGIN)
    out[:, MARGIN:-MARGIN] = layer.bias[:, None]
    convolve(rows, layer.weights, MARGIN, dilation, out)
    return out


def _through(layer: Layer, rows: Rows, dilation: int = 1) -> Rows:
    """The convolution, and 0 where it is below."""
    out = _convolved(layer, rows, dilation)
    return np.maximum(out, 0, out=out)
