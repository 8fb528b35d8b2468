"""Layers: every label of a span is in one, and what is cut out of a range is gone and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal_processing import layers
from signal_processing.errors import UnknownLabelError
from signal_processing.vocabulary import LABELS, LabelKind

TIMES = st.integers(-50, 50)


def test_every_label_of_a_span_is_in_one_layer_and_no_point_is_in_any():
    codes = [code for layer in layers.LAYERS for code in layer.labels]
    assert sorted(codes) == sorted(label.code for label in LABELS if label.kind not in {"beat", "pulse"})
    for label in LABELS:
        layer = layers.layer_of(label.code)
        assert layer is None if label.kind in {"beat", "pulse"} else label.code in layer.labels


def test_exclusive_layers_are_those_of_the_kinds_that_the_lock_names():
    exclusive = {code for layer in layers.EXCLUSIVE for code in layer.labels}
    kinds = {LabelKind.RHYTHM, LabelKind.QUALITY}
    assert exclusive == {label.code for label in LABELS if label.kind in kinds}


@pytest.mark.parametrize(
    ("code", "layer_id", "is_exclusive"),
    [
        ("AFIB", "rhythm", True),
        ("VT", "ventricular", True),
        ("TACHY", "rate", True),
        ("NOISY", "quality", True),
        ("STDEV", "st", False),
        ("ARTEFACT", "artefact", False),
        ("PAUSE", "events", False),
        ("NOTE", "notes", False),
    ],
)
def test_labels_that_contradict_each_other_share_a_layer(code, layer_id, is_exclusive):
    layer = layers.layer_of(code)
    assert (layer.id, layer.is_exclusive) == (layer_id, is_exclusive)
    assert layers.exclusive_layer_of(code) is (layer if is_exclusive else None)


def test_a_label_that_is_none_has_no_layer():
    with pytest.raises(UnknownLabelError, match="'XYZ'"):
        layers.layer_of("XYZ")


@given(TIMES, TIMES, TIMES, TIMES)
def test_what_remains_of_a_range_is_every_moment_outside_the_cut(start, end, cut_start, cut_end):
    cut_start, cut_end = sorted((cut_start, cut_end))
    parts = layers.remaining(start, end, cut_start, cut_end)
    left = [moment for low, high in parts for moment in range(low, high)]
    assert left == [moment for moment in range(start, end) if not cut_start <= moment < cut_end]
    assert all(low < high for low, high in parts)
