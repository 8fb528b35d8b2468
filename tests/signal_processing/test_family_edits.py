"""Families merged and split by hand, as laws over what a clustering says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal_processing.beat_windows import N_POINTS, N_WIDE, BeatWindows
from signal_processing.errors import InvalidValueError
from signal_processing.family_edits import (
    FIRST_BY_HAND,
    EditRules,
    FamilyEdit,
    SortedBeats,
    apply_edits,
    parts_of_merge,
    parts_of_split,
)
from signal_processing.family_shapes import ShapesRun
from signal_processing.likeness import Templates
from signal_processing.morphology import OTHER, FamiliesRun
from signal_processing.two_means import smaller_half

RR = 200
REACH = 10
N_BEATS = 60
WIDTHS = (2.0, 9.0, 4.0, 22.0)
"""Of the four shapes, in points."""
KINDS = np.random.default_rng(3).choice(4, size=N_BEATS, p=(0.5, 0.25, 0.15, 0.1))
SAMPLES = RR * np.arange(1, N_BEATS + 1)
EVERY = frozenset(range(N_BEATS))


def points_of(kinds, places):
    at = np.arange(N_WIDE) - N_WIDE // 2 + 4
    noise = np.random.default_rng(7).normal(0, 0.01, (N_BEATS, 2, N_WIDE))
    waves = np.array([np.exp(-0.5 * (at / width) ** 2) for width in WIDTHS])
    points = np.stack([waves[kinds], -0.5 * waves[kinds]], axis=1) + noise[places % N_BEATS]
    return points.astype(np.float32)


def read(samples):
    """Windows by their samples, also of beats that are a little aside, or later than all."""
    places = np.round(samples / RR).astype(int) - 1
    return BeatWindows(points_of(KINDS[places % N_BEATS], places), np.ones((len(samples), 2), bool))


def told_of(samples):
    run = FamiliesRun(2)
    run.add(read(samples))
    told = run.families()
    families = tuple(family._replace(examples=samples[family.examples]) for family in told.families)
    return SortedBeats(samples, told.numbers, told.similarities, families)


TOLD = told_of(SAMPLES)


def rules():
    return EditRules(ShapesRun(read), REACH)


def edit_of(number, action, samples, told=TOLD):
    parts = (parts_of_merge if action == "merge" else parts_of_split)(told, np.unique(samples))
    return FamilyEdit(number, action, parts, int(told.samples[-1]) + 1)


def applied(*edits, told=TOLD):
    return apply_edits(told, edits, rules()).beats


def same(one, other):
    np.testing.assert_array_equal(one.numbers, other.numbers)
    np.testing.assert_allclose(one.similarities, other.similarities, atol=1e-5)
    assert [family.number for family in one.families] == [family.number for family in other.families]
    for mine, theirs in zip(one.families, other.families, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def groups(told):
    """Which beats are together, whatever their families are called."""
    return {frozenset(np.flatnonzero(told.numbers == number).tolist()) for number in np.unique(told.numbers)}


def kind(*wanted):
    return np.flatnonzero(np.isin(KINDS, wanted))


@st.composite
def histories(draw):
    """Edits as people make them: each of what is on the screen then; some that the rules refuse are left out."""
    edits = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        told = applied(*edits)
        places = draw(st.sets(st.sampled_from(sorted(EVERY)), min_size=1, max_size=30))
        action = draw(st.sampled_from(["merge", "split"]))
        try:
            edits.append(edit_of(number, action, told.samples[sorted(places)], told))
        except InvalidValueError:
            continue
    return edits


def test_the_clustering_of_these_tests_has_four_families():
    assert groups(TOLD) == {frozenset(kind(one).tolist()) for one in range(4)}


@given(edits=histories(), gone=st.sets(st.sampled_from(sorted(EVERY)), max_size=40), late=st.integers(0, 20))
@settings(max_examples=25, deadline=None)
def test_every_beat_is_in_one_family_that_counts_it_whatever_was_done(edits, gone, late):
    samples = np.array([sample for i, sample in enumerate(SAMPLES) if i not in gone], np.int64)
    samples = np.concatenate([samples, SAMPLES[-1] + RR * np.arange(1, late + 1)])
    told = told_of(samples)
    edited = apply_edits(told, edits, rules())
    numbers, counts = np.unique(edited.beats.numbers, return_counts=True)
    assert dict(zip(numbers.tolist(), counts.tolist(), strict=True)) == {
        family.number: family.n_members for family in edited.beats.families
    }
    np.testing.assert_array_equal(edited.beats.samples, samples)
    for family in edited.beats.families:
        assert np.isfinite(family.template).all()
        assert (family.spread >= 0).all()
        assert family.waveforms.shape == (len(family.examples), 2, N_POINTS)
    assert edited.by_hand <= {family.number for family in edited.beats.families}


@given(edits=histories())
@settings(max_examples=15, deadline=None)
def test_edits_are_applied_one_after_the_other_so_that_without_the_last_all_is_as_before_it(edits):
    by_steps, memory = TOLD, rules()
    for edit in edits:
        by_steps = apply_edits(by_steps, [edit], memory).beats
    same(by_steps, apply_edits(TOLD, edits, memory).beats)
    same(applied(*edits[:-1]), apply_edits(TOLD, edits[:-1], memory).beats)


@given(order=st.permutations([0, 1, 2]))
@settings(max_examples=6, deadline=None)
def test_a_merge_is_the_same_in_any_order_of_its_families_and_done_twice(order):
    edit = edit_of(1, "merge", SAMPLES[[kind(one)[0] for one in (0, 1, 3)]])
    turned = edit._replace(parts=tuple(edit.parts[i] for i in order))
    once = applied(edit)
    same(applied(turned), once)
    same(applied(edit, edit._replace(number=2)), once)
    assert groups(once) == {frozenset(kind(0, 1, 3).tolist()), frozenset(kind(2).tolist())}


def test_a_merged_family_has_the_mean_the_spread_and_the_examples_of_all_its_members():
    merged = applied(edit_of(1, "merge", SAMPLES[[kind(0)[0], kind(1)[0]]]))
    (family,) = [one for one in merged.families if one.n_members == len(kind(0, 1))]
    points = read(SAMPLES[kind(0, 1)]).points[:, :, 5:-5]
    np.testing.assert_allclose(family.template, points.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(family.spread, points.std(axis=0), atol=0.03)
    assert set(family.examples.tolist()) <= set(SAMPLES[kind(0, 1)].tolist())
    assert {KINDS[i] for i in np.flatnonzero(np.isin(SAMPLES, family.examples))} == {0, 1}
    for sample, waveform in zip(family.examples, family.waveforms, strict=True):
        np.testing.assert_allclose(waveform, read(np.array([sample])).points[0, :, 5:-5], atol=0.05)
    assert merged.similarities[kind(1)].max() < 0.9 < TOLD.similarities[kind(1)].min()
    assert family.number == min(TOLD.numbers[kind(0)[0]], TOLD.numbers[kind(1)[0]])


def test_what_is_split_off_has_a_shape_of_its_own_and_what_stays_has_its_own_again():
    mixed = applied(edit_of(1, "merge", SAMPLES[[kind(0)[0], kind(3)[0]]]))
    split = apply_edits(mixed, [edit_of(2, "split", SAMPLES[kind(3)], mixed)], rules()).beats
    off = split.family(FIRST_BY_HAND + 2)
    left = split.family(mixed.numbers[kind(0)[0]])
    assert (off.n_members, left.n_members) == (len(kind(3)), len(kind(0)))
    for family, one in ((off, 3), (left, 0)):
        np.testing.assert_allclose(family.template, read(SAMPLES[kind(one)]).points[:, :, 5:-5].mean(axis=0), atol=0.01)
        assert set(family.examples.tolist()) <= set(SAMPLES[kind(one)].tolist())
    assert split.similarities[kind(3)].min() > 0.98


def test_beats_that_come_later_go_to_the_part_that_they_are_more_like():
    mixed = edit_of(1, "merge", SAMPLES[[kind(0)[0], kind(3)[0]]])
    split = edit_of(2, "split", SAMPLES[kind(3)[:3]], applied(mixed))
    more = np.concatenate([SAMPLES, SAMPLES + RR * N_BEATS])
    later = applied(mixed, split, told=told_of(more))
    wide = np.flatnonzero(KINDS == 3)
    assert set(np.flatnonzero(later.numbers == FIRST_BY_HAND + 2)) == {*wide[:3], *(wide + N_BEATS)}


def test_what_stays_of_a_split_is_known_by_its_beats_that_are_not_of_another_family_since():
    mixed = applied(edit_of(1, "merge", SAMPLES[[kind(0)[0], kind(1)[0]]]))
    split = apply_edits(TOLD, [edit_of(2, "split", SAMPLES[kind(0)[:3]], mixed)], rules()).beats  # the merge is undone
    left = split.family(int(TOLD.numbers[kind(0)[0]]))
    np.testing.assert_allclose(left.template, read(SAMPLES[kind(0)]).points[:, :, 5:-5].mean(axis=0), atol=0.02)
    assert groups(split) == {*(groups(TOLD) - {frozenset(kind(0))}), frozenset(kind(0)[:3]), frozenset(kind(0)[3:])}


def test_a_shape_is_learned_with_its_beats_laid_on_each_other():
    at = np.arange(N_WIDE) - N_WIDE // 2 + 4
    jitter = np.random.default_rng(4).integers(-3, 4, N_BEATS)
    points = np.exp(-0.5 * ((at - jitter[:, np.newaxis]) / 2.0) ** 2)[:, np.newaxis].astype(np.float32)
    shape = ShapesRun(lambda _: BeatWindows(points, np.ones((N_BEATS, 1), bool))).of(SAMPLES)
    assert shape.family.template.max() > 0.95
    assert shape.similarities.min() > 0.95


@pytest.mark.parametrize(
    ("shift", "is_the_same"), [(-REACH, True), (REACH, True), (-REACH - 1, False), (REACH + 1, False)]
)
def test_a_beat_within_reach_of_one_that_is_gone_is_that_beat(shift, is_the_same):
    split = edit_of(1, "split", SAMPLES[kind(0)[:2]])
    aside = TOLD._replace(samples=SAMPLES + shift * np.isin(SAMPLES, split.parts[1]))
    assert (groups(applied(split, told=aside)) == groups(applied(split))) is is_the_same


def test_edits_hold_when_families_are_numbered_anew_and_when_beats_lie_a_little_aside():
    edits = [edit_of(1, "merge", SAMPLES[[kind(0)[0], kind(1)[0]]])]
    edits.append(edit_of(2, "split", SAMPLES[kind(2)[:2]], applied(*edits)))
    before = groups(applied(*edits))
    renumbered = {family.number: 90 - family.number for family in TOLD.families}
    aside = TOLD._replace(
        samples=SAMPLES + np.random.default_rng(1).integers(-REACH, REACH + 1, N_BEATS),
        numbers=np.array([renumbered[number] for number in TOLD.numbers.tolist()], np.int32),
        families=tuple(family._replace(number=renumbered[family.number]) for family in TOLD.families),
    )
    assert groups(applied(*edits, told=aside)) == before


def test_an_edit_whose_beats_are_gone_changes_nothing_and_says_so():
    edits = [edit_of(1, "merge", SAMPLES[[kind(2)[0], kind(3)[0]]]), edit_of(2, "split", SAMPLES[kind(1)[:2]])]
    told = told_of(SAMPLES[kind(0)])
    edited = apply_edits(told, edits, rules())
    assert (edited.n_affected, edited.by_hand) == ((0, 0), frozenset())
    same(edited.beats, told)


def test_of_a_split_whose_rest_is_gone_the_family_is_what_it_was():
    split = edit_of(1, "split", SAMPLES[kind(1)[:2]])
    told = told_of(SAMPLES[np.sort(np.concatenate([kind(0), kind(1)[:2]]))])
    assert apply_edits(told, [split], rules()).n_affected == (0,)


def test_beats_of_no_family_can_be_split_off():
    numbers = np.where(np.isin(np.arange(N_BEATS), kind(3)), OTHER, TOLD.numbers).astype(np.int32)
    told = TOLD._replace(numbers=numbers, families=tuple(f for f in TOLD.families if f.number in numbers))
    for n_taken in (2, len(kind(3))):
        split = apply_edits(told, [edit_of(1, "split", SAMPLES[kind(3)[:n_taken]], told)], rules()).beats
        assert split.family(FIRST_BY_HAND + 1).n_members == n_taken
        assert (split.numbers == OTHER).sum() == len(kind(3)) - n_taken


@pytest.mark.parametrize(
    ("action", "places", "reason"),
    [
        ("merge", kind(0)[:3], "at least 2 families, got those of 1"),
        ("split", kind(1), "must leave a member"),
        ("split", [], "none does"),
    ],
)
def test_an_edit_that_would_do_nothing_is_refused(action, places, reason):
    samples = SAMPLES[places] if len(places) else np.array([7])
    with pytest.raises(InvalidValueError, match=reason):
        edit_of(1, action, samples)


def test_windows_are_read_once():
    asked = []
    shapes = ShapesRun(lambda samples: (asked.append(len(samples)), read(samples))[1])
    split = edit_of(1, "split", SAMPLES[kind(0)[:4]])
    more = told_of(np.concatenate([SAMPLES, SAMPLES + RR * N_BEATS]))
    for told in (TOLD, more, more):
        apply_edits(told, [split], EditRules(shapes, REACH))
    later = int((more.numbers[N_BEATS:] == more.numbers[kind(0)[0]]).sum())
    assert asked == [4, len(kind(0)) - 4, later, later]


@given(chosen=st.sampled_from([(0, 3), (1, 3), (0, 1)]), size=st.integers(30, 500))
@settings(max_examples=8, deadline=None)
def test_a_family_of_two_shapes_falls_into_them_whatever_their_number(chosen, size):
    common, rare = chosen
    n_rare = max(size // 10, 2)
    kinds = np.where(np.arange(size) % (size // n_rare) == 1, rare, common)
    samples = RR * np.arange(1, size + 1)
    shapes = ShapesRun(
        lambda asked: BeatWindows(points_of(kinds[asked // RR - 1], asked // RR - 1), np.ones((len(asked), 2), bool))
    )
    template = points_of(kinds, np.arange(size))[:, :, 5:-5].mean(axis=0)
    half = smaller_half(samples, Templates(template[np.newaxis].astype(float), np.ones((1, 2), bool)), shapes)
    assert set(half.tolist()) == set(samples[kinds == rare].tolist())


def test_of_two_halves_of_one_size_the_one_without_the_first_beat_is_taken():
    for first, other in ((0, 3), (3, 0)):
        kinds = np.where(np.arange(N_BEATS) % 2 == 0, first, other)
        points = points_of(kinds, np.arange(N_BEATS))
        shapes = ShapesRun(lambda _, points=points: BeatWindows(points, np.ones((N_BEATS, 2), bool)))
        template = Templates(points[np.newaxis, :, :, 5:-5].mean(axis=1).astype(float), np.ones((1, 2), bool))
        np.testing.assert_array_equal(smaller_half(SAMPLES, template, shapes), SAMPLES[1::2])


def test_beats_that_are_all_the_same_are_not_parted():
    shapes = ShapesRun(
        lambda asked: BeatWindows(
            points_of(KINDS * 0, np.zeros(N_BEATS, int))[: len(asked)], np.ones((len(asked), 2), bool)
        )
    )
    own = TOLD.families[0]
    half = smaller_half(SAMPLES[:1], Templates(own.template[np.newaxis], np.ones((1, 2), bool)), shapes)
    assert len(half) == 0
    flat = ShapesRun(
        lambda asked: BeatWindows(np.zeros((len(asked), 2, N_WIDE), np.float32), np.ones((len(asked), 2), bool))
    )
    assert len(smaller_half(SAMPLES, Templates(np.zeros((1, 2, N_POINTS)), np.ones((1, 2), bool)), flat)) == 0
