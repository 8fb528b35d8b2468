"""Detectors: samples a second over whole records, the time for a block of 1 s of 1 to 10,000 streams, and latency.

Beside two published detectors in the same run. Those read a whole recording at once; as a stream they read the newest
ten seconds again at each second.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import detector_latency, workload
from benchmarks.figures import Figure, against
from detectors.physical import PhysicalUnits
from detectors.registry import PRODUCTION, detector_named
from detectors.runner import DetectorRun, annotate
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("beats", "ecg", "quality")
N_RECORDS = 4
LIVE_HZ = 250
LEADS = tuple(Channel(name, "mV", 200.0) for name in ("I", "II", "V1"))
LIVE = Signal("benchmark", "ecg", float(LIVE_HZ), workload.START_US, LEADS)
LIVE_S, LEARN_S = 30, 5
N_LIVE = 240
"""Streams that differ."""
N_STREAMS = (1, 100, 10_000)
MEASURED_STREAM_S = 20_000
"""So many blocks at least are measured, and five seconds of every stream."""
BUFFER_S = 10
MITDB_ZERO = 1024
"""Digital value of 0 mV in that database, adu."""


def figures() -> Iterator[Figure]:
    """Whole records first, then blocks of 1 s as they come from a device."""
    records = [_record(path) for path in workload.mitdb_records()[:N_RECORDS]]
    calls = _peer_calls()
    peers = list(_peers(records, calls))
    yield from peers
    for name in NAMES:
        figure = Figure(f"{name}, whole records of 2 leads", _of_detector(name, records), "samples/s")
        yield against(figure, max(peers, key=lambda peer: peer.value)) if name == "beats" else figure
    yield from _live()
    yield from _many(calls)
    yield from detector_latency.figures()


def _record(path: Any) -> tuple[Signal, Block]:
    signal, blocks = workload.recording(path)
    return signal, signal.physical(Block(0, np.concatenate([block.samples for block in blocks])))


def _peer_calls() -> dict[str, Callable[[Any, float], object]]:
    """Detectors that take one lead and say no labels."""
    from neurokit2 import ecg_peaks
    from sleepecg import detect_heartbeats

    def pantompkins(lead: Any, fs_hz: float) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ecg_peaks(lead, sampling_rate=round(fs_hz), method="pantompkins1985")

    return {"sleepecg, one lead": detect_heartbeats, "neurokit2 pantompkins1985, one lead": pantompkins}


def _peers(records: list[tuple[Signal, Block]], calls: dict[str, Callable[[Any, float], object]]) -> Iterator[Figure]:
    """Samples a second of CPU over whole records."""
    for name, call in calls.items():
        leads = [(np.ascontiguousarray(block.samples[:, 0]), signal.fs_hz) for signal, block in records]
        call(*leads[0])
        begin_s = time.process_time()
        for lead, fs_hz in leads:
            call(lead, fs_hz)
        yield Figure(name, sum(len(lead) for lead, _ in leads) / (time.process_time() - begin_s), "samples/s")


def _of_detector(name: str, records: list[tuple[Signal, Block]]) -> float:
    detector = detector_named(name)
    annotate(detector, records[0][0], [records[0][1]])  # compiles
    begin_s = time.process_time()
    for signal, block in records:
        annotate(detector, signal, [block])
    return sum(block.samples.size for _, block in records) / (time.process_time() - begin_s)


def _live() -> Iterator[Figure]:
    """A second of a stream among many, as a worker meets it: CPU time, with the states of the others in between."""
    streams = _live_streams()
    where = f"1 s of 3 leads at {LIVE_HZ} Hz, {len(streams)} streams in turn"
    physical_us, _ = _live_us(streams, ())
    yield Figure(f"physical units, {where}", physical_us, "us CPU")
    for names in (*((name,) for name in NAMES), PRODUCTION):
        each_us, runs = _live_us(streams, names)
        title = names[0] if len(names) == 1 else "all production detectors and physical units"
        yield Figure(f"{title}, {where}", each_us - (physical_us if len(names) == 1 else 0.0), "us CPU")
        yield from _checkpoints(title, runs)


def _live_streams() -> list[list[Block]]:
    streams: list[list[Block]] = []
    records = [workload.recording(path)[1] for path in workload.mitdb_records()[:N_RECORDS]]
    whole = [np.concatenate([block.samples for block in blocks]) - MITDB_ZERO for blocks in records]
    for i in range(N_LIVE):
        start = 97 * LIVE_HZ // 13 * i  # not all at the same phase of the same beat
        samples = whole[i % len(whole)][start : start + LIVE_S * LIVE_HZ, [0, 1, 0]].astype(np.int16)
        seconds = range(0, len(samples), LIVE_HZ)
        streams.append([Block(at, np.ascontiguousarray(samples[at : at + LIVE_HZ])) for at in seconds])
    return streams


def _live_us(streams: list[list[Block]], names: tuple[str, ...]) -> tuple[float, list[DetectorRun]]:
    detectors = [d for d in (detector_named(name) for name in names) if d.accepts(LIVE)]
    runs = [[DetectorRun(detector, LIVE) for detector in detectors] for _ in streams]
    physical = PhysicalUnits(LIVE)
    begin_s = 0.0
    for second in range(LIVE_S):
        if second == LEARN_S:
            begin_s = time.process_time()
        for blocks, own in zip(streams, runs, strict=True):
            block = physical(blocks[second])
            for run in own:
                run.feed(block)
    each_us = 1e6 * (time.process_time() - begin_s) / ((LIVE_S - LEARN_S) * len(streams))
    return each_us, [run for own in runs for run in own]


def _many(calls: dict[str, Callable[[Any, float], object]]) -> Iterator[Figure]:
    """The same second of 1, 100 and 10,000 streams: what caches and the sheer number of states make of it."""
    streams = _live_streams()
    per_second = LIVE_HZ * len(LEADS)
    for n in N_STREAMS:
        many = [streams[i % len(streams)] for i in range(n)]
        where = f"1 s of 3 leads at {LIVE_HZ} Hz, {n:,} streams"
        for names in (("beats",), PRODUCTION):
            title = names[0] if len(names) == 1 else "all production detectors"
            each_us = _many_us(many, names)
            yield Figure(f"{title}, {where}", each_us, "us CPU a block")
            yield Figure(f"{title}, {where}, samples", per_second * 1e6 / each_us, "samples/s")
        newest = [np.concatenate([block.samples[:, 0] for block in blocks[:BUFFER_S]]) for blocks in many[:N_LIVE]]
        leads = [one / LEADS[0].gain for one in newest]
        for name, call in calls.items():
            each_us = _peer_us(call, leads, n_calls=min(max(n, 20), N_LIVE))
            yield Figure(f"{name}, the newest {BUFFER_S} s each second, {n:,} streams", each_us, "us CPU a block")


def _many_us(streams: list[list[Block]], names: tuple[str, ...]) -> float:
    """CPU time a block, with conversion to physical units; the states of all the others are in between."""
    detectors = [d for d in (detector_named(name) for name in names) if d.accepts(LIVE)]
    runs = [[DetectorRun(detector, LIVE) for detector in detectors] for _ in streams]
    physical = PhysicalUnits(LIVE)
    n_seconds = LEARN_S + max(5, min(LIVE_S - LEARN_S, MEASURED_STREAM_S // len(streams)))
    begin_s = 0.0
    for second in range(n_seconds):
        if second == LEARN_S:
            begin_s = time.process_time()
        for blocks, own in zip(streams, runs, strict=True):
            block = physical(blocks[second])
            for run in own:
                run.feed(block)
    return 1e6 * (time.process_time() - begin_s) / ((n_seconds - LEARN_S) * len(streams))


def _peer_us(call: Callable[[Any, float], object], leads: list[Any], *, n_calls: int) -> float:
    call(leads[0], float(LIVE_HZ))
    begin_s = time.process_time()
    for i in range(n_calls):
        call(leads[i % len(leads)], float(LIVE_HZ))
    return 1e6 * (time.process_time() - begin_s) / n_calls


def _checkpoints(title: str, runs: list[DetectorRun]) -> Iterator[Figure]:
    begin_s = time.process_time()
    saved = [run.checkpoint() for run in runs]
    dumped_s = time.process_time()
    for run, state in zip(runs, saved, strict=True):
        DetectorRun.resume(run.detector, LIVE, state)
    loaded_s = time.process_time()
    yield Figure(f"{title}, checkpoint", sum(map(len, saved)) / N_LIVE, "bytes a stream")
    yield Figure(f"{title}, checkpoint dumped", 1e6 * (dumped_s - begin_s) / N_LIVE, "us CPU a stream")
    yield Figure(f"{title}, checkpoint loaded", 1e6 * (loaded_s - dumped_s) / N_LIVE, "us CPU a stream")
