"""What tests of samples share: a recording, bad deliveries of it, and all that the tables say of a group."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from signal_processing.values import Block, Channel, Signal
from storage import catalogue

_numbers = itertools.count()
N_SAMPLES = 3_000
N_CHANNELS = 2


def plain_signal(name, *, fs_hz=32.0, n_channels=N_CHANNELS):
    channels = tuple(Channel(f"lead-{i}", "mV", 200.0) for i in range(n_channels))
    return Signal(stream=name, group="ecg", fs_hz=fs_hz, t0_us=1_700_000_000_000_000, channels=channels)


def register_plain(conn, *, fs_hz=32.0, n_channels=N_CHANNELS):
    signal = plain_signal(f"stream-{next(_numbers)}", fs_hz=fs_hz, n_channels=n_channels)
    stream = catalogue.ensure_stream(conn, name=signal.stream, device="device", t0_us=signal.t0_us)
    return catalogue.ensure_group(conn, stream.id, signal)


def noise(n_samples, n_channels=N_CHANNELS, *, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 20, (n_samples, n_channels)).cumsum(axis=0).astype(np.int16)


SAMPLES = noise(N_SAMPLES)


def contents(conn, group):
    """Everything the tables say of a group, but when."""
    blocks = conn.execute(
        "SELECT start_us, start_sample, n_samples, codec, envelope, payload FROM waveform_blocks"
        " WHERE group_id = %s ORDER BY start_us",
        [group.id],
    ).fetchall()
    tail = conn.execute(
        "SELECT start_sample, payload FROM waveform_tail WHERE group_id = %s ORDER BY start_sample", [group.id]
    ).fetchall()
    extent = conn.execute(
        "SELECT first_sample, next_sample, n_stored FROM channel_groups WHERE id = %s", [group.id]
    ).fetchall()
    return blocks, tail, extent


@st.composite
def deliveries(draw):
    """Pieces of one recording as a bad network brings them: any cuts, gaps, repeats, swaps; then cut into polls."""
    cuts = sorted(draw(st.sets(st.integers(1, N_SAMPLES - 1), max_size=12)))
    pieces = list(itertools.pairwise([0, *cuts, N_SAMPLES]))
    kept = draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=len(pieces), unique=True))
    overlaps = draw(st.lists(st.sampled_from(kept), max_size=4))
    widened = [(low + (high - low) // 3, high) for low, high in overlaps]
    order = draw(st.permutations([*kept, *widened]))
    polls = []
    while order:
        n = draw(st.integers(1, len(order)))
        polls.append(order[:n])
        order = order[n:]
    return [poll for poll in polls if poll]


def blocks_of(pieces):
    return [Block(low, SAMPLES[low:high]) for low, high in pieces if low < high]
