"""The convolutions of `detectors.waves.network`, compiled: sums in one order, so that a window gives the same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detectors.loops.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]
    Int = int | np.int64


@compiled
def convolve(rows: Rows, weights: Rows, margin: Int, dilation: Int, out: Rows) -> None:
    """Add the convolution of `rows` with five taps to `out`.

    Parameters
    ----------
    rows : (n_in, margin + n + margin), 0 in the margins.
    weights : (n_out, n_in, 5); the third tap lies on the sample itself, `dilation` samples between neighbours.
    out : (n_out, margin + n + margin); the margins are left alone.
    """
    n = out.shape[1] - 2 * margin
    first = margin - 2 * dilation
    for o in range(weights.shape[0]):
        to = out[o, margin : margin + n]
        for i in range(weights.shape[1]):
            w = weights[o, i]
            a = rows[i, first : first + n]
            b = rows[i, first + dilation : first + dilation + n]
            c = rows[i, margin : margin + n]
            d = rows[i, margin + dilation : margin + dilation + n]
            e = rows[i, margin + 2 * dilation : margin + 2 * dilation + n]
            for t in range(n):
                to[t] += w[0] * a[t] + w[1] * b[t] + w[2] * c[t] + w[3] * d[t] + w[4] * e[t]
