"""int32 and float32 in the tables: every bit comes back, and how they came leaves no trace."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal_processing.sample_types import SAMPLE_FORMATS
from signal_processing.values import Block, Channel, Signal
from storage import catalogue, waveforms
from storage.errors import ConstraintError, SignalChangedError

N_SAMPLES = 1_400
_numbers = itertools.count()


def _signal(sample_type, *, fs_hz=25.0):
    name = f"typed-{next(_numbers)}"
    return Signal(name, "acc", fs_hz, 1_700_000_000_000_000, (Channel("x", "[g]"), Channel("y", "[g]")), sample_type)


def _register(conn, signal):
    stream = catalogue.ensure_stream(conn, name=signal.stream, device="device", t0_us=signal.t0_us)
    return catalogue.ensure_group(conn, stream.id, signal)


def _samples(sample_type):
    """Slow waves with noise; beyond int16 for int32; NaN, both zeros and a NaN with a payload for float32."""
    rng = np.random.default_rng(5)
    values = np.sin(np.arange(N_SAMPLES) / 40)[:, None] * [1.0, 3.0] + rng.normal(0, 0.01, (N_SAMPLES, 2))
    if sample_type == "int32":
        found = np.round(values * 2**26).astype(np.int32)
        found[300:310, 0] = -(2**31)
        return found
    found = np.where(np.abs(values) < 0.05, -0.0, values).astype(np.float32)
    found[300:700, 0] = np.nan
    found.view(np.uint32)[800:802, 1] = [0x7FC01234, 0x7F800001]  # a payload, and a signalling one
    found[900:1_200] = np.where(found[900:1_200] < 0, np.float32(0.0), np.float32(-0.0))
    return found


SAMPLES = {name: _samples(name) for name in ("int32", "float32")}


def _contents(conn, group):
    blocks = conn.execute(
        "SELECT start_us, start_sample, n_samples, codec, envelope, payload FROM waveform_blocks"
        " WHERE group_id = %s ORDER BY start_us",
        [group.id],
    ).fetchall()
    tail = conn.execute(
        "SELECT start_sample, payload FROM waveform_tail WHERE group_id = %s ORDER BY start_sample", [group.id]
    ).fetchall()
    return blocks, tail


@pytest.mark.parametrize("sample_type", ["int32", "float32"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.sets(st.integers(1, N_SAMPLES - 1), max_size=8), data=st.data())
def test_tables_depend_only_on_the_set_of_samples(any_database, sample_type, cuts, data):
    samples = SAMPLES[sample_type]
    pieces = list(itertools.pairwise([0, *sorted(cuts), N_SAMPLES]))
    order = data.draw(st.permutations(pieces))
    with any_database.transaction() as conn:
        bad, good = (_register(conn, _signal(sample_type)) for _ in range(2))
        for low, high in order:  # as from the wire: channel after channel in memory
            waveforms.store_blocks(conn, bad, [Block(low, np.asfortranarray(samples[low:high]))])
        waveforms.store_blocks(conn, good, [Block(0, samples)])
        assert _contents(conn, bad) == _contents(conn, good)
        (block,) = waveforms.read_window(conn, bad, 0, N_SAMPLES)
    assert block.samples.dtype == samples.dtype
    assert block.samples.tobytes() == samples.tobytes()


@pytest.mark.parametrize("sample_type", ["int32", "float32"])
@pytest.mark.parametrize(("start", "end", "n_bins"), [(0, N_SAMPLES, 3), (256, 1_024, 3), (290, 320, 30), (0, 900, 7)])
def test_envelope_is_that_of_the_valid_samples(database, sample_type, start, end, n_bins):
    samples = SAMPLES[sample_type]
    with database.transaction() as conn:
        group = _register(conn, _signal(sample_type))
        waveforms.store_blocks(conn, group, [Block(0, samples)])
        envelope = waveforms.read_envelope(conn, group, start, end, n_bins=n_bins)
    valid = np.where(np.isnan(samples) | (samples == -(2**31)), np.nan, samples.astype(object)).astype(np.float64)
    assert envelope.low.dtype == envelope.high.dtype == samples.dtype
    for i, (low, high) in enumerate(itertools.pairwise(envelope.edges)):
        for channel in range(2):
            inside = valid[low:high, channel]
            inside = inside[~np.isnan(inside)]
            if len(inside):
                found = (float(envelope.low[i, channel]), float(envelope.high[i, channel]))
                assert found == (inside.min(), inside.max())
            else:
                assert envelope.low.mask[i, channel]
                assert envelope.high.mask[i, channel]


@pytest.mark.parametrize("sample_type", ["int32", "float32"])
def test_overview_of_a_long_recording_holds_its_extremes(database, sample_type):
    waves = np.sin(np.arange(200_000) / 9_000)[:, None] * [1.0, -2.0]
    samples = (waves * 2**20).astype(SAMPLES[sample_type].dtype)
    samples[40_000:90_000, 0] = SAMPLE_FORMATS[sample_type].invalid
    with database.transaction() as conn:
        group = _register(conn, _signal(sample_type, fs_hz=250.0))
        waveforms.store_blocks(conn, group, [Block(0, samples)])
        envelope = waveforms.read_envelope(conn, group, 0, len(samples), n_bins=11)
    assert np.diff(envelope.edges).min() > 16_000, "long enough for the coarse level"
    valid = np.where(samples == SAMPLE_FORMATS[sample_type].invalid, np.nan, samples.astype(np.float64))
    for i, (low, high) in enumerate(itertools.pairwise(envelope.edges)):
        inside = valid[low:high]
        for channel in range(2):
            column = inside[~np.isnan(inside[:, channel]), channel]
            assert bool(envelope.low.mask[i, channel]) == (not len(column))
            if len(column):
                found = (float(envelope.low[i, channel]), float(envelope.high[i, channel]))
                assert found == (column.min(), column.max())


def test_a_sample_a_minute_stands_in_the_tail_for_hours_and_is_read_back(any_database):
    values = (36.5 + np.sin(np.arange(1_000) / 90)[:, None] * [0.4, 0.2]).astype(np.float32)
    with any_database.transaction() as conn:
        group = _register(conn, _signal("float32", fs_hz=1 / 60))
        assert group.cell_samples == 256
        for at in range(600):
            waveforms.store_blocks(conn, group, [Block(at, values[at : at + 1])])
        blocks, tail = _contents(conn, group)
        assert (len(blocks), len(tail)) == (2, 1)
        waveforms.store_blocks(conn, group, [Block(600, values[600:])])
        waveforms.seal(conn, group)
        (block,) = waveforms.read_window(conn, group, 100, 777)
        envelope = waveforms.read_envelope(conn, group, 0, 1_000, n_bins=2)
    assert block.samples.tobytes() == values[100:777].tobytes()
    assert group.signal.clock.us_at(600) - group.signal.t0_us == 36_000_000_000
    assert float(envelope.high.max()) == float(values.max())


@pytest.mark.parametrize(("sample_type", "other"), [("int32", np.int16), ("float32", np.int32), ("int16", np.float32)])
def test_store_refuses_samples_of_another_type(database, sample_type, other):
    with database.transaction() as conn:
        group = _register(conn, _signal(sample_type))
        with pytest.raises(ConstraintError, match=f"must be {sample_type} with 2 channels, got {np.dtype(other)}"):
            waveforms.store_blocks(conn, group, [Block(0, np.zeros((3, 2), other))])


def test_a_group_keeps_its_sample_type(any_database):
    with any_database.transaction() as conn:
        signal = _signal("int32")
        group = _register(conn, signal)
        assert catalogue.group_by_id(conn, group.id).signal == signal
        with pytest.raises(SignalChangedError, match=r"samples of 'typed-.*'/'acc' must stay int32, got int16"):
            catalogue.ensure_group(conn, group.stream_id, msgspec.structs.replace(signal, sample_type="int16"))


def test_the_database_refuses_a_sample_type_that_is_none(database_dsn):
    insert = """INSERT INTO channel_groups (stream_id, name, fs_hz, t0_us, cell_samples, sample_type)
        SELECT id, 'g', 1, 0, 256, 'float64' FROM streams"""
    with psycopg.connect(database_dsn) as conn:
        conn.execute("INSERT INTO devices (name) VALUES ('d')")
        conn.execute("INSERT INTO streams (name, device_id, t0_us) SELECT 's', id, 0 FROM devices")
        with pytest.raises(psycopg.errors.CheckViolation, match="sample_type"):
            conn.execute(insert)
