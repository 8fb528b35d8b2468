"""Who reads which item: as many different readers an item as asked for, each with as much work as the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class AssignmentError(ValueError):
    """Nobody is left to read an item; the message says which rule breaks."""


def deal(
    items: Sequence[int],
    n_each: Sequence[int],
    loads: Mapping[int, int],
    *,
    excluded: Mapping[int, Collection[int]] | None = None,
    taken: Mapping[int, Collection[int]] | None = None,
    rng: np.random.Generator,
) -> dict[int, list[int]]:
    """Readers of each item.

    Items are gone through in random order, and each goes to those who have least so far; among equals to the ones
    whom the draw names, so that every pair of readers comes to meet.

    Parameters
    ----------
    items, n_each : ids, and how many readers each still wants.
    loads : readers, each with how many items they have already.
    excluded : by item, readers who must not read it.
    taken : by item, readers who have it already.

    Raises
    ------
    AssignmentError : if an item wants more readers than may read it.
    """
    excluded, taken = excluded or {}, taken or {}
    readers = sorted(loads)
    load = dict(loads)
    dealt: dict[int, list[int]] = {}
    draws = rng.random((len(items), len(readers)))
    for place in rng.permutation(len(items)).tolist():
        item, wanted = items[place], n_each[place]
        barred = {*excluded.get(item, ()), *taken.get(item, ())}
        free = [(load[reader], draws[place, at], reader) for at, reader in enumerate(readers) if reader not in barred]
        if len(free) < wanted:
            msg = f"item {item} must have {wanted} readers who may read it, got {len(free)}"
            raise AssignmentError(msg)
        chosen = [reader for _, _, reader in sorted(free)[:wanted]]
        for reader in chosen:
            load[reader] += 1
        dealt[item] = sorted(chosen)
    return dealt


def wanted_readers(n_items: int, n_readers: int, double_share: float, rng: np.random.Generator) -> list[int]:
    """How many readers each item gets: `n_readers` for a share of them that is drawn, one for the others."""
    n_double = round(n_items * double_share)
    wanted = np.ones(n_items, np.int64)
    wanted[rng.permutation(n_items)[:n_double]] = n_readers
    return [int(n) for n in wanted]


REPEAT_AFTER = 0.25
"""A repeat comes so large a share of what waits after its origin, at least: it is not to be remembered."""


def mixed_in(
    n_waiting: int, *, n_gold: int, n_repeats: int, rng: np.random.Generator
) -> tuple[list[int], list[int], list[int]]:
    """Where gold and repeats stand among what a reader has waiting.

    Returns
    -------
    gold_at : behind which positions of [0, n_waiting) gold stands.
    repeats, repeats_at : which positions are repeated, and behind which they come again.
    """
    gold_at = rng.integers(0, n_waiting, n_gold).tolist() if n_waiting else []
    least = int(np.ceil(REPEAT_AFTER * n_waiting))
    early = n_waiting - least
    repeats = sorted(rng.permutation(early)[:n_repeats].tolist()) if early > 0 else []
    return gold_at, repeats, [int(rng.integers(place + least, n_waiting)) for place in repeats]


def n_mixed_in(n_items: int, shares: Sequence[float]) -> list[int]:
    """How many of each kind make up these shares of all that a reader is given, beside `n_items` others."""
    others = 1.0 - sum(shares)
    return [round(n_items * one / others) if others > 0.0 else 0 for one in shares]
