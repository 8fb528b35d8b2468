"""The median of a few values, compiled in a tenth of the time that `np.median` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.loops.compiled import inner

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@inner
def median(values: NDArray[np.float64]) -> float:
    """The median of a few values, at least one, which are put in order."""
    n = values.shape[0]
    for i in range(1, n):
        value = values[i]
        k = i
        while k > 0 and values[k - 1] > value:
            values[k] = values[k - 1]
            k -= 1
        values[k] = value
    return values[n // 2] if n % 2 else (values[n // 2 - 1] + values[n // 2]) / 2
