"""Patients dealt out: none in two parts, none of the parts empty, classes as in all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading.splits import SplitError, split

PARTS = {"train": 0.7, "validation": 0.15, "test": 0.15}


def rng(seed=0):
    return np.random.default_rng(seed)


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1), st.dictionaries(st.sampled_from("NSVF"), st.integers(0, 500)), min_size=3
    ),
    st.integers(0, 5),
)
def test_every_patient_is_in_one_part_and_no_part_is_empty(counts, seed):
    place = split(counts, PARTS, rng=rng(seed))
    assert list(place) == sorted(counts)
    assert set(place.values()) == set(PARTS)
    assert place == split(counts, PARTS, rng=rng(seed))


def test_classes_are_dealt_out_like_patients():
    made = rng(1)
    counts = {
        f"p{i:03}": {
            "N": int(made.integers(1_000, 3_000)),
            "V": int(made.poisson(30)),
            "S": int(made.random() < 0.2) * 40,
        }
        for i in range(200)
    }
    place = split(counts, PARTS, rng=rng())
    total = {label: sum(own[label] for own in counts.values()) for label in "NVS"}
    for name, share in PARTS.items():
        own = [counts[patient] for patient, part in place.items() if part == name]
        assert len(own) == pytest.approx(200 * share, abs=2)
        for label in "NVS":
            assert sum(one[label] for one in own) / total[label] == pytest.approx(share, abs=0.05)


def test_a_class_of_one_patient_goes_with_them():
    counts = {f"p{i}": {"N": 10} for i in range(9)} | {"rare": {"VF": 5}}
    assert sorted(split(counts, PARTS, rng=rng()).values()).count("train") in {6, 7, 8}


def test_fewer_patients_than_parts_are_refused():
    with pytest.raises(SplitError, match="at least as many as parts, 3, got 2"):
        split({"a": {}, "b": {}}, PARTS, rng=rng())


@pytest.mark.parametrize("parts", [{}, {"a": 1.0, "b": 0.0}, {"a": 0.5, "b": 0.4}, {"a": 1.5, "b": -0.5}])
def test_shares_that_are_none_are_refused(parts):
    with pytest.raises(SplitError, match="above 0 and add up to 1"):
        split({"a": {}, "b": {}}, parts, rng=rng())
