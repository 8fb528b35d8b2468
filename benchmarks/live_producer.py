"""A process that sends live streams in real time: `python -m benchmarks.live_producer PLAN` (the JSON of a `Plan`).

Streams take turns in slots of 20 ms, so they are not synchronous. Before each slot the wall time goes into a shared
file of float64, so that whoever measures knows when each message was really handed to the client.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from benchmarks import live_streams
from ingest.kafka_producer import KafkaSink
from ingest.kafka_worker import quiet_client

N_SLOTS = 50
"""A second has that many; stream i sends in slot i % N_SLOTS."""


class Plan(msgspec.Struct, frozen=True):
    """What one producer process does.

    Parameters
    ----------
    first, end : numbers of its streams.
    start_s : wall time (s since 1970) of the first slot; message k of a stream in slot j is due at
        start_s + k + j / N_SLOTS, which is when its last sample would have been taken.
    n_seconds : messages a stream.
    sent_path : file of n_seconds * N_SLOTS float64 for each producer: when each slot was sent, 0 before.
    i_producer : which of them is this one's.
    """

    bootstrap: str
    first: int
    end: int
    start_s: float
    n_seconds: int
    n_records: int
    sent_path: str
    i_producer: int


def slot_time_s(plan: Plan, slot: int) -> float:
    """Wall time when a slot is due."""
    return plan.start_s + slot / N_SLOTS


def main(text: str) -> None:
    """Send everything, then end; fails when a message could not be delivered."""
    plan = msgspec.json.decode(text, type=Plan)
    quiet_client()
    records = live_streams.recordings(n_records=plan.n_records)
    slots: list[list[live_streams.LiveStream]] = [[] for _ in range(N_SLOTS)]
    for number in range(plan.first, plan.end):
        # a second of samples stands behind each message when it is sent
        t0_us = round((plan.start_s - 1 + (number % N_SLOTS) / N_SLOTS) * 1e6)
        slots[number % N_SLOTS] += live_streams.streams_of(range(number, number + 1), records, t0_us=t0_us)
    n_slots = plan.n_seconds * N_SLOTS
    own = plan.i_producer * n_slots * np.dtype(np.float64).itemsize
    sent = np.memmap(Path(plan.sent_path), dtype=np.float64, mode="r+", offset=own, shape=(n_slots,))
    sink = KafkaSink(plan.bootstrap)
    if time.time() > plan.start_s:
        msg = f"the producer must be ready before its first slot, it was {time.time() - plan.start_s:.1f} s late"
        raise RuntimeError(msg)
    for slot in range(n_slots):
        wait_s = slot_time_s(plan, slot) - time.time()
        if wait_s > 0:
            time.sleep(wait_s)
        sent[slot] = time.time()
        i_second = slot // N_SLOTS
        for stream in slots[slot % N_SLOTS]:
            sink.send_raw(stream.key, stream.message(i_second))
    sink.flush()
    sink.close()


if __name__ == "__main__":
    main(sys.argv[1])
