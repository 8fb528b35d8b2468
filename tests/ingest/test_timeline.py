"""Where samples belong when devices restart, drift, are put right, and send out of order.

Timelines below: one character a second, `=` sent and stored, `.` not there, `^` restart (seq counts from 0 again).
"""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import timeline as timelines
from ingest.errors import MessageError
from ingest.timeline import Timeline
from signal_processing.clock_skew import Minima, line_below

FS_HZ = 250.0
T0_US = 1_700_000_000_000_000
S = 1_000_000
N = 250


class Device:
    """Sends a second of samples at a time; `true_s` is real time since T0.

    `sample_ppm`: its quartz takes more samples than it says; `clock_ppm`: its clock is fast; `ahead_s`: and ahead.
    """

    def __init__(self, timeline, *, sample_ppm=0.0, clock_ppm=0.0, jitter_s=0.0, delay_s=0.05, seed=1):
        self.timeline = timeline
        self.sample_ppm, self.clock_ppm, self.jitter_s, self.delay_s = sample_ppm, clock_ppm, jitter_s, delay_s
        self.ahead_s, self.true_s, self.seq = 0.0, 0.0, 0
        self._random = random.Random(seed)  # noqa: S311 - jitter

    def message(self):
        """(seq, t0_us, n, received_us) of the next second, received as it would be live."""
        t0_s = self.true_s * (1 + self.clock_ppm * 1e-6) + self.ahead_s
        made = (self.seq, T0_US + round(t0_s * S), N, 0)
        self.seq += N
        self.true_s += N / FS_HZ / (1 + self.sample_ppm * 1e-6)
        late_s = self.delay_s + (self._random.expovariate(1 / self.jitter_s) if self.jitter_s else 0.0)
        return (*made[:3], T0_US + round((self.true_s + late_s) * S))

    def send(self, n_s=1):
        return [self.timeline.place(*self.message()) for _ in range(n_s)]

    def restart(self, *, after_s=0.0):
        self.seq = 0
        self.true_s += after_s


def drawn(placements):
    """The seconds that are stored, by epoch: "000..11"."""
    at = {p.start_sample // N: str(p.epoch) for p in placements}
    return "".join(at.get(i, ".") for i in range(max(at) + 1))


@pytest.fixture
def timeline():
    return Timeline(FS_HZ, T0_US)


@pytest.fixture
def device(timeline):
    return Device(timeline)


def test_samples_lie_at_their_index_while_the_device_runs(device):
    assert [p.start_sample for p in device.send(4)] == [0, 250, 500, 750]


def test_stream_that_is_heard_from_its_middle_lies_at_its_index(device):
    device.seq, device.true_s = 5_000, 20.0
    assert device.send()[0].start_sample == 5_000


@pytest.mark.parametrize("ppm", [20, 50, 200, -200])
def test_samples_lie_at_their_index_when_the_clock_drifts_for_days(timeline, ppm):
    device = Device(timeline, sample_ppm=ppm)
    for day in range(3):
        device.seq, device.true_s = day * 86_400 * 250, day * 86_400 / (1 + ppm * 1e-6)
        for p in device.send(3):
            assert p.epoch == 0
        assert p.start_sample == device.seq - N
    assert timeline.n_steps == 0


def test_restart_opens_an_epoch_at_the_time_of_the_device(device):
    # sent    ====...^====
    placed = device.send(4)
    device.restart(after_s=3.0)
    placed += device.send(4)
    assert drawn(placed) == "0000...1111"
    assert [p.is_new_epoch for p in placed] == [True, False, False, False] * 2


def test_restart_without_a_pause_lies_behind_the_run_before(device):
    # sent    ====^===     the clock is 700 ms behind since
    placed = device.send(4)
    device.restart()
    device.ahead_s = -0.7
    placed += device.send(3)
    assert drawn(placed) == "0000111"
    assert device.timeline.epochs[1].shift_us == 700_000


def test_restart_lies_behind_a_run_whose_samples_reached_too_far(timeline):
    # a day at 200 ppm: 17 s more samples than time
    device = Device(timeline, sample_ppm=200)
    device.send()
    device.seq, device.true_s = 86_400 * 250, 86_400 / (1 + 200e-6)
    device.send()
    end = device.seq
    device.restart(after_s=2.0)
    assert device.send()[0].start_sample == end
    device.restart(after_s=600.0)
    assert device.send()[0].start_sample == round((device.true_s - 1) * 250)  # at its own time again


def test_restart_whose_clock_is_behind_what_is_stored_is_refused_and_nothing_is_remembered(device):
    device.send(300)
    before = device.timeline.encode()
    device.restart()
    device.ahead_s = -200.0
    message = device.message()
    with pytest.raises(MessageError, match=r"must be at most 120000000 us before the end of the run before, \d+ us"):
        device.timeline.place(*message)
    assert device.timeline.encode() == before


def test_run_before_the_beginning_of_the_group_is_refused(device):
    device.send(2)
    with pytest.raises(MessageError, match="must not be before t0 of their channel group"):
        device.timeline.place(0, T0_US - 500 * S, N, T0_US)


def test_late_messages_of_the_run_before_find_it_after_a_restart(device):
    # sent    ===??==..^===   then ??
    placed = device.send(3)
    late = [device.message() for _ in range(2)]
    placed += device.send(2)
    device.restart(after_s=2.0)
    placed += device.send(3)
    placed += [device.timeline.place(*m) for m in late]
    placed += device.send(1)
    assert drawn(placed) == "0000000..1111"


def test_beginning_of_a_run_finds_its_place_when_it_comes_after_what_follows(device):
    placed = device.send(4)
    device.restart()
    first, second = device.message(), device.message()
    placed += [device.timeline.place(*second), device.timeline.place(*first)]
    assert drawn(placed) == "000011"


@pytest.mark.parametrize("step_s", [5.0, -5.0, 100.0, -3_600.0])
def test_clock_put_right_is_no_restart(device, step_s):
    # sent    ====|====
    placed = device.send(4)
    device.ahead_s = step_s
    placed += device.send(4)
    assert drawn(placed) == "00000000"
    assert [p.step_us for p in placed] == [0, 0, 0, 0, round(step_s * S), 0, 0, 0]
    assert device.timeline.n_steps == 1


def test_messages_on_both_sides_of_a_correction_keep_their_place_out_of_order(device):
    device.send(3)
    before = [device.message() for _ in range(2)]
    device.ahead_s = 30.0
    after = [device.message() for _ in range(2)]
    placed = [device.timeline.place(*m) for m in (after[1], before[1], after[0], before[0])]
    assert [p.start_sample // N for p in placed] == [6, 4, 5, 3]
    assert {p.epoch for p in placed} == {0}
    assert device.timeline.n_steps == 1


def test_time_that_jumps_far_ahead_while_the_index_goes_on_is_a_pause(device):
    placed = device.send(3)
    device.ahead_s = 121.0
    placed += device.send(2)
    assert drawn(placed) == "000" + "." * 121 + "11"


def test_restart_soon_after_a_correction_is_a_restart(device):
    # the device boots 100 s behind, is put right after 4 s and restarts
    device.ahead_s = -100.0
    device.timeline.t0_us = T0_US - 100 * S
    placed = device.send(4)
    device.ahead_s = 0.0
    placed += device.send(4)
    device.restart(after_s=100.0)
    placed += device.send(2)
    assert [p.epoch for p in placed] == [0] * 8 + [1] * 2
    assert placed[-2].start_sample == 208 * 250  # by its clock, which is right now


def test_samples_of_one_run_never_overwrite_those_of_another(device):
    # a message whose time is wrong by 20 s; then the samples that really belong there
    device.send(4)
    stray = (100 * N, T0_US + 24 * S, N, T0_US)
    assert device.timeline.place(*stray).start_sample == 24 * N
    device.send(20)
    with pytest.raises(MessageError, match=r"samples \[6000, 6250\) must be free, but samples \[6000, 6250\)"):
        device.send(1)
    assert device.send(1)[0].start_sample == 25 * N


def test_number_of_restarts_is_bounded(device, monkeypatch):
    monkeypatch.setattr(timelines, "MAX_EPOCHS", 3)
    for _ in range(3):
        device.send(2)
        device.restart(after_s=5.0)
    with pytest.raises(MessageError, match="must be at most 2, got one more"):
        device.send()


def test_number_of_corrections_that_are_remembered_is_bounded(device):
    placed = []
    for i in range(100):
        device.ahead_s = 5.0 * (i % 3)
        placed += device.send(2)
    assert [p.start_sample for p in placed] == list(range(0, 50_000, 250))
    assert device.timeline.n_steps == 99
    assert len(device.timeline.epochs[0].segments) == timelines.MAX_SEGMENTS


def test_group_stored_before_there_were_timelines_goes_on():
    device = Device(Timeline.of_stored(FS_HZ, T0_US, 500, 90_000 * 250), sample_ppm=8)
    device.seq, device.true_s = 90_000 * 250, 90_000 / (1 + 8e-6)
    assert device.send()[0].start_sample == 90_000 * 250


def test_timeline_goes_on_from_its_state(device):
    device.send(100)
    device.restart(after_s=2.0)
    device.send(100)
    stored = Timeline.decode(device.timeline.encode(), next_sample=202 * 250)
    assert stored == device.timeline
    device.timeline = stored
    assert device.send()[0].start_sample == 202 * 250


def test_state_that_is_some_seconds_old_knows_what_was_stored_since(device):
    device.send(10)
    old = device.timeline.encode()
    device.send(10)
    device.timeline = Timeline.decode(old, next_sample=20 * 250)
    device.ahead_s = 3.0
    assert device.send()[0].step_us == 3 * S


def test_state_must_be_saved_at_once_only_when_a_run_or_a_correction_is_new(device):
    device.send(2)
    assert device.timeline.is_changed
    device.timeline.encode()
    device.send(100)
    assert not device.timeline.is_changed
    device.restart(after_s=2.0)
    device.send()
    assert device.timeline.is_changed


@settings(max_examples=60, deadline=None)
@given(
    shuffling=st.randoms(use_true_random=False),
    ppm=st.sampled_from([0, 50, -200]),
    gaps=st.lists(st.integers(0, 3_000), min_size=1, max_size=12),
    steps_s=st.sampled_from([(), (3.0,), (-40.0,)]),
)
def test_place_of_a_message_does_not_depend_on_when_it_arrives(shuffling, ppm, gaps, steps_s):
    device = Device(Timeline(FS_HZ, T0_US), sample_ppm=ppm)
    in_order, messages = device.timeline, []
    for gap in gaps:
        messages += [device.message() for _ in range(3)]
        for _ in range(gap):
            device.message()
    for step_s in steps_s:
        in_order_step = [device.message() for _ in range(2)]
        device.ahead_s = step_s
        messages += in_order_step + [device.message() for _ in range(2)]
    expected = {m[0]: (m[0], 0) for m in messages}
    assert {m[0]: _where(in_order.place(*m)) for m in messages} == expected
    shuffled = messages[1:]
    if not steps_s:  # a correction is told by the samples before it
        shuffling.shuffle(shuffled)
    other = Timeline(FS_HZ, T0_US)
    assert {m[0]: _where(other.place(*m)) for m in [messages[0], *shuffled, *shuffled]} == expected


def _where(placement):
    return placement.start_sample, placement.epoch


# Clocks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("clock_ppm", "sample_ppm"), [(20, 0), (-50, 30), (200, -100), (0, 50)])
def test_drift_of_both_clocks_is_found_behind_jitter(timeline, clock_ppm, sample_ppm):
    device = Device(timeline, clock_ppm=clock_ppm, sample_ppm=sample_ppm, jitter_s=0.1)
    device.ahead_s = 2.5
    device.send(7_200)
    found = timeline.estimate()
    assert found.clock_drift_ppm == pytest.approx(clock_ppm, abs=5)
    # the device's own seconds are fast as well
    assert found.sample_drift_ppm == pytest.approx(sample_ppm - clock_ppm, abs=1)
    assert found.offset_ms == pytest.approx(-2_500 + 50 - 7_200 * clock_ppm * 1e-3, abs=25)
    assert found.clock_span_s > 3_600


def test_nothing_is_said_of_drift_before_there_is_enough(timeline):
    device = Device(timeline, clock_ppm=50, jitter_s=0.1)
    assert timeline.estimate().offset_ms is None
    device.send(100)
    found = timeline.estimate()
    assert (found.clock_drift_ppm, found.sample_drift_ppm) == (None, None)
    assert found.offset_ms == pytest.approx(50, abs=20)
    assert found.offset_span_s > 50


def test_hour_that_arrives_at_once_is_no_drift(timeline):
    # live 1 h, away 1 h, all of it at once, live 20 min
    device = Device(timeline, clock_ppm=20, jitter_s=0.05)
    device.send(3_600)
    kept = [device.message() for _ in range(3_600)]
    for i, (seq, t0_us, n, _) in enumerate(kept):
        timeline.place(seq, t0_us, n, kept[-1][3] + i * 100)
    device.send(1_200)
    found = timeline.estimate()
    assert found.clock_drift_ppm == pytest.approx(20, abs=5)
    assert found.offset_ms == pytest.approx(50 - 8_400 * 0.02, abs=25)


def test_minutes_of_slow_network_are_no_drift(timeline):
    device = Device(timeline, clock_ppm=50, jitter_s=0.02)
    device.send(1_800)
    device.delay_s = 20.0
    device.send(300)
    device.delay_s = 0.05
    device.send(1_500)
    assert timeline.estimate().clock_drift_ppm == pytest.approx(50, abs=5)


def test_archive_sent_faster_than_it_was_recorded_has_no_drift(timeline):
    for i in range(5_000):
        timeline.place(i * N, T0_US + i * S, N, T0_US + 10**14 + i * 200_000)
    found = timeline.estimate()
    assert found.clock_drift_ppm is None
    assert found.sample_drift_ppm == pytest.approx(0, abs=0.1)


def test_clocks_are_estimated_anew_after_a_correction(timeline):
    device = Device(timeline, clock_ppm=50)
    device.ahead_s = 30.0
    device.send(1_000)
    device.ahead_s = 0.0
    device.send(400)
    found = timeline.estimate()
    assert found.offset_ms == pytest.approx(50 - 1_400 * 0.05, abs=5)
    assert found.clock_drift_ppm == pytest.approx(50, abs=5)
    assert found.clock_span_s < 400


def test_late_message_by_the_clock_before_a_correction_says_nothing_of_the_one_after(timeline):
    device = Device(timeline)
    device.ahead_s = 30.0
    device.send(10)
    late = device.message()
    device.ahead_s = 0.0
    device.send(10)
    timeline.place(*late)
    assert timeline.estimate().offset_ms == pytest.approx(50, abs=1)


def test_state_stays_small_over_days(timeline):
    device = Device(timeline, clock_ppm=3, jitter_s=0.1)
    for hour in range(48):
        device.seq, device.true_s = hour * 3_600 * 250, hour * 3_600.0
        device.send(60)
    for _ in range(3_000):
        device.true_s += 60
        device.seq += 60 * 250
        device.send(1)
    assert len(timeline.encode()) < 3_000
    assert timeline.estimate().clock_drift_ppm == pytest.approx(3, abs=5)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**6), 10**6)), min_size=2, max_size=30))
def test_line_below_lies_below_every_point_and_nearest(points):
    points = sorted(points)
    if points[0][0] == points[-1][0]:
        return
    slope, x0, y0 = line_below(points)
    distances = [y - y0 - slope * (x - x0) for x, y in points]
    assert min(distances) >= -1e-3
    # the linear program's optimum touches two points, so no other pair that lies below all comes nearer
    for i, (xa, ya) in enumerate(points):
        for xb, yb in points[i + 1 :]:
            if xa == xb:
                continue
            other = [y - ya - (yb - ya) / (xb - xa) * (x - xa) for x, y in points]
            assert min(other) < -1e-6 or sum(other) >= sum(distances) - 1e-2


def test_minima_are_the_same_whatever_their_encoding():
    minima = Minima()
    for i in range(10_000):
        minima.add(i * S, i * S, (i * 7919) % 1_000)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(minima), type=Minima)
    assert again == minima
    assert again.lowest() == minima.lowest()
