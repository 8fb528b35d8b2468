"""Mutated messages through the real worker: each is stored or a dead letter; `python -m benchmarks fuzz` sends more."""

from __future__ import annotations

import itertools
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import Account, none
from benchmarks.mutations import Mutator
from tests.ingest.ingest_kit import peaks_for

T0_US = (time.time_ns() // 1000 // 1_000_000 - 3600) * 1_000_000


def run(account, *, n_examples, n_messages):
    @settings(max_examples=n_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(0, 2**32))
    def feed(seed):
        account.feed(list(itertools.islice(Mutator(seed, t0_us=T0_US), n_messages)))
        account.check()

    feed()


def test_worker_stores_or_puts_aside_each_mutated_message(database):
    account = Account(database, detectors=none)
    run(account, n_examples=10, n_messages=300)
    assert account.n_stored > 0.1 * account.n_sent  # what was mutated had a chance of being stored
    assert account.n_dead > 0.5 * account.n_sent


def test_worker_with_detectors_stores_or_puts_aside_each_mutated_message(database):
    account = Account(database, detectors=peaks_for)
    run(account, n_examples=3, n_messages=300)
    assert account.n_stored > 0.1 * account.n_sent
