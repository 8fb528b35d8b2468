"""In which order items that nobody has yet will come: the oldest first, by lot, or by what machines say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from signal_processing.vocabulary import LABELS
from storage import queries
from storage.rows import fetch

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from storage.projects import ProjectRow

_SQL = queries.load("priorities")

Order = Literal["age", "random", "risk", "uncertainty"]
RANDOM_SHARE = 0.1
"""Of an order by risk or uncertainty, the share that comes anywhere: what machines never see must be seen too."""


def set_order(conn: Connection[TupleRow], project: ProjectRow, order: Order, *, seed: int) -> int:
    """Give items that nobody has yet their priority, before they are dealt out; gives how many there are.

    By risk: the greatest urgency of what machines found in an item. By uncertainty: the least confidence of that; an
    item in which nothing was found comes last.
    """
    rng = np.random.default_rng(seed)
    wanted: dict[str, object] = {"project_id": project.id}
    if order in {"age", "random"}:
        items = [row[0] for row in fetch(conn, _SQL["undealt"], wanted)]
        priorities = np.zeros(len(items)) if order == "age" else rng.random(len(items))
    else:
        wanted |= {"labels": [entry.code for entry in LABELS], "urgencies": [int(entry.urgency) for entry in LABELS]}
        rows = fetch(conn, _SQL["said"], wanted)
        items = [row[0] for row in rows]
        least = np.array([np.nan if row[2] is None else row[2] for row in rows], np.float64)
        urgencies = np.array([row[1] for row in rows], np.float64)
        priorities = urgencies if order == "risk" else np.nan_to_num(1.0 - least, nan=-1.0)
        anywhere = rng.permutation(len(items))[: round(RANDOM_SHARE * len(items))]
        priorities[anywhere] = rng.permutation(priorities)[: len(anywhere)]
    conn.execute(_SQL["set"], {"items": np.array(items, np.int64), "priorities": priorities.tolist()})
    return len(items)
