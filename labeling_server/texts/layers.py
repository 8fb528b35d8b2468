"""Sentences about layers in which decided spans must not overlap; part of `labeling_server.texts`."""

from __future__ import annotations

from typing import Final

LAYER_TEXTS: Final[dict[str, str]] = {
    "layer.rhythm": "SR, AFIB, AFL and other rhythms",
    "layer.ventricular": "VT, VFL, VFIB, IVR",
    "layer.rate": "BRADY, TACHY",
    "layer.quality": "NOISY, FLAT and other quality",
    "cuts.mark": "cuts, in its layer: {what}",
    "cuts.move": "cuts {what}",
    "cuts.accept": "accepting cuts {what}",
    "cuts.more": "{n} more",
    "cuts.done": "cut {what}, Ctrl+Z undoes",
    "cuts.back": "back again: {what}",
    "cuts.left": "{n} changed since, left alone",
    "erase.title": "Erase what is decided in",
    "erase.where": "Mark a start with m and go to the end, then choose what to erase there",
    "erase.nothing": "nothing was decided there",
    "selection.history.cause": "{what}, by {label} at {time}",
    "selection.history.erased": "{what}, a range was erased",
    "selection.history.part": "{what}, the second part",
    "do.erase": "Erase what is decided from the mark to the cursor",
}
