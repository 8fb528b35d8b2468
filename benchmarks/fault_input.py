"""What the fault run sends: real recordings as a ward sends them, with gaps, repeats and messages out of order."""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from benchmarks import workload
from formats.wfdb_files import read_blocks, read_header
from ingest import wire
from ingest.replay import cut_even
from signal_processing.values import Block, Channel, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

GAP_EVERY_S = 120.0
MAX_GAP_S = 20.0
REPEAT_SHARE = 0.05
MAX_REPEAT_DELAY_S = 30.0
SHUFFLE_SHARE = 0.2
_MESSAGE_S = (0.5, 1.0, 2.0)
_BIDMC_HZ = 125.0


class Sent(NamedTuple):
    """One message and when it goes, s of signal since the first."""

    due_s: float
    key: bytes
    value: bytes


class Input(NamedTuple):
    """All messages in the order they go, and what must be stored in the end.

    Parameters
    ----------
    n_samples : by (stream, group).
    """

    messages: list[Sent]
    n_samples: dict[tuple[str, str], int]
    n_repeated: int
    n_shuffled: int


def ward(*, n_streams: int, duration_s: float, seed: int, repeats: bool, shuffle_s: float) -> Input:
    """Streams of one to three groups: ECG at 360 Hz, with some the pulse wave at 125 Hz, with some SpO2 at 1 Hz.

    Parameters
    ----------
    repeats : send some messages twice.
    shuffle_s : how much later some messages may come, s of signal; 0 for none. The samples are the same in any case.
    """
    plan = random.Random(seed)  # noqa: S311 - repeatable
    order = random.Random(seed + 1)  # noqa: S311 - repeatable, and of its own: the samples must not depend on it
    messages: list[Sent] = []
    n_samples: dict[tuple[str, str], int] = {}
    counts = {"repeated": 0, "shuffled": 0}
    for i in range(n_streams):
        for signal, samples in _groups(i, duration_s):
            blocks = list(_with_gaps(Block(0, samples), signal.fs_hz, plan))
            n_message = max(round(plan.choice(_MESSAGE_S) * signal.fs_hz), 1)
            n_samples[signal.stream, signal.group] = sum(map(len, blocks))
            pieces = cut_even(blocks, n_message)
            own = list(wire.messages_of(signal, pieces, device=f"monitor-{i}"))
            messages += _disordered(own, order, counts, repeats=repeats, shuffle_s=shuffle_s)
    messages.sort(key=lambda sent: sent.due_s)  # stable: what is due together goes in the order of streams
    return Input(messages, n_samples, counts["repeated"], counts["shuffled"])


def _disordered(
    messages: list[wire.WaveformMessage],
    order: random.Random,
    counts: dict[str, int],
    *,
    repeats: bool,
    shuffle_s: float,
) -> Iterator[Sent]:
    end_s = max(_due_s(message) for message in messages)
    for message in messages:
        key, value, due_s = message.stream_id.encode(), wire.encode(message), _due_s(message)
        if message.last:  # a device says goodbye when all the rest is out
            yield Sent(end_s + max(shuffle_s, MAX_REPEAT_DELAY_S), key, value)
            continue
        if order.random() < SHUFFLE_SHARE and shuffle_s > 0:
            counts["shuffled"] += 1
            due_s += order.uniform(0, shuffle_s)
        yield Sent(due_s, key, value)
        if order.random() < REPEAT_SHARE and repeats:
            counts["repeated"] += 1
            yield Sent(due_s + order.uniform(0, MAX_REPEAT_DELAY_S), key, value)


def _due_s(message: wire.WaveformMessage) -> float:
    return message.end / message.fs


def _groups(i: int, duration_s: float) -> Iterator[tuple[Signal, NDArray[np.int16]]]:
    name = f"ward-{i:03d}"
    paths = workload.mitdb_records()
    signal, samples = _ecg(paths[i % len(paths)], duration_s)
    yield msgspec.structs.replace(signal, stream=name, group="ecg"), samples
    if i % 3:
        channel = Channel("PLETH", "1", 1000.0, 0.0)
        yield Signal(name, "ppg", _BIDMC_HZ, workload.START_US, (channel,)), _pulse_wave(i, duration_s)
    if i % 3 == 2:
        channel = Channel("SpO2", "%", 10.0, 0.0)
        yield Signal(name, "numerics", 1.0, workload.START_US, (channel,)), _oxygen(i, duration_s)


def _ecg(path: Path, duration_s: float) -> tuple[Signal, NDArray[np.int16]]:
    header = read_header(path, t0_us=workload.START_US)
    n = round(duration_s * header.signal.fs_hz)
    whole = np.concatenate([block.samples for block in read_blocks(header, end=min(n, header.n_samples))])
    return header.signal, _long(whole, n)


def _pulse_wave(i: int, duration_s: float) -> NDArray[np.int16]:
    values = _column(i, "Signals", " PLETH") * 1000.0
    return _long(np.rint(values).astype(np.int16)[:, np.newaxis], round(duration_s * _BIDMC_HZ))


def _oxygen(i: int, duration_s: float) -> NDArray[np.int16]:
    values = np.nan_to_num(_column(i, "Numerics", " SpO2"), nan=0.0) * 10.0
    return _long(np.rint(values).astype(np.int16)[:, np.newaxis], round(duration_s))


def _column(i: int, kind: str, name: str) -> NDArray[np.float64]:
    paths = sorted((workload.DATA_DIR / "bidmc-csv").glob(f"bidmc_*_{kind}.csv"))
    with paths[i % len(paths)].open(newline="") as file:
        return np.array([float(row[name] or "nan") for row in csv.DictReader(file)])


def _long(samples: NDArray[np.int16], n: int) -> NDArray[np.int16]:
    """That many samples; a shorter recording begins again."""
    return np.concatenate([samples] * -(-n // len(samples)))[:n]


def _with_gaps(block: Block, fs_hz: float, plan: random.Random) -> Iterator[Block]:
    at = 0
    while at < len(block):
        end = min(at + max(round(plan.expovariate(1 / GAP_EVERY_S) * fs_hz), 1), len(block))
        yield block.between(at, end)
        at = end + max(round(plan.uniform(0, MAX_GAP_S) * fs_hz), 1)
