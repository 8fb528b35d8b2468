"""A registered stream and group to store samples, beats and labels in."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from signal_processing.values import Block, Channel, Signal
from storage import catalogue, users, waveforms

sys.path.insert(0, str(Path(__file__).parent))  # with importlib mode test folders are not on it

T0_US = 1_700_000_000_000_000


def signal_of(stream="device-1/session-1", *, fs_hz=360.0, n_channels=2, group="ecg", t0_us=T0_US):
    channels = tuple(Channel(f"lead-{i}", "mV", 200.0, 1024.0) for i in range(n_channels))
    return Signal(stream=stream, group=group, fs_hz=fs_hz, t0_us=t0_us, channels=channels)


def samples_of(n_samples, n_channels=2, *, seed=0):
    rng = np.random.default_rng(seed)
    return (1024 + rng.normal(0, 8, (n_samples, n_channels)).cumsum(axis=0)).astype(np.int16)


def register(conn, signal):
    stream = catalogue.ensure_stream(conn, name=signal.stream, device="device-1", t0_us=signal.t0_us)
    return catalogue.ensure_group(conn, stream.id, signal)


@pytest.fixture
def signal():
    return signal_of()


@pytest.fixture
def group(any_database, signal):
    """A group that holds no samples yet."""
    with any_database.transaction() as conn:
        return register(conn, signal)


@pytest.fixture
def recording():
    """(36000, 2) int16: 100 s at 360 Hz."""
    return samples_of(36_000)


@pytest.fixture
def filled(any_database, group, recording):
    """The group after 100 s of samples."""
    with any_database.transaction() as conn:
        waveforms.store_blocks(conn, group, [Block(0, recording)])
        return catalogue.group_by_id(conn, group.id)


@pytest.fixture
def reader(any_database):
    """A person who may edit."""
    with any_database.transaction() as conn:
        return users.create(conn, login="reader", password="correct horse", role="reader")  # noqa: S106 - a test's
