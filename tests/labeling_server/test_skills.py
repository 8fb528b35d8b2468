"""Skill from readings alone, offered beside what was decided."""

import numpy as np
import pytest

from labeling_server.programme.skills import LEAST_ITEMS, skills_of
from storage.known_items import Compared, Decided
from storage.readings import ItemRow, ReadingMarks

ACCURACY = {"R1": 0.97, "R2": 0.93, "R3": 0.7}
LABELS = ("AFIB", "SR", "AFL")


def simulated(n_items, *, decide, seed=0):
    """Three read every item; `decide` says what becomes of it, of the truth and the item's number."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(n_items):
        truth = LABELS[rng.choice(3, p=[0.5, 0.3, 0.2])]
        item = ItemRow(number, 1, 1, 0, 10)
        for name, accuracy in ACCURACY.items():
            said = truth if rng.random() < accuracy else str(rng.choice([one for one in LABELS if one != truth]))
            marks, final = (ReadingMarks.of([(0, 10, label)]) for label in (said, decide(truth, number)))
            compared = Compared(int(name[1]), name, item, "item", number, "read", marks, "read", final)
            found.append(Decided(compared, f"p{number % 40}", "", None, "d", is_assisted=False, seconds=None))
    return found


def test_skill_is_about_what_it_is_and_wrong_decisions_are_doubtful():
    wrong = set(range(0, 600, 40))
    found = skills_of(simulated(600, decide=lambda truth, number: "SR" if number in wrong and truth != "SR" else truth))
    for name, accuracy in ACCURACY.items():
        assert found.accuracy[name] == pytest.approx(accuracy, abs=0.04)
    assert len(found.doubtful) < 40
    decided_wrong = {
        one.compared.item.id
        for one in simulated(600, decide=lambda truth, _: truth)
        if one.compared.item.id in wrong and str(one.compared.other.labels[0]) != "SR"
    }
    assert decided_wrong
    assert decided_wrong <= set(found.doubtful)


def test_few_items_or_answers_that_are_no_classes_tell_nothing():
    assert skills_of([]) == ({}, [])
    assert skills_of(simulated(LEAST_ITEMS - 1, decide=lambda truth, _: truth)) == ({}, [])
