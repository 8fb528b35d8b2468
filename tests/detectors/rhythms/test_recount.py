"""Figures recounted from beats: those of the detector where nobody touched a beat, others where somebody did."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.rhythms.afib import Afib, AfibState
from detectors.rhythms.afib_judged import episodes, judged
from detectors.rhythms.ectopy import supraventricular, ventricular
from detectors.rhythms.rates import Rates
from detectors.rhythms.recount import Span, context_s, recounted
from signal_processing.values import settled
from signal_processing.vocabulary import label

FOLLOWERS = (ventricular, supraventricular, Rates, Afib)


def arrays(script, beats):
    samples = np.array([round(t_s * script.fs_hz) for t_s, _ in beats], np.int64)
    return samples, np.array([label(code).number for _, code in beats], np.int16)


def figures_now(script, span, beats):
    """Of the beats that a caller would give: those of the span and its context."""
    samples, numbers = arrays(script, beats)
    before, after = (round(seconds * script.fs_hz) for seconds in context_s(span.label))
    there = (samples >= span.start - before) & (samples <= span.end + after)
    return recounted(Span(span.label, span.start, span.end), samples[there], numbers[there], script.fs_hz)


# The laws ------------------------------------------------------------------------------------------------------------

stretches = st.lists(
    st.tuples(
        st.integers(5, 60),
        st.sampled_from(["steady", "fast", "slow", "irregular", "bigeminy", "runs", "salvos", "pause"]),
    ),
    min_size=1,
    max_size=6,
)


def drawn(stretches, seed):
    """Beats (time in s, code) of stretches of rhythms."""
    rng = np.random.default_rng(seed)
    beats, at_s = [], 1.0
    for n, kind in stretches:
        for i in range(n):
            usual = {"fast": 0.45, "slow": 1.5}.get(kind, 0.8)
            step_s = rng.uniform(0.35, 0.95) if kind == "irregular" else max(rng.normal(usual, 0.02), 0.25)
            code = "N"
            if (kind == "bigeminy" and i % 2) or (kind == "runs" and i % 9 in (3, 4, 5, 6)[: 2 + n % 3]):
                code, step_s = "V", rng.uniform(0.3, 0.7)
            if kind == "salvos" and i % 11 in (3, 5, 7, 8, 9, 10)[: 2 + n % 5]:
                code, step_s = "S", rng.uniform(0.3, 0.7)
            at_s += step_s
            beats.append((at_s, code))
        if kind == "pause":
            at_s += rng.uniform(2.1, 40.0)
    return beats


@settings(max_examples=60, deadline=None)
@given(stretches, st.integers(0, 1 << 16))
def test_figures_of_untouched_beats_are_those_of_the_detector(script, stretches, seed):
    beats = drawn(stretches, seed)
    for follower in FOLLOWERS:
        ends = set()
        for said in settled(script.run(follower(), beats, duration_s=beats[-1][0] + 60)):
            # a rate that comes back at once is told with eight intervals, of which some lie before its span
            if said.label in ("BRADY", "TACHY") and (said.label, said.start) in ends:
                continue
            ends.add((said.label, said.end))
            now = figures_now(script, said, beats)
            assert now.figures == pytest.approx(said.figures, abs=1e-9), said
            assert now.confidence is None or now.confidence == pytest.approx(said.confidence, abs=1e-9), said


@settings(max_examples=40, deadline=None)
@given(stretches, st.integers(0, 1 << 16))
def test_every_interval_is_judged_as_the_follower_judges_it(script, stretches, seed):
    follower = Recorder()
    beats = drawn(stretches, seed)
    script.run(follower, beats, duration_s=beats[-1][0] + 100)
    samples, numbers = arrays(script, beats)
    found = judged(samples, numbers == label("V").number, script.fs_hz)
    assert found.ends.tolist() == [end for end, _ in follower.judgements]
    assert found.probabilities.tolist() == [probability for _, probability in follower.judgements]


@settings(max_examples=40, deadline=None)
@given(stretches, st.integers(0, 1 << 16))
def test_episodes_of_all_judgements_are_those_that_the_follower_says(script, stretches, seed):
    beats = drawn([*stretches, (120, "irregular")], seed)
    samples, numbers = arrays(script, beats)
    found = judged(samples, numbers == label("V").number, script.fs_hz)
    said = settled(script.run(Afib(), beats, duration_s=beats[-1][0] + 100))
    assert episodes(found, script.fs_hz) == said
    assert said


class Recorder(Afib):
    """The follower, which also notes each judgement."""

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "judgements", [])

    def go_on(self, state: AfibState, judgement, said):
        self.judgements.append((judgement.end, judgement.probability))
        super().go_on(state, judgement, said)


# What edits do -------------------------------------------------------------------------------------------------------


def spaced(letters, interval_s=0.5):
    return [(1 + interval_s * i, letter) for i, letter in enumerate(letters)]


def span(code, start_s, end_s, fs_hz=250.0):
    return Span(code, round(start_s * fs_hz), round(end_s * fs_hz) + 1)


def test_a_run_with_a_beat_that_is_none_is_told_by_its_longest_part(script):
    beats = spaced("NVVVVVNN")
    assert figures_now(script, span("VT", 1.5, 3.5), beats).figures == {"n_beats": 5, "rate_bpm": pytest.approx(120)}
    beats[4] = (beats[4][0], "N")
    assert figures_now(script, span("VT", 1.5, 3.5), beats).figures == {"n_beats": 3, "rate_bpm": pytest.approx(120)}
    assert figures_now(script, span("VT", 1.5, 3.5), spaced("NNNVNNNN")).figures == {"n_beats": 1, "rate_bpm": None}
    assert figures_now(script, span("VB", 1.5, 3.5), spaced("NNNNNNNN")).figures == {"n_beats": 0}


def test_a_pause_with_a_beat_added_is_as_long_as_its_longest_part(script):
    beats = [(t_s, "N") for t_s in (1.0, 1.8, 2.6, 5.6, 6.4)]
    pause = Span("PAUSE", 650, 1400)
    assert figures_now(script, pause, beats).figures == {"duration_s": 3.0}
    assert figures_now(script, pause, [*beats[:3], (3.6, "V"), *beats[3:]]).figures == {"duration_s": 2.0}
    moved = [*beats[:3], (5.4, "N"), beats[4]]
    assert figures_now(script, pause, moved).figures == {"duration_s": 2.8}
    assert figures_now(script, pause, beats[:3]).figures == {"duration_s": 3.0}
    assert figures_now(script, pause, []).figures == {"duration_s": 3.0}


def test_the_rate_of_a_span_follows_a_beat_taken_away(script):
    beats = [(1 + 0.5 * i, "N") for i in range(41)]
    rate = Span("TACHY", 250, 5250)
    assert figures_now(script, rate, beats).figures == {"rate_bpm": 120.0, "n_beats": 41, "duration_s": 20.0}
    now = figures_now(script, rate, [beat for i, beat in enumerate(beats) if i % 2 == 0])
    assert now.figures == {"rate_bpm": 60.0, "n_beats": 21, "duration_s": 20.0}
    assert (figures_now(script, rate, beats).confidence, now.confidence) == (1.0, 0.0)
    assert figures_now(script, rate, []).figures == {"rate_bpm": None, "n_beats": 0, "duration_s": 20.0}


def test_fibrillation_that_is_moved_to_a_steady_rhythm_is_none(script):
    rng = np.random.default_rng(3)
    irregular = np.cumsum(rng.uniform(0.4, 0.9, 300))
    steady = np.arange(1, 300) * 0.65
    episode = Span("AFIB", 5000, 40_000)
    was = figures_now(script, episode, [(t_s, "N") for t_s in irregular])
    now = figures_now(script, episode, [(t_s, "N") for t_s in steady])
    assert was.confidence > 0.9
    assert now.confidence < 0.01
    assert now.figures["rate_bpm"] == pytest.approx(60 / 0.65, rel=1e-4)
    assert figures_now(script, episode, []).figures["rate_bpm"] is None


def test_pulses_are_no_beats_and_one_said_twice_counts_once(script):
    samples = np.array([250, 375, 500, 500, 625], np.int64)
    numbers = np.array([1, 60, 1, 5, 1], np.int16)
    assert recounted(Span("SR", 250, 625), samples, numbers, script.fs_hz).figures["n_beats"] == 3


@pytest.mark.parametrize("code", ["NOISY", "NOTE", "VFIB", "DESAT", "N"])
def test_labels_that_say_nothing_of_beats_have_no_figures(script, code):
    assert context_s(code) is None
    assert recounted(Span(code, 0, 1), np.empty(0, np.int64), np.empty(0, np.int16), script.fs_hz) is None
