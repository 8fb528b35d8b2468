"""A chain: one source, several followers, one order."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import laws
from detectors.rhythms.afib import Afib
from detectors.rhythms.ectopy import ventricular
from detectors.rhythms.rates import Rates
from detectors.runner import annotate
from detectors.state_codec import dump_state, load_state

FOLLOWERS = (ventricular(), Rates(), Afib())
INTERVAL_S = st.floats(0.25, 1.5) | st.floats(1.5, 9)
BEATS = st.lists(st.tuples(INTERVAL_S, st.sampled_from("NNNVVS")), min_size=1, max_size=60)


def drawn(intervals_and_labels):
    t_s, beats = 0.0, []
    for interval_s, label in intervals_and_labels:
        t_s += interval_s
        beats.append((t_s, label))
    return beats


@settings(max_examples=60, deadline=None)
@given(drawn_beats=BEATS, cuts=st.lists(st.integers(0, 10_000), max_size=12), trailing_s=st.floats(0, 30))
def test_chain_says_the_same_in_the_same_order_however_the_signal_is_cut(script, drawn_beats, cuts, trailing_s):
    beats = drawn(drawn_beats)
    block = script.block(beats[-1][0] + trailing_s + 1)
    chain = script.chain(FOLLOWERS, beats)
    laws.check_cuts(chain, script.signal, block, [cut * len(block) // 10_000 for cut in cuts])
    laws.check_latency(chain, script.signal, block, piece_samples=100)
    laws.check_output(chain, script.signal, block)


@settings(max_examples=30, deadline=None)
@given(drawn_beats=BEATS, place=st.floats(0, 1))
def test_chain_resumes_from_its_checkpoint_as_if_it_had_never_stopped(script, drawn_beats, place):
    beats = drawn(drawn_beats)
    block = script.block(beats[-1][0] + 10)
    laws.check_resume(script.chain(FOLLOWERS, beats), script.signal, block, round(place * len(block)))


class Restless:
    """A follower that cannot tell when it is quiet, and so is told of every tick."""

    def __init__(self, follower):
        self.follower = follower

    def __getattr__(self, name):
        return getattr(self.follower, name)

    def quiet_until(self, state):  # noqa: ARG002 - as the protocol has it
        return 0


@settings(max_examples=60, deadline=None)
@given(drawn_beats=BEATS, cuts=st.lists(st.integers(0, 10_000), max_size=4), trailing_s=st.floats(0, 100))
def test_chain_passes_over_no_tick_at_which_a_follower_says_something(script, drawn_beats, cuts, trailing_s):
    beats = drawn(drawn_beats)
    block = script.block(beats[-1][0] + trailing_s + 1)
    pieces = laws.cut(block, [cut * len(block) // 10_000 for cut in cuts])
    told_all = script.chain([Restless(follower) for follower in FOLLOWERS], beats)
    said = annotate(script.chain(FOLLOWERS, beats), script.signal, pieces)
    assert said == annotate(told_all, script.signal, pieces)


def test_chain_says_a_beat_before_what_its_followers_make_of_it(script):
    beats = [(1.0, "N"), (2.0, "N"), (5.0, "N"), (6.0, "N")]
    said = annotate(script.chain([Rates()], beats), script.signal, [script.block(7)])
    assert [(a.label, a.annotator.name) for a in said] == [
        ("N", "scripted-beats"),
        ("N", "scripted-beats"),
        ("N", "scripted-beats"),
        ("PAUSE", "rates"),
        ("N", "scripted-beats"),
    ]


def test_chain_names_every_part_as_annotator(script):
    chain = script.chain(FOLLOWERS, [(1.0, "N")])
    assert [annotator.name for annotator in chain.annotators] == ["scripted-beats", "ventricular", "rates", "afib"]


def test_chain_state_loads_as_the_types_of_its_parts(script):
    chain = script.chain(FOLLOWERS, [(1.0, "N")])
    state = chain.initial(script.signal)
    loaded = load_state(chain.state_type, dump_state(state))
    assert loaded == state
    assert [type(part) for part in loaded.followers] == [follower.state_type for follower in FOLLOWERS]


@pytest.mark.parametrize("n_followers", [1, 3])
def test_chain_latency_adds_source_tick_and_slowest_follower(script, n_followers):
    followers = FOLLOWERS[:n_followers]
    chain = script.chain(followers, [(1.0, "N")])
    assert chain.latency_s == pytest.approx(1.0 + 0.5 + max(follower.latency_s for follower in followers))


def test_chain_spans_grow_and_never_shrink(script):
    beats = [(0.5 * i, "N") for i in range(1, 121)] + [(60 + 1.0 * i, "N") for i in range(1, 20)]
    said = [
        a for a in annotate(script.chain([Rates()], beats), script.signal, [script.block(80)]) if a.label == "TACHY"
    ]
    assert len(said) > 3
    assert all(after.end >= before.end for before, after in pairwise(said))
    assert [a.ongoing for a in said] == [True] * (len(said) - 1) + [False]
