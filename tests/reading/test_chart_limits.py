"""How high a limit must be for charts of so many items."""

import numpy as np
import pytest

from reading import charts


def test_the_limit_for_so_many_items_gives_as_many_false_alarms_as_it_says():
    limit = charts.cusum_limit(rate=0.1, worse=0.25, n=300, chance=0.05)
    rng = np.random.default_rng(99)
    alarms = sum(
        charts.cusum(rng.random(300) < 0.1, rate=0.1, worse=0.25, limit=limit)[1] is not None for _ in range(600)
    )
    assert 0.03 * 600 < alarms < 0.075 * 600
    drifted = sum(
        charts.cusum(np.r_[rng.random(150) < 0.1, rng.random(150) < 0.4], rate=0.1, worse=0.25, limit=limit)[1]
        is not None
        for _ in range(100)
    )
    assert drifted >= 98


@pytest.mark.parametrize(("n", "chance"), [(0, 0.05), (10, 0.0), (10, 1.0)])
def test_a_limit_of_nothing_is_refused(n, chance):
    with pytest.raises(charts.ChartError):
        charts.cusum_limit(rate=0.1, worse=0.2, n=n, chance=chance)
