"""What a reader must have done before they are given an item: know the guideline, have passed the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from labeling_server.programme.reading_rules import judged
from reading.gold import score
from storage import guidelines, known_items, qualifications
from storage.qualifications import Scored

if TYPE_CHECKING:
    from storage.annotation_row import Actor
    from storage.projects import ProjectRow, ReaderRow

Why = Literal["guideline", "failed", "no test"]


class Gate(NamedTuple):
    """Whether a reader may go on: `why` not, or None; `of_test` while only items of the test are theirs.

    Parameters
    ----------
    guideline : the version to acknowledge, or that they have; 0 where the project has none.
    n_right, n_items : of the attempt that failed.
    """

    guideline: int
    why: Why | None = None
    of_test: bool = False
    n_right: int = 0
    n_items: int = 0


def gate(conn: Any, project: ProjectRow, reader: ReaderRow) -> Gate:
    """What stands between a reader and the next item; begins a test where one is due."""
    assert reader.user_id is not None  # noqa: S101 - of persons only
    known, newest = guidelines.acknowledged(conn, project.id, reader.user_id)
    if known < newest:
        return Gate(newest, "guideline")
    return Gate(newest) if project.pass_mark is None else _test(conn, project, reader, Gate(newest, of_test=True))


def _test(conn: Any, project: ProjectRow, reader: ReaderRow, tested: Gate) -> Gate:
    if qualifications.n_left(conn, reader):
        return tested
    tried = qualifications.attempts(conn, reader)
    if tried and tried[-1].holds:
        return Gate(tested.guideline)
    if tried and not tried[-1].passed:
        return tested._replace(why="failed", n_right=tried[-1].n_right, n_items=tried[-1].n_items)
    if not known_items.n_known(conn, project.id, "entrance"):
        return tested._replace(why="no test")
    qualifications.begin(conn, project, reader)
    return tested


def finish_test(conn: Any, project: ProjectRow, reader: ReaderRow, actor: Actor) -> None:
    """When the last item of a test is in: whether it is passed."""
    if project.pass_mark is None or qualifications.n_left(conn, reader):
        return
    found = known_items.against_truth(conn, project.id, ["entrance"], reader_id=reader.id)
    n_before = sum(attempt.n_items for attempt in qualifications.attempts(conn, reader))
    scored = score(judged(one, project) for one in found[n_before:])
    passed = scored.passes(project.pass_mark)
    result = Scored(scored.n_items, scored.n_right, scored.labels, passed)
    qualifications.record(conn, project, reader, result, actor=actor)
