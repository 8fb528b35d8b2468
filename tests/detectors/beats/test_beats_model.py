"""The trees as they are walked, against the trees as they are written."""

import numpy as np
import pytest

from detectors.beats.model import CLASSES, judge, trees
from detectors.beats.plan import N_FEATURES


def walked_one_by_one(features):
    own = trees()
    scores = own.baseline.copy()
    for i, root in enumerate(own.roots):
        node = root
        while own.feature[node] >= 0:
            value = features[own.feature[node]]
            is_below = own.nan_goes_left[node] if np.isnan(value) else value <= own.threshold[node]
            node = own.left[node] if is_below else own.right[node]
        scores[i % len(CLASSES)] += own.threshold[node]
    odds = np.exp(scores - scores.max())
    return CLASSES[int(odds.argmax())], float(odds.max() / odds.sum())


@pytest.mark.parametrize("n", [0, 1, 300])
def test_beats_are_judged_as_the_trees_say(n):
    features = np.random.default_rng(0).normal(0.0, 1.0, (n, N_FEATURES))
    features[n // 2 :, 3] = np.nan
    expected = [walked_one_by_one(row) for row in features]
    verdicts = judge(features)
    assert [verdict.label for verdict in verdicts] == [label for label, _ in expected]
    assert [verdict.confidence for verdict in verdicts] == pytest.approx([p for _, p in expected], abs=6e-4)
