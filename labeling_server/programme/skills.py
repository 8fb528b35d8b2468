"""Who reads how well, estimated from readings alone, and where that says something else than was decided.

Offered beside what was decided, never instead of it: no item's label changes by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reading.ratings import NOT_READ, Ratings
from reading.skill import dawid_skene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.known_items import Decided
    from storage.readings import Answer, ReadingMarks

LEAST_ITEMS = 30
MOST_CATEGORIES = 60
"""More different answers than that are no classes, and a matrix of each reader would be empty."""
SURE = 0.9
"""An item is doubtful where skill says with this probability what was not decided."""
NOTHING = "nothing"


class Skills(NamedTuple):
    """By reader the share of items that they read right, as estimated; items of which skill says something else."""

    accuracy: dict[str, float]
    doubtful: list[int]


def skills_of(decided: Sequence[Decided]) -> Skills:
    """Of items that several read (Dawid and Skene); nothing where they are few, or answers are no classes."""
    items = list(dict.fromkeys(one.compared.item.id for one in decided))
    names = sorted({one.compared.reader for one in decided})
    said = [_answer(one.compared.answer, one.compared.marks) for one in decided]
    categories = sorted(set(said))
    if len(items) < LEAST_ITEMS or len(names) < 2 or not 2 <= len(categories) <= MOST_CATEGORIES:  # noqa: PLR2004 - a class against another
        return Skills({}, [])
    rows, columns, codes = (
        {value: place for place, value in enumerate(values)} for values in (items, names, categories)
    )
    table = np.full((len(items), len(names)), NOT_READ)
    final, patients = [""] * len(items), [""] * len(items)
    for one, answer in zip(decided, said, strict=True):
        row = rows[one.compared.item.id]
        table[row, columns[one.compared.reader]] = codes[answer]
        final[row] = _answer(one.compared.other_answer, one.compared.other)
        patients[row] = one.patient
    skill = dawid_skene(Ratings(table, tuple(categories), tuple(names), np.array(patients, np.str_)))
    best, sure = skill.truth.argmax(axis=1), skill.truth.max(axis=1)
    doubtful = [item for row, item in enumerate(items) if sure[row] >= SURE and categories[best[row]] != final[row]]
    return Skills(dict(zip(names, skill.accuracy.tolist(), strict=True)), doubtful)


def _answer(answer: Answer, marks: ReadingMarks) -> str:
    """What a reading says as one word: its labels, whatever their places."""
    return answer if answer != "read" else "+".join(sorted(set(marks.labels.tolist()))) or NOTHING
