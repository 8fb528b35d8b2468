import itertools
from collections import deque

import pytest

from dashboards.history import LENGTH_S, Count, WatchState, samples_per_s

START_US = 1_800_000_000_000_000


class Looks:
    """A database whose clock and count advance by one step a look."""

    def __init__(self, step_us=2_000_000, samples_a_step=720):
        self.n = 0
        self.step_us = step_us
        self.samples_a_step = samples_a_step

    def __call__(self):
        i = self.n
        self.n += 1
        return {
            "now_us": START_US + i * self.step_us,
            "totals": {"n_samples": 1000 + i * self.samples_a_step, "lag": i},
        }


def seconds(step=2.0):
    return itertools.count(0.0, step).__next__


def rate(*counts):
    kept = deque()
    for count in counts:
        said = samples_per_s(kept, Count(*count))
    return said


def test_rate_is_none_before_a_second_look():
    assert rate((START_US, 5)) is None


@pytest.mark.parametrize(
    "counts",
    [[(10, 5), (10, 6)], [(0, 5), (10_000_001, 6)], [(0, 5), (1_000_000, 4)]],
    ids=["no time passed", "nobody watched for long", "rows were removed"],
)
def test_rate_is_none_where_two_counts_make_none(counts):
    assert rate(*counts) is None


def test_rate_is_the_average_over_ten_seconds():
    # 360 a second in messages of a second, seen every 1.7 s: one step alone would say 212 or 424
    counts = [(int(i * 1.7e6), 360 * int(i * 1.7)) for i in range(30)]
    assert rate(*counts) == pytest.approx(360, rel=0.12)


def test_watch_reckons_samples_per_second_between_looks():
    watch = WatchState(Looks(), seconds())
    assert watch.figures()["totals"]["samples_per_s"] is None
    assert watch.figures()["totals"]["samples_per_s"] == pytest.approx(360.0)


def test_watch_looks_once_when_many_ask_within_a_second():
    looks = Looks()
    watch = WatchState(looks, seconds(step=0.01))
    answers = [watch.figures() for _ in range(50)]
    assert looks.n == 1
    assert all(len(answer["history"]) == 1 for answer in answers)


def test_watch_sends_only_points_after_the_one_a_page_has():
    watch = WatchState(Looks(), seconds())
    first = watch.figures()
    watch.figures()
    later = watch.figures(since_us=first["now_us"])
    assert [point[0] for point in later["history"]] == [START_US + 2_000_000, START_US + 4_000_000]


def test_watch_forgets_points_older_than_the_plots_show():
    watch = WatchState(Looks(), seconds())
    for _ in range(LENGTH_S):
        last = watch.figures()
    assert last["history"][0][0] == last["now_us"] - LENGTH_S * 1_000_000


def test_watch_keeps_its_points_when_a_look_fails():
    looks = Looks()
    fails = False

    def look():
        if fails:
            raise ConnectionError
        return looks()

    watch = WatchState(look, seconds())
    watch.figures()
    fails = True
    with pytest.raises(ConnectionError):
        watch.figures()
    fails = False
    assert len(watch.figures()["history"]) == 2
