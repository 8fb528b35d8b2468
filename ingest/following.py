"""Which channel groups have detectors that are behind what is stored, and whose turn it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.stored import Behind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ingest.batch import GroupKey
    from ingest.group_state import GroupState

FOLLOW_SAMPLES = 1_000_000
"""Sample times that one transaction of following reads, over all its groups: a quarter of a second of work."""


class Followers:
    """Remembers which groups may be behind, so that not all are looked at each time."""

    def __init__(self) -> None:
        self._maybe_behind: set[GroupKey] = set()  # the others are not
        self._unreadable: set[GroupKey] = set()

    def look_at(self, keys: Iterable[GroupKey]) -> None:
        """They may be behind."""
        self._maybe_behind.update(keys)

    def note_unreadable(self, key: GroupKey) -> None:
        """What is stored of a group cannot be read: it has no turn any more."""
        self._unreadable.add(key)

    def in_turn(self, states: Mapping[GroupKey, GroupState]) -> list[GroupKey]:
        """Those that are, the least behind first."""
        behind_s = self._behind_s(states)
        return sorted(behind_s.keys() - self._unreadable, key=lambda key: (behind_s[key], key))

    def behind(self, states: Mapping[GroupKey, GroupState]) -> Behind:
        """How many, and how far."""
        behind_s = self._behind_s(states)
        return Behind(len(behind_s), max(behind_s.values(), default=0.0))

    def _behind_s(self, states: Mapping[GroupKey, GroupState]) -> dict[GroupKey, float]:
        known = {key: states[key].behind_s for key in self._maybe_behind if key in states}
        behind_s = {key: duration_s for key, duration_s in known.items() if duration_s > 0.0}
        self._maybe_behind = set(behind_s)
        return behind_s


def a_turn(behind: Sequence[GroupKey], states: Mapping[GroupKey, GroupState]) -> list[GroupKey]:
    """The first of these groups, as many as a transaction may read."""
    some: list[GroupKey] = []
    n_samples = 0
    for key in behind:
        some.append(key)
        n_samples += states[key].n_behind
        if n_samples >= FOLLOW_SAMPLES:
            break
    return some
