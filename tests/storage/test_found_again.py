"""Beats found again beside those of persons: said at once what was said one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.found_again import Claims, Found, claimed

WINDOW = 12


def one_by_one(found, claims):
    """The law as it was first written: each claim looks at every beat near it."""
    taken = np.zeros(len(found.samples), bool)
    for was, stands, is_pulse, later in zip(*claims, strict=True):
        for places in [(was, stands)] if abs(was - stands) <= WINDOW else [(was,), (stands,)]:
            near = [
                (min(abs(sample - place) for place in places), i)
                for i, sample in enumerate(found.samples)
                if min(places) - WINDOW <= sample <= max(places) + WINDOW
                and not taken[i]
                and found.is_pulse[i] == is_pulse
                and found.run_ids[i] in later
            ]
            if near:
                taken[min(near)[1]] = True
    return taken


samples = st.integers(0, 120)
runs = st.integers(1, 3)
beats = st.lists(st.tuples(samples, st.booleans(), runs), max_size=25)
claims = st.lists(st.tuples(samples, samples, st.booleans(), st.frozensets(runs, max_size=2)), max_size=15)


@settings(max_examples=150, deadline=None)
@given(beats=beats, claims=claims)
def test_claims_take_the_beats_that_they_took_one_by_one(beats, claims):
    ordered = sorted(beats, key=lambda beat: beat[0])
    found = Found(*(np.array([beat[i] for beat in ordered], kind) for i, kind in enumerate((np.int64, bool, np.int64))))
    asked = Claims(
        *(np.array([claim[i] for claim in claims], kind) for i, kind in enumerate((np.int64, np.int64, bool))),
        [claim[3] for claim in claims],
    )
    np.testing.assert_array_equal(claimed(found, asked, WINDOW), one_by_one(found, asked))
