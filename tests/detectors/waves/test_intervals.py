"""Intervals between waves that were placed by hand."""

import pytest

from detectors.waves.intervals import bazett, fridericia, intervals_of, medians
from signal_processing.values import Annotation, Annotator

WHO = Annotator("machine", "waves", "1")


def wave(label, start, end, peak=None):
    figures = {} if peak is None else {"peak_s": (peak - start) / 500.0}
    return Annotation(start=start, end=end, label=label, annotator=WHO, figures=figures)


def beat(at, *, p=True, t=True):
    """PR 160 ms, QRS 100 ms, QT 400 ms at 500 Hz; QRS peaks at `at`."""
    waves = [wave("QRS", at - 20, at + 30, peak=at)]
    waves += [wave("PWAVE", at - 100, at - 50)] if p else []
    return waves + ([wave("TWAVE", at + 90, at + 180)] if t else [])


def test_intervals_are_measured_from_onset_to_onset_and_to_the_end_of_t():
    first, second = intervals_of([*beat(1400), *beat(1000)], 500.0)
    assert (first.sample, first.rr_s, first.qtc_bazett_s) == (1000, None, None)
    assert (second.sample, second.rr_s, second.pr_s, second.qrs_s, second.qt_s) == (1400, 0.8, 0.16, 0.1, 0.4)
    assert second.qtc_bazett_s == pytest.approx(0.4 / 0.8**0.5)
    assert second.qtc_fridericia_s == pytest.approx(0.4 / 0.8 ** (1 / 3))


def test_corrected_qt_is_qt_at_sixty_a_minute():
    assert bazett(0.4, 1.0) == fridericia(0.4, 1.0) == 0.4
    assert bazett(0.36, 0.64) == pytest.approx(0.45)
    assert fridericia(0.36, 0.512) == pytest.approx(0.45)


def test_a_wave_that_is_not_there_leaves_its_intervals_out():
    (alone,) = intervals_of(beat(1000, p=False, t=False), 500.0)
    assert (alone.pr_s, alone.qt_s, alone.qtc_bazett_s, alone.qrs_s) == (None, None, None, 0.1)
    assert intervals_of([wave("PWAVE", 10, 50)], 500.0) == []


def test_a_wave_far_from_a_beat_is_not_its_own():
    far = [wave("PWAVE", 600, 640), *beat(1000, p=False, t=False), wave("TWAVE", 1380, 1480)]
    (alone,) = intervals_of(far, 500.0)
    assert (alone.pr_s, alone.qt_s) == (None, None)


def test_a_blocked_p_wave_is_not_measured_from():
    waves = [wave("PWAVE", 850, 880), *beat(1000)]
    assert intervals_of(waves, 500.0)[0].pr_s == 0.16


def test_medians_are_of_the_beats_that_have_the_interval():
    beats = intervals_of([*beat(1000), *beat(1400, p=False), *beat(1850)], 500.0)
    middle = medians(beats)
    assert (middle.sample, middle.rr_s, middle.pr_s, middle.qrs_s) == (None, pytest.approx(0.85), 0.16, 0.1)
    assert medians([]) == (None,) * 7
