"""Rules of reading, between what is stored and what `reading` works out: who gets which item, what a rule may merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reading.assignment import AssignmentError, deal, mixed_in, n_mixed_in, wanted_readers
from reading.gold import judge
from reading.marks import Marks
from reading.resolution import Read, resolve
from storage.assignments import Verdict
from storage.errors import ConstraintError
from storage.known_items import Mixed
from storage.readings import ReadingMarks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reading.gold import Judged
    from storage.assignments import Dealer, Lane
    from storage.known_items import Already, Compared, Mixer, Waiting
    from storage.projects import ProjectRow


def dealer_of(project: ProjectRow, *, seed: int) -> Dealer:
    """Deals new items out by the project's design: to several readers, or to one."""

    def dealt(
        items: Sequence[int],
        loads: Mapping[int, int],
        excluded: Mapping[int, set[int]],
        taken: Mapping[int, set[int]],
    ) -> Mapping[int, list[int]]:
        rng = np.random.default_rng(seed)
        wanted = wanted_readers(len(items), project.n_readers, project.double_share, rng)
        return _dealt(items, wanted, loads, excluded, taken, rng)

    return dealt


def one_more(*, seed: int) -> Dealer:
    """Gives each item one more reader: in the place of one who left."""

    def dealt(
        items: Sequence[int],
        loads: Mapping[int, int],
        excluded: Mapping[int, set[int]],
        taken: Mapping[int, set[int]],
    ) -> Mapping[int, list[int]]:
        return _dealt(items, [1] * len(items), loads, excluded, taken, np.random.default_rng(seed))

    return dealt


def _dealt(
    items: Sequence[int],
    wanted: Sequence[int],
    loads: Mapping[int, int],
    excluded: Mapping[int, set[int]],
    taken: Mapping[int, set[int]],
    rng: np.random.Generator,
) -> Mapping[int, list[int]]:
    try:
        return deal(items, wanted, loads, excluded=excluded, taken=taken, rng=rng)
    except AssignmentError as error:
        raise ConstraintError(str(error)) from error


def decider_of(project: ProjectRow) -> Callable[[list[Lane]], Verdict]:
    """What a rule may say of an item: small differences of bounds are merged, all else is disputed."""

    def decide(lanes: list[Lane]) -> Verdict:
        read = [Read(lane.answer, Marks(*lane.marks)) for lane in lanes]
        found = resolve(read, tolerance=project.tolerance_us, critical=project.critical)
        marks = ReadingMarks(found.marks.starts, found.marks.ends, found.marks.labels)
        return Verdict(lanes[0].answer, marks, found.why)

    return decide


def mixer_of(project: ProjectRow, *, seed: int) -> Mixer:
    """Mixes gold and repeats in, by the project's shares."""
    rng = np.random.default_rng(seed)

    def mixed(waiting: Waiting, gold: Sequence[int], already: Already) -> Mixed:
        n = len(waiting.items)
        n_gold, n_repeats = n_mixed_in(n, [project.gold_share, project.repeat_share])
        n_gold = min(max(n_gold - already.n_gold, 0), len(gold))
        chosen = [gold[place] for place in rng.permutation(len(gold))[:n_gold].tolist()]
        gold_at, places, places_at = mixed_in(
            n, n_gold=n_gold, n_repeats=max(n_repeats - already.n_repeats, 0), rng=rng
        )
        repeats = {
            item: at
            for place, at in zip(places, places_at, strict=True)
            if (item := int(waiting.items[place])) not in already.repeated
        }
        return Mixed(chosen, gold_at, list(repeats), list(repeats.values()))

    return mixed


def judged(one: Compared, project: ProjectRow) -> Judged:
    """A reading against what it is compared with."""
    read, truth = (
        Read(answer, Marks(*marks)) for answer, marks in ((one.answer, one.marks), (one.other_answer, one.other))
    )
    return judge(read, truth, tolerance=project.tolerance_us)
