"""What the tests of ingest share: a small detector, recordings, a clock that needs no time, database contents."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event

import msgspec
import numpy as np

from detectors.protocol import Step
from ingest.replay import FULL_SPEED, replay
from ingest.wire import SCHEMA, WaveformMessage
from ingest.worker import Worker, WorkerSettings
from signal_processing.values import Annotation, Annotator, Block, Channel, Signal

FS_HZ = 250.0
THRESHOLD_MV = 1.0
LONG_S = 2.0


@dataclass
class PeaksState:
    """A run of samples above the threshold: where it began (-1: not above), and when its span is due."""

    above_from: int = -1
    tick: int = -1


@dataclass(frozen=True)
class Peaks:
    """Says a beat where the first channel rises above 1 mV, and FLAT while it stays there for more than 2 s."""

    name: str = "peaks"
    version: str = "1"
    threshold_mv: float = THRESHOLD_MV
    fail_at: int = -1

    latency_s = LONG_S
    state_type = PeaksState

    @property
    def annotators(self):
        return (Annotator("machine", self.name, self.version),)

    def accepts(self, signal):
        return signal.fs_hz == FS_HZ

    def initial(self, _signal):
        return PeaksState()

    def step(self, state, block):
        said = []
        above = block.samples[:, 0] > self.threshold_mv
        for i in np.flatnonzero(np.diff(np.r_[state.above_from >= 0, above].astype(np.int8))):
            at = block.start + int(i)
            said += self._ticks(state, at)
            if state.above_from < 0:
                state.above_from, state.tick = at, at + int(LONG_S * FS_HZ)
                said.append(Annotation(start=at, end=at, label="N", annotator=self.annotators[0], confidence=0.5))
            else:
                said += self._ended(state, at)
                state.above_from = state.tick = -1
        if block.start <= self.fail_at < block.end:
            msg = "the algorithm broke"
            raise ZeroDivisionError(msg)
        said += self._ticks(state, block.end)
        return Step(state, said)

    def finish(self, _state):
        return []

    def _ticks(self, state, until):
        said = []
        while 0 <= state.tick <= until:
            said.append(self._span(state, state.tick, ongoing=True))
            state.tick += int(LONG_S * FS_HZ)
        return said

    def _ended(self, state, at):
        return [self._span(state, at, ongoing=False)] if at - state.above_from >= LONG_S * FS_HZ else []

    def _span(self, state, end, *, ongoing):
        return Annotation(start=state.above_from, end=end, label="FLAT", annotator=self.annotators[0], ongoing=ongoing)


def peaks_for(signal):
    return [Peaks()] if Peaks().accepts(signal) else []


def no_detectors(signal):
    return []


def ecg(stream="s1", *, fs_hz=FS_HZ, t0_us=None, n_channels=2, group="ecg"):
    t0_us = (time.time_ns() // 1000 // 1_000_000 - 3600) * 1_000_000 if t0_us is None else t0_us
    names = ("MLII", "V5", "V1")[:n_channels]
    return Signal(stream, group, fs_hz, t0_us, tuple(Channel(name, "mV", 200.0, 0.0) for name in names))


def samples(n, *, n_channels=2, seed=1):
    """Peaks about every second on noise, now and then a plateau of some seconds; (n, n_channels) int16."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 20, (n, n_channels))
    for start in range(100, n, 263):
        values[start : start + 8, 0] += 600
    for start in range(4000, n, 9000):
        values[start : start + 1700, 0] += 600
    return values.astype(np.int16)


def message(**changes):
    """A valid message of ten samples of two channels, now, with some fields changed."""
    facts = {
        "schema": SCHEMA,
        "stream_id": "s1",
        "device_id": "d1",
        "seq": 0,
        "t0_ns": time.time_ns(),
        "fs": FS_HZ,
        "n": 10,
        "channels": ["MLII", "V5"],
        "units": ["mV", "mV"],
        "gain": [200.0, 200.0],
        "offset": [0.0, 0.0],
        "data": bytes(40),
        "group": "ecg",
    }
    return WaveformMessage(**{**facts, **changes})


def send_all(sink, signal, values, *, start=0, block_s=1.0):
    return replay(signal, [Block(start, values)], sink, speed=FULL_SPEED, block_s=block_s)


class InstantClock:
    """Waiting takes no time; the wall clock is the machine's."""

    def __init__(self):
        self.passed_s = 0.0
        self.waits_s = []

    def now_us(self):
        return time.time_ns() // 1000

    def monotonic_s(self):
        return self.passed_s

    def wait(self, stop, duration_s):
        self.waits_s.append(duration_s)
        self.passed_s += max(duration_s, 0.0)
        return stop.is_set()


def worker_on(database, source, *, detectors=peaks_for, **changes):
    settings = WorkerSettings(**{"poll_s": 0.05, "heartbeat_s": 0.2, **changes})
    return Worker(database, source, detectors=detectors, settings=settings)


def drain(worker, *, n_messages, timeout_s=60.0):
    """Run the worker until it has taken that many messages."""
    deadline = time.monotonic() + timeout_s
    taken = 0
    while taken < n_messages and time.monotonic() < deadline:
        taken += worker.run_once()
    assert taken >= n_messages
    return taken


def wait_until(holds, *, timeout_s=60.0, every_s=0.05):
    """Wait for a condition; fails when it does not come."""
    never = Event()
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if holds():
            return
        never.wait(every_s)
    msg = f"the condition must hold within {timeout_s:g} s"
    raise AssertionError(msg)


CONTENT = {
    "streams": "SELECT name, t0_us, ended_us, synthetic, note FROM streams ORDER BY name",
    "groups": """SELECT s.name, g.name, g.fs_hz, g.t0_us, g.cell_samples, g.first_sample, g.next_sample, g.n_stored,
        g.sealed
        FROM channel_groups g JOIN streams s ON s.id = g.stream_id ORDER BY 1, 2""",
    "signals": """SELECT s.name, g.name, c.position, c.name, c.unit, c.gain, c."offset"
        FROM signals c JOIN channel_groups g ON g.id = c.group_id JOIN streams s ON s.id = g.stream_id
        ORDER BY 1, 2, 3""",
    "blocks": """SELECT s.name, g.name, b.start_us, b.start_sample, b.n_samples, b.codec, b.envelope, b.payload
        FROM waveform_blocks b JOIN channel_groups g ON g.id = b.group_id
        JOIN streams s ON s.id = g.stream_id ORDER BY 1, 2, 3""",
    "tail": """SELECT s.name, g.name, b.start_sample, b.payload
        FROM waveform_tail b JOIN channel_groups g ON g.id = b.group_id
        JOIN streams s ON s.id = g.stream_id ORDER BY 1, 2, 3""",
    "pyramid": """SELECT s.name, g.name, b.span, b.envelope
        FROM waveform_pyramid b JOIN channel_groups g ON g.id = b.group_id
        JOIN streams s ON s.id = g.stream_id ORDER BY 1, 2, 3""",
    "beats": """SELECT s.name, r.name, r.version, r.parameters_hash, b.cell, b.samples, b.numbers, b.confidences::text
        FROM beat_blocks b JOIN detector_runs r ON r.id = b.run_id JOIN channel_groups g ON g.id = r.group_id
        JOIN streams s ON s.id = g.stream_id ORDER BY 1, 2, 3, 4, 5""",
    "annotations": """SELECT a.id, s.name, a.kind, a.label, a.channel, a.start_us, a.end_us, a.status, a.deleted,
        a.revision,
        a.confidence, a.figures::text, a.note, a.author_name, a.author_version, a.ongoing, a.machine_end_us
        FROM annotations a JOIN streams s ON s.id = a.stream_id ORDER BY 1""",
}
"""All that an ingest leaves behind, less the times of writing and the numbers that the database gives."""


def content(database):
    """The rows of every table that an ingest fills, by table."""
    with database.transaction() as conn:
        return {table: conn.execute(query).fetchall() for table, query in CONTENT.items()}


def as_plain(message):
    return [getattr(message, field) for field in message.__struct_fields__]


def reencoded(fields):
    return msgspec.msgpack.encode(fields)
