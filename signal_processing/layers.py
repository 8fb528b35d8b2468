"""Layers of spans: what may overlap with what once people have decided it.

A layer holds labels that contradict each other. In an exclusive layer at most one decided span stands at one moment and
in one scope; in a free one they may overlap. Labels of different layers never contradict each other: a run of VT is in
a fibrillation, both are in noise, and a fast rate is in any of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from signal_processing import vocabulary
from signal_processing.vocabulary import LABELS, LabelKind


class Policy(StrEnum):
    """What becomes of decided spans of a layer that overlap."""

    EXCLUSIVE = "exclusive"
    """The newest act wins, what it covers is cut out of the others."""
    FREE = "free"
    """They stand beside each other."""


class Layer(msgspec.Struct, frozen=True):
    """Labels of spans that share a policy.

    Parameters
    ----------
    id : "rhythm".
    labels : their codes, each in one layer only.
    """

    id: str
    policy: Policy
    labels: tuple[str, ...]

    @property
    def is_exclusive(self) -> bool:
        """Whether at most one decided span stands at one moment and in one scope."""
        return self.policy is Policy.EXCLUSIVE


_APART: Final = {
    "VT": "ventricular",
    "VFL": "ventricular",
    "VFIB": "ventricular",
    "IVR": "ventricular",
    "BRADY": "rate",
    "TACHY": "rate",
    "STDEV": "st",
    "ARTEFACT": "artefact",
    "NOTE": "notes",
    "PWAVE": "waves",
    "QRS": "waves",
    "TWAVE": "waves",
}
"""Labels that are in another layer than the rest of their kind."""
_REST: Final = {LabelKind.RHYTHM: "rhythm", LabelKind.QUALITY: "quality", LabelKind.EVENT: "events"}
_POLICIES: Final = {
    "rhythm": Policy.EXCLUSIVE,
    "ventricular": Policy.EXCLUSIVE,
    "rate": Policy.EXCLUSIVE,
    "quality": Policy.EXCLUSIVE,
    "st": Policy.FREE,
    "artefact": Policy.FREE,
    "events": Policy.FREE,
    "notes": Policy.FREE,
    "waves": Policy.FREE,
}
_LAYER_IDS: Final = {label.code: _APART.get(label.code, _REST[label.kind]) for label in LABELS if label.kind in _REST}

LAYERS: Final = tuple(
    Layer(layer_id, policy, tuple(code for code, own in _LAYER_IDS.items() if own == layer_id))
    for layer_id, policy in _POLICIES.items()
)
_BY_ID: Final = {layer.id: layer for layer in LAYERS}
EXCLUSIVE: Final = tuple(layer for layer in LAYERS if layer.is_exclusive)


def layer_of(code: str) -> Layer | None:
    """The layer of a label; None of beats and pulses, which are points.

    Raises
    ------
    UnknownLabelError : if the vocabulary holds no such label.
    """
    layer_id = _LAYER_IDS.get(vocabulary.label(code).code)
    return None if layer_id is None else _BY_ID[layer_id]


def exclusive_layer_of(code: str) -> Layer | None:
    """The layer of a label if it is an exclusive one.

    Raises
    ------
    UnknownLabelError : if the vocabulary holds no such label.
    """
    layer = layer_of(code)
    return layer if layer is not None and layer.is_exclusive else None


def remaining(start: int, end: int, cut_start: int, cut_end: int) -> tuple[tuple[int, int], ...]:
    """What of half-open [start, end) lies outside [cut_start, cut_end): nothing, one part, or two."""
    parts = ((start, min(end, cut_start)), (max(start, cut_end), end))
    return tuple((low, high) for low, high in parts if low < high)
