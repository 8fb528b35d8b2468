"""Items whose truth is known, mixed in among others or as an entrance test, and items that a reader reads again.

The truth of an item is a reading by the project's reader "gold": handed in once, chained, never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np

from storage import assignments, audit, projects, queries, readings
from storage.errors import ConstraintError
from storage.readings import ItemRow, ReadingMarks, marks_of
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow
    from storage.readings import Answer

_SQL = queries.load("known_items")
_DEALING = queries.load("assignments")

GOLD = "gold"
"""Name of the reader whose readings are the truth of items."""
DECIDED = ("audit", assignments.CONSENSUS)
"""Readers whose readings are what an item is called in the end; the first that there is counts."""
_YEAR_US = 31_556_952_000_000
TRUTH = "truth"
"""Source of such readings."""
KnownKind = Literal["gold", "entrance"]


class Compared(NamedTuple):
    """What a person said of an item, and what it is compared with: the truth, or what they said of it before."""

    reader_id: int
    reader: str
    item: ItemRow
    kind: str
    at_us: int
    answer: Answer
    marks: ReadingMarks
    other_answer: Answer
    other: ReadingMarks


class Decided(NamedTuple):
    """What a person said of an item that several read, beside what was decided, of whom, and how it was read."""

    compared: Compared
    patient: str
    sex: str
    age: int | None
    device: str
    is_assisted: bool
    seconds: float | None


class Waiting(NamedTuple):
    """What a reader has waiting, in the order in which it comes.

    Parameters
    ----------
    items, priorities, places : (n,).
    """

    items: NDArray[np.int64]
    priorities: NDArray[np.float64]
    places: NDArray[np.float64]


class Already(NamedTuple):
    """What is mixed in among what a reader has waiting; `repeated` are origins, also of repeats that are read."""

    n_gold: int
    n_repeats: int
    repeated: frozenset[int]


class Mixer(Protocol):
    """Says what is mixed in among what a reader has waiting."""

    def __call__(self, waiting: Waiting, gold: Sequence[int], already: Already) -> Mixed:
        """Gold items of those not given yet, items to read again, and beside which waiting item each stands."""


class Mixed(NamedTuple):
    """What to mix in: gold items and where, items to repeat and where; places are positions among what waits."""

    gold: Sequence[int]
    gold_at: Sequence[int]
    repeats: Sequence[int]
    repeats_at: Sequence[int]


def set_truth(
    conn: Connection[TupleRow],
    project: ProjectRow,
    item: ItemRow,
    marks: ReadingMarks,
    *,
    answer: Answer,
    kind: KnownKind,
    actor: Actor,
) -> None:
    """Say what is right of an item: one that nobody reads yet, or, for hidden gold, one that is closed.

    Raises
    ------
    ConstraintError : if it is being read, was read, or its truth is known already.
    """
    state, known_as, n_wanted = fetch_one(conn, _SQL["lock"], {"item_id": item.id}) or ("open", "item", 0)
    is_unread = n_wanted == 0
    if known_as != "item" or not (is_unread or (state == "closed" and kind == "gold")):
        is_what = known_as if known_as != "item" else f"{state}, dealt to {n_wanted}"
        msg = (
            f"truth is set once, of an item that nobody reads yet or (gold) that is closed; item {item.id} is {is_what}"
        )
        raise ConstraintError(msg)
    gold = projects.ensure_reader(conn, project, GOLD, "consensus")
    readings.hand_in(conn, item, gold, marks, actor=actor, answer=answer, source=TRUTH)
    conn.execute(_SQL["make_known"], {"item_id": item.id, "kind": kind})
    audit.record(conn, actor, "truth-set", f"item {item.id}", {"kind": kind})


def n_known(conn: Connection[TupleRow], project_id: int, kind: KnownKind) -> int:
    """How many items there are whose truth is known."""
    return len(fetch(conn, _SQL["known"], {"project_id": project_id, "kind": kind}))


def mix_in(conn: Connection[TupleRow], project: ProjectRow, *, mixer: Mixer, actor: Actor) -> dict[str, int]:
    """Mix gold and repeats in among what every reader has waiting; gives how many of each."""
    projects.lock(conn, project)
    known: dict[int, int] = dict(fetch(conn, _SQL["known"], {"project_id": project.id, "kind": "gold"}))
    counts = {"gold": 0, "repeats": 0}
    barred = assignments.excluded_streams(conn, project)
    for reader_id in assignments.loads(conn, project):
        mine = {"reader_id": reader_id}
        rows = fetch(conn, _DEALING["waiting_of"], mine)
        if not rows:
            continue
        waiting = Waiting(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.float64),
            np.array([row[2] for row in rows], np.float64),
        )
        had: dict[int, str] = dict(fetch(conn, _SQL["given"], {**mine, "kind": "gold"}))
        again: dict[int, str] = dict(fetch(conn, _SQL["given"], {**mine, "kind": "repeat"}))
        free = [item for item, stream in known.items() if item not in had and reader_id not in barred.get(stream, ())]
        already = Already(_n_waiting(had), _n_waiting(again), frozenset(again))
        mixed = mixer(waiting, free, already)
        copies = add_repeats(conn, mixed.repeats, kind="repeat", state="closed")
        _deal_at(conn, reader_id, list(mixed.gold), mixed.gold_at, waiting)
        _deal_at(conn, reader_id, [copies[item] for item in mixed.repeats], mixed.repeats_at, waiting)
        counts["gold"] += len(mixed.gold)
        counts["repeats"] += len(mixed.repeats)
    if any(counts.values()):
        audit.record(conn, actor, "mixed-in", f"project {project.name}", counts)
    return counts


def _n_waiting(states: Mapping[int, str]) -> int:
    return sum(state != "done" for state in states.values())


def add_repeats(conn: Connection[TupleRow], items: Sequence[int], *, kind: str, state: str) -> dict[int, int]:
    """New items at the places of others; gives the new one of each."""
    values = {"items": np.array(items, np.int64), "kind": kind, "state": state}
    return dict(fetch(conn, _SQL["add_repeats"], values)) if items else {}


def _deal_at(
    conn: Connection[TupleRow], reader_id: int, items: Sequence[int], at: Sequence[int], waiting: Waiting
) -> None:
    """Behind what waits at those positions, with its priority: nothing tells such an item from its neighbours."""
    beside = np.array(at, np.intp)
    values = {
        "items": np.array(items, np.int64),
        "priorities": waiting.priorities[beside].tolist(),
        "places": (waiting.places[beside] + 0.5).tolist(),
        "reader_id": reader_id,
        "is_entrance": False,
    }
    conn.execute(_DEALING["deal_at"], values)


def read_again_by_label(conn: Connection[TupleRow], project: ProjectRow, labels: Sequence[str], *, actor: Actor) -> int:
    """New items, to be dealt out, where the consensus names a label: its clause was changed. Gives how many."""
    wanted = {"project_id": project.id, "labels": list(labels), "consensus": assignments.CONSENSUS}
    items = [row[0] for row in fetch(conn, _SQL["with_labels"], wanted)]
    made = add_repeats(conn, items, kind="item", state="open")
    if made:
        audit.record(conn, actor, "read-again", f"project {project.name}", {"labels": list(labels), "items": len(made)})
    return len(made)


def against_truth(
    conn: Connection[TupleRow], project_id: int, kinds: Sequence[KnownKind], *, reader_id: int | None = None
) -> list[Compared]:
    """What persons said of items whose truth is known, in the order in which they were handed in."""
    wanted = {"project_id": project_id, "kinds": list(kinds), "gold": GOLD, "reader_id": reader_id}
    return [_compared(project_id, row) for row in fetch(conn, _SQL["against_truth"], wanted)]


def read_again(conn: Connection[TupleRow], project_id: int, *, reader_id: int | None = None) -> list[Compared]:
    """What persons said of one place at two times."""
    wanted = {"project_id": project_id, "reader_id": reader_id}
    return [_compared(project_id, row) for row in fetch(conn, _SQL["read_again"], wanted)]


def against_consensus(conn: Connection[TupleRow], project_id: int) -> list[Decided]:
    """What persons said of closed items that several read, in the order in which it was handed in."""
    wanted = {"project_id": project_id, "decided": list(DECIDED)}
    return [
        Decided(_compared(project_id, row), row[19], row[20], _age(row[21], row[22]), row[23], bool(row[24]), row[25])
        for row in fetch(conn, _SQL["against_consensus"], wanted)
    ]


def _age(birth_year: int | None, t0_us: int) -> int | None:
    return None if birth_year is None else max(1970 + int(t0_us / _YEAR_US) - birth_year, 0)


def _compared(project_id: int, row: TupleRow) -> Compared:
    reader_id, name, _, item_id, kind, stream_id, start_us, end_us, at_us, answer = row[:10]
    item = ItemRow(item_id, project_id, stream_id, start_us, end_us)
    return Compared(reader_id, name, item, kind, at_us, answer, marks_of(*row[10:14]), row[14], marks_of(*row[15:19]))
