"""A consumer group as the broker sees it: who has which partitions."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from kafka import KafkaAdminClient
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, GroupIdNotFoundError


class Membership(NamedTuple):
    """The group at one moment.

    Parameters
    ----------
    state : "Stable" once everyone knows what is theirs.
    partitions : by member's instance or id.
    """

    state: str
    partitions: dict[str, list[int]]

    @property
    def n_partitions(self) -> int:
        """How many partitions have a reader."""
        return sum(map(len, self.partitions.values()))


class GroupWatch:
    """Asks the broker; context manager."""

    def __init__(self, bootstrap: str, group: str) -> None:
        self._group = group
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.close()

    def look(self) -> Membership:
        """Who has what; nobody while the broker does not know the group."""
        try:
            described: dict[str, Any] = self._admin.describe_groups([self._group])
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, GroupIdNotFoundError):
            return Membership("Unknown", {})
        return _membership(described[self._group])


def _membership(described: dict[str, Any]) -> Membership:
    partitions = {}
    for member in described["members"]:
        name = member["group_instance_id"] or member["member_id"]
        assigned = (member["member_assignment"] or {}).get("assigned_partitions", ())
        partitions[name] = sorted(number for topic in assigned for number in topic["partitions"])
    return Membership(described["group_state"], partitions)
