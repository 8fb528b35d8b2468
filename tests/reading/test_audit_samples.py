"""Which finished items are audited."""

import numpy as np
import pytest

from reading.audit_samples import ALONE, DISPUTED, DOUBTFUL, FAST, NEW_READER, RANDOM, RARE, Finished, draw, reasons_of


def finished(n=200, **changes):
    """Items of two experienced readers, 10 s each, all normal; `changes` by item."""
    rng = np.random.default_rng(1)
    items = [Finished(i, [1, 2], float(rng.lognormal(np.log(10), 0.1)), False, ["SR"]) for i in range(n)]
    for number, change in changes.items():
        at = int(number[1:])
        items[at] = items[at]._replace(**change)
    return items


def test_reasons_are_told_of_what_is_unusual_and_of_nothing_else():
    items = finished(
        i3={"was_disputed": True},
        i5={"labels": ["VT"]},
        i7={"seconds": 1.0},
        i9={"readers": [1]},
        i11={"readers": [1, 9]},
        i13={"is_doubtful": True},
    )
    found = reasons_of(items)
    assert [found[i] for i in (3, 5, 7, 9, 11, 13)] == [[DISPUTED], [RARE], [FAST], [ALONE], [NEW_READER], [DOUBTFUL]]
    usual = [at for at in range(len(items)) if at not in {3, 5, 7, 9, 11, 13}]
    assert sum(bool(found[at]) for at in usual) <= 0.05 * len(usual)  # the fastest of the usual


def test_a_random_sample_is_drawn_first_and_the_riskiest_beside_it():
    items = finished(i3={"was_disputed": True, "labels": ["VT"]}, i5={"was_disputed": True})
    chosen = draw(items, n_random=20, n_risk=2, rng=np.random.default_rng(0))
    assert sum(why == RANDOM for why in chosen.values()) == 20
    assert {3, 5} <= chosen.keys()
    assert len(chosen) == 22


def test_every_item_is_as_likely_to_be_in_the_random_sample():
    items = finished(40)
    counts = np.zeros(40)
    for seed in range(400):
        for item in draw(items, n_random=10, n_risk=0, rng=np.random.default_rng(seed)):
            counts[item] += 1
    assert counts.min() > 60
    assert counts.max() < 140  # 100 expected, SD 8.7


def test_nothing_finished_gives_nothing_and_a_negative_count_is_refused():
    assert draw([], n_random=5, n_risk=5, rng=np.random.default_rng(0)) == {}
    with pytest.raises(ValueError, match="must not be negative, got -1 and 0"):
        draw(finished(3), n_random=-1, n_risk=0, rng=np.random.default_rng(0))
