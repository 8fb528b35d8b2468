"""A part of a project's readings: of one device, which stands for a site, or of one month."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.readings import StoredReading


class Part(NamedTuple):
    """Which readings are looked at; None: all of them. A month is as 2026-11, UTC."""

    device: str | None = None
    month: str | None = None

    def of(self, found: Iterable[StoredReading]) -> list[StoredReading]:
        """Those that belong to it."""
        return [
            one
            for one in found
            if (self.device is None or one.device == self.device)
            and (self.month is None or month_of(one.at_us) == self.month)
        ]


WHOLE = Part()


def month_of(us: int) -> str:
    """In which a reading was handed in."""
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m}"


def parts_of(found: Sequence[StoredReading]) -> tuple[list[str], list[str]]:
    """Devices and months that there are."""
    return sorted({one.device for one in found}), sorted({month_of(one.at_us) for one in found})
