"""`rhythmark db retention`: how long samples are kept, and dropping the older ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhythmark.who import operator
from storage import retention
from storage.database import Database

if TYPE_CHECKING:
    from argparse import Namespace


def run(arguments: Namespace, dsn: str) -> int:
    """Show the rule, set it, or drop what is older; status is 1 when there is no rule to apply."""
    actor = operator()
    dropped = None
    with Database.open(dsn, max_size=1) as database, database.transaction() as conn:
        if arguments.days is not None or arguments.off:
            retention.set_keep_days(conn, arguments.days, actor=actor)
        days = retention.keep_days(conn)
        if arguments.apply and days is not None:
            before_us = retention.cutoff_us(conn, days)
            dropped = retention.apply(conn, before_us, actor=actor, keep_labelled=not arguments.labelled_too)
    if dropped is not None:
        _say(dropped)
        return 0
    print("samples are kept for ever" if days is None else f"samples are kept for {days} days (UTC)")
    if arguments.apply:
        print("nothing to drop: `rhythmark db retention --days N` says how long samples are kept")
    return int(arguments.apply)


def _say(dropped: retention.Dropped) -> None:
    print(f"dropped {len(dropped.partitions)} days: {dropped.n_samples} samples of {dropped.n_groups} channel groups")
    if dropped.n_kept_blocks:
        print(f"kept {dropped.n_kept_blocks} blocks of these days, because a person labelled something in them")
