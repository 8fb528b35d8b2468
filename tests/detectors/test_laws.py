"""The laws of detectors, for every registered one; and that the laws notice a detector that breaks them."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors import laws
from detectors.protocol import Step
from detectors.registry import registered
from detectors.runner import annotate
from detectors.spoilt import SPOILT
from signal_processing.values import Annotation, Annotator, Block
from tests.detectors.signals import cases_for, ecg

DETECTORS = registered()
PARTS = st.lists(st.floats(0, 1), max_size=8)
LAW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=[(name, i) for name, d in DETECTORS.items() for i in range(len(cases_for(d)))], ids=str)
def subject(request):
    name, i = request.param
    detector = DETECTORS[name]
    case = cases_for(detector)[i]
    return detector, case


def test_every_detector_has_a_signal_on_which_it_says_something():
    for detector in DETECTORS.values():
        assert any(annotate(detector, case.signal, [case.block]) for case in cases_for(detector)), detector.name


@LAW
@given(parts=PARTS)
def test_detector_says_the_same_however_the_signal_is_cut(subject, parts):
    detector, case = subject
    cuts = [round(part * len(case.block)) for part in parts]
    laws.check_cuts(detector, case.signal, case.block, [*cuts, *cuts[:1]])


def test_detector_says_the_same_when_fed_sample_by_sample(subject):
    detector, case = subject
    short = case.block.between(case.block.start, case.block.start + round(12 * case.signal.fs_hz))
    laws.check_cuts(detector, case.signal, short, range(len(short)))


@LAW
@given(part=st.floats(0, 1))
def test_detector_goes_on_from_its_checkpoint_at_any_cut(subject, part):
    detector, case = subject
    laws.check_resume(detector, case.signal, case.block, round(part * len(case.block)))


@pytest.mark.parametrize("shift", [1, 777, 10_000_000_000])
def test_detector_moves_with_the_signal(subject, shift):
    detector, case = subject
    laws.check_shift(detector, case.signal, case.block, shift)


@pytest.mark.parametrize("piece_s", [0.1, 1.0])
def test_detector_speaks_within_its_latency(subject, piece_s):
    detector, case = subject
    laws.check_latency(detector, case.signal, case.block, piece_samples=max(round(piece_s * case.signal.fs_hz), 1))


def test_detector_keeps_its_claims_of_gain_and_offset(subject):
    detector, case = subject
    if laws.GAIN in laws.invariances(detector):
        laws.check_gain(detector, case.signal, case.block, 0.25)
    if laws.OFFSET in laws.invariances(detector):
        laws.check_offset(detector, case.signal, case.block, 8.0)


@pytest.mark.parametrize(("part", "gap"), [(0.3, 1), (0.5, 100_000), (0.0, 10), (1.0, 10)])
def test_detector_takes_a_gap_for_two_runs(subject, part, gap):
    detector, case = subject
    laws.check_gap(detector, case.signal, case.block, cut_at=round(part * len(case.block)), gap=gap)


def test_detector_leaves_its_input_alone(subject):
    detector, case = subject
    laws.check_input_untouched(detector, case.signal, case.block)


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_detector_gives_defined_output_when_the_signal_is_bad(subject, spoil):
    detector, case = subject
    spoilt = case.with_samples(spoil(np.array(case.block.samples)))
    laws.check_output(detector, case.signal, spoilt)
    laws.check_cuts(detector, case.signal, spoilt, [len(spoilt) // 3, len(spoilt) // 2])


@dataclass
class SpoilerState:
    seen: int = 0
    blocks: int = 0


@dataclass(frozen=True)
class Spoiler:
    """Breaks one law at will."""

    fault: str
    name: str = "spoiler"
    version: str = "1"
    latency_s: float = 1.0
    state_type: type = SpoilerState
    invariances: frozenset = field(default_factory=frozenset)
    annotators: tuple = (Annotator("machine", "spoiler", "1"),)

    def accepts(self, _signal):
        return True

    def initial(self, _signal):
        return SpoilerState()

    def step(self, state, block):
        if self.fault == "writes":
            block.samples[:1] = 0
        said = self._said(state, block)
        state.seen += len(block)
        state.blocks += 1
        return Step(state, said)

    def finish(self, _state):
        return []

    def _said(self, state, block):
        places = {
            "cuts": [block.start],
            "absolute": [block.start] if block.start % 2 else [],
            "late": [block.start - state.seen] if state.seen < 1000 <= state.seen + len(block) else [],
            "outside": [block.end + 1],
        }.get(self.fault, [])
        if self.fault == "size" and len(block) and block.samples[0, 0] > 0.01:
            places = [block.start]
        return [Annotation(start=place, end=place, label="N", annotator=self.annotators[0]) for place in places]


BROKEN = {
    "cuts": lambda d, s, b: laws.check_cuts(d, s, b, [3]),
    "absolute": lambda d, s, b: laws.check_shift(d, s, b, 1),
    "late": lambda d, s, b: laws.check_latency(d, s, b, piece_samples=25),
    "outside": laws.check_output,
    "size": lambda d, s, b: laws.check_gain(d, s, Block(b.start, np.abs(b.samples) + 0.02), 2.0**-10),
    "writes": laws.check_input_untouched,
}


@pytest.mark.parametrize("fault", BROKEN)
def test_law_is_not_kept_when_a_detector_breaks_it(fault):
    case = ecg(duration_s=10.0)
    with pytest.raises(AssertionError, match="detector 'spoiler'"):
        BROKEN[fault](Spoiler(fault), case.signal, case.block)


@pytest.mark.parametrize("fault", ["cuts", "absolute", "late", "outside", "writes"])
def test_the_whole_kit_notices_each_broken_law(fault):
    case = ecg(duration_s=15.0)
    with pytest.raises(AssertionError, match="detector 'spoiler'"):
        laws.check_all(Spoiler(fault), case.signal, case.block)


def test_the_whole_kit_refuses_a_signal_on_which_it_would_prove_nothing():
    case = ecg(duration_s=5.0)
    with pytest.raises(AssertionError, match="says nothing about the signal"):
        laws.check_all(Spoiler("none"), case.signal, case.block)
