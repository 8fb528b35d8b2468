"""Reading, one item after the other: who is to read which, handed in by whom, decided by rule or by an adjudicator.

Nobody sees another's reading, name or count here: what a reader is given is an item and their own progress.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from storage import audit, projects, queries, readings
from storage.errors import ConstraintError, UnknownRowError
from storage.readings import NOT_KNOWN, Circumstances, ItemRow, ReadingMarks
from storage.rows import fetch, fetch_one, fetch_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow, ReaderRow
    from storage.readings import Answer

_SQL = queries.load("assignments")

CONSENSUS = "consensus"
"""Name of the reader whose readings are what all agreed on, or what an adjudicator decided."""
BY_RULE = "by rule"
ADJUDICATED = "adjudicated"
MAX_LISTED = 500


class Dealer(Protocol):
    """Says who reads what."""

    def __call__(
        self,
        items: Sequence[int],
        loads: Mapping[int, int],
        excluded: Mapping[int, set[int]],
        taken: Mapping[int, set[int]],
    ) -> Mapping[int, list[int]]:
        """The readers that each item gets, of the loads of all; who must not read an item, and who has it already."""


class Lane(NamedTuple):
    """What one reader handed in, without who that is."""

    reader_id: int
    answer: Answer
    marks: ReadingMarks


class Given(NamedTuple):
    """How a reader was given an item: with what machines say, as part of the entrance test."""

    is_assisted: bool
    is_entrance: bool


class Verdict(NamedTuple):
    """What becomes of an item that all have read: an answer with marks, or why somebody must decide."""

    answer: Answer
    marks: ReadingMarks
    why: str


class Disputed(NamedTuple):
    """An item that waits for an adjudicator, and what its readers differ in."""

    item: ItemRow
    why: str


class Progress(NamedTuple):
    """What a reader has read, has before them, and has put off."""

    n_done: int
    n_left: int
    n_later: int


def deal(
    conn: Connection[TupleRow],
    project: ProjectRow,
    *,
    dealer: Dealer,
    actor: Actor,
) -> int:
    """Give readers to every item that has none yet; gives how many there were.

    Raises
    ------
    ConstraintError : if nobody reads in the project.
    """
    projects.lock(conn, project)
    items: dict[int, int] = dict(fetch(conn, _SQL["undealt"], {"project_id": project.id}))
    load = loads(conn, project)
    dealt = dealer(list(items), load, _excluded(conn, project, items), {}) if items else {}
    _store(conn, dealt, assisted_share=project.assisted_share)
    pairs = [(item, len(own)) for item, own in dealt.items()]
    numbers = {
        "items": np.array([item for item, _ in pairs], np.int64),
        "wanted": np.array([n for _, n in pairs], np.int16),
    }
    conn.execute(_SQL["want"], numbers)
    if items:
        audit.record(conn, actor, "dealt", f"project {project.name}", {"items": len(items), "readers": len(load)})
    return len(items)


def loads(conn: Connection[TupleRow], project: ProjectRow) -> dict[int, int]:
    """Persons who may read, and how much each has already.

    Raises
    ------
    ConstraintError : if nobody does.
    """
    found: dict[int, int] = dict(fetch(conn, _SQL["readers"], {"project_id": project.id}))
    if not found:
        msg = f"project {project.name!r} must have persons who read, got none"
        raise ConstraintError(msg)
    return found


def excluded_streams(conn: Connection[TupleRow], project: ProjectRow) -> dict[int, set[int]]:
    """By recording the readers who must not read it."""
    barred: dict[int, set[int]] = defaultdict(set)
    for reader_id, stream_id in fetch(conn, _SQL["exclusions"], {"project_id": project.id}):
        barred[stream_id].add(reader_id)
    return barred


def _excluded(conn: Connection[TupleRow], project: ProjectRow, items: Mapping[int, int]) -> dict[int, set[int]]:
    barred = excluded_streams(conn, project)
    return {item: barred[stream] for item, stream in items.items() if stream in barred}


def _store(conn: Connection[TupleRow], dealt: Mapping[int, list[int]], *, assisted_share: float) -> None:
    pairs = [(item, reader) for item, own in dealt.items() for reader in own]
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    items, readers_ = columns[:, 0].copy(), columns[:, 1].astype(np.int32)
    assisted = _drawn(items, readers_) < assisted_share
    conn.execute(_SQL["deal"], {"items": items, "readers": readers_, "assisted": assisted.tolist()})


def _drawn(items: NDArray[np.int64], readers_: NDArray[np.int32]) -> NDArray[np.float64]:
    """A number of [0, 1) for each reader and item, always the same (SplitMix64, Steele et al., OOPSLA 2014)."""
    x = items.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + readers_.astype(np.uint64) * np.uint64(
        0xD1B54A32D192ED03
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    drawn: NDArray[np.float64] = ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53
    return drawn


def exclude(conn: Connection[TupleRow], reader: ReaderRow, stream_id: int, *, reason: str, actor: Actor) -> None:
    """Never give a reader items of a recording; those that they have already stay."""
    values = {"reader_id": reader.id, "stream_id": stream_id, "reason": reason}
    if conn.execute(_SQL["exclude"], values).rowcount:
        audit.record(conn, actor, "excluded", f"reader {reader.name}", {"stream": stream_id})


def reader_of(conn: Connection[TupleRow], project_id: int, user_id: int) -> ReaderRow:
    """Who a person is among the readers of a project.

    Raises
    ------
    UnknownRowError : if they do not read there.
    """
    row = fetch_one(conn, _SQL["reader_of"], {"project_id": project_id, "user_id": user_id})
    if row is None:
        msg = f"reader must be one of project number {project_id}"
        raise UnknownRowError(msg)
    return projects.ReaderRow(*row)


def claim(conn: Connection[TupleRow], reader: ReaderRow, *, of_entrance: bool = False) -> ItemRow | None:
    """The item that the reader has before them, or the next one; what was put off comes last. None when all is read.

    Parameters
    ----------
    of_entrance : only items of the entrance test.
    """
    mine = {"reader_id": reader.id}
    for name in ("claim_entrance",) if of_entrance else ("mine", "claim", "claim_later"):
        row = fetch_one(conn, _SQL[name], mine)
        if row is not None:
            return readings.item(conn, row[0])
    return None


def put_off(conn: Connection[TupleRow], reader: ReaderRow, item_id: int) -> None:
    """Later: no answer, the item comes again when all others are read.

    Raises
    ------
    UnknownRowError : if the reader does not have it before them.
    """
    _claimed(conn, reader, item_id)
    conn.execute(_SQL["set_state"], {"item_id": item_id, "reader_id": reader.id, "state": "later"})


def hand_in(  # noqa: PLR0913 - a row, and who writes it
    conn: Connection[TupleRow],
    reader: ReaderRow,
    item: ItemRow,
    marks: ReadingMarks,
    *,
    answer: Answer,
    actor: Actor,
    decide: Callable[[list[Lane]], Verdict],
    how: Circumstances = NOT_KNOWN,
) -> None:
    """Store what a reader says of the item that they have before them; with the last reading it is closed, or disputed.

    Parameters
    ----------
    decide : what a rule may say of all readings of an item; asked when the last is in.

    Raises
    ------
    UnknownRowError : if the reader does not have it before them.
    ConstraintError : if the reading breaks a rule of `readings.hand_in`.
    """
    _claimed(conn, reader, item.id)
    given = given_to(conn, reader, item.id)
    how = how._replace(is_assisted=given.is_assisted)
    readings.hand_in(conn, item, reader, marks, actor=actor, answer=answer, how=how)
    conn.execute(_SQL["set_state"], {"item_id": item.id, "reader_id": reader.id, "state": "done"})
    _settle(conn, item, decide)


def given_to(conn: Connection[TupleRow], reader: ReaderRow, item_id: int) -> Given:
    """How a reader was given an item.

    Raises
    ------
    UnknownRowError : if they were not.
    """
    row = fetch_one(conn, _SQL["claimed"], {"item_id": item_id, "reader_id": reader.id})
    if row is None:
        msg = f"item must be one that the reader was given, got number {item_id}"
        raise UnknownRowError(msg)
    return Given(*row)


def _settle(conn: Connection[TupleRow], item: ItemRow, decide: Callable[[list[Lane]], Verdict]) -> None:
    """Close an item that all have read; the lock lets the last two readers know of each other."""
    if fetch_value(conn, _SQL["lock_item"], {"item_id": item.id}) != "open":
        return
    lanes = lanes_of(conn, item.id)
    if not lanes or fetch_value(conn, _SQL["left"], {"item_id": item.id}):
        return
    verdict = decide(lanes)
    if verdict.why:
        conn.execute(_SQL["close"], {"item_id": item.id, "state": "disputed", "why": verdict.why})
        return
    project = projects.by_id(conn, item.project_id)
    consensus = projects.ensure_reader(conn, project, CONSENSUS, "consensus")
    readings.hand_in(conn, item, consensus, verdict.marks, actor=projects.RULE, answer=verdict.answer, source=BY_RULE)
    conn.execute(_SQL["close"], {"item_id": item.id, "state": "closed", "why": ""})


def lanes_of(conn: Connection[TupleRow], item_id: int) -> list[Lane]:
    """What each person handed in of an item; for rules and adjudicators, never for its readers."""
    rows = fetch(conn, _SQL["readings_of"], {"item_id": item_id})
    return [Lane(row[0], row[3], readings.marks_of(*row[4:])) for row in rows]


def disputed(
    conn: Connection[TupleRow], project_id: int, *, user_id: int | None = None, limit: int = 100
) -> list[Disputed]:
    """What waits for an adjudicator, by priority; of a person only what they have not read themselves."""
    wanted = {"project_id": project_id, "user_id": user_id, "limit": min(limit, MAX_LISTED)}
    rows = fetch(conn, _SQL["disputed"], wanted)
    return [Disputed(ItemRow(*row[:5]), row[5]) for row in rows]


def adjudicate(
    conn: Connection[TupleRow],
    item: ItemRow,
    marks: ReadingMarks,
    *,
    answer: Answer,
    code: str,
    reason: str,
    actor: Actor,
) -> None:
    """Decide a disputed item.

    Raises
    ------
    ConstraintError : if it is not disputed any more (another adjudicator has decided it), or code or reason lack.
    """
    state = fetch_value(conn, _SQL["lock_item"], {"item_id": item.id})
    if state != "disputed":
        msg = f"an item is adjudicated once, while it is disputed; item {item.id} is {state}"
        raise ConstraintError(msg)
    project = projects.by_id(conn, item.project_id)
    consensus = projects.ensure_reader(conn, project, CONSENSUS, "consensus")
    reading_id = readings.hand_in(conn, item, consensus, marks, actor=actor, answer=answer, source=ADJUDICATED)
    values = {"item_id": item.id, "reading_id": reading_id, "code": code, "reason": reason}
    conn.execute(_SQL["adjudicate"], values | {"user_id": actor.user_id, "login": actor.login})
    conn.execute(_SQL["close"], {"item_id": item.id, "state": "closed", "why": ""})
    audit.record(conn, actor, "adjudicated", f"item {item.id}", {"code": code})


def withdraw(
    conn: Connection[TupleRow],
    project: ProjectRow,
    reader: ReaderRow,
    *,
    dealer: Dealer,
    decide: Callable[[list[Lane]], Verdict],
    actor: Actor,
) -> int:
    """Give what a reader has not read to others, one each; what they handed in stays. Gives how many items moved.

    Their role is to be taken first, or they would be dealt to again. An item that nobody else may read has one reader
    less, and is settled if the others are done.
    """
    unfinished: dict[int, int | None] = dict(fetch(conn, _SQL["unfinished"], {"reader_id": reader.id}))
    for item_id in unfinished:
        conn.execute(_SQL["drop"], {"item_id": item_id, "reader_id": reader.id})
    # gold, repeats and tests were for this reader alone
    items = {item_id: stream_id for item_id, stream_id in unfinished.items() if stream_id is not None}
    taken: dict[int, set[int]] = defaultdict(set)
    for item_id, reader_id in fetch(conn, _SQL["readers_of"], {"items": np.array(list(items), np.int64)}):
        taken[item_id].add(reader_id)
    load: dict[int, int] = dict(fetch(conn, _SQL["readers"], {"project_id": project.id}))
    excluded = _excluded(conn, project, items)
    can = [item for item in items if load.keys() - excluded.get(item, set()) - taken[item] - {reader.id}]
    _store(conn, dealer(can, load, excluded, taken) if can else {}, assisted_share=project.assisted_share)
    for item_id in items.keys() - set(can):
        _settle(conn, readings.item(conn, item_id), decide)
    audit.record(conn, actor, "withdrawn", f"reader {reader.name}", {"items": len(items), "moved": len(can)})
    return len(can)


def has_unread(conn: Connection[TupleRow], project_id: int, user_id: int) -> bool:
    """Whether a person was given items of a project that they have not read."""
    return bool(fetch_value(conn, _SQL["has_unread"], {"project_id": project_id, "user_id": user_id}))


def progress(conn: Connection[TupleRow], reader: ReaderRow) -> Progress:
    """How far a reader is: nothing of what others have done."""
    row = fetch_one(conn, _SQL["progress"], {"reader_id": reader.id})
    return Progress(*(row or (0, 0, 0)))


def states(conn: Connection[TupleRow], project_id: int) -> dict[str, int]:
    """Dealt items by state; not for those who still read."""
    return dict(fetch(conn, _SQL["states"], {"project_id": project_id}))


def _claimed(conn: Connection[TupleRow], reader: ReaderRow, item_id: int) -> None:
    row = fetch_one(conn, _SQL["lock"], {"item_id": item_id, "reader_id": reader.id})
    if row is None or row[0] != "claimed":
        msg = f"item must be one that the reader has before them, got number {item_id}"
        raise UnknownRowError(msg)
