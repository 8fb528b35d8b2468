"""Any physiological stream: groups of different rates, units and sample types, in one time base."""

from __future__ import annotations

import time

import msgspec
import numpy as np
import pytest
from ingest_kit import drain, message, no_detectors, peaks_for, samples, send_all, worker_on

from ingest.errors import MessageError
from ingest.local_source import LocalSource
from ingest.replay import FULL_SPEED, replay
from ingest.wire import decode, encode, messages_of
from signal_processing.values import Block, Channel, Signal
from storage import annotations as labels
from storage import beats, catalogue, waveforms

DURATION_S = 120
T0_US = (time.time_ns() // 1_000_000_000 - 7_200) * 1_000_000


def _group(name, fs_hz, channels, sample_type="int16"):
    return Signal("wrist-1", name, fs_hz, T0_US, channels, sample_type)


GROUPS = (
    _group("ecg", 250.0, (Channel("MLII", "mV", 200.0), Channel("V5", "mV", 200.0))),
    _group("ppg", 64.0, (Channel("PLETH", "1", 1000.0),), "int32"),
    _group("acc", 32.0, (Channel("x", "m/s2"), Channel("y", "m/s2"), Channel("z", "m/s2")), "float32"),
    _group("eda", 4.0, (Channel("EDA", "uS"),), "float32"),
    _group("spo2", 1.0, (Channel("SpO2", "%"), Channel("PR", "/min"))),
    _group("temp", 0.1, (Channel("skin", "Cel", 100.0),)),
    _group("core", 1 / 60, (Channel("core", "Cel"),), "float32"),
)


def _samples(signal):
    rng = np.random.default_rng(len(signal.group))
    n_samples = max(round(DURATION_S * signal.fs_hz), 1)
    values = rng.normal(0, 3, (n_samples, signal.n_channels)).cumsum(axis=0)
    if signal.sample_type == "int32":
        values *= 2**20
    return values.astype(signal.sample_format.dtype)


@pytest.fixture
def stored(database):
    """What was sent of each group, after the worker took it."""
    source = LocalSource()
    sent = {signal.group: _samples(signal) for signal in GROUPS}
    n_messages = sum(
        replay(signal, [Block(0, sent[signal.group])], source, speed=FULL_SPEED).n_messages for signal in GROUPS
    )
    drain(worker_on(database, source, detectors=peaks_for), n_messages=n_messages)
    assert not source.dead_letters
    return sent


def test_groups_of_any_rate_and_type_are_stored_and_read_back_in_one_time_base(database, stored):
    with database.transaction() as conn:
        stream = catalogue.stream_named(conn, "wrist-1")
        groups = {group.signal.group: group for group in catalogue.groups_of(conn, stream.id)}
        assert [groups[signal.group].signal for signal in GROUPS] == list(GROUPS)
        (summary,) = catalogue.list_streams(conn)
        assert (summary.first_us, summary.last_us) == (T0_US, T0_US + DURATION_S * 1_000_000)
        # the second minute, asked for by time
        for name, group in groups.items():
            clock = group.signal.clock
            start, end = clock.sample_at(T0_US + 60_000_000), clock.sample_at(T0_US + 120_000_000)
            (block,) = waveforms.read_window(conn, group, start, end)
            assert block.start == start
            assert block.samples.dtype == stored[name].dtype
            assert block.samples.tobytes() == stored[name][start:end].tobytes()


def test_an_overview_of_each_group_spans_the_same_time(database, stored):
    with database.transaction() as conn:
        for group in catalogue.groups_of(conn, catalogue.stream_named(conn, "wrist-1").id):
            envelope = waveforms.read_envelope(conn, group, 0, group.next_sample, n_bins=10)
            assert int(group.signal.clock.us_at(int(envelope.edges[0]))) == T0_US
            sent = stored[group.signal.group]
            assert envelope.low.min() == sent.min()
            assert envelope.high.max() == sent.max()


def test_a_change_of_sample_type_in_mid_stream_is_a_dead_letter(database):
    source = LocalSource()
    narrow = GROUPS[0]
    wide = msgspec.structs.replace(narrow, sample_type="int32")
    values = _samples(narrow)
    for signal, start in ((narrow, 0), (wide, 250), (narrow, 500)):
        block = Block(start, values[start : start + 250].astype(signal.sample_format.dtype))
        for sent in messages_of(signal, [block], device="d"):
            source.send(msgspec.structs.replace(sent, last=False))
    drain(worker_on(database, source, detectors=no_detectors), n_messages=3)
    (letter,) = source.dead_letters
    assert letter.reason == "samples of 'wrist-1'/'ecg' must stay int16, got int32"
    with database.transaction() as conn:
        (group,) = catalogue.groups_of(conn, catalogue.stream_named(conn, "wrist-1").id)
        assert [(b.start, b.end) for b in waveforms.read_window(conn, group, 0, 750)] == [(0, 250), (500, 750)]


@pytest.mark.parametrize(("sample_type", "gain"), [("int32", 200 * 2**12), ("float32", 1.0)])
def test_detectors_say_the_same_of_an_ecg_whatever_its_sample_type(database, sample_type, gain):
    """The same millivolts as 16 bits, as 28 bits and as floats; where no sample is, none of them sees one."""
    values = samples(10_000)
    values[5_000:5_050] = -(2**15)
    narrow = Signal("as-int16", "ecg", 250.0, T0_US, (Channel("MLII", "mV", 200.0), Channel("V5", "mV", 200.0)))
    channels = tuple(Channel(channel.name, "mV", gain) for channel in narrow.channels)
    other = Signal(f"as-{sample_type}", "ecg", 250.0, T0_US, channels, sample_type)
    known = other.sample_format
    same = np.where(values == -(2**15), known.invalid, values / 200.0 * gain).astype(known.dtype)
    source = LocalSource()
    n_messages = sum(send_all(source, signal, sent).n_messages for signal, sent in ((narrow, values), (other, same)))
    drain(worker_on(database, source, detectors=peaks_for), n_messages=n_messages)
    with database.transaction() as conn:
        found = []
        for signal in (narrow, other):
            stream = catalogue.stream_named(conn, signal.stream)
            (group,) = catalogue.groups_of(conn, stream.id)
            spans = labels.spans_between(conn, stream.id, T0_US, T0_US + 40_000_000)
            beat_samples = beats.read_beats(conn, group, 0, 10_000).samples.tolist()
            found.append((beat_samples, [(span.label, span.start_us, span.end_us) for span in spans]))
    assert len(found[0][0]) > 30
    assert found[0] == found[1]


QUANTITIES = {
    "acceleration": ("m/s2", "[g]", "m[g]"),
    "rotation": ("deg/s", "rad/s"),
    "respiration": ("Ohm", "kOhm", "L", "mL", "L/min", "L/s", "cm[H2O]", "/min"),
    "oxygen saturation": ("%",),
    "temperature": ("Cel", "[degF]", "K"),
    "skin conductance": ("uS", "mS"),
    "heart rate": ("/min", "Hz"),
    "intervals": ("ms", "s"),
    "light": ("1", "nA", "V"),
    "electric": ("mV", "uV", "V"),
    "pressure": ("mm[Hg]", "kPa"),
    "glucose": ("mg/dL", "mmol/L"),
}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_units_of_a_quantity_are_taken(quantity):
    for unit in QUANTITIES[quantity]:
        sent = message(channels=["a"], units=[unit], gain=[1.0], offset=[0.0], data=bytes(20))
        assert decode(encode(sent), now_us=time.time_ns() // 1000).units == [unit]


@pytest.mark.parametrize("unit", ["a.u.", "g", "C", "mmHg", "bpm", ""])
def test_a_unit_that_is_not_ucum_is_refused_with_those_that_are(unit):
    sent = message(channels=["a"], units=[unit], gain=[1.0], offset=[0.0], data=bytes(20))
    with pytest.raises(MessageError, match=r"unit of 'a' must be one of %, /min, 1, Cel"):
        decode(encode(sent), now_us=time.time_ns() // 1000)
