"""Samples of every type on the page: bit for bit over REST, and painted in a lane each."""

from __future__ import annotations

import io

import numpy as np
import pytest

from labeling_server.api import window_codec
from signal_processing.values import Block, Channel, Signal
from storage import catalogue, waveforms

T0_US = 1_762_000_000_000_000
DURATION_S = 180
GUTTER_PX, PAPER_TOP_PX, AXIS_PX = 56, 88, 20
INK = 170
"""Grey level below which a pixel of the light theme belongs to a trace or a name."""
GROUPS = (
    Signal("watch", "acc", 32.0, T0_US, (Channel("x", "[g]"),), "float32"),
    Signal("watch", "ppg", 64.0, T0_US, (Channel("PLETH", "1", 2.0**20),), "int32"),
    Signal("watch", "spo2", 1.0, T0_US, (Channel("SpO2", "%"),)),
    Signal("watch", "temp", 1 / 60, T0_US, (Channel("skin", "Cel"),), "float32"),
)


def samples_of(signal):
    time_s = np.arange(max(round(DURATION_S * signal.fs_hz), 1)) / signal.fs_hz
    wave = np.sin(2 * np.pi * time_s / 3.1)
    values = {
        "acc": 1 + 0.3 * wave,
        "ppg": wave * 2.0**25,
        "spo2": 96 + 2 * np.sin(time_s / 20),
        "temp": 36.5 + 0.1 * np.arange(len(time_s)),
    }[signal.group]
    samples = values.astype(signal.sample_format.dtype).reshape(-1, 1)
    if signal.group in {"acc", "ppg"}:
        samples[100:110] = signal.sample_format.invalid
    return samples


@pytest.fixture
def watch(database):
    """Groups of a wearable by name, without an ECG among them."""
    with database.transaction() as conn:
        stream = catalogue.ensure_stream(conn, name="watch", device="watch", t0_us=T0_US)
        for signal in GROUPS:
            group = catalogue.ensure_group(conn, stream.id, signal)
            waveforms.store_blocks(conn, group, [Block(0, samples_of(signal))])
        catalogue.end_stream(conn, stream.id, at_us=T0_US + DURATION_S * 1_000_000)
        return {group.signal.group: group for group in catalogue.groups_of(conn, stream.id)}


@pytest.mark.parametrize("signal", GROUPS, ids=lambda signal: signal.group)
def test_a_window_holds_the_samples_bit_for_bit(client, watch, signal):
    group = watch[signal.group]
    query = {"group_id": group.id, "start": 1, "end": 20_000}
    answer = client.get(f"/api/streams/{group.stream_id}/window", params=query)
    header, flat = window_codec.decode(answer.content)
    expected = samples_of(signal)[1:]
    assert header["dtype"] == signal.sample_format.code
    assert header["runs"] == [[1, len(expected)]]
    assert flat.tobytes() == expected.tobytes()


@pytest.mark.parametrize("signal", GROUPS, ids=lambda signal: signal.group)
def test_an_envelope_says_no_sample_as_its_type_does(client, watch, signal):
    group = watch[signal.group]
    query = {"group_id": group.id, "start": 0, "end": 2 * group.next_sample, "bins": 10}
    answer = client.get(f"/api/streams/{group.stream_id}/envelope", params=query)
    header, flat = window_codec.decode(answer.content)
    low, high = flat.reshape(2, -1)
    valid = samples_of(signal).astype(np.float64)
    valid = valid[np.isfinite(valid) & (valid != signal.sample_format.invalid)]
    assert header["dtype"] == signal.sample_format.code
    is_none = np.isnan(low) if low.dtype.kind == "f" else low == signal.sample_format.invalid
    assert is_none[-1]
    assert (low[~is_none].min(), high[~is_none].max()) == (valid.min(), valid.max())


def test_the_groups_of_a_stream_say_their_sample_type(client, watch):
    (first, *_) = watch.values()
    groups = client.get(f"/api/streams/{first.stream_id}").json()["groups"]
    assert {group["name"]: group["sample_type"] for group in groups} == {
        signal.group: signal.sample_type for signal in GROUPS
    }


def _lanes_of(page):
    """For each lane, the share of pixel columns right of the gutter in which something is painted."""
    image = pytest.importorskip("PIL.Image")
    shot = page.page.locator("#strip").screenshot()
    pixels = np.asarray(image.open(io.BytesIO(shot)).convert("L"))[PAPER_TOP_PX : -AXIS_PX - 2, GUTTER_PX + 2 : -4]
    return [float((lane < INK).any(axis=0).mean()) for lane in np.array_split(pixels, len(GROUPS))]


@pytest.mark.browser
def test_each_group_is_painted_in_its_lane_also_one_with_a_sample_a_minute(open_page, watch):
    page = open_page(stream_id=watch["acc"].stream_id)
    page.press("Home", "Escape")
    page.page.wait_for_function("() => document.getElementById('strip').dataset.startUs !== undefined")
    # 9.2 s of signal; ten samples of "acc" and of "ppg" and the steps to them are not there
    ppg, acc, spo2, temp = _lanes_of(page)  # the faster before the slower
    assert acc == pytest.approx(1 - 11 / 32 / 9.2, abs=0.015)
    assert ppg == pytest.approx(1 - 11 / 64 / 9.2, abs=0.015)
    assert min(spo2, temp) > 0.985
