"""The model that was learned (`training.fibrillation`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from detectors.loops.trees import load_trees, packed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@cache
def forest() -> NDArray[np.float64]:
    """The trees, as `loops.trees.add_scores` walks them."""
    return packed(load_trees("detectors.fibrillation"))
