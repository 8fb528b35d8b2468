"""Trees as scikit-learn learned them, written as the detectors read them (`detectors.loops.trees`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path


def trees_of(model: Any) -> dict[str, Any]:
    """The trees of a HistGradientBoostingClassifier, as `detectors.loops.trees.Trees` has them."""
    columns: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "nan_goes_left": []}
    roots = []
    for tree in (tree for turn in model._predictors for tree in turn):  # noqa: SLF001 - no public way to the nodes
        base = len(columns["feature"])
        roots.append(base)
        nodes, leaf = tree.nodes, tree.nodes["is_leaf"].astype(bool)
        columns["feature"].extend(np.where(leaf, -1, nodes["feature_idx"]))
        columns["threshold"].extend(np.where(leaf, nodes["value"], nodes["num_threshold"]))
        columns["left"].extend(base + nodes["left"])
        columns["right"].extend(base + nodes["right"])
        columns["nan_goes_left"].extend(nodes["missing_go_to_left"])
    return {
        "roots": np.array(roots, np.int32),
        "feature": np.array(columns["feature"], np.int16),
        "threshold": np.array(columns["threshold"], np.float64),
        "left": np.array(columns["left"], np.int32),
        "right": np.array(columns["right"], np.int32),
        "nan_goes_left": np.array(columns["nan_goes_left"], np.bool_),
        "baseline": model._baseline_prediction.ravel().astype(np.float64),  # noqa: SLF001 - as above
    }


def write_trees(path: Path, model: Any) -> None:
    """Write the trees of a HistGradientBoostingClassifier; the same model gives the same bytes."""
    np.savez_compressed(path, **trees_of(model))
