"""Trees as they are walked, against scikit-learn, which learned them."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from detectors.loops.trees import Trees, packed, probabilities
from training.trees import trees_of


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_probabilities_are_those_of_the_learner(n_classes):
    random = np.random.default_rng(n_classes)
    features = random.normal(size=(600, 5))
    features[random.random(features.shape) < 0.1] = np.nan
    noisy = np.nan_to_num(features[:, 0]) + random.normal(size=600) / 2
    labels = np.digitize(noisy, np.quantile(noisy, np.arange(1, n_classes) / n_classes))
    model = HistGradientBoostingClassifier(max_iter=13, max_leaf_nodes=7, random_state=0).fit(features, labels)
    expected = model.predict_proba(features)
    found = probabilities(packed(Trees(**trees_of(model))), features)
    assert found == pytest.approx(expected if n_classes > 2 else expected[:, 1:], abs=1e-12)


def test_no_rows_have_no_probabilities():
    model = HistGradientBoostingClassifier(max_iter=2).fit(np.arange(100.0)[:, None], np.arange(100) // 50)
    assert probabilities(packed(Trees(**trees_of(model))), np.empty((0, 1))).shape == (0, 1)
