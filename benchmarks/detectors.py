"""Detectors: samples a second over whole records, and the time for a block of 1 s, beside two published detectors."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import workload
from benchmarks.figures import Figure, against, median_ms
from detectors.registry import detector_named
from detectors.runner import DetectorRun, annotate
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("beats", "ecg", "quality")
N_RECORDS = 4
LIVE_HZ = 250
LIVE = Signal("benchmark", "ecg", float(LIVE_HZ), workload.START_US, tuple(Channel(n, "mV") for n in ("I", "II", "V1")))
LIVE_S = 600


def figures() -> Iterator[Figure]:
    """Whole records first, then blocks of 1 s as they come from a device."""
    records = [_record(path) for path in workload.mitdb_records()[:N_RECORDS]]
    peers = list(_peers(records))
    yield from peers
    for name in NAMES:
        figure = Figure(f"{name}, whole records of 2 leads", _of_detector(name, records), "samples/s")
        yield against(figure, max(peers, key=lambda peer: peer.value)) if name == "beats" else figure
    for name in NAMES:
        yield Figure(f"{name}, block of 1 s, 3 leads, 250 Hz", _block_us(name, records[0][1]), "us")


def _record(path: Any) -> tuple[Signal, Block]:
    signal, blocks = workload.recording(path)
    return signal, signal.physical(Block(0, np.concatenate([block.samples for block in blocks])))


def _peers(records: list[tuple[Signal, Block]]) -> Iterator[Figure]:
    """Samples a second of detectors that take one lead and say no labels."""
    from neurokit2 import ecg_peaks
    from sleepecg import detect_heartbeats

    def pantompkins(lead: Any, fs_hz: float) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ecg_peaks(lead, sampling_rate=round(fs_hz), method="pantompkins1985")

    calls: dict[str, Callable[[Any, float], object]] = {
        "sleepecg, one lead": detect_heartbeats,
        "neurokit2 pantompkins1985, one lead": pantompkins,
    }
    for name, call in calls.items():
        leads = [(np.ascontiguousarray(block.samples[:, 0]), signal.fs_hz) for signal, block in records]
        call(*leads[0])
        begin_s = time.perf_counter()
        for lead, fs_hz in leads:
            call(lead, fs_hz)
        yield Figure(name, sum(len(lead) for lead, _ in leads) / (time.perf_counter() - begin_s), "samples/s")


def _of_detector(name: str, records: list[tuple[Signal, Block]]) -> float:
    detector = detector_named(name)
    annotate(detector, records[0][0], [records[0][1]])  # compiles
    begin_s = time.perf_counter()
    for signal, block in records:
        annotate(detector, signal, [block])
    return sum(block.samples.size for _, block in records) / (time.perf_counter() - begin_s)


def _block_us(name: str, block: Block) -> float:
    three = np.ascontiguousarray(block.samples[: LIVE_S * LIVE_HZ, [0, 1, 0]])
    blocks = [Block(start, three[start : start + LIVE_HZ]) for start in range(0, len(three), LIVE_HZ)]
    run = DetectorRun(detector_named(name), LIVE)
    return 1000 * median_ms(lambda i: run.feed(blocks[i]), n_calls=len(blocks) - 20)
