"""What the server asks of whoever makes releases: a room above this one, which is given to the application."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - a NamedTuple's annotations may be asked for
from typing import TYPE_CHECKING, NamedTuple, Protocol

from signal_processing.errors import InvalidValueError

if TYPE_CHECKING:
    from pathlib import Path

    from storage.annotation_row import Actor
    from storage.projects import ProjectRow


class ReleaseRequest(NamedTuple):
    """A version to be made.

    Parameters
    ----------
    seed : its splits are drawn from it.
    accepted : texts that look like identifiers, and that a person has looked at.
    issues : known ones, for the datasheet.
    exception : why it is released although something is open; None: then it is refused.
    """

    version: str
    seed: int = 0
    accepted: Sequence[str] = ()
    issues: Sequence[str] = ()
    exception: str | None = None


class OpenPointsError(InvalidValueError):
    """Something is not finished; the message says what."""

    def __init__(self, points: Sequence[str]) -> None:
        super().__init__(
            f"a release must leave nothing open, unless an owner says why: {'; '.join(points)}",
        )


class NotWrittenError(RuntimeError):
    """The place of releases refuses, as a full disk does; nothing is left of what was begun."""


class ReleaseMaker(Protocol):
    """Makes releases and keeps them."""

    def make(self, project: ProjectRow, request: ReleaseRequest, *, actor: Actor) -> None:
        """Make one, whole or not at all; raises NotWrittenError where it cannot be written."""

    def archive(self, project: ProjectRow, version: str) -> Path | None:
        """One file that holds it; None where it was not made here."""
