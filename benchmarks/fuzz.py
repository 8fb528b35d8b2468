"""A fuzz run: mutated messages through the real worker into a real database; each is stored or a dead letter.

Counted from outside the worker: what it put aside, and for all the rest whether every sample index that the message
speaks of, placed as its timeline says, is in the database in the end. A crash ends the run, a hang of a minute too,
with the stack.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import structlog

from benchmarks import processes, workload
from benchmarks.figures import Figure
from benchmarks.mutations import Mutant, Mutator
from detectors import registry
from ingest import wire
from ingest.local_source import LocalSource
from ingest.timeline import Timeline
from ingest.worker import Worker, WorkerSettings
from storage.sample_runs import Coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from detectors.protocol import AnyDetector
    from ingest.source import DeadLetter, Partition, Polled
    from signal_processing.values import Signal
    from storage.database import Database

HANG_S = 60.0
N_LOOKS = 40
SHOWN_REASONS = 25
_VALUES = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|b'.*?'|\[.*?\]|[-+]?\d[\d.e+-]*|\b(?:nan|inf)\b")
_STORED = """
SELECT s.name, g.name, g.n_stored FROM channel_groups g JOIN streams s ON s.id = g.stream_id WHERE g.n_stored > 0
"""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    Parameters
    ----------
    messages : to send.
    batch : messages between two looks at what became of them.
    detectors : 1 to run the production detectors over what is stored.
    """

    messages: int = 1_000_000
    batch: int = 2000
    detectors: int = 0
    seed: int = 1


class Account:
    """Sends mutants through a worker and keeps the books.

    Parameters
    ----------
    database : migrated; what is in it before counts as well, so it should be empty.
    """

    def __init__(self, database: Database, *, detectors: Callable[[Signal], Sequence[AnyDetector]]) -> None:
        self._database = database
        self._source = _CountingSource(n_partitions=4)
        # most messages fail here on purpose
        settings = WorkerSettings(poll_s=0.01, heartbeat_s=5.0, failure_share=1.0)
        self._worker = Worker(database, self._source, detectors=detectors, settings=settings, name="fuzz")
        self._expected: dict[tuple[str, str], Coverage] = {}
        self._timelines: dict[tuple[str, str], Timeline] = {}
        self._n_expected: Counter[tuple[str, str]] = Counter()
        self.n_sent = self.n_stored = self.n_dead = 0
        self.reasons: Counter[str] = Counter()
        self.stored_kinds: Counter[str] = Counter()

    def feed(self, mutants: Sequence[Mutant]) -> None:
        """Send, wait until all are dealt with, and note what must be there now."""
        places = {}
        for mutant in mutants:
            received = self._source.put(mutant.key, mutant.value)
            places[received.partition, received.offset] = mutant
        self.n_sent += len(mutants)
        while self._source.n_waiting():
            self._worker.run_once()
        dead = self._source.taken()
        assert len(dead) == len({(letter.received.partition, letter.received.offset) for letter in dead})
        for letter in dead:
            del places[letter.received.partition, letter.received.offset]
            self.reasons[_rule(letter.reason)] += 1
        self.n_dead += len(dead)
        self.n_stored += len(places)
        for where in self._source.order():
            if where in places:
                self._expect(places[where])

    def check(self) -> None:
        """Every message is in the database or a dead letter, and nothing else is there."""
        assert self.n_stored + self.n_dead == self.n_sent
        with self._database.transaction() as conn:
            found = {(stream, group): n for stream, group, n in conn.execute(_STORED).fetchall()}
        assert found == dict(self._n_expected), set(found.items()) ^ set(self._n_expected.items())

    def _expect(self, mutant: Mutant) -> None:
        message = wire.decode(mutant.value, now_us=time.time_ns() // 1000)
        key = (message.stream_id, message.group)
        coverage = self._expected.setdefault(key, Coverage())
        # the place alone is taken from it, in the order they were given: that each such sample is stored is looked up
        timeline = self._timelines.setdefault(key, Timeline(message.fs, message.origin_us()))
        start = timeline.place(message.seq, message.t0_ns // 1000, message.n, message.t0_ns // 1000).start_sample
        for low, high in coverage.missing(start, start + message.n):
            coverage.add(low, high)
            self._n_expected[key] += high - low
        self.stored_kinds[mutant.kind] += 1


class _CountingSource(LocalSource):
    """Keeps every dead letter until it is asked for."""

    def __init__(self, *, n_partitions: int) -> None:
        super().__init__(n_partitions=n_partitions)
        self._letters: list[DeadLetter] = []
        self._order: dict[tuple[Partition, int], None] = {}

    def poll(self, timeout_s: float) -> Polled:
        polled = super().poll(timeout_s)
        self._order |= {(one.partition, one.offset): None for one in polled.messages}
        return polled

    def order(self) -> list[tuple[Partition, int]]:
        """How they were given since the last call; without a key those of a stream lie in several partitions."""
        order, self._order = list(self._order), {}
        return order

    def dead_letter(self, letters: Sequence[DeadLetter]) -> None:
        self._letters.extend(letters)

    def taken(self) -> list[DeadLetter]:
        letters, self._letters = self._letters, []
        return letters

    def n_waiting(self) -> int:
        """Messages that are not committed."""
        return self._n_waiting()


def none(_: Signal) -> Sequence[AnyDetector]:
    """No detector."""
    return ()


def figures(options: Options | None = None) -> Iterator[Figure]:
    """Send them all.

    Raises
    ------
    AssertionError : if a message is neither stored nor a dead letter.
    """
    options = options or Options()
    # each batch has its warnings here, and they would be most of the work
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    detectors = registry.production_for if options.detectors else none
    mutator = Mutator(options.seed, t0_us=time.time_ns() // 1000 - 3_600_000_000)
    with workload.database() as database:
        account = Account(database, detectors=detectors)
        looks: list[tuple[int, int]] = []
        began_s = time.perf_counter()
        while account.n_sent < options.messages:
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            n = min(options.batch, options.messages - account.n_sent)
            account.feed([mutator.next() for _ in range(n)])
            if account.n_sent >= options.messages * len(looks) // N_LOOKS:
                looks.append((account.n_sent, processes.resident_bytes(os.getpid())))
        elapsed_s = time.perf_counter() - began_s
        faulthandler.cancel_dump_traceback_later()
        account.check()
    yield Figure("fuzz: messages sent", account.n_sent, "messages")
    yield Figure("fuzz: stored", account.n_stored, "messages")
    yield Figure("fuzz: dead letters", account.n_dead, "messages")
    yield Figure("fuzz: neither", account.n_sent - account.n_stored - account.n_dead, "messages")
    yield Figure("fuzz: messages a second, mutating included", account.n_sent / elapsed_s, "messages/s")
    yield from _memory(looks)
    for kind, n in account.stored_kinds.most_common():
        yield Figure(f"fuzz: stored although {kind}", n, "messages")
    for reason, n in account.reasons.most_common(SHOWN_REASONS):
        yield Figure(f"fuzz: dead letter, {reason}", n, "messages")
    others = sum(n for _, n in account.reasons.most_common()[SHOWN_REASONS:])
    yield Figure("fuzz: dead letter, other reasons", others, "messages")


def _memory(looks: list[tuple[int, int]]) -> Iterator[Figure]:
    """Growth after the first fifth, when caches have filled."""
    late = np.array(looks[len(looks) // 5 :], np.float64)
    yield Figure("fuzz: memory at the end", late[-1, 1] / 2**20, "MiB")
    if len(late) > 2:
        slope = float(np.polyfit(late[:, 0], late[:, 1], 1)[0])
        yield Figure("fuzz: memory grows by", slope * 100_000 / 2**20, "MiB/100,000 messages")


def _rule(reason: str) -> str:
    """The reason without the values: one class for each rule."""
    return _VALUES.sub("#", reason.replace("\n", " ").partition(", got ")[0])[:120]
